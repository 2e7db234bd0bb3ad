"""Targets in `acc.wire`: what either end of a tunnel reads from the other."""

import base64
from collections.abc import Sequence

from acc.wire import control, frames
from acc.wire.buffers import Buffers
from acc.wire.errors import Code
from acc.wire.frames import FrameReader
from acc.wire.incoming import WINDOW
from acc.wire.link import Link
from acc.wire.names import is_name, join_address, parse_port, split_address
from acc.wire.ticket import MAX_ENDPOINTS, SIGNATURE, open_ticket
from acc.wire.tunnel import Tunnel
from acc.wire.tunnel_end import TunnelClosed, TunnelEnd, TunnelReset
from acc.wire.upgrade import (
    MAX_BODY,
    MAX_HEAD,
    MAX_RESUME,
    MAX_TICKET,
    accept_key,
    answer_length,
    encode_accepted,
    encode_request,
    parse_answer,
    parse_request,
)
from tests.fuzz.target import Target
from tests.wire.pair import Clear

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
PLACEHOLDER = b"KKKK"
"""Stands for the accept key of KEY, which a fuzzer would never find."""

END = b"\r\n\r\n"


def request(data: bytes) -> None:
    """A client's request: what is read from it is bounded, and says the same when it is written again."""
    head = data.partition(END)[0] + END
    parsed = parse_request(head)
    assert len(parsed.ticket) <= MAX_TICKET
    assert parsed.resume is None or len(parsed.resume) <= MAX_RESUME
    if parsed.ticket.isascii():
        again = parse_request(encode_request(parsed, "localhost:1"))
        assert all(getattr(again, name) == getattr(parsed, name) for name in parsed.__slots__)


def answer(data: bytes) -> None:
    """A worker's answer: however it is cut, its end is found at the same place; and what it accepts is bounded."""
    data = data.replace(PLACEHOLDER, accept_key(KEY).encode())
    length = answer_length(data)
    if length is None:
        assert len(data) <= MAX_HEAD + MAX_BODY + len(END)
        return
    assert length <= MAX_HEAD + MAX_BODY
    assert answer_length(data[:length]) == length
    assert answer_length(data[: length - 1]) is None
    accepted = parse_answer(data[:length], KEY)
    if accepted.resume.isascii() and accepted.connection.isascii():
        again = parse_answer(encode_accepted(accepted, KEY), KEY)
        assert all(getattr(again, name) == getattr(accepted, name) for name in accepted.__slots__)


def _events(role: FrameReader, data: bytes, size: int) -> list[tuple[int, bytes]]:
    """What a reader finds in `data`, fed `size` bytes at a time; stream bytes are joined, as they have no borders."""
    found: list[tuple[int, bytes]] = []
    room = memoryview(bytearray(data))
    for at in range(0, len(room), size):
        for event in role.feed(room[at : at + size]):
            match event:
                case frames.Control():
                    assert len(event.payload) <= max(frames.MAX_TEXT, frames.MAX_CONTROL)
                    found.append((event.opcode, event.payload))
                case _ if found and found[-1][0] == frames.BINARY:
                    found[-1] = frames.BINARY, found[-1][1] + bytes(event)
                case _:
                    found.append((frames.BINARY, bytes(event)))
    return found


def frames_of_clients(data: bytes) -> None:
    """Frames that a worker reads: how they were cut on the way makes no difference."""
    _cut_anywhere(data, expects_mask=True)


def frames_of_workers(data: bytes) -> None:
    """Frames that a client reads."""
    _cut_anywhere(data, expects_mask=False)


def _cut_anywhere(data: bytes, *, expects_mask: bool) -> None:
    size, data = (data[0] % 15) + 1 if data else 1, data[1:]
    in_pieces = _events(FrameReader(expects_mask=expects_mask), data, size)
    assert in_pieces == _events(FrameReader(expects_mask=expects_mask), data, max(len(data), 1))


