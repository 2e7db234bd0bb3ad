"""A listener behind load balancers: accepts, and asks those that it trusts whose bytes they bring.

asyncio begins with TLS as soon as it has accepted, and TLS cannot be given what was read too much. So here a
connection is accepted and its header read, not one byte more, before asyncio gets the socket.

Rule: who comes from a trusted network says who the client is, with a header of `proxyheader`, within `HEADER_SECONDS`;
everybody else is who they are. A trusted one without a header is refused, and so is a header from anybody else, because
TLS does not begin like that.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack

from acc.controlplane.service.config import Network
from acc.controlplane.service.log import warning
from acc.controlplane.service.proxyheader import HEAD_BYTES, Proxied, body_length, read_header
from acc.wire.errors import AccError

HEADER_SECONDS = 3.0
MAX_PENDING = 1000
"""Connections that are no HTTP yet; over that, the one that has been so for longest makes room."""

ACCEPT_AGAIN_SECONDS = 1.0

Connect = Callable[[socket.socket, Proxied], Awaitable[object]]
"""Takes a socket over, at once, and begins with TLS. Raises OSError."""


class ProxiedServer:
    """Accepts on `sock` until it is closed."""

    def __init__(self, sock: socket.socket, trusted: Sequence[Network], connect: Connect) -> None:
        self._sock = sock
        self._trusted = trusted
        self._connect = connect
        self._pending: dict[asyncio.Task[None], None] = {}
        self._accepting = asyncio.create_task(self._accept())

    def close(self) -> None:
        """Accepts no more."""
        for task in (self._accepting, *self._pending):
            task.cancel()

    async def wait_closed(self) -> None:
        """Returns once nothing is accepted any more."""
        await asyncio.wait({self._accepting, *self._pending})

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        with self._sock:
            self._sock.setblocking(False)
            while True:
                try:
                    sock, peer = await loop.sock_accept(self._sock)
                except OSError as cause:  # there are no descriptors left, for one
                    warning("cannot accept", reason=str(cause))
                    await asyncio.sleep(ACCEPT_AGAIN_SECONDS)
                    continue
                if len(self._pending) >= MAX_PENDING:
                    oldest = next(iter(self._pending))
                    del self._pending[oldest]
                    oldest.cancel()
                task = asyncio.create_task(self._take(sock, Proxied(peer[0], peer[1])))
                self._pending[task] = None
                task.add_done_callback(lambda done: self._pending.pop(done, None))

    async def _take(self, sock: socket.socket, peer: Proxied) -> None:
        try:
            with ExitStack() as until_taken:
                until_taken.enter_context(sock)
                async with asyncio.timeout(HEADER_SECONDS):
                    client = await self._client(sock, peer)
                until_taken.pop_all()
            await self._connect(sock, client)
        except AccError as refused:
            warning("proxy header refused", peer=peer.address, reason=refused.detail)
        except OSError:
            pass  # whoever it was left, was silent for too long, or does not speak TLS

    async def _client(self, sock: socket.socket, peer: Proxied) -> Proxied:
        address = ipaddress.ip_address(peer.address)
        if not any(address in network for network in self._trusted):
            return peer
        head = await _read(sock, HEAD_BYTES)
        return read_header(head + await _read(sock, body_length(head))) or peer


async def _read(sock: socket.socket, count: int) -> bytes:
    """Exactly `count` bytes. Raises OSError."""
    data = b""
    while len(data) < count:
        part = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
        if not part:
            raise ConnectionAbortedError
        data += part
    return data
