"""Holds many idle tunnels, as that many clients would: reads what comes, acknowledges, pings after silence, and
answers pings.

One epoll loop on the wire's own modules. Tunnels are opened by a few threads, because each opening waits for the
worker; the loop takes over every one as soon as it is open.
"""

import select
import socket
import ssl
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue

from acc.wire import upgrade
from acc.wire.buffers import Buffers
from acc.wire.errors import AccError, Code
from acc.wire.frames import ZERO_KEY
from acc.wire.incoming import WINDOW
from acc.wire.link import Link
from acc.wire.tls import Tls, client_context
from acc.wire.tunnel import LOST_AFTER, PING_AFTER, Tunnel
from acc.wire.tunnel_end import TunnelEnd
from bench.ground import Broken
from bench.system import Grant

OPENERS = 4
DEADLINE = 20.0
TICK = 0.2
QUIET = 0.2
READ = 65536


class Held:
    """One open tunnel."""

    __slots__ = ("end", "heard", "pinged", "socket")

    def __init__(self, connection: socket.socket, end: TunnelEnd) -> None:
        self.socket = connection
        self.end = end
        self.heard = time.monotonic()
        self.pinged = False

    @property
    def arrived(self) -> int:
        """Stream bytes that have come."""
        return self.end.tunnel.incoming.delivered


class Holder:
    """All tunnels that are held; `serve` must be called for them to live."""

    def __init__(self, grant: Grant) -> None:
        self.tunnels: list[Held] = []
        self._grant = grant
        self._context = client_context(grant.ca)
        self._buffers = Buffers()
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, Held] = {}
        self._raw = memoryview(bytearray(READ))
        self._plain = memoryview(bytearray(2 * READ))
        self._ticked = 0.0

    def open(self, count: int, deadline: float) -> None:
        """Opens so many more, and serves those that are open meanwhile."""
        opened: SimpleQueue[Held | Exception] = SimpleQueue()
        wanted = len(self.tunnels) + count
        with ThreadPoolExecutor(OPENERS) as openers:
            for _ in range(count):
                openers.submit(_open, self._grant, self._context, self._buffers, opened)
            try:
                while len(self.tunnels) < wanted:
                    self._take_over(opened)
                    self.serve(0.0)
                    if time.monotonic() > deadline:
                        raise Broken("the tunnels did not open in time")
            finally:
                openers.shutdown(wait=True, cancel_futures=True)
        self.serve(2 * QUIET + TICK)

    def serve(self, seconds: float) -> None:
        """Keeps the tunnels alive for a while."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            for descriptor, _ in self._epoll.poll(max(0.01, min(left, TICK))):
                self._read(self._by_descriptor[descriptor])
            self._tick()
            if left <= 0:
                return

    def echo(self, request: bytes, size: int, deadline: float) -> None:
        """Sends a request and `size` bytes through each tunnel, and waits until the bytes have come back."""
        for at, held in enumerate(self.tunnels):
            before = held.arrived
            self._send(held, request)
            self._send(held, bytes(size))
            if at % 16 == 15 or at + 1 == len(self.tunnels):
                while held.arrived < before + size:
                    self.serve(0.0)
                    if time.monotonic() > deadline:
                        raise Broken("an echo did not come back in time")
        self.serve(2 * QUIET + TICK)

    def close(self) -> None:
        """Ends all tunnels, as a client does that has no more use for them."""
        for held in self.tunnels:
            held.end.link.close(Code.CLIENT_GONE.close, "")
            held.end.transmit(held.socket.send)
            self._epoll.unregister(held.socket.fileno())
            held.socket.close()
        self.tunnels.clear()
        self._by_descriptor.clear()

    def _take_over(self, opened: SimpleQueue[Held | Exception]) -> None:
        while True:
            try:
                held = opened.get_nowait()
            except Empty:
                return
            if isinstance(held, Exception):
                raise Broken(f"a tunnel did not open: {held}")
            self.tunnels.append(held)
            self._by_descriptor[held.socket.fileno()] = held
            self._epoll.register(held.socket.fileno(), select.EPOLLIN)
            self._deliver(held, self._raw[:0])

    def _send(self, held: Held, data: bytes) -> None:
        self._buffers.room[: len(data)] = data
        held.end.send_room(self._buffers, len(data))
        held.end.transmit(held.socket.send)

    def _read(self, held: Held) -> None:
        count = held.socket.recv_into(self._raw)
        if not count:
            raise Broken("the worker closed an idle tunnel")
        held.heard = time.monotonic()
        held.pinged = False
        self._deliver(held, self._raw[:count])

    def _deliver(self, held: Held, ciphertext: memoryview) -> None:
        held.end.deliver(ciphertext, self._plain, _take)
        held.end.send_messages()
        held.end.transmit(held.socket.send)

    def _tick(self) -> None:
        """What a client does after a while without traffic."""
        now = time.monotonic()
        if now - self._ticked < TICK:
            return
        self._ticked = now
        for held in self.tunnels:
            silence = now - held.heard
            if silence > PING_AFTER + LOST_AFTER:
                raise Broken("the worker did not answer a ping")
            if silence > PING_AFTER and not held.pinged:
                held.pinged = True
                held.end.link.ping()
                held.end.transmit(held.socket.send)
            elif silence > QUIET and held.end.tunnel.incoming.ack_owed:
                held.end.send_quiet()
                held.end.transmit(held.socket.send)


def _take(pieces: Sequence[memoryview | bytearray]) -> int:
    """A sink that takes everything and keeps nothing."""
    return sum(map(len, pieces))


def _open(grant: Grant, context: ssl.SSLContext, buffers: Buffers, opened: SimpleQueue[Held | Exception]) -> None:
    """Opens one tunnel and hands it over, or why there is none."""
    try:
        opened.put(_opened(grant, context, buffers))
    except (AccError, Broken, OSError) as error:
        opened.put(error)


def _opened(grant: Grant, context: ssl.SSLContext, buffers: Buffers) -> Held:
    """One open tunnel; it uses the buffers only later, in the holder's own thread."""
    connection = socket.create_connection(grant.worker, DEADLINE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls = Tls(context, grant.server_name)
    while not tls.handshake():
        _exchange(connection, tls)
    key = upgrade.new_key()
    request = upgrade.Request(ticket=grant.ticket, key=key, window=WINDOW, zero_mask=True, resume=None, received=0)
    tls.write(upgrade.encode_request(request, grant.authority))
    room, data = memoryview(bytearray(READ)), b""
    while (length := upgrade.answer_length(data)) is None:
        _exchange(connection, tls)
        while count := tls.read_into(room):
            data += room[:count]
    accepted = upgrade.parse_answer(data[:length], key)
    tls.unread(data[length:])
    connection.setblocking(False)
    return Held(connection, TunnelEnd(Tunnel(buffers, accepted.window), Link(tls, ZERO_KEY)))


def _exchange(connection: socket.socket, tls: Tls) -> None:
    connection.sendall(tls.take())
    data = connection.recv(16384)
    if not data:
        raise Broken("the worker closed the connection")
    tls.feed(memoryview(data))