def message(data: bytes) -> None:
    """A control message says the same when it is written again."""
    parsed = control.parse(data[: frames.MAX_TEXT])
    again = control.parse(parsed.encode())
    assert type(again) is type(parsed)
    assert all(getattr(again, name) == getattr(parsed, name) for name in parsed.__slots__)


def close(data: bytes) -> None:
    """The body of a Close."""
    payload = data[: frames.MAX_CONTROL]
    code, reason = frames.parse_close(payload)
    if payload:
        assert frames.close_payload(code, reason) == payload
    assert TunnelClosed(code, reason).error.detail.isprintable()


def tunnel(data: bytes) -> None:
    """A whole end of a tunnel that has sent something: what is held stays within the window, answers within reason."""
    buffers = Buffers()
    transport = Clear()
    end = TunnelEnd(Tunnel(buffers, WINDOW), Link(transport, b""))  # type: ignore[arg-type]  # it stands in for Tls
    end.send_room(buffers, 300)
    plain = memoryview(bytearray(4096))
    incoming = end.tunnel.incoming
    try:
        for start in range(0, len(data), 512):
            end.deliver(memoryview(data)[start : start + 512], plain, _half)
            end.send_messages()
            assert 0 <= incoming.delivered <= incoming.offset <= incoming.limit
    except TunnelReset:
        pass  # the peer's own word, with any code
    except TunnelClosed as closed:
        str(closed.error)
    assert len(transport.take()) <= 1024 + 2 * len(data)


def _half(pieces: Sequence[memoryview | bytearray]) -> int:
    """A sink that takes half of what it is offered."""
    return sum(map(len, pieces)) // 2


def ticket(data: bytes) -> None:
    """A ticket as text, whose key takes any signature."""
    _open(data.decode("latin-1"))


def claims(data: bytes) -> None:
    """The claims of a ticket whose key takes any signature."""
    encoded = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    _open(f"acct1.{encoded}.{'A' * 86}")


def _open(text: str) -> None:
    opened = open_ticket(text, {"k": lambda signature, _: len(signature) == SIGNATURE}, audience="a", now=0.0)
    assert opened.audience == "a"
    assert opened.expires_at > 0
    assert 0 < len(opened.endpoints) <= MAX_ENDPOINTS
    assert opened.outage in {"allow", "deny"}
    hash(opened)


def names(data: bytes) -> None:
    """Names, ports and addresses: what passes is plain, and an address is its parts."""
    text = data.decode("utf-8", "surrogateescape")
    if is_name(text):
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set("/\\;$`'\"<>|&()*? -") or "-" in text[1:]
    port = parse_port(text)
    assert port is None or 0 < port < 65536
    parts = split_address(text)
    if parts is not None:
        host, number = parts
        assert 0 < len(host) <= 255
        assert split_address(join_address(host, number)) == parts


_OF_TICKETS = frozenset({Code.TICKET_MALFORMED, Code.TICKET_FORGED, Code.TICKET_FOREIGN, Code.TICKET_EXPIRED})
_OF_REFUSALS = frozenset(Code)  # a peer may refuse with any

TARGETS = {
    "request": Target(
        request, frozenset({Code.BAD_REQUEST, Code.TICKET_MISSING, Code.TICKET_MALFORMED}), MAX_HEAD + 100
    ),
    "answer": Target(answer, _OF_REFUSALS, MAX_HEAD + MAX_BODY + 100),
    "frames_of_clients": Target(frames_of_clients, frozenset({Code.PROTOCOL})),
    "frames_of_workers": Target(frames_of_workers, frozenset({Code.PROTOCOL})),
    "message": Target(message, frozenset({Code.PROTOCOL})),
    "close": Target(close, frozenset({Code.PROTOCOL}), frames.MAX_CONTROL),
    "tunnel": Target(tunnel, frozenset({Code.PROTOCOL}), 16384),
    "ticket": Target(ticket, _OF_TICKETS, MAX_TICKET + 100),
    "claims": Target(claims, _OF_TICKETS, MAX_TICKET),
    "names": Target(names, frozenset(), 300),
}
