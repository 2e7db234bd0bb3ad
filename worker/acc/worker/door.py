"""The door: connections from their accept until their request is complete, or has been refused.

Rule: whoever stands here has proved nothing, so numbers and time are bounded. Over MAX_OPENINGS, over a share of the
descriptors, and where they run out, the opening that has owed its request longest is dropped: a real client needs
milliseconds, and a silent one waits.
"""

import resource
import socket
import ssl
import time
from collections.abc import Callable

from acc.wire.names import join_address
from acc.wire.upgrade import Request
from acc.worker.epoll import IN, EpollSet
from acc.worker.memory import Memory
from acc.worker.opening import Opening

OPENING_DEADLINE = 10.0
"""Seconds from accept to a complete request, and from a refusal to the client's closing."""

MAX_OPENINGS = 1024
OPENING_SHARE = 4
"""Openings have this part of the descriptors at most: tunnels need the others, two each."""

ACCEPTS = 64
"""Connections accepted in one turn of the listener."""


class Door:
    """The listener, and the openings that owe their request or their leave. `on_request` takes a complete one."""

    def __init__(
        self,
        *,
        epoll: EpollSet,
        memory: Memory,
        tls: Callable[[], ssl.SSLContext],
        on_request: Callable[[Opening, Request], None],
    ) -> None:
        self._epoll = epoll
        self._memory = memory
        self._tls = tls
        self._on_request = on_request
        self._listener: socket.socket | None = None
        self._openings: dict[Opening, None] = {}  # oldest first

    def listen(self, listener: socket.socket) -> None:
        """Accepts from `listener`, a non-blocking listening socket, which belongs to the door from now on."""
        self._listener = listener
        self._epoll.add(listener.fileno(), self._accept, IN)

    def release(self, opening: Opening) -> None:
        """Lets go of an opening that somebody decides about."""
        del self._openings[opening]

    def keep(self, opening: Opening) -> None:
        """Takes back an opening that is to be refused: it stays until its client closes."""
        opening.began = time.monotonic()
        self._openings[opening] = None

    def sweep(self, now: float) -> None:
        """Drops whoever is late, at `now` monotonic seconds, and listens again if descriptors had run out."""
        if self._listener is not None:
            self._epoll.want(self._listener.fileno(), IN)
        for opening in [one for one in self._openings if now - one.began > OPENING_DEADLINE]:
            opening.drop()

    def close(self) -> None:
        """Accepts no more, and drops whoever stands in the door."""
        if self._listener is not None:
            self._epoll.forget(self._listener.fileno())
            self._listener.close()
            self._listener = None
        for opening in list(self._openings):
            opening.drop()

    def _accept(self, _events: int) -> None:
        if self._listener is None:
            return
        most = min(MAX_OPENINGS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // OPENING_SHARE)
        for _ in range(ACCEPTS):
            try:
                connection, address = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue  # the client left while it was in the queue
            except OSError:  # out of descriptors or memory
                if self._openings:
                    next(iter(self._openings)).drop()
                    continue
                self._epoll.want(self._listener.fileno(), 0)  # until the next sweep, or this would spin
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while len(self._openings) >= most:
                next(iter(self._openings)).drop()
            self._open(connection, join_address(*address[:2]))

    def _open(self, connection: socket.socket, peer: str) -> None:
        opening = Opening(
            connection,
            peer,
            self._tls(),
            epoll=self._epoll,
            memory=self._memory,
            began=time.monotonic(),
            on_request=self._on_request,
            on_end=self._ended,
        )
        self._openings[opening] = None

    def _ended(self, opening: Opening) -> None:
        self._openings.pop(opening, None)
