"""The layer of the API that holds each answer back until its record is stored.

What names nothing of the API is no call of it and is not recorded: it can neither read nor change anything. An answer
that says `unavailable` is let through at once: nothing was decided, and what could not decide could not record either.
A read whose client left before its answer is recorded as that (`client_gone`): it was asked for, and nobody was told.
"""

from contextlib import suppress
from dataclasses import replace

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from acc.controlplane.api.departure import READS, read_while_wanted
from acc.controlplane.api.problems import send_problem
from acc.controlplane.audit.attempt import Attempt, begin, wanted
from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.audit.trail import AuditLog
from acc.controlplane.service.exchange import current
from acc.wire.errors import AccError, Code


def recorded(app: ASGIApp, log: AuditLog) -> ASGIApp:
    """`app`, none of whose answers leaves before its record is stored."""

    async def record(scope: Scope, receive: Receive, send: Send) -> None:
        event = wanted(scope["method"], scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if scope["type"] != ScopeType.HTTP or event is None:
            await app(scope, receive, send)
            return
        attempt = log.attempt(_asked_by(event))
        begin(attempt)
        answer = _held_back(attempt, log, send)
        if scope["method"] not in READS:
            await app(scope, receive, answer)
        elif not await read_while_wanted(app, scope, receive, answer):
            attempt.ended(Code.CLIENT_GONE.value)
            await _keep_unanswered(attempt, log)

    return record


async def _keep_unanswered(attempt: Attempt, log: AuditLog) -> None:
    """Stores the record of what nobody waits for any more, if it can be."""
    with suppress(AccError):  # the log says that it was not stored; there is nobody to tell
        await log.keep(attempt)


def _asked_by(event: AuditEvent) -> AuditEvent:
    exchange = current()
    return event if exchange is None else replace(event, request_id=exchange.id, client_address=exchange.address)


def _held_back(attempt: Attempt, log: AuditLog, send: Send) -> Send:
    replaced = False

    async def answer(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and attempt.event.outcome != Code.UNAVAILABLE.value:
            try:
                await log.keep(attempt)
            except AccError as refused:
                replaced = True
                await send_problem(refused, send)
        if not replaced:
            await send(message)

    return answer
