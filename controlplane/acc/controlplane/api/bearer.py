"""The token that a request came with: read here for all who ask, so that whoever counts requests by it and whoever
looks for its user mean the same one, however the header is spelled."""

from litestar.datastructures import Headers
from litestar.types import HTTPScope, Scope

MAX_TOKEN = 256


def bearer_token(scope: Scope | HTTPScope) -> str | None:
    """What stands after `Bearer`; empty where the request came with none, None where it can be no token of ours.

    Clients that have none may name the scheme all the same.
    """
    scheme, _, token = Headers.from_scope(scope).get("authorization", "").strip().partition(" ")
    if scheme.lower() not in ("", "bearer"):
        return None
    return token if not token or (token.startswith("at_") and len(token) <= MAX_TOKEN) else None
