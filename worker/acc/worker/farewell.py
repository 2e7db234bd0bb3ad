"""The last seconds of a transport: what is still to be said is sent, then the peer closes first.

Closing a socket with unread bytes makes the kernel send RST, which can destroy a Close that is still on its way. So
the worker stops sending, reads to the end, and only then closes; the relay's sweep bounds how long that may take.
"""

import socket
from collections.abc import Callable

from acc.wire.tunnel_end import TunnelEnd
from acc.worker.epoll import BROKEN, IN, OUT, EpollSet
from acc.worker.memory import Memory

PATIENCE = 5.0
"""Seconds that a peer has to take the rest and to close."""


class Farewell:
    """A transport whose tunnel has ended."""

    __slots__ = ("_end", "_epoll", "_memory", "_on_end", "_socket", "began")

    def __init__(
        self,
        connection: socket.socket,
        end: TunnelEnd,
        *,
        began: float,
        epoll: EpollSet,
        memory: Memory,
        on_end: Callable[["Farewell"], None],
    ) -> None:
        self._socket = connection
        self._end = end
        self._epoll = epoll
        self._memory = memory
        self._on_end = on_end
        self.began = began
        epoll.add(connection.fileno(), self._ready, OUT)

    def _ready(self, events: int) -> None:
        try:
            if events & OUT:
                self._end.transmit(self._socket.send)
                if self._end.broken:
                    self.drop()
                elif not self._end.blocked:
                    self._socket.shutdown(socket.SHUT_WR)
                    self._epoll.want(self._socket.fileno(), IN)
            elif events & (IN | BROKEN) and not self._socket.recv_into(self._memory.raw):
                self.drop()
        except BlockingIOError:
            pass
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Closes the socket now."""
        self._epoll.forget(self._socket.fileno())
        self._socket.close()
        self._on_end(self)
