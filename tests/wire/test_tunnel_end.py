"""Two tunnel ends that talk through a link: streams, ends, and transports that break."""

import ssl

import pytest

from acc.wire import control, frames
from acc.wire.errors import AccError, Code
from acc.wire.frames import PING, TEXT, ZERO_KEY, frame
from acc.wire.incoming import WINDOW
from acc.wire.tunnel_end import NO_STATUS, TunnelClosed, TunnelReset
from tests.wire.pair import PIPE, Certificate, Pair, Side, secured


@pytest.fixture(params=["clear", "tls", "tls and random keys"])
def pair(request: pytest.FixtureRequest, certificate: Certificate) -> Pair:
    match request.param:
        case "clear":
            return Pair()
        case "tls":
            return Pair(secured(certificate))
        case _:
            return Pair(secured(certificate), key=None)


def directions(pair: Pair) -> list[tuple[Side, Side]]:
    return [(pair.client, pair.server), (pair.server, pair.client)]


def test_both_streams_arrive(pair: Pair) -> None:
    for source, sink in directions(pair):
        pair.pour(source, 500_000)
        assert len(source.sent) == 500_000
        assert sink.delivered == source.sent


def test_a_stream_much_longer_than_the_window_arrives(pair: Pair) -> None:
    pair.pour(pair.client, 5 * WINDOW)

    assert len(pair.server.delivered) == 5 * WINDOW
    assert pair.server.delivered == pair.client.sent


def test_one_side_may_end_while_the_other_goes_on(pair: Pair) -> None:
    for source, sink in directions(pair):
        source.write(10)
        source.finish()
        pair.run()
        assert sink.sink_closed
        assert not pair.client.tunnel.finished or sink is pair.client
        pair.pour(sink, 100_000 if not sink.tunnel.outgoing.done else 0)
    assert pair.client.tunnel.finished
    assert pair.server.tunnel.finished
    assert pair.client.delivered == pair.server.sent


def test_an_answer_that_waits_for_the_end_of_the_question_arrives(pair: Pair) -> None:
    pair.client.write(10)
    pair.client.finish()
    pair.run()
    assert pair.server.sink_closed
    pair.pour(pair.server, 300_000)
    pair.server.finish()
    pair.run()
    assert pair.client.delivered == pair.server.sent
    assert pair.client.sink_closed


def test_a_pipe_that_takes_little_takes_all_in_the_end(pair: Pair) -> None:
    written = pair.client.write(WINDOW)
    assert pair.client.end.blocked
    assert len(pair.client.flight) == PIPE
    while pair.carry(pair.client, 1000):
        pass
    assert not pair.client.end.blocked
    assert len(pair.server.delivered) == written


# a sink that is stuck


def test_a_stuck_sink_stops_its_source_at_the_window() -> None:
    pair = Pair()
    pair.server.appetite = 0
    pair.pour(pair.client, 2 * WINDOW)

    assert len(pair.client.sent) == WINDOW
    assert pair.server.tunnel.incoming.waiting == WINDOW
    assert pair.client.tunnel.outgoing.unacknowledged == WINDOW


def test_a_stuck_sink_does_not_hinder_the_other_direction() -> None:
    pair = Pair()
    pair.server.appetite = 0
    pair.pour(pair.client, 2 * WINDOW)
    pair.pour(pair.server, 3 * WINDOW)
    pair.server.finish()
    pair.run()

    assert len(pair.client.delivered) == 3 * WINDOW
    assert pair.client.sink_closed


def test_a_stuck_sink_that_eats_again_gets_everything() -> None:
    pair = Pair()
    pair.server.appetite = 1000
    pair.pour(pair.client, 2 * WINDOW)
    pair.client.finish()
    while not pair.server.sink_closed:
        pair.server.feast(100_000)
        pair.run()
        pair.pour(pair.client, 0 if pair.client.tunnel.outgoing.fin is not None else 2 * WINDOW)

    assert pair.server.delivered == pair.client.sent


def test_a_sink_that_breaks_ends_its_direction_only() -> None:
    pair = Pair()
    pair.server.refuse()
    pair.run()
    assert pair.client.tunnel.outgoing.done
    pair.pour(pair.server, 100_000)
    pair.server.finish()
    pair.run()

    assert len(pair.client.delivered) == 100_000
    assert pair.client.tunnel.finished
    assert pair.server.tunnel.finished


