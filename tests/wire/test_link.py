"""A WebSocket over TLS: what one link sends, the other receives."""

import pytest

from acc.wire.buffers import CHUNK, Buffers
from acc.wire.errors import AccError
from acc.wire.frames import BINARY, CLOSE, PING, PONG, TEXT, ZERO_KEY, Control, parse_close
from acc.wire.link import Link
from acc.wire.tls import Tls
from tests.wire.pair import Certificate, Clear, secured

Heard = list[tuple[int, bytes]]


class Ends:
    """A client's link and a server's."""

    def __init__(self, client: Tls | Clear, server: Tls | Clear, key: bytes | None) -> None:
        self.client = Link(client, key)
        self.server = Link(server, b"")

    def hear(self, speaker: Link) -> Heard:
        """What the other link makes of what `speaker` has said."""
        listener = self.server if speaker is self.client else self.client
        listener.tls.feed(memoryview(speaker.tls.take()))
        room = memoryview(bytearray(1 << 20))
        events = listener.receive(room[: listener.tls.read_into(room)])
        return [
            (event.opcode, event.payload) if isinstance(event, Control) else (BINARY, bytes(event)) for event in events
        ]


@pytest.fixture(params=[ZERO_KEY, None], ids=["zero key", "random keys"])
def ends(certificate: Certificate, request: pytest.FixtureRequest) -> Ends:
    return Ends(*secured(certificate)(), request.param)


def test_both_speak_and_both_are_heard(ends: Ends) -> None:
    for speaker in (ends.client, ends.server):
        speaker.send_text(b'{"a":1}')
        speaker.send_stream(b"stream")
        speaker.ping()
        speaker.pong(b"?")
        assert ends.hear(speaker) == [(TEXT, b'{"a":1}'), (BINARY, b"stream"), (PING, b""), (PONG, b"?")]


def test_a_close_has_a_code_and_a_reason(ends: Ends) -> None:
    for speaker in (ends.client, ends.server):
        speaker.close(4410, "cancelled")
        ((opcode, payload),) = ends.hear(speaker)
        assert opcode == CLOSE
        assert parse_close(payload) == (4410, "cancelled")


@pytest.mark.parametrize("size", [1, 125, 126, CHUNK - 1, CHUNK])
def test_a_room_is_sent_and_stays_as_it_is(ends: Ends, size: int) -> None:
    buffers = Buffers()
    data = (bytes(range(256)) * 512)[:CHUNK]
    buffers.room[:] = data
    for speaker in (ends.client, ends.server):
        speaker.send_room(buffers, size)
        assert b"".join(payload for _, payload in ends.hear(speaker)) == data[:size]
        assert buffers.room == data


def test_random_keys_are_random() -> None:
    tls = Clear()
    link = Link(tls, None)
    link.send_stream(bytes(64))
    first = tls.take()
    link.send_stream(bytes(64))

    assert first != tls.take()
    assert bytes(64) not in first


def test_two_clients_do_not_understand_one_another() -> None:
    ends = Ends(Clear(), Clear(), ZERO_KEY)
    ends.server = Link(ends.server.tls, ZERO_KEY)
    ends.client.send_stream(b"x")

    with pytest.raises(AccError):
        ends.hear(ends.client)


def test_two_servers_do_not_understand_one_another() -> None:
    ends = Ends(Clear(), Clear(), b"")
    ends.server.send_stream(b"x")

    with pytest.raises(AccError):
        ends.hear(ends.server)
