"""Boundary's Go SDK, as its published source has it, in this language: what it sends and how it reads what it gets.

`api/client.go` says how a request is written, `api/response.go` how an answer is read, and
`api/<resource>/<resource>.gen.go` what the calls of a resource are.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.controlplane.boundary_structs import decode

Item = dict[str, Any]  # one answer as JSON

RESOURCES = {
    "scopes": "Scope",
    "auth-methods": "AuthMethod",
    "accounts": "Account",
    "users": "User",
    "groups": "Group",
    "roles": "Role",
    "host-catalogs": "HostCatalog",
    "host-sets": "HostSet",
    "hosts": "Host",
    "targets": "Target",
    "aliases": "Alias",
    "sessions": "Session",
    "auth-tokens": "AuthToken",
    "workers": "Worker",
}


@dataclass
class ServerError(Exception):
    """`api.Error`: what a status from 400 on is read as. The SDK's own constants compare status and kind."""

    status: int
    body: Item = field(repr=False)

    @property
    def sentinel(self) -> tuple[int, str]:
        """What `errors.Is` compares with the sentinels of `api/apierror.go`."""
        return self.status, self.body.get("kind", "")

    @property
    def message(self) -> str:
        """What the CLI prints after Message."""
        return str(self.body.get("message", ""))

    @property
    def fields(self) -> list[str]:
        """The names that the CLI prints as field-specific errors."""
        return [one["name"] for one in self.body.get("details", {}).get("request_fields", ())]


NOT_FOUND = (404, "NotFound")
INVALID_ARGUMENT = (400, "InvalidArgument")
PERMISSION_DENIED = (403, "PermissionDenied")
UNAUTHORIZED = (401, "Unauthenticated")


@dataclass(frozen=True)
class Sdk:
    """A client of one controller, with a token or without."""

    http: httpx.Client
    token: str = field(default="", repr=False)

    def call(self, method: str, path: str, go_type: str, body: Item | None = None, query: Item | None = None) -> Item:
        """The answer to one request, decoded. Raises ServerError."""
        answer = self.http.request(
            method,
            f"/v1/{path}",
            content=None if body is None else json.dumps(body, sort_keys=True),
            params=dict(sorted((query or {}).items())),
            # Go takes the space off the end of a header: without a token, the scheme alone is sent.
            headers={"authorization": f"Bearer {self.token}".strip(), "content-type": "application/json"},
        )
        if answer.status_code == 204:
            return {}
        decoded = dict(answer.json())
        failed = answer.status_code >= 400
        decode(decoded, "Error" if failed else go_type, path)
        if failed:
            raise ServerError(answer.status_code, decoded)
        return decoded

    def create(self, plural: str, **body: object) -> Item:
        """`Create`."""
        return self.call("POST", plural, RESOURCES[plural], body)

    def read(self, plural: str, item_id: str) -> Item:
        """`Read`."""
        return self.call("GET", f"{plural}/{item_id}", RESOURCES[plural])

    def update(self, plural: str, item_id: str, **body: object) -> Item:
        """`Update` with automatic versioning: a read, then the change of that version."""
        version = self.read(plural, item_id)["version"]
        return self.call("PATCH", f"{plural}/{item_id}", RESOURCES[plural], {"version": version} | body)

    def act(self, plural: str, item_id: str, action: str, **body: object) -> Item:
        """`AddHosts`, `SetGrants`, `Cancel` and such, with automatic versioning."""
        version = self.read(plural, item_id)["version"]
        return self.call("POST", f"{plural}/{item_id}:{action}", RESOURCES[plural], {"version": version} | body)

    def delete(self, plural: str, item_id: str) -> None:
        """`Delete`."""
        self.call("DELETE", f"{plural}/{item_id}", "map")

    def list_all(self, path: str, struct: str, **query: object) -> list[Item]:
        """`List`: page after page until one is `complete`."""
        page = self.call("GET", path, "ListResult", query=query)
        items = page["items"]
        while page["response_type"] == "delta":
            page = self.call("GET", path, "ListResult", query=query | {"list_token": page["list_token"]})
            items += page["items"]
        decode(items, f"[]{struct}", path)
        return items

    def authenticate(self, login_name: str, password: str) -> "Sdk":
        """What `boundary authenticate password` does, without a token: the primary auth method, then the login."""
        methods = Sdk(self.http).list_all("auth-methods", "AuthMethod", scope_id="global")
        primary = next(one["id"] for one in methods if one.get("is_primary"))
        body = {"command": "login", "attributes": {"login_name": login_name, "password": password}}
        login = Sdk(self.http).call("POST", f"auth-methods/{primary}:authenticate", "AuthenticateResult", body)
        return Sdk(self.http, login["attributes"]["token"])
