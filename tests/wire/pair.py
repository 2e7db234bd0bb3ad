"""Two ends of a tunnel in one process, joined by a fake link that can cut, clog and break.

    client.source -> `Side.write` -> client.flight -> `Pair.carry` -> `Side.hear` -> server.delivered

A `Side` is what a shell is, without a clock and without sockets: it reads its source as far as there is room, writes
to a sink that takes no more than `appetite`, and hands ciphertext to a transport that holds `PIPE` bytes. Tests look
at `sent`, `delivered` and `sink_closed`, and judge them against one another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from acc.wire.buffers import CHUNK, Buffers
from acc.wire.errors import Code
from acc.wire.frames import ZERO_KEY
from acc.wire.incoming import WINDOW
from acc.wire.link import Link
from acc.wire.tls import Tls, client_context, server_context
from acc.wire.tunnel import Tunnel
from acc.wire.tunnel_end import TunnelEnd

PIPE = 300_000
"""Bytes of ciphertext that a transport takes before it is clogged."""

EVERYTHING = 1 << 62

_NOISE = Random(0).randbytes(1 << 20)


def noise(offset: int, size: int) -> bytes:
    """`size` bytes of a stream that repeats itself late enough for a misplaced byte to show."""
    start = offset * 7919 % (len(_NOISE) - CHUNK)
    return _NOISE[start : start + size]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A worker's certificate: the PEM that a client trusts, and the files that a server loads."""

    pem: str
    path: str
    key_path: str


class Clear:
    """Stands where `Tls` stands and encrypts nothing."""

    def __init__(self) -> None:
        self._incoming = bytearray()
        self._outgoing = bytearray()

    def write(self, plaintext: bytes | memoryview) -> None:
        self._outgoing += plaintext

    def take(self) -> bytes:
        taken = bytes(self._outgoing)
        self._outgoing.clear()
        return taken

    def feed(self, ciphertext: bytes | memoryview) -> None:
        self._incoming += ciphertext

    def read_into(self, room: memoryview) -> int:
        count = min(len(room), len(self._incoming))
        room[:count] = self._incoming[:count]
        del self._incoming[:count]
        return count


Transports = Callable[[], tuple[Clear | Tls, Clear | Tls]]
"""Makes what a client and a server speak through."""


def clear() -> tuple[Clear, Clear]:
    """A transport without TLS."""
    return Clear(), Clear()


def shake_hands(client: Tls, server: Tls) -> None:
    """Completes the TLS handshake between two ends."""
    complete = False
    while not complete:
        complete = client.handshake()
        server.feed(memoryview(client.take()))
        complete = server.handshake() and complete
        client.feed(memoryview(server.take()))


def secured(certificate: Certificate) -> Transports:
    """A maker of transports under real TLS, their handshake complete."""

    def make() -> tuple[Tls, Tls]:
        client = Tls(client_context(certificate.pem), "localhost")
        server = Tls(server_context(certificate.path, certificate.key_path), None)
        shake_hands(client, server)
        return client, server

    return make