def test_bytes_that_cross_a_stop_are_dropped() -> None:
    pair = Pair()
    pair.client.write(1000)
    pair.server.refuse()
    pair.run()

    assert pair.server.delivered == b""
    assert pair.client.tunnel.outgoing.done


# pings


def test_a_ping_is_answered_with_its_payload(pair: Pair) -> None:
    for speaker, listener in directions(pair):
        speaker.end.link._send(PING, b"are you there")
        speaker.end.transmit(speaker._send)
        assert listener.flight == b""
        pair.carry(speaker, 1 << 20)
        assert len(listener.flight) > len(b"are you there")
        pair.run()


def test_a_ping_between_fragments_of_the_stream_is_answered() -> None:
    pair = Pair()
    data = b"\x02\x83\0\0\0\0abc" + frame(PING, b"?", ZERO_KEY) + b"\x80\x83\0\0\0\0def"
    pair.server.hear(data)

    assert pair.server.delivered == b"abcdef"
    assert pair.server.flight == b"\x8a\x01?"


def test_nothing_is_to_be_transmitted_after_a_quiet_turn() -> None:
    pair = Pair()
    assert not pair.server.end.send_messages()
    assert pair.server.end.deliver(memoryview(frame(PING, b"?", ZERO_KEY)), pair.server.plain, pair.server._eat)
    assert pair.server.end.send_messages()
    assert not pair.server.end.send_messages()


# ends


def test_a_close_is_heard_after_the_last_bytes(pair: Pair) -> None:
    for speaker, listener in directions(pair):
        speaker.write(1000)
        speaker.end.link.close(1000, "")
        speaker.end.transmit(speaker._send)
        with pytest.raises(TunnelClosed) as caught:
            pair.carry(speaker, 1 << 20)
        assert caught.value.close == 1000
        assert listener.delivered == speaker.sent


def test_what_follows_a_close_is_not_heard() -> None:
    pair = Pair()
    pair.client.end.link.close(1000, "")
    pair.client.write(3)
    with pytest.raises(TunnelClosed):
        pair.carry(pair.client, 1 << 20)

    assert pair.server.delivered == b""


@pytest.mark.parametrize("code", [code for code in Code if code.close])
def test_a_close_of_the_system_names_its_error(code: Code) -> None:
    pair = Pair()
    pair.server.end.link.close(code.close, "why")
    pair.server.end.transmit(pair.server._send)
    with pytest.raises(TunnelClosed) as caught:
        pair.carry(pair.server, 1 << 20)

    assert caught.value.error.code is code
    assert caught.value.error.detail == "why"


def test_a_close_that_is_no_code_of_ours_breaks_the_protocol() -> None:
    assert TunnelClosed(1011, "\x1b[31m").error.code is Code.PROTOCOL
    assert TunnelClosed(1011, "\x1b[31m").error.detail == "?[31m"


def test_a_close_without_a_body_has_no_status() -> None:
    pair = Pair()
    with pytest.raises(TunnelClosed) as caught:
        pair.server.hear(frame(frames.CLOSE, b"", ZERO_KEY))

    assert caught.value.close == NO_STATUS


@pytest.mark.parametrize("code", Code)
def test_a_reset_says_why_and_a_close_follows(code: Code) -> None:
    pair = Pair()
    pair.server.write(1000)
    pair.server.end.send_reset(AccError(code, "why"))
    pair.server.end.transmit(pair.server._send)
    flight = bytes(pair.server.flight)
    with pytest.raises(TunnelReset) as caught:
        pair.carry(pair.server, 1 << 20)

    assert (caught.value.code, caught.value.detail) == (code, "why")
    assert pair.client.delivered == pair.server.sent
    assert (code.close or Code.INTERNAL.close).to_bytes(2, "big") + b"why" in flight


@pytest.mark.parametrize(
    "data",
    [
        frame(TEXT, b"hello", ZERO_KEY),
        frame(TEXT, control.Ack(1, 1).encode(), ZERO_KEY),
        frame(TEXT, control.Fin(1).encode(), ZERO_KEY),
        frame(frames.CLOSE, b"\x03", ZERO_KEY),
        frame(frames.BINARY, bytes(WINDOW + 1), ZERO_KEY),
        frame(TEXT, control.Fin(0).encode(), ZERO_KEY) + frame(frames.BINARY, b"x", ZERO_KEY),
        frame(TEXT, control.Fin(0).encode(), ZERO_KEY) * 2,
        b"\x82\x01x",
    ],
    ids=["no JSON", "ack of nothing", "fin too far", "bad close", "too much", "data after fin", "two fins", "no mask"],
)
def test_a_violation_is_raised_whatever_it_is(data: bytes) -> None:
    pair = Pair()
    pair.server.appetite = 0
    with pytest.raises(AccError) as caught:
        pair.server.hear(data)

    assert caught.value.code is Code.PROTOCOL


