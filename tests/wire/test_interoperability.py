"""Our WebSocket with those of others, over TLS on loopback, in both roles."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from acc.wire.control import Ack
from acc.wire.frames import MAX_TEXT, ZERO_KEY
from acc.wire.link import Link
from tests.wire.pair import Certificate, noise
from tests.wire.peers import DEADLINE, Loopback, Opened

PEERS = ["websockets", "wsproto", "trio"]
SIZES = [1, 125, 126, 127, 65535, 65536, 65537, 300_000]
SHAPES = [(peer, role) for peer in PEERS for role in ("server", "client with zero keys", "client with random keys")]


def block(size: int) -> bytes:
    """`size` bytes of noise, however many those are."""
    return (noise(1, 65521) * (size // 65521 + 1))[:size]


@pytest.fixture(params=SHAPES, ids=lambda shape: f"{shape[0]}, we are {shape[1]}")
def opened(certificate: Certificate, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Our end and a peer's."""
    peer, role = request.param
    with ExitStack() as stack:
        loopback = Loopback(certificate, stack)
        if role == "server":
            yield loopback.to_us(peer)
        else:
            yield loopback.from_us(peer, ZERO_KEY if "zero" in role else None)


def key_of(link: Link) -> bytes:
    return link._key if link._key is not None else b"\x01\x02\x03\x04"


def test_messages_of_all_sizes_reach_us(opened: Opened) -> None:
    ours, peer = opened
    with ThreadPoolExecutor() as pool:
        for size in SIZES:
            sending = pool.submit(peer.send, block(size))
            assert ours.read_stream(size) == block(size)
            sending.result(DEADLINE)


def test_messages_of_all_sizes_reach_them(opened: Opened) -> None:
    ours, peer = opened
    with ThreadPoolExecutor() as pool:
        for size in SIZES:
            sending = pool.submit(ours.send, block(size))
            assert peer.receive() == block(size)
            sending.result(DEADLINE)


def test_control_messages_pass_both_ways(opened: Opened) -> None:
    ours, peer = opened
    peer.send("x" * MAX_TEXT)
    assert ours.read_text() == b"x" * MAX_TEXT
    ours.link.send_text(Ack(1, 2).encode())
    ours.flush()
    assert peer.receive() == '{"type":"ack","offset":1,"limit":2}'


def test_fragments_with_pings_between_reach_us(opened: Opened) -> None:
    ours, peer = opened
    parts = [block(size) for size in (1, 70_000, 3, 126)]
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(peer.send_fragments, parts)
        assert ours.read_stream(sum(map(len, parts))) == b"".join(parts)
        sending.result(DEADLINE)


def test_fragments_with_pings_between_reach_them(opened: Opened) -> None:
    ours, peer = opened
    parts = [block(size) for size in (1, 70_000, 0, 126)]
    ours.send_fragments(parts, key_of(ours.link))

    assert peer.receive() == b"".join(parts)


def test_they_answer_our_ping(opened: Opened) -> None:
    ours, peer = opened
    ours.link.ping()
    ours.send(b"x")
    assert peer.receive() == b"x"
    ours.wait_pong()


def test_we_close_and_they_hear_why(opened: Opened) -> None:
    ours, peer = opened
    ours.link.close(4410, "cancelled")
    ours.flush()
    ours.leave()

    assert peer.wait_closed() == (4410, "cancelled")


def test_they_close_and_we_hear_why(opened: Opened) -> None:
    ours, peer = opened
    peer.send(b"last")
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(peer.close, 4001, "gone")
        assert ours.read_stream(4) == b"last"
        assert ours.wait_closed() == (4001, "gone")
        ours.link.close(4001, "")
        ours.flush()
        ours.leave()
        ours.connection.close()
        closing.result(DEADLINE)
