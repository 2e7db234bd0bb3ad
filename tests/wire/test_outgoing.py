"""The sending direction: credit, what is kept, and what is sent again."""

import pytest

from acc.wire.buffers import CHUNK, Buffers
from acc.wire.control import MAX_OFFSET
from acc.wire.errors import AccError, Code
from acc.wire.incoming import MAX_WINDOW, WINDOW
from acc.wire.outgoing import GATHER, Outgoing


class Sender:
    """An outgoing direction and its source."""

    def __init__(self, limit: int = WINDOW) -> None:
        self.buffers = Buffers()
        self.outgoing = Outgoing(self.buffers, limit)

    def send(self, data: bytes) -> None:
        self.buffers.room[: len(data)] = data
        self.outgoing.sent(len(data))

    def replayed(self) -> bytes:
        return b"".join(iter(self.outgoing.replay, None))


def refuses(call: object, *arguments: int) -> bool:
    assert callable(call)
    with pytest.raises(AccError) as caught:
        call(*arguments)
    return caught.value.code is Code.PROTOCOL


def test_there_is_room_for_a_chunk_at_most() -> None:
    assert Outgoing(Buffers(), WINDOW).room == CHUNK


def test_there_is_no_room_beyond_the_limit() -> None:
    sender = Sender(limit=5)
    sender.send(b"abc")

    assert sender.outgoing.room == 2


def test_an_acknowledgement_makes_room() -> None:
    sender = Sender(limit=3)
    sender.send(b"abc")
    sender.outgoing.acknowledge(3, 10)

    assert sender.outgoing.room == 7
    assert sender.outgoing.unacknowledged == 0


def test_a_limit_is_never_taken_back() -> None:
    sender = Sender(limit=10)
    sender.outgoing.acknowledge(0, 4)

    assert sender.outgoing.room == 10


def test_what_was_not_acknowledged_is_sent_again() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.send(b"def")
    sender.outgoing.rewind(0)

    assert sender.replayed() == b"abcdef"


@pytest.mark.parametrize("received", range(7))
def test_a_replay_begins_where_the_peer_was(received: int) -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.send(b"def")
    sender.outgoing.rewind(received)

    assert sender.replayed() == b"abcdef"[received:]


