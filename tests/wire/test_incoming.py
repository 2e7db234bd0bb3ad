"""The receiving direction: what waits, what is acknowledged, and how the window grows."""

import tracemalloc

import pytest

from acc.wire.errors import AccError, Code
from acc.wire.incoming import MAX_WINDOW, PIECES, QUANTUM, RATE, WINDOW, Incoming


def receive(incoming: Incoming, size: int) -> None:
    """`size` bytes come and leave at once."""
    incoming.accept(size)
    incoming.pass_on(size)


def wait(incoming: Incoming, data: bytes) -> None:
    """`data` comes, and the sink takes nothing."""
    incoming.accept(len(data))
    incoming.hold(memoryview(data))


def stream(incoming: Incoming, size: int) -> None:
    """A stream in full flow: each acknowledgement is sent as soon as it is due."""
    while size:
        step = min(size, QUANTUM, incoming.limit - incoming.offset)
        receive(incoming, step)
        if incoming.ack_due:
            incoming.take_ack()
        size -= step


def refuses(incoming: Incoming, size: int) -> bool:
    with pytest.raises(AccError) as caught:
        incoming.accept(size)
    return caught.value.code is Code.PROTOCOL


def test_a_window_is_taken_without_a_word() -> None:
    incoming = Incoming()
    incoming.accept(WINDOW)

    assert incoming.waiting == WINDOW


def test_a_byte_beyond_the_limit_is_a_violation() -> None:
    incoming = Incoming()
    incoming.accept(WINDOW)

    assert refuses(incoming, 1)


def test_what_waits_leaves_in_order() -> None:
    incoming = Incoming()
    for part in (b"ab", b"c", b"def"):
        wait(incoming, part)
    incoming.pass_on(1)

    assert b"".join(incoming.held()) == b"bcdef"
    incoming.pass_on(3)
    assert b"".join(incoming.held()) == b"ef"
    incoming.pass_on(2)
    assert not incoming.holding
    assert incoming.waiting == 0


def test_what_waits_is_a_copy() -> None:
    incoming = Incoming()
    plain = bytearray(b"abc")
    wait(incoming, memoryview(plain))
    plain[:] = b"xyz"

    assert b"".join(incoming.held()) == b"abc"


def test_no_more_pieces_are_shown_than_writev_takes() -> None:
    incoming = Incoming()
    parts = [bytes((index & 0xFF,)) for index in range(PIECES + 10)]
    for part in parts:
        wait(incoming, part)
        incoming.held()  # what was shown does not grow, so each piece stays by itself

    assert incoming.held() == parts[:PIECES]


# acknowledgements


def test_a_few_bytes_are_acknowledged_in_a_quiet_moment_only() -> None:
    incoming = Incoming()
    receive(incoming, 10)

    assert not incoming.ack_due
    assert incoming.ack_owed
    assert incoming.take_ack() == (10, WINDOW + 10)
    assert not incoming.ack_owed


