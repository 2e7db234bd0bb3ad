"""A tunnel on the link it has now: what the shells of both ends share.

    ciphertext  -> `receive`, which takes it from the transport and passes stream bytes on to the sink
    stream      -> `send_room`
    the rest    -> `settle`, when there is anything to settle: a replay, controls
    all of it   -> `transmit`, which hands ciphertext to the transport

A shell calls `settle` after every turn except those that say that they left nothing to settle: bytes that came and were
passed on, bytes that were read and sent. In a stream in full flow, and in a conversation of keystrokes, most are such.

Answers pings. Ends of every kind are raised: `TunnelClosed` for a Close, `AccError` for a reset or a violation,
`EOFError` and `ssl.SSLError` where the transport ended or was damaged.
"""

from collections.abc import Callable

from acc.wire import control, frames
from acc.wire.buffers import Buffers
from acc.wire.errors import CODES_BY_CLOSE, AccError, Code
from acc.wire.incoming import Write
from acc.wire.link import Link
from acc.wire.tunnel import Tunnel

Send = Callable[[memoryview | bytes], int]
"""Gives ciphertext to a transport, never waiting: a socket's `send`."""

Read = Callable[[memoryview], int]
"""Fills a buffer from a transport, never waiting: a socket's `recv_into`."""

CLOSE_NORMAL = 1000
NO_STATUS = 1005
"""What a Close without a code counts as; it is never sent (RFC 6455 section 7.4.1)."""


TURNS = 4
"""Full reads of a transport in one turn: enough for a fast stream, few enough to be fair to the others."""

_FIRST_READ = 8192
"""In bytes. It doubles while reads come full, for TLS keeps as much memory as it ever needed."""


class TunnelClosed(Exception):
    """The peer sent a Close."""

    def __init__(self, close: int, reason: str) -> None:
        super().__init__(close, reason)
        self.close = close
        self.reason = reason

    @property
    def error(self) -> AccError:
        """The close as an error; one that is no code of ours broke the protocol."""
        return AccError(CODES_BY_CLOSE.get(self.close, Code.PROTOCOL), control.printable(self.reason))


class TunnelReset(AccError):
    """The peer broke both directions, and said why."""


class TunnelEnd:
    """One end of a tunnel."""

    __slots__ = ("_ending", "_pinged", "_read_size", "_unsent", "broken", "heard", "link", "tunnel")

    def __init__(self, tunnel: Tunnel, link: Link) -> None:
        self.tunnel = tunnel
        self.link = link
        self.broken = False
        """True once the transport refused to be written to: what can still be read of it says how it ended."""
        self.heard = False
        """True once anything came on the link it has now."""
        self._read_size = _FIRST_READ
        self._unsent: memoryview | None = None
        self._ending: Exception | None = None
        self._pinged: bytes | None = None  # the last ping that was not answered yet

    @property
    def blocked(self) -> bool:
        """True while the transport takes no ciphertext; more stream would only fill memory."""
        return self._unsent is not None or self.broken

    def resume(self, link: Link, received: int) -> None:
        """Goes on over a new link, on which the peer has received all before `received`."""
        self.link = link
        self._unsent = None
        self.broken = False
        self.heard = False
        self._pinged = None
        self.tunnel.resume(received)

    def receive(self, read: Read, raw: memoryview, plain: memoryview, write: Write) -> bool:
        """Takes what has come, into `raw`, and delivers it. True if there is anything to settle.

        `plain` is room to decrypt in. Raises EOFError where the transport has ended, and all that `deliver` raises.
        """
        unsettled = False
        for _ in range(TURNS):
            size = self._read_size
            try:
                count = read(raw[:size])
            except BlockingIOError:
                break
            if not count:
                raise EOFError
            self.heard = True
            if self.deliver(raw[:count], plain, write):
                unsettled = True
            if count < size:
                break
            self._read_size = min(size * 2, len(raw))
        return unsettled

    def deliver(self, ciphertext: memoryview, plain: memoryview, write: Write) -> bool:
        """Passes the stream in `ciphertext` on to `write`, in views into `plain`. True if there is anything to settle.

        A Close or a reset is raised once the bytes before it have been passed on or are held.
        """
        unsettled = False
        link, incoming = self.link, self.tunnel.incoming
        link.tls.feed(ciphertext)
        while filled := link.tls.read_into(plain):
            pieces: list[memoryview] = []
            for event in link.receive(plain[:filled]):
                if isinstance(event, memoryview):
                    incoming.accept(len(event))
                    pieces.append(event)
                else:
                    unsettled = True
                    self._act(event)
                    if self._ending is not None:
                        break
            if pieces and incoming.deliver(pieces, write):
                unsettled = True
            if self._ending is not None:
                raise self._ending
            if filled < len(plain):
                break
        return unsettled

    def _act(self, event: frames.Control) -> None:
        """Acts on a control payload."""
        match event.opcode:
            case frames.TEXT:
                message = self.tunnel.receive(event.payload)
                if isinstance(message, control.Reset):
                    self._ending = TunnelReset(message.code, message.reason)
            case frames.PING:
                self._pinged = event.payload
            case frames.CLOSE:
                self._ending = TunnelClosed(*frames.parse_close(event.payload))
            case _:
                pass  # a pong says only that the peer lives, as any byte does

    def send_room(self, buffers: Buffers, size: int) -> None:
        """Sends new stream bytes, the first `size` of the pool's room, and keeps them, even if TLS has failed."""
        try:
            self.link.send_room(buffers, size)
        finally:
            self.tunnel.outgoing.sent(size)

    def settle(self, send: Send) -> None:
        """Sends again what a resume asks for, and says what there is to say, until the transport is blocked."""
        outgoing = self.tunnel.outgoing
        while outgoing.replaying and not self.blocked and (chunk := outgoing.replay()) is not None:
            self.link.send_stream(chunk)
            self.transmit(send)
        if self.send_messages():
            self.transmit(send)

    def send_messages(self) -> bool:
        """Sends what there is to say now; True if that was anything. While the transport is blocked, it waits.

        Of several pings only the last is answered, as RFC 6455 section 5.5.3 allows, so that they take no memory.
        """
        if self.blocked:
            return False
        texts = self.tunnel.messages()
        for text in texts:
            self.link.send_text(text)
        if self._pinged is None:
            return bool(texts)
        self.link.pong(self._pinged)
        self._pinged = None
        return True

    def send_quiet(self) -> None:
        """Sends what the tunnel has to say in a quiet moment."""
        if not self.blocked:
            for text in self.tunnel.quiet():
                self.link.send_text(text)

    def send_reset(self, error: AccError) -> None:
        """Breaks both directions, and says why; a Close with the code's number follows it."""
        self.link.send_text(control.Reset(error.code, error.detail).encode())
        self.link.close(error.code.close or Code.INTERNAL.close, error.detail)

    def transmit(self, send: Send) -> None:
        """Hands ciphertext to `send`, a socket's, until it takes no more. A failure shows in `broken`.

        It is no reason to leave: a Close or a reset may have come before, and is read first.
        """
        data = self._unsent or self.link.tls.take()
        while data:
            try:
                taken = send(data)
            except BlockingIOError:
                self._unsent = memoryview(data)
                return
            except OSError:
                self.broken = True
                break
            if taken < len(data):
                data = memoryview(data)[taken:]
            elif self._unsent is None:
                return
            else:  # it was left from before, and more may have gathered behind it
                self._unsent = None
                data = self.link.tls.take()
        self._unsent = None