class Side:
    """One end and its shell."""

    def __init__(self, window: int = WINDOW) -> None:
        self.buffers = Buffers()
        self.tunnel = Tunnel(self.buffers, window)
        self.end = TunnelEnd(self.tunnel, Link(Clear(), b""))  # until `Pair.connect` gives it a real one
        self.plain = memoryview(bytearray(200_000))
        self.flight = bytearray()
        self.appetite = EVERYTHING
        self.round_trip = 0.0
        self.sent = bytearray()
        self.delivered = bytearray()
        self.sink_closed = False

    @property
    def position(self) -> int:
        """What this end says that it has received."""
        return self.tunnel.incoming.position

    def write(self, size: int) -> int:
        """The source has `size` bytes; what there is room for is sent. Returns how many that were."""
        left = size
        while (count := min(left, self.tunnel.outgoing.room)) > 0 and not self.end.blocked:
            piece = noise(len(self.sent), count)
            self.buffers.room[:count] = piece
            self.end.send_room(self.buffers, count)
            self.end.transmit(self._send)
            self.sent += piece
            left -= count
        self.settle()
        return size - left

    def finish(self) -> None:
        """The source ends."""
        self.tunnel.outgoing.finish()
        self.settle()

    def refuse(self) -> None:
        """The sink breaks."""
        self.tunnel.refuse(Code.BACKEND_CLOSED)
        self.settle()

    def quiet(self) -> None:
        """Nothing happens for a while."""
        self.end.send_quiet()
        self.settle()

    def feast(self, size: int) -> None:
        """The sink takes `size` bytes more."""
        self.appetite += size
        self.tunnel.incoming.relieve(self._eat)
        self.settle()

    def hear(self, ciphertext: bytes) -> None:
        """`ciphertext` came from the transport."""
        self.end.deliver(memoryview(ciphertext), self.plain, self._eat)
        self.settle()

    def settle(self) -> None:
        """What a shell does after every turn."""
        incoming = self.tunnel.incoming
        if incoming.drained:
            self.sink_closed = True
        if self.end.blocked:
            self.end.transmit(self._send)
        self.end.settle(self._send)
        if incoming.outgrown:
            incoming.grow(self.round_trip)

    def _eat(self, pieces: Sequence[memoryview | bytearray]) -> int:
        """What the sink takes of `pieces`."""
        assert not self.sink_closed
        data = b"".join(pieces)[: self.appetite]
        self.appetite -= len(data)
        self.delivered += data
        return len(data)

    def _send(self, ciphertext: memoryview) -> int:
        free = PIPE - len(self.flight)
        if not free:
            raise BlockingIOError
        taken = min(free, len(ciphertext))
        self.flight += ciphertext[:taken]
        return taken


class Pair:
    """A client and a server."""

    def __init__(self, transports: Transports = clear, key: bytes | None = ZERO_KEY, window: int = WINDOW) -> None:
        self._transports = transports
        self._key = key
        self.client = Side(window)
        self.server = Side(window)
        client, server = self._links()
        self.client.end.link = client
        self.server.end.link = server

    def peer(self, side: Side) -> Side:
        """The other side."""
        return self.server if side is self.client else self.client

    def carry(self, side: Side, size: int) -> int:
        """Up to `size` bytes of what `side` sent arrive. Returns how many that were."""
        piece = bytes(side.flight[:size])
        del side.flight[:size]
        self.peer(side).hear(piece)
        side.settle()
        return len(piece)

    def run(self, step: int = 65536) -> None:
        """Everything arrives, `step` bytes at a time, until nobody has anything to say."""
        while self.client.flight or self.server.flight:
            self.carry(self.client, step)
            self.carry(self.server, step)

    def pour(self, side: Side, size: int) -> None:
        """`side` sends `size` bytes, as the other makes room for them."""
        while size and (written := side.write(size)):
            size -= written
            self.run()

    def lose(self) -> None:
        """The transport breaks: what was on its way is gone."""
        self.client.flight.clear()
        self.server.flight.clear()

    def resume(self) -> None:
        """A new transport, on which both ends go on."""
        self.lose()
        received_by_client, received_by_server = self.client.position, self.server.position
        client, server = self._links()
        self.server.end.resume(server, received_by_client)
        self.client.end.resume(client, received_by_server)
        self.server.settle()
        self.client.settle()

    def resume_unheard(self) -> None:
        """The server takes a new transport, which breaks before the client hears the answer."""
        self.lose()
        received_by_client = self.client.position
        _, server = self._links()
        self.server.end.resume(server, received_by_client)
        self.server.settle()
        self.lose()

    def _links(self) -> tuple[Link, Link]:
        client, server = self._transports()
        return Link(client, self._key), Link(server, b"")