def test_a_replay_goes_through_chunks_and_gathered_pieces() -> None:
    sender = Sender()
    parts = [bytes((index,)) * size for index, size in enumerate((1, GATHER - 1, 1, CHUNK, CHUNK // 2, 7))]
    for part in parts:
        sender.send(part)
    sender.outgoing.acknowledge(2, WINDOW)
    sender.outgoing.rewind(3)

    assert sender.replayed() == b"".join(parts)[3:]


def test_new_data_waits_for_the_replay() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.rewind(0)

    assert sender.outgoing.room == 0
    assert sender.replayed() == b"abc"
    assert sender.outgoing.room == CHUNK


def test_a_replay_that_is_interrupted_begins_again() -> None:
    sender = Sender()
    sender.send(bytes(CHUNK))
    sender.send(b"abc")
    sender.outgoing.rewind(0)
    sender.outgoing.replay()
    sender.outgoing.rewind(CHUNK)

    assert sender.replayed() == b"abc"


def test_small_pieces_are_gathered() -> None:
    sender = Sender()
    for _ in range(1000):
        sender.send(b"x")

    assert sender.outgoing._kept is not None
    assert len(sender.outgoing._kept) == 1


def test_a_piece_that_grows_after_it_was_replayed_is_not_disturbed() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.rewind(0)
    chunk = sender.outgoing.replay()
    sender.send(b"def")

    assert chunk == b"abc"


def test_nothing_is_kept_when_all_is_acknowledged() -> None:
    sender = Sender()
    sender.send(bytes(CHUNK))
    sender.send(b"abc")
    sender.outgoing.acknowledge(CHUNK + 3, 2 * WINDOW)

    assert sender.outgoing._kept is None
    assert sender.outgoing.unacknowledged == 0


def test_a_chunk_that_was_acknowledged_is_lent_again() -> None:
    sender = Sender()
    first = sender.buffers.current.obj
    sender.send(bytes(CHUNK))
    sender.outgoing.acknowledge(CHUNK, 2 * WINDOW)
    sender.send(bytes(CHUNK))

    assert sender.buffers.current.obj is first


# the end


def test_a_fin_is_taken_once() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.finish()

    assert sender.outgoing.take_fin() == 3
    assert sender.outgoing.take_fin() is None


def test_an_end_that_comes_twice_is_one_end() -> None:
    sender = Sender()
    sender.outgoing.finish()
    sender.outgoing.take_fin()
    sender.outgoing.finish()

    assert sender.outgoing.take_fin() is None


def test_nothing_may_be_sent_after_the_end() -> None:
    sender = Sender()
    sender.outgoing.finish()

    assert sender.outgoing.room == 0


def test_the_end_counts_one_place() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.finish()
    sender.outgoing.take_fin()
    sender.outgoing.acknowledge(3, WINDOW)
    assert not sender.outgoing.done
    sender.outgoing.acknowledge(4, WINDOW)
    assert sender.outgoing.done


def test_a_fin_that_was_lost_is_said_again_behind_the_replay() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.finish()
    sender.outgoing.take_fin()
    sender.outgoing.rewind(1)

    assert sender.outgoing.take_fin() is None
    assert sender.replayed() == b"bc"
    assert sender.outgoing.take_fin() == 3


def test_a_fin_that_arrived_is_not_said_again() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.finish()
    sender.outgoing.take_fin()
    sender.outgoing.rewind(4)

    assert sender.replayed() == b""
    assert sender.outgoing.take_fin() is None


# stop


def test_after_a_stop_nothing_is_sent_or_kept() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.stop()

    assert sender.outgoing.done
    assert sender.outgoing.room == 0
    assert sender.outgoing.unacknowledged == 0


def test_after_a_stop_no_fin_is_due() -> None:
    sender = Sender()
    sender.outgoing.finish()
    sender.outgoing.stop()

    assert sender.outgoing.take_fin() is None


# what a peer may not say


def test_what_was_not_sent_cannot_be_acknowledged() -> None:
    sender = Sender()
    sender.send(b"abc")

    assert refuses(sender.outgoing.acknowledge, 4, WINDOW)


def test_an_acknowledgement_cannot_be_taken_back() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.acknowledge(2, WINDOW)

    assert refuses(sender.outgoing.acknowledge, 1, WINDOW)


def test_the_same_acknowledgement_may_come_twice() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.acknowledge(2, WINDOW)
    sender.outgoing.acknowledge(2, WINDOW)

    assert sender.outgoing.unacknowledged == 3  # a piece is kept until all of it is acknowledged


def test_a_peer_cannot_have_received_what_was_not_sent() -> None:
    sender = Sender()
    sender.send(b"abc")

    assert refuses(sender.outgoing.check_received, 4)


def test_a_peer_cannot_have_received_less_than_it_acknowledged() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.acknowledge(2, WINDOW)

    assert refuses(sender.outgoing.check_received, 1)


def test_a_peer_cannot_have_received_less_than_it_said_before() -> None:
    sender = Sender()
    sender.send(bytes(CHUNK))
    sender.send(b"abc")
    sender.outgoing.rewind(CHUNK)

    assert refuses(sender.outgoing.rewind, 0)


def test_a_refused_resume_changes_nothing() -> None:
    sender = Sender()
    sender.send(b"abc")

    assert refuses(sender.outgoing.rewind, 9)
    assert sender.outgoing.replay() is None
    assert sender.outgoing.room == CHUNK


def test_a_grant_of_any_size_makes_an_end_keep_no_more_than_the_largest_window() -> None:
    sender = Sender(limit=MAX_OFFSET)
    while sender.outgoing.room:
        sender.send(bytes(sender.outgoing.room))

    assert sender.outgoing.unacknowledged == MAX_WINDOW


def test_after_a_stop_a_peer_may_have_received_any_part() -> None:
    sender = Sender()
    sender.send(b"abcdef")
    sender.outgoing.stop()
    sender.outgoing.rewind(3)

    assert sender.replayed() == b""
    assert sender.outgoing.done


def test_what_was_not_sent_again_cannot_be_acknowledged() -> None:
    sender = Sender()
    for _ in range(3):
        sender.send(bytes(CHUNK))
    sender.outgoing.rewind(0)
    sender.outgoing.replay()

    assert refuses(sender.outgoing.acknowledge, CHUNK + 1, WINDOW)
    sender.outgoing.acknowledge(CHUNK, WINDOW)
    assert len(sender.replayed()) == 2 * CHUNK


def test_a_fin_that_was_not_sent_again_cannot_be_acknowledged() -> None:
    sender = Sender()
    sender.send(b"abc")
    sender.outgoing.finish()

    assert refuses(sender.outgoing.acknowledge, 4, WINDOW)
