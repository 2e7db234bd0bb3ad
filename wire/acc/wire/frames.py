"""WebSocket frames: the subset of RFC 6455 that a tunnel needs, in both roles.

`frame` and `frame_in_place` make frames; `FrameReader` takes whatever bytes came and says what they hold. Binary
payload is handed on as it arrives, as views into the caller's buffer, never gathered: a data frame may be larger
than any buffer. Text and control payloads are gathered, and bounded before they are.

A client masks (section 5.3), a server does not. `ZERO_KEY` is a well-formed key that changes nothing; acc's own
client uses it when the worker agreed to it, because the danger that masking answers (section 10.3: a script in a
browser that chooses the bytes a confused cache sees) does not exist inside verified TLS between two programs.

Refuses, as RFC 6455 demands: reserved bits, unknown opcodes, frames masked in the wrong direction, lengths not
in their shortest form, control frames that are fragmented or over 125 bytes, continuations of nothing.
"""

from acc.wire.errors import AccError, Code

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

HEADROOM = 14
"""Bytes before a payload in which any header fits: 2, 8 of length, 4 of key."""

ZERO_KEY = b"\0\0\0\0"
MAX_TEXT = 1024
MAX_CONTROL = 125
MAX_FRAME = 1 << 30

FIN_BIT = 0x80
MASK_BIT = 0x80


class Control:
    """A whole text, ping, pong or close payload."""

    __slots__ = ("opcode", "payload")

    def __init__(self, opcode: int, payload: bytes) -> None:
        self.opcode = opcode
        self.payload = payload


Event = memoryview | Control
"""What a reader finds: stream bytes, or a control payload."""


def violation(detail: str) -> AccError:
    return AccError(Code.PROTOCOL, detail)


def _header(opcode: int, size: int, key: bytes) -> bytes:
    mask = MASK_BIT if key else 0
    if size < 126:
        return bytes((FIN_BIT | opcode, mask | size)) + key
    if size < 65536:
        return bytes((FIN_BIT | opcode, mask | 126)) + size.to_bytes(2, "big") + key
    return bytes((FIN_BIT | opcode, mask | 127)) + size.to_bytes(8, "big") + key


def frame(opcode: int, payload: bytes | memoryview, key: bytes) -> bytes:
    """A whole frame in new memory. `key` is 4 bytes for a client and empty for a server."""
    header = _header(opcode, len(payload), key)
    if key and key != ZERO_KEY:
        return header + _masked(payload, key, 0)
    return header + bytes(payload)


def frame_in_place(buffer: memoryview, size: int, key: bytes) -> memoryview:
    """A binary frame around `buffer[HEADROOM:HEADROOM + size]`, whose header is written in front of the payload.

    The payload must stay as it is, for it may be needed again: only `ZERO_KEY` and no key can be used in place.
    """
    header = _header(BINARY, size, key)
    start = HEADROOM - len(header)
    buffer[start:HEADROOM] = header
    return buffer[start : HEADROOM + size]


