"""The HTTP API as one ASGI application: every resource module's routes, and what they may ask for by name.

Boundary writes an action into the last part of a path: `POST /v1/targets/web-1:authorize-session`. Routers match whole
parts, so the action is moved into a part of its own, `/v1/targets/web-1/:authorize-session`, before Litestar sees it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from acc.controlplane.api.auditlayer import recorded
from acc.controlplane.api.caller import provide_caller
from acc.controlplane.api.calls import check_query
from acc.controlplane.api.openapi import openapi_route
from acc.controlplane.api.problems import EXCEPTION_HANDLERS, send_problem
from acc.controlplane.api.throttle import throttled
from acc.controlplane.audit.trail import AuditLog
from acc.controlplane.directory import (
    accounts,
    aliases,
    audit_events,
    auth_methods,
    authorize,
    fleet,
    groups,
    hosts,
    logins,
    resolvable,
    roles,
    scopes,
    sessions,
    targets,
    tokens,
    users,
)
from acc.controlplane.directory.authorize import CaText
from acc.controlplane.directory.fleet import WorkerDoor
from acc.controlplane.directory.passwords import Passwords
from acc.controlplane.service.accesslog import watched
from acc.controlplane.service.limits import LoginLimit, RequestLimits
from acc.controlplane.sessions.tickets import TicketSigner
from acc.controlplane.sessions.watcher import Watcher
from acc.controlplane.store.db import Database
from acc.wire.errors import AccError, Code

MAX_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """What routes may ask for."""

    db: Database
    audit: AuditLog
    passwords: Passwords
    signer: TicketSigner
    watcher: Watcher
    worker_ca: CaText
    worker_door: WorkerDoor
    requests: RequestLimits
    login_limit: LoginLimit


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    *accounts.ROUTES,
    *aliases.ROUTES,
    *audit_events.ROUTES,
    *auth_methods.ROUTES,
    *authorize.ROUTES,
    *fleet.ROUTES,
    *groups.ROUTES,
    *hosts.ROUTES,
    *logins.ROUTES,
    *resolvable.ROUTES,
    *roles.ROUTES,
    *scopes.ROUTES,
    *sessions.ROUTES,
    *targets.ROUTES,
    *tokens.ROUTES,
    *users.ROUTES,
)
"""Every route of the API but the one that serves its description."""


def make_api(parts: Parts) -> ASGIApp:
    """The application."""
    app = Litestar(
        route_handlers=[*_options(HANDLERS), *HANDLERS, openapi_route(HANDLERS)],
        dependencies={
            "db": _always(parts.db),
            "passwords": _always(parts.passwords),
            "signer": _always(parts.signer),
            "watcher": _always(parts.watcher),
            "worker_ca": _always(parts.worker_ca),
            "worker_door": _always(parts.worker_door),
            "login_limit": _always(parts.login_limit),
            "caller": Provide(provide_caller),
        },
        guards=[check_query],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY,
        response_headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        openapi_config=None,
        logging_config=None,
    )
    return watched(throttled(_spelled(recorded(_split_actions(app), parts.audit)), parts.requests))


def _options(handlers: Iterable[HTTPRouteHandler]) -> Iterator[HTTPRouteHandler]:
    """What answers OPTIONS. Litestar's own knows only the methods of the first handler of a path."""
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for handler in handlers:
        for path in handler.paths:
            methods[path] |= {*handler.http_methods, "OPTIONS"}
    for path, known in methods.items():
        allow = ", ".join(sorted(known))

        async def nothing() -> None:
            """No body."""

        yield HTTPRouteHandler(path, http_method=["OPTIONS"], status_code=204, response_headers={"Allow": allow})(
            nothing
        )


def _always(value: object) -> Provide:
    def provide() -> Any:  # the name of the dependency says its type where it is asked for
        return value

    return Provide(provide, sync_to_thread=False)


def _spelled(app: ASGIApp) -> ASGIApp:
    """`app`, for paths spelled in the one way. The router takes others too, which no record or limit would know."""

    async def spell(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and ({"", ":"} & {part[:1] for part in scope["path"].split("/")[1:]}):
            await send_problem(AccError(Code.NOT_FOUND), send)
        else:
            await app(scope, receive, send)

    return spell


def _split_actions(app: ASGIApp) -> ASGIApp:
    async def split(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            before, slash, last = scope["path"].rpartition("/")
            name, colon, action = last.partition(":")
            if colon and name:
                scope["path"] = f"{before}{slash}{name}/:{action}"
        await app(scope, receive, send)

    return split