def test_a_quarter_of_the_window_is_acknowledged_at_once() -> None:
    incoming = Incoming()
    receive(incoming, WINDOW // 4 - 1)
    assert not incoming.ack_due
    receive(incoming, 1)
    assert incoming.ack_due


def test_what_waits_is_not_acknowledged() -> None:
    incoming = Incoming()
    wait(incoming, bytes(QUANTUM))

    assert not incoming.ack_due
    assert not incoming.ack_owed
    assert incoming.take_ack() == (0, WINDOW)


def test_the_position_counts_what_came_though_it_waits() -> None:
    incoming = Incoming()
    wait(incoming, b"abc")
    assert incoming.position == 3
    incoming.end(3)
    assert incoming.position == 4


# the end


def test_an_end_is_acknowledged_as_one_more_when_all_has_left() -> None:
    incoming = Incoming()
    wait(incoming, b"abc")
    incoming.end(3)
    assert not incoming.drained
    assert not incoming.ack_due
    incoming.pass_on(3)
    assert incoming.drained
    assert incoming.ack_due
    assert not incoming.done
    assert incoming.take_ack() == (4, WINDOW + 3)
    assert incoming.done
    assert not incoming.ack_due
    assert not incoming.ack_owed


def test_an_empty_stream_ends_at_once() -> None:
    incoming = Incoming()
    incoming.end(0)

    assert incoming.drained
    assert incoming.ack_due
    assert incoming.take_ack()[0] == 1


def test_bytes_after_the_end_are_a_violation() -> None:
    incoming = Incoming()
    incoming.end(0)

    assert refuses(incoming, 1)


@pytest.mark.parametrize("offset", [2, 4])
def test_an_end_that_is_not_where_the_stream_is_is_a_violation(offset: int) -> None:
    incoming = Incoming()
    incoming.accept(3)

    with pytest.raises(AccError):
        incoming.end(offset)


def test_a_second_end_is_a_violation() -> None:
    incoming = Incoming()
    incoming.end(0)

    with pytest.raises(AccError):
        incoming.end(0)


# stop


def test_a_stop_drops_what_waits() -> None:
    incoming = Incoming()
    wait(incoming, b"abc")
    incoming.stop(Code.BACKEND_CLOSED)

    assert incoming.done
    assert not incoming.holding
    assert incoming.held() == []


def test_after_a_stop_the_limit_still_holds() -> None:
    incoming = Incoming()
    incoming.stop(Code.BACKEND_CLOSED)
    incoming.accept(WINDOW)

    assert refuses(incoming, 1)


# the window


def test_a_window_that_the_path_needs_doubles_when_all_of_it_has_passed() -> None:
    incoming = Incoming()
    stream(incoming, WINDOW)
    assert incoming.outgrown
    incoming.grow(0.1)
    incoming.take_ack()
    assert incoming.limit == 3 * WINDOW


def test_on_a_short_path_the_window_covers_a_pause_of_either_end_and_no_more() -> None:
    incoming = Incoming()
    for _ in range(20):
        stream(incoming, WINDOW)
        incoming.take_ack()
        if incoming.outgrown:
            incoming.grow(0.0)
    incoming.take_ack()

    assert incoming.limit - incoming.delivered == 4 * WINDOW


def test_a_window_does_not_grow_while_the_sink_lags() -> None:
    incoming = Incoming()
    stream(incoming, WINDOW)
    wait(incoming, bytes(WINDOW // 4))

    assert not incoming.outgrown


def test_a_window_ends_growing_at_its_maximum() -> None:
    incoming = Incoming()
    for _ in range(200):
        stream(incoming, WINDOW)
        if incoming.outgrown:
            incoming.grow(10.0)

    assert incoming.limit - incoming.delivered <= MAX_WINDOW
    assert not incoming.outgrown


def test_the_largest_window_carries_its_rate_over_100_ms() -> None:
    assert MAX_WINDOW == RATE // 10


def test_a_limit_never_falls() -> None:
    incoming = Incoming()
    limits = []
    for _ in range(40):
        stream(incoming, QUANTUM)
        limits.append(incoming.take_ack()[1])

    assert limits == sorted(limits)


def test_a_piece_that_was_shown_does_not_grow() -> None:
    incoming = Incoming()
    wait(incoming, b"abc")
    shown = incoming.held()
    wait(incoming, b"def")

    assert [bytes(piece) for piece in shown] == [b"abc"]
    assert b"".join(incoming.held()) == b"abcdef"


def test_small_pieces_that_wait_take_about_their_size() -> None:
    incoming = Incoming()
    tracemalloc.start()
    for index in range(WINDOW // 8):
        wait(incoming, bytes((index & 0xFF,)))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 2 * WINDOW // 8 + 65536


def test_what_comes_after_a_part_has_left_stays_behind_it() -> None:
    incoming = Incoming()
    wait(incoming, b"abc")
    incoming.pass_on(1)
    wait(incoming, b"def")

    assert b"".join(incoming.held()) == b"bcdef"


def test_after_a_stop_nothing_is_held() -> None:
    incoming = Incoming()
    incoming.stop(Code.BACKEND_CLOSED)
    wait(incoming, b"abc")

    assert not incoming.holding
