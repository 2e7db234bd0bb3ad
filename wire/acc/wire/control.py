"""The four control messages of a tunnel, as values and as JSON.

    ack   {offset, limit}   what lies before `offset` has left for its sink; you may send up to `limit`
    fin   {offset}          my stream ends at `offset`
    stop  {code}            I read no more
    reset {code, reason}    both directions are broken

Rule: unknown keys are ignored, so that a later version may add some; an unknown type is a protocol error, because
a message that must not be ignored could hide in it. Offsets are whole numbers from 0 to 2**63 - 1.
"""

import json

from acc.wire.errors import AccError, Code, code_named

MAX_OFFSET = (1 << 63) - 1
MAX_REASON = 200


class Ack:
    """`offset` counts a FIN that was passed on as one more than its own offset."""

    __slots__ = ("limit", "offset")

    def __init__(self, offset: int, limit: int) -> None:
        self.offset = offset
        self.limit = limit

    def encode(self) -> bytes:
        return b'{"type":"ack","offset":%d,"limit":%d}' % (self.offset, self.limit)


class Fin:
    """The sender's stream is `offset` bytes long."""

    __slots__ = ("offset",)

    def __init__(self, offset: int) -> None:
        self.offset = offset

    def encode(self) -> bytes:
        return b'{"type":"fin","offset":%d}' % self.offset


class Stop:
    """The sender's sink takes no more, and why."""

    __slots__ = ("code",)

    def __init__(self, code: Code) -> None:
        self.code = code

    def encode(self) -> bytes:
        return b'{"type":"stop","code":"%s"}' % self.code.value.encode()


class Reset:
    """Both directions are broken, and why. `reason` is for people."""

    __slots__ = ("code", "reason")

    def __init__(self, code: Code, reason: str) -> None:
        self.code = code
        self.reason = reason

    def encode(self) -> bytes:
        body = {"type": "reset", "code": self.code.value, "reason": printable(self.reason)}
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


Message = Ack | Fin | Stop | Reset


def parse(payload: bytes) -> Message:
    """The message in a text frame's payload. Raises AccError with PROTOCOL."""
    try:
        body = json.loads(payload.decode())
    except (ValueError, RecursionError):
        raise AccError(Code.PROTOCOL, "control message is not JSON in UTF-8") from None
    match body:
        case {"type": "ack", "offset": offset, "limit": limit} if _is_offset(offset) and _is_offset(limit):
            return Ack(offset, limit)
        case {"type": "fin", "offset": offset} if _is_offset(offset):
            return Fin(offset)
        case {"type": "stop", "code": str(code)}:
            return Stop(code_named(code))
        case {"type": "reset", "code": str(code), "reason": str(reason)}:
            return Reset(code_named(code), printable(reason))
        case _:
            raise AccError(Code.PROTOCOL, "control message of no known form")


def printable(text: str) -> str:
    """`text` from a peer, fit for a terminal and a log: bounded, without control characters."""
    return "".join(character if character.isprintable() else "?" for character in text[:MAX_REASON])


def _is_offset(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_OFFSET