def _masked(payload: bytes | memoryview, key: bytes, phase: int) -> bytes:
    """`payload` XOR `key`, beginning with byte `phase` of the key."""
    size = len(payload)
    stream = (key * (size // 4 + 2))[phase : phase + size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(stream, "little")).to_bytes(size, "little")


class FrameReader:
    """Reads the frames of one direction of one WebSocket. `expects_mask` is the role: True where clients speak."""

    __slots__ = (
        "_continues",
        "_control",
        "_expects_mask",
        "_head",
        "_in_frame",
        "_key",
        "_left",
        "_opcode",
        "_phase",
        "_text",
    )

    def __init__(self, *, expects_mask: bool) -> None:
        self._expects_mask = expects_mask
        self._head: bytes = b""  # a header of which the end has not come yet
        self._in_frame: bool = False
        self._opcode: int = 0  # of the frame being read, continuations resolved
        self._left: int = 0  # payload bytes of it still to come
        self._key: bytes = b""  # empty where nothing is to be unmasked
        self._phase: int = 0  # which byte of the key is next
        self._continues: int = 0  # opcode of the fragmented message, 0 if none is open
        self._text: bytes = b""  # of a text message, and of a control frame, what has come so far
        self._control: bytes = b""

    def feed(self, data: memoryview) -> list[Event]:
        """What `data` holds. Views in the answer are into `data`, unmasked there, and last as long as it does.

        Raises AccError with PROTOCOL; the reader is then of no further use.
        """
        events: list[Event] = []
        at, size = 0, len(data)
        while at < size:
            if not self._in_frame:
                at = self._begin(data, at)
                if not self._in_frame:
                    break
            take = self._left
            take = min(take, size - at)
            piece = data[at : at + take]
            at += take
            self._left -= take
            if self._key:
                piece[:] = _masked(piece, self._key, self._phase)
                self._phase = (self._phase + take) & 3
            if self._opcode != BINARY:
                self._gather(piece, events)
            elif take:
                events.append(piece)
            self._in_frame = self._left > 0
        return events

    def _begin(self, data: memoryview, at: int) -> int:
        """Reads a header at `at`; where its end is missing, keeps what there is. Returns what comes after it."""
        kept = len(self._head)
        head: bytes = self._head + bytes(data[at : at + HEADROOM - kept])
        have = len(head)
        if have < 2:
            self._head = head
            return len(data)
        masked = head[1] >= MASK_BIT
        length: int = head[1] & 0x7F
        extended = 0 if length < 126 else 2 if length == 126 else 8
        end = 2 + extended + (4 if masked else 0)
        if have < end:
            self._head = head
            return len(data)
        self._head = b""
        if masked is not self._expects_mask:
            raise violation("frame masked in the wrong direction")
        if extended:
            length = int.from_bytes(head[2 : 2 + extended], "big")
            if length < (126 if extended == 2 else 65536):
                raise violation("frame length not in its shortest form")
            if length > MAX_FRAME:
                raise violation("frame too long")
        self._open(head[0], length)
        key = head[end - 4 : end] if masked else b""
        self._key = b"" if key == ZERO_KEY else key
        self._phase = 0
        self._left = length
        self._in_frame = True
        return at + end - kept

    def _open(self, first: int, length: int) -> None:
        """Judges the first byte of a header and sets the opcode that its payload belongs to."""
        if first & 0x70:
            raise violation("reserved bits set")
        opcode, final = first & 0x0F, first & FIN_BIT
        if opcode >= CLOSE:
            if opcode > PONG or not final or length > MAX_CONTROL:
                raise violation("bad control frame")
            self._opcode = opcode
            return
        if opcode > BINARY:
            raise violation("unknown opcode")
        if (opcode == CONTINUATION) is not (self._continues != 0):
            raise violation("continuation of nothing, or a message inside a message")
        self._opcode = self._continues or opcode
        self._continues = 0 if final else self._opcode

    def _gather(self, piece: memoryview, events: list[Event]) -> None:
        if self._opcode == TEXT:
            self._text += piece
            if len(self._text) + self._left > MAX_TEXT:
                raise violation("text message too long")
            if not self._left and not self._continues:
                events.append(Control(TEXT, self._text))
                self._text = b""
            return
        self._control += piece
        if not self._left:
            events.append(Control(self._opcode, self._control))
            self._control = b""


def close_payload(code: int, reason: str) -> bytes:
    """The body of a Close frame; the reason is cut to what fits."""
    return code.to_bytes(2, "big") + reason.encode()[: MAX_CONTROL - 2].decode(errors="ignore").encode()


def parse_close(payload: bytes) -> tuple[int, str]:
    """Code and reason of a Close frame; 1005, as RFC 6455 section 7.1.5 has it, where it holds none."""
    if not payload:
        return 1005, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (1000 <= code <= 1014 or 3000 <= code <= 4999) or code in {1004, 1005, 1006}:
        raise violation("bad close code")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise violation("close reason is not UTF-8") from None
