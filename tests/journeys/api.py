"""The controller as an administrator drives it over HTTP: targets, tickets, sessions."""

import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.journeys.backends import LOOPBACK

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Api:
    """A logged-in HTTP client, and the project that targets are made in."""

    http: httpx.Client
    project: str

    def target(
        self, port: int, host: str = LOOPBACK, *, outage: str = "deny", connections: int = -1, seconds: int = 3600
    ) -> str:
        """The name of a new target."""
        name = f"t-{secrets.token_hex(4)}"
        body = {
            "scope_id": self.project,
            "type": "tcp",
            "name": name,
            "address": host,
            "attributes": {"default_port": port, "outage_policy": outage},
            "session_connection_limit": connections,
            "session_max_seconds": seconds,
        }
        self._post("/v1/targets", body)
        return name

    def authorize(self, target: str) -> Json:
        """The controller's answer to a connection request."""
        return self._post(f"/v1/targets/{target}:authorize-session", {})

    def session(self, session_id: object) -> Json:
        """What is known of a session."""
        answer = self.http.get(f"/v1/sessions/{session_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def cancel(self, session_id: object) -> None:
        """Cancel a session."""
        self._post(f"/v1/sessions/{session_id}:cancel", {})

    def _post(self, path: str, body: Json) -> Json:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def opened(env: dict[str, str]) -> Iterator[Api]:
    """The controller that ACC_ADDR, ACC_CACERT and ACC_TOKEN in `env` name."""
    context = ssl.create_default_context(cafile=env["ACC_CACERT"])
    headers = {"authorization": f"Bearer {env['ACC_TOKEN']}"}
    with httpx.Client(base_url=env["ACC_ADDR"], verify=context, headers=headers, timeout=20, trust_env=False) as client:
        scopes = client.get("/v1/scopes", params={"recursive": "true"}).json()["items"]
        yield Api(client, next(scope["id"] for scope in scopes if scope["type"] == "project"))
