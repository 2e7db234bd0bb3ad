"""The session of `acc connect`: a ticket for a target, and where to present it.

Rule: one session serves every connection, those of `acc proxy` too, until it is used up or near its end; then the
next connection asks the controller for another. Only the controller decides whether there is one.
"""

import ssl

import trio

from acc.cli import credentials, profile, tickets
from acc.cli.authorize import authorize
from acc.cli.tickets import Destination, Grant
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name
from acc.wire.tls import client_context


class Access:
    """The way to a destination."""

    def __init__(self, destination: Destination) -> None:
        for name in (destination.name,) if destination.host is None else (destination.name, destination.host):
            if not is_name(name):
                raise AccError(Code.BAD_NAME, repr(name[:100]))
        self._destination = destination
        self._profile = profile.load()
        self._lock = trio.Lock()

    async def grant(self) -> Grant:
        """A ticket that may serve another connection. Connections that ask at once share one."""
        async with self._lock:
            return await trio.to_thread.run_sync(self._find, abandon_on_cancel=True)

    async def discard(self, grant: Grant) -> None:
        """`grant` was refused: the next connection gets another, unless it is there already."""
        async with self._lock:
            kept = tickets.load(self._profile, self._destination)
            if kept is not None and kept.ticket == grant.ticket:
                tickets.discard(self._profile, self._destination)

    def _find(self) -> Grant:
        kept = tickets.load(self._profile, self._destination)
        if kept is not None:
            return kept
        fresh = authorize(self._profile, credentials.token(self._profile), self._destination)
        tickets.store(self._profile, self._destination, fresh)
        return fresh


def worker_tls(grant: Grant) -> ssl.SSLContext:
    """What `grant` says its workers must show."""
    try:
        return client_context(grant.ca)
    except ssl.SSLError:
        raise AccError(Code.UNTRUSTED, "the controller's answer holds no usable CA for workers") from None
