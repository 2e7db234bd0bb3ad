"""Two directions, and what they say to one another: conversations between two tunnels without a transport."""

import json

import pytest

from acc.wire.buffers import Buffers
from acc.wire.control import Ack, Fin, Message, Reset, Stop
from acc.wire.errors import AccError, Code
from acc.wire.incoming import QUANTUM, WINDOW
from acc.wire.tunnel import Tunnel


def tunnel() -> Tunnel:
    return Tunnel(Buffers(), WINDOW)


def said(speaker: Tunnel) -> list[dict[str, object]]:
    """What a tunnel has to say."""
    return [json.loads(text) for text in speaker.messages()]


def tell(speaker: Tunnel, listener: Tunnel) -> list[Message]:
    """One says all that it has to say, and the other hears it."""
    return [listener.receive(text) for text in speaker.messages()]


def receive(receiver: Tunnel, size: int) -> None:
    receiver.incoming.accept(size)
    receiver.incoming.pass_on(size)


def test_a_new_tunnel_has_nothing_to_say() -> None:
    assert said(tunnel()) == []
    assert tunnel().quiet() == []


def test_each_direction_ends_by_itself() -> None:
    one, other = tunnel(), tunnel()
    one.outgoing.finish()
    (fin,) = tell(one, other)
    assert isinstance(fin, Fin)
    assert other.incoming.drained
    (ack,) = tell(other, one)
    assert isinstance(ack, Ack)
    assert one.outgoing.done
    assert not one.finished
    assert other.outgoing.room > 0


def test_a_tunnel_is_finished_when_both_know_of_both_ends() -> None:
    one, other = tunnel(), tunnel()
    one.outgoing.finish()
    tell(one, other)
    other.outgoing.finish()
    tell(other, one)
    assert one.finished is False  # it has not said that it heard the end
    tell(one, other)
    assert one.finished
    assert other.finished


def test_an_acknowledgement_comes_before_a_fin() -> None:
    one = tunnel()
    receive(one, QUANTUM)
    one.outgoing.finish()

    assert said(one) == [
        {"type": "ack", "offset": QUANTUM, "limit": QUANTUM + WINDOW},
        {"type": "fin", "offset": 0},
    ]
    assert said(one) == []


def test_a_quiet_moment_tells_what_was_not_due() -> None:
    one = tunnel()
    receive(one, 5)

    assert said(one) == []
    assert [json.loads(text) for text in one.quiet()] == [{"type": "ack", "offset": 5, "limit": WINDOW + 5}]
    assert one.quiet() == []


def test_a_sink_that_breaks_stops_the_peer_once() -> None:
    one = tunnel()
    one.refuse(Code.BACKEND_CLOSED)
    one.refuse(Code.CLIENT_GONE)

    assert said(one) == [{"type": "stop", "code": "backend_closed"}]
    assert said(one) == []


def test_a_stop_ends_one_direction_for_both() -> None:
    one, other = tunnel(), tunnel()
    one.refuse(Code.BACKEND_CLOSED)
    (stop,) = tell(one, other)
    assert isinstance(stop, Stop)
    assert other.outgoing.done
    assert one.incoming.done
    assert not one.finished
    one.outgoing.finish()
    tell(one, other)
    tell(other, one)
    assert one.finished
    assert other.finished


def test_a_stop_may_cross_a_fin() -> None:
    one, other = tunnel(), tunnel()
    one.refuse(Code.BACKEND_CLOSED)
    other.outgoing.finish()
    stop, fin = one.messages(), other.messages()
    one.receive(fin[0])
    other.receive(stop[0])

    assert one.incoming.done
    assert other.outgoing.done


def test_a_reset_changes_nothing_by_itself() -> None:
    one = tunnel()
    message = one.receive(Reset(Code.BACKEND_RESET, "why").encode())

    assert isinstance(message, Reset)
    assert (message.code, message.reason) == (Code.BACKEND_RESET, "why")
    assert not one.finished


def test_a_resume_says_at_once_how_far_this_end_is() -> None:
    one = tunnel()
    receive(one, 3)
    one.resume(0)

    assert said(one) == [{"type": "ack", "offset": 3, "limit": WINDOW + 3}]
    assert said(one) == []


def test_a_resume_says_a_stop_again() -> None:
    one = tunnel()
    one.refuse(Code.BACKEND_CLOSED)
    one.messages()
    one.resume(0)

    assert [message["type"] for message in said(one)] == ["ack", "stop"]


def test_a_resume_says_the_acknowledgement_of_an_end_again() -> None:
    one = tunnel()
    one.incoming.end(0)
    one.messages()
    one.resume(0)

    assert said(one) == [{"type": "ack", "offset": 1, "limit": WINDOW}]


def test_a_resume_at_what_was_never_sent_is_refused() -> None:
    with pytest.raises(AccError) as caught:
        tunnel().resume(1)

    assert caught.value.code is Code.PROTOCOL


@pytest.mark.parametrize(
    "text", [b'{"type":"ack","offset":1,"limit":1}', b'{"type":"fin","offset":1}', b'{"type":"hello"}', b"\x00"]
)
def test_what_cannot_be_is_refused(text: bytes) -> None:
    with pytest.raises(AccError) as caught:
        tunnel().receive(text)

    assert caught.value.code is Code.PROTOCOL
