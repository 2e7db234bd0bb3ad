"""The pool of memory that streams are read into."""

from acc.wire.buffers import CHUNK, SPARE, Buffers
from acc.wire.frames import HEADROOM


def test_the_room_lies_behind_the_headroom_of_the_buffer() -> None:
    buffers = Buffers()
    buffers.room[:3] = b"abc"

    assert len(buffers.room) == CHUNK
    assert buffers.current[HEADROOM : HEADROOM + 3] == b"abc"


def test_what_was_taken_is_not_written_over() -> None:
    buffers = Buffers()
    buffers.room[:3] = b"abc"
    taken = buffers.take(3)
    buffers.room[:3] = b"xyz"

    assert taken == b"abc"


def test_what_was_released_is_lent_again() -> None:
    buffers = Buffers()
    first = buffers.current.obj
    buffers.release(buffers.take(3))
    buffers.take(3)

    assert buffers.current.obj is first
    assert len(buffers.room) == CHUNK


def test_the_pool_keeps_a_bounded_number() -> None:
    buffers = Buffers()
    taken = [buffers.take(1) for _ in range(SPARE + 10)]
    first = taken[0].obj
    for view in reversed(taken):
        buffers.release(view)

    lent = []
    for _ in range(SPARE + 1):
        lent.append(buffers.take(1).obj)
    assert not any(memory is first for memory in lent)
