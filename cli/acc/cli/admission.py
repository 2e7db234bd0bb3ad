"""The session of one `acc connect`: a ticket for a target, and where to present it.

Rule: one session serves every connection, until it is used up or near its end; then the next connection asks the
controller for another. Only the controller decides whether there is one.
"""

import ssl
import time
from dataclasses import dataclass, field
from typing import cast

import trio

from acc.cli import profile
from acc.cli.controller import Controller, Item, text
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, split_address
from acc.wire.tls import client_context
from acc.wire.upgrade import MAX_TICKET

MARGIN_SECONDS = 10
"""A ticket this near its end is not worth presenting."""

USED_UP = frozenset(
    {Code.TICKET_EXPIRED, Code.SESSION_EXPIRED, Code.SESSION_LIMIT, Code.SESSION_CANCELLED, Code.SESSION_UNKNOWN}
)
"""Refusals that a new session may cure."""

Address = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What the controller gave: a ticket, and the workers that take it, best first."""

    ticket: str = field(repr=False)
    workers: tuple[Address, ...]
    tls: ssl.SSLContext
    expires_at: int


class Admission:
    """The way to the target `name`, on `port` or its own."""

    def __init__(self, name: str, port: int | None) -> None:
        if not is_name(name):
            raise AccError(Code.BAD_NAME, repr(name[:100]))
        self._path = f"/v1/targets/{name}:authorize-session"
        self._body: Item = {} if port is None else {"port": port}
        self._profile = profile.load()
        self._lock = trio.Lock()
        self._current: Authorization | None = None

    async def current(self) -> Authorization:
        """A session that may serve another connection. Connections that ask at once share one."""
        async with self._lock:
            if self._current is None or self._current.expires_at < time.time() + MARGIN_SECONDS:
                self._current = await trio.to_thread.run_sync(self._authorize, abandon_on_cancel=True)
            return self._current

    def spent(self, authorization: Authorization) -> None:
        """`authorization` was refused as used up: the next connection gets another."""
        if self._current is authorization:
            self._current = None

    def _authorize(self) -> Authorization:
        with Controller.of(self._profile) as controller:
            return _parse(controller.post(self._path, self._body))


def _parse(answer: Item) -> Authorization:
    ticket = text(answer, "authorization_token")
    expires_at = answer.get("expires_at")
    listed = answer.get("workers")
    workers = cast("list[object]", listed) if isinstance(listed, list) else []  # json.loads gives no more exact type
    addresses = tuple(address for worker in workers if (address := _address(worker)) is not None)
    if not isinstance(expires_at, int) or len(ticket) > MAX_TICKET or not ticket.isascii():
        raise AccError(Code.HTTP_PEER, "the controller's answer holds no ticket")
    if not addresses:
        raise AccError(Code.NO_WORKER)
    authority = answer.get("worker_ca")
    try:
        tls = client_context(authority if isinstance(authority, str) else None)
    except ssl.SSLError:
        raise AccError(Code.UNTRUSTED, "the controller's answer holds no usable CA for workers") from None
    return Authorization(ticket=ticket, workers=addresses, tls=tls, expires_at=expires_at)


def _address(worker: object) -> Address | None:
    match worker:
        case {"address": str(address)}:
            return split_address(address)
        case _:
            return None
