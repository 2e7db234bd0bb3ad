"""The outermost layer of the API: gives each request its id, and at its end logs and counts it.

One line says method, route, status, milliseconds and user; never the path or the query, which may hold anything.
"""

import time
from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from acc.controlplane.service import metrics
from acc.controlplane.service.exchange import Exchange, begin, request_id
from acc.controlplane.service.log import event

_OUTCOMES = {":authenticate": metrics.LOGINS, ":authorize-session": metrics.SESSION_AUTHORIZATIONS}
"""Routes, by their action, whose outcomes are counted by code."""

LEFT = 499
"""The status of a request whose client left before its answer began."""


def watched(app: ASGIApp) -> ASGIApp:
    """`app`, with an id for each request, a line in the log, and metrics."""

    async def watch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        exchange = Exchange(request_id(_header(scope, b"x-request-id")), client_address(scope))
        begin(exchange)
        status = LEFT

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", exchange.id.encode())]
            await send(message)

        began = time.perf_counter()
        try:
            await app(scope, receive, answer)
        finally:
            _note(scope, exchange, status, time.perf_counter() - began)

    return watch


def client_address(scope: HTTPScope) -> str:
    """The address that the request's connection comes from."""
    client = scope["client"]
    return client[0] if client else ""


def _header(scope: HTTPScope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _note(scope: HTTPScope, exchange: Exchange, status: int, seconds: float) -> None:
    method = metrics.method_label(scope["method"])
    # Litestar puts the template in once it has found the route, though its type says that it is always there.
    template = cast("dict[str, object]", scope).get("path_template")
    route = metrics.route_label(template) if isinstance(template, str) else metrics.UNMATCHED
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)
    for action, outcomes in _OUTCOMES.items():
        if route.endswith(action):
            outcomes.labels(exchange.code).inc()
    event("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), user=exchange.user_id)
