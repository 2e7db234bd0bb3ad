"""The controller's API, as an administrator uses it."""

import secrets
import ssl

import httpx

from tests.worker.conftest import ADMIN, PASSWORD, Cluster

Json = dict[str, object]


class Api:
    """An administrator who is logged in."""

    def __init__(self, cluster: Cluster) -> None:
        context = ssl.create_default_context(cadata=cluster.run("ca"))
        self._client = httpx.Client(base_url=f"https://{cluster.api}", verify=context, timeout=10, trust_env=False)
        method = self._send("GET", "/v1/auth-methods?scope_id=global")["items"]
        assert isinstance(method, list)
        attributes = {"login_name": ADMIN, "password": PASSWORD}
        login = self._send(
            "POST", f"/v1/auth-methods/{method[0]['id']}:authenticate", {"command": "login", "attributes": attributes}
        )["attributes"]
        assert isinstance(login, dict)
        self._client.headers["authorization"] = f"Bearer {login['token']}"

    def close(self) -> None:
        """Closes its connections."""
        self._client.close()

    def authorize(self, backend: str, *, outage: str = "deny", limit: int = -1) -> Json:
        """A session for a new target at `backend`."""
        host, _, port = backend.rpartition(":")
        scopes = self._send("GET", "/v1/scopes?scope_id=global&recursive=true")["items"]
        assert isinstance(scopes, list)
        target = {
            "scope_id": next(scope["id"] for scope in scopes if scope["type"] == "project"),
            "type": "tcp",
            "name": f"t-{secrets.token_hex(4)}",
            "address": host,
            "attributes": {"default_port": int(port), "outage_policy": outage},
            "session_connection_limit": limit,
        }
        made = self._send("POST", "/v1/targets", target)
        return self._send("POST", f"/v1/targets/{made['id']}:authorize-session", {})

    def session(self, session_id: object) -> Json:
        """The session as the controller sees it."""
        return self._send("GET", f"/v1/sessions/{session_id}")

    def connections(self, session_id: object) -> list[Json]:
        """Its connections."""
        found = self.session(session_id)["connections"]
        assert isinstance(found, list)
        return found

    def cancel(self, session_id: object) -> None:
        """Ends it."""
        self._send("POST", f"/v1/sessions/{session_id}:cancel", {})

    def _send(self, method: str, path: str, body: Json | None = None) -> Json:
        answer = self._client.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert isinstance(document, dict)
        return document
