"""The layer of the API that holds requests to the limits: 429 with `Retry-After` for what is too much, and on every
answer `RateLimit` and `RateLimit-Policy`, so that a client can slow down before.

A list is a GET of a whole collection, `/v1/<collection>`.
"""

import hashlib
import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from acc.controlplane.api.bearer import bearer_token
from acc.controlplane.api.problems import send_problem
from acc.controlplane.service import metrics
from acc.controlplane.service.exchange import Exchange, current
from acc.controlplane.service.limits import LoginLimit, RequestLimits, Verdict
from acc.wire.errors import AccError, Code

ROOT = "/v1/"


def throttled(app: ASGIApp, limits: RequestLimits) -> ASGIApp:
    """`app`, behind the limits."""

    async def throttle(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = current()
        if scope["type"] != ScopeType.HTTP or exchange is None:
            await app(scope, receive, send)
            return
        token = _token(scope)
        verdict = limits.decide(token, exchange.address, time.monotonic(), is_list=_is_list(scope))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if token and exchange.user_id:
                    limits.proved(token)  # before the answer leaves: the next request may come at once
                headers = [*message["headers"], *_headers(verdict)]
                if message["status"] == Code.TOO_MANY_REQUESTS.http:
                    headers.append((b"retry-after", str(exchange.retry_after).encode()))
                message["headers"] = headers
            await send(message)

        if verdict.wait:
            await _refuse(exchange, verdict, answer)
            return
        await app(scope, receive, answer)

    return throttle


def limit_login(logins: LoginLimit, login_name: str) -> None:
    """Counts an attempt to log in. Raises AccError(TOO_MANY_REQUESTS)."""
    exchange = current()
    verdict = logins.attempt(login_name, exchange.address if exchange else "", time.monotonic())
    if verdict.wait:
        metrics.LIMITED.labels(verdict.limit).inc()
        if exchange:
            exchange.retry_after = verdict.wait
        raise AccError(Code.TOO_MANY_REQUESTS, _too_much(verdict, "attempts to log in"))


def _token(scope: HTTPScope) -> bytes:
    """What stands for the login that the request came with; it is not the login, nor of use as one."""
    token = bearer_token(scope)
    return hashlib.blake2b(token.encode(), digest_size=16).digest() if token else b""


def _is_list(scope: HTTPScope) -> bool:
    collection = scope["path"].removeprefix(ROOT).rstrip("/")
    return scope["method"] == "GET" and scope["path"].startswith(ROOT) and "/" not in collection


def _headers(verdict: Verdict) -> list[tuple[bytes, bytes]]:
    policy = f'"{verdict.limit}";q={verdict.quota};w={verdict.seconds}'
    state = f'"{verdict.limit}";r={verdict.left};t={verdict.wait or verdict.seconds}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", state.encode())]


async def _refuse(exchange: Exchange, verdict: Verdict, send: Send) -> None:
    metrics.LIMITED.labels(verdict.limit).inc()
    exchange.retry_after = verdict.wait
    await send_problem(AccError(Code.TOO_MANY_REQUESTS, _too_much(verdict, "requests")), send)


def _too_much(verdict: Verdict, of: str) -> str:
    return f"the limit {verdict.limit} is {verdict.quota} {of} in {verdict.seconds} s; wait {verdict.wait} s"
