"""grpclib's server with a door: deadlines and bounds that it has none of.

Rules: a TLS handshake has `HANDSHAKE_SECONDS`. Without a client certificate a connection lives `ANONYMOUS_SECONDS`,
long enough to enroll. At most `MAX_CONNECTIONS` are open; over that, of those without a certificate the one that is
there longest makes room, so that strangers keep no worker out. A message longer than `MAX_MESSAGE` is refused before
its bytes are gathered.
"""

import asyncio
import socket
import ssl
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from grpclib import GRPCError, Status
from grpclib.encoding.base import CodecBase
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream

if TYPE_CHECKING:
    from grpclib._typing import IServable

HANDSHAKE_SECONDS = 10.0
ANONYMOUS_SECONDS = 10.0
MAX_CONNECTIONS = 4096
MAX_MESSAGE = 1024 * 1024


class LinkServer(Server):
    """A grpclib server that listens with deadlines."""

    def __init__(self, handlers: Collection["IServable"], codec: CodecBase | None = None) -> None:
        super().__init__(handlers, codec=codec)
        self.open_connections = 0
        self.anonymous: dict[Door, None] = {}
        """The connections without a certificate, oldest first."""

    async def listen(self, sock: socket.socket, tls: ssl.SSLContext) -> None:
        """What grpclib's `start` does, with a deadline for handshakes."""
        self._server = await self._loop.create_server(
            lambda: Door(self, self._protocol_factory()), sock=sock, ssl=tls, ssl_handshake_timeout=HANDSHAKE_SECONDS
        )
        self._server_closed_fut = self._loop.create_future()


class Door(asyncio.Protocol):
    """Stands before one connection's HTTP/2."""

    def __init__(self, server: LinkServer, behind: H2Protocol) -> None:
        self._server = server
        self._behind = behind
        self._transport: asyncio.Transport | None = None  # once admitted
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """After the handshake."""
        # A transport over TCP is always a full one.
        stream = cast("asyncio.Transport", transport)
        if self._server.open_connections >= MAX_CONNECTIONS:
            longest = next(iter(self._server.anonymous), None)
            if longest is None:
                stream.abort()
                return
            longest.give_up()
        self._transport = stream
        self._server.open_connections += 1
        if not stream.get_extra_info("ssl_object").getpeercert():
            self._server.anonymous[self] = None
            self._patience = asyncio.get_running_loop().call_later(ANONYMOUS_SECONDS, self.give_up)
        self._behind.connection_made(stream)

    def give_up(self) -> None:
        """Hangs up on a peer without a certificate, whose time is over or whose place is needed."""
        self._server.anonymous.pop(self, None)
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Goes through."""
        if self._transport is not None:
            self._behind.data_received(data)

    def pause_writing(self) -> None:
        """Goes through."""
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        """Goes through."""
        self._behind.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Counted out."""
        if self._patience is not None:
            self._patience.cancel()
        self._server.anonymous.pop(self, None)
        if self._transport is not None:
            self._server.open_connections -= 1
            self._behind.connection_lost(exc)


def bound_messages(stream: "Stream[Any, Any]") -> None:  # of any call; each handler knows its own messages
    """Makes `stream` refuse a message longer than `MAX_MESSAGE`."""
    # grpclib reads a length and then that many bytes from here, and offers no place of its own to bound it.
    below = stream._stream  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    read = below.recv_data

    async def recv_data(size: int) -> bytes:
        if size > MAX_MESSAGE:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"bad_request: a message has at most {MAX_MESSAGE} bytes")
        return await read(size)

    below.recv_data = recv_data  # type: ignore[method-assign]  # of this one stream
