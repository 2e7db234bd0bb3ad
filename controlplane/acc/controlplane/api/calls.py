"""What a route takes and gives, said once: its checks and the OpenAPI document follow from it.

Rule: every route of the API carries a `Call`. A query parameter that the call does not name is refused, as an unknown
field in a body is.
"""

import difflib
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from acc.controlplane.audit.attempt import note_query
from acc.wire.errors import AccError, Code
from acc.wire.resources import Resource

AnyRequest = Request[Any, Any, State]  # Litestar's user and auth, neither of which is used

LIST_PARAMETERS = ("scope_id", "recursive", "filter", "page_size", "list_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`action` on a resource: the type of its body, which may be left out if `optional`, and its query parameters."""

    resource: Resource
    action: str
    body: type[msgspec.Struct] | None = None
    optional: bool = False
    query: tuple[str, ...] = ()

    @property
    def opt(self) -> dict[str, object]:
        """For a Litestar handler."""
        return {"call": self}


def call_of(handler: BaseRouteHandler) -> Call | None:
    """What the handler was declared as."""
    found = handler.opt.get("call")
    return found if isinstance(found, Call) else None


async def check_query(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Litestar's guard of every route. Raises AccError(BAD_REQUEST) for what the call does not take, or takes once."""
    call = call_of(handler)
    known = call.query if call else ()
    asked: dict[str, str] = {}
    for name, value in connection.query_params.multi_items():
        if name not in known:
            near = difflib.get_close_matches(name[:64], known, n=1)
            also = f"; did you mean {near[0]}?" if near else ""
            raise AccError(Code.BAD_REQUEST, f"the query: unknown parameter {name[:64]!r}{also}", name[:64])
        if name in asked:
            raise AccError(Code.BAD_REQUEST, f"the query: {name} is said twice", name)
        asked[name] = value
    note_query(asked)