# transports that break


@pytest.mark.parametrize("arrived", [0, 1, 2, 5, 6, 7, 100, 10_000, 65_535, 65_536, 65_540, 99_999, 100_020])
def test_a_transport_may_break_at_any_byte(arrived: int) -> None:
    pair = Pair()
    pair.client.write(100_000)
    pair.client.finish()
    pair.carry(pair.client, arrived)
    pair.resume()
    pair.run()

    assert pair.server.delivered == pair.client.sent
    assert pair.server.sink_closed


def test_a_transport_may_break_again_and_again(pair: Pair) -> None:
    pair.client.write(200_000)
    pair.server.write(150_000)
    pair.client.finish()
    pair.server.finish()
    for arrived in range(1, 60):
        pair.carry(pair.client, arrived * 100)
        pair.carry(pair.server, arrived * 77)
        pair.resume()
    pair.run()

    assert pair.server.delivered == pair.client.sent
    assert pair.client.delivered == pair.server.sent
    assert pair.client.tunnel.finished
    assert pair.server.tunnel.finished


def test_a_resume_whose_answer_was_lost_may_be_repeated() -> None:
    pair = Pair()
    pair.client.write(100_000)
    pair.server.write(100_000)
    pair.carry(pair.client, 33_333)
    pair.carry(pair.server, 44_444)
    pair.resume_unheard()
    pair.resume_unheard()
    pair.resume()
    pair.run()

    assert pair.server.delivered == pair.client.sent
    assert pair.client.delivered == pair.server.sent


def test_a_resume_is_followed_by_a_word_from_both() -> None:
    """The worker keeps the old token until it hears something, so an idle client must speak too."""
    pair = Pair()
    pair.resume()

    assert b'"ack"' in pair.client.flight
    assert b'"ack"' in pair.server.flight


def test_what_was_blocked_on_the_old_transport_is_not_sent_on_the_new() -> None:
    pair = Pair()
    pair.client.write(WINDOW)
    assert pair.client.end.blocked
    pair.resume()
    pair.run()

    assert pair.server.delivered == pair.client.sent


def test_a_transport_may_break_while_a_replay_is_under_way() -> None:
    pair = Pair()
    pair.server.appetite = 0
    pair.pour(pair.client, WINDOW)
    pair.client.tunnel.outgoing.finish()
    for _ in range(5):
        pair.resume()
        pair.carry(pair.client, 100_000)
    pair.server.feast(2 * WINDOW)
    pair.run()

    assert pair.server.delivered == pair.client.sent
    assert pair.server.sink_closed


def test_an_acknowledged_end_stays_acknowledged(pair: Pair) -> None:
    pair.client.finish()
    pair.run()
    assert pair.client.tunnel.outgoing.done
    pair.resume()
    pair.run()
    assert pair.client.tunnel.outgoing.done
    pair.server.finish()
    pair.run()
    assert pair.client.tunnel.finished


def test_a_stopped_direction_survives_a_loss_with_bytes_on_their_way() -> None:
    pair = Pair()
    pair.client.write(100_000)
    pair.carry(pair.client, 50_000)
    pair.server.refuse()
    pair.carry(pair.server, 1 << 20)
    pair.resume()
    pair.run()
    pair.server.finish()
    pair.run()

    assert pair.client.tunnel.finished
    assert pair.server.tunnel.finished


def test_pings_of_a_peer_that_does_not_read_take_no_memory() -> None:
    pair = Pair()
    for _ in range(50):
        pair.server.hear(frame(PING, b"p" * 125, ZERO_KEY) * 500)

    assert len(pair.server.flight) + len(pair.server.end.link.tls.take()) < 65536


def test_a_close_that_a_close_notify_follows_at_once_is_heard(certificate: Certificate) -> None:
    pair = Pair(secured(certificate))
    pair.client.write(5)
    pair.client.end.link.close(1000, "")
    tls = pair.client.end.link.tls
    with pytest.raises(ssl.SSLWantReadError):
        tls._object.unwrap()
    pair.client.end.transmit(pair.client._send)
    with pytest.raises(TunnelClosed):
        pair.carry(pair.client, 1 << 20)

    assert pair.server.delivered == pair.client.sent
