"""WebSocket frames: made, read, cut anywhere, and refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.wire import frames
from acc.wire.errors import AccError, Code
from acc.wire.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    HEADROOM,
    MAX_CONTROL,
    MAX_FRAME,
    MAX_TEXT,
    PING,
    PONG,
    TEXT,
    ZERO_KEY,
    Control,
    FrameReader,
    close_payload,
    frame,
    frame_in_place,
    parse_close,
)
from tests.wire.verdict import verdict

Heard = list[tuple[int, bytes]]

KEYS = st.just(b"") | st.just(ZERO_KEY) | st.binary(min_size=4, max_size=4)
EDGES = [0, 1, 125, 126, 127, 65535, 65536, 65537]


def reader(key: bytes) -> FrameReader:
    return FrameReader(expects_mask=bool(key))


def heard(reading: FrameReader, pieces: list[bytes]) -> Heard:
    """What a reader says to bytes that come in pieces, adjacent stream bytes joined."""
    found: Heard = []
    for piece in pieces:
        for event in reading.feed(memoryview(bytearray(piece))):
            if isinstance(event, Control):
                found.append((event.opcode, event.payload))
            elif found and found[-1][0] == BINARY:
                found[-1] = (BINARY, found[-1][1] + bytes(event))
            else:
                found.append((BINARY, bytes(event)))
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def masked(opcode: int, payload: bytes, key: bytes, *, final: bool) -> bytes:
    made = bytearray(frame(opcode, payload, key))
    if not final:
        made[0] &= 0x7F
    return bytes(made)


def violates(data: bytes, key: bytes = b"") -> bool:
    return verdict(lambda: heard(reader(key), [data])) is Code.PROTOCOL


# what is made


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (frame(BINARY, b"Hello", b""), "820548656c6c6f"),
        (frame(BINARY, b"Hello", ZERO_KEY), "82850000000048656c6c6f"),
        (frame(TEXT, b"Hello", b"\x37\xfa\x21\x3d"), "818537fa213d7f9f4d5158"),
        (frame(PING, b"", ZERO_KEY), "898000000000"),
        (frame(CLOSE, close_payload(1000, ""), b""), "880203e8"),
        (frame(BINARY, bytes(126), b"")[:4], "827e007e"),
        (frame(BINARY, bytes(65536), b"")[:10], "827f0000000000010000"),
    ],
)
def test_a_frame_is_made_as_rfc_6455_says(made: bytes, expected: str) -> None:
    assert made.hex() == expected


@pytest.mark.parametrize("size", EDGES)
@pytest.mark.parametrize("key", [b"", ZERO_KEY])
def test_a_frame_in_place_is_the_same_frame(size: int, key: bytes) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    buffer = memoryview(bytearray(HEADROOM) + payload)

    assert frame_in_place(buffer, size, key) == frame(BINARY, payload[:size], key)
    assert buffer[HEADROOM:] == payload


@pytest.mark.parametrize("size", EDGES)
@pytest.mark.parametrize("key", [b"", ZERO_KEY, b"\x01\x02\x03\x04"])
def test_a_frame_of_any_size_is_read_again(size: int, key: bytes) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)

    assert heard(reader(key), [frame(BINARY, payload[:size], key)]) == ([(BINARY, payload[:size])] if size else [])


def test_a_header_never_needs_more_than_the_headroom() -> None:
    assert len(frame(BINARY, bytes(65536), b"mask")) - 65536 == HEADROOM


# cut anywhere


@given(st.binary(max_size=2000), KEYS, st.lists(st.integers(0, 3000)))
def test_where_a_stream_is_cut_does_not_matter(payload: bytes, key: bytes, places: list[int]) -> None:
    data = (
        frame(TEXT, b'{"a":1}', key)
        + masked(BINARY, payload, key, final=False)
        + frame(PING, payload[:125], key)
        + masked(CONTINUATION, payload[::-1], key, final=True)
        + masked(TEXT, b"ab", key, final=False)
        + frame(PONG, b"", key)
        + masked(CONTINUATION, b"cd", key, final=True)
        + frame(CLOSE, close_payload(1000, "bye"), key)
    )

    assert heard(reader(key), cut(data, places)) == heard(reader(key), [data])


def test_one_byte_at_a_time_is_enough() -> None:
    data = frame(TEXT, b"abc", b"1234") + frame(BINARY, bytes(300), b"5678") + frame(PING, b"", b"9abc")

    assert heard(reader(b"key!"), [bytes((byte,)) for byte in data]) == [
        (TEXT, b"abc"),
        (BINARY, bytes(300)),
        (PING, b""),
    ]


def test_stream_bytes_are_views_into_what_came() -> None:
    data = memoryview(bytearray(frame(BINARY, b"stream", b"")))
    (event,) = FrameReader(expects_mask=False).feed(data)

    assert isinstance(event, memoryview)
    assert event.obj is data.obj


def test_a_control_frame_may_come_between_fragments() -> None:
    data = (
        masked(BINARY, b"one", b"", final=False)
        + frame(PING, b"?", b"")
        + masked(CONTINUATION, b"", b"", final=False)
        + masked(CONTINUATION, b"two", b"", final=True)
        + frame(BINARY, b"three", b"")
    )

    assert heard(reader(b""), [data]) == [(BINARY, b"one"), (PING, b"?"), (BINARY, b"twothree")]


def test_fragments_of_a_text_are_one_text() -> None:
    data = masked(TEXT, b"on", b"", final=False) + masked(CONTINUATION, b"e", b"", final=True)

    assert heard(reader(b""), [data]) == [(TEXT, b"one")]


def test_an_empty_text_is_a_text() -> None:
    assert heard(reader(b""), [frame(TEXT, b"", b"")]) == [(TEXT, b"")]


# what is refused


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xc2\x00", "a reserved bit"),
        (b"\xa2\x00", "another"),
        (b"\x92\x00", "the third"),
        (b"\x83\x00", "an unknown data opcode"),
        (b"\x8b\x00", "an unknown control opcode"),
        (b"\x82\x80....", "a mask from a server"),
        (b"\x80\x00", "a continuation of nothing"),
        (b"\x02\x00\x82\x00", "a message inside a message"),
        (b"\x02\x00\x80\x00\x80\x00", "a continuation of what is over"),
        (b"\x09\x00", "a fragmented ping"),
        (b"\x89\x7e\x00\x7e", "a long ping"),
        (b"\x82\x7e\x00\x7d", "two bytes for a short length"),
        (b"\x82\x7f" + (65535).to_bytes(8, "big"), "eight bytes for a short length"),
        (b"\x82\x7f" + (MAX_FRAME + 1).to_bytes(8, "big"), "a frame that is too long"),
        (b"\x82\x7f\xff" + bytes(7), "a length with the highest bit"),
    ],
)
def test_what_rfc_6455_forbids_is_a_violation(data: bytes, why: str) -> None:
    assert violates(data), why


def test_a_client_must_mask() -> None:
    assert violates(b"\x82\x01a", key=b"mask")


def test_the_longest_frame_is_taken() -> None:
    assert heard(reader(b""), [b"\x82\x7f" + MAX_FRAME.to_bytes(8, "big") + b"abc"]) == [(BINARY, b"abc")]


def test_the_longest_control_payload_is_taken() -> None:
    assert heard(reader(b""), [frame(PING, bytes(MAX_CONTROL), b"")]) == [(PING, bytes(MAX_CONTROL))]


def test_a_text_is_bounded_before_it_has_come() -> None:
    assert not violates(frame(TEXT, bytes(MAX_TEXT), b""))
    assert violates(frame(TEXT, bytes(MAX_TEXT + 1), b"")[:5])


def test_a_text_in_fragments_is_bounded_as_a_whole() -> None:
    half = bytes(MAX_TEXT // 2)

    assert violates(masked(TEXT, half, b"", final=False) + masked(CONTINUATION, half + b"x", b"", final=True))


@given(st.binary(max_size=400), st.lists(st.integers(0, 400)), st.sampled_from([b"", b"mask"]))
def test_any_bytes_are_read_alike_however_they_are_cut(data: bytes, places: list[int], key: bytes) -> None:
    whole = verdict(lambda: heard(reader(key), [data]))

    assert verdict(lambda: heard(reader(key), cut(data, places))) == whole
    assert whole is Code.PROTOCOL or isinstance(whole, list)


@st.composite
def nearly_frames(draw: st.DrawFn) -> bytes:
    """Headers with their fields drawn one by one, so that more than the first byte matters."""
    out = b""
    for _ in range(draw(st.integers(1, 6))):
        first = draw(st.sampled_from([0x82, 0x02, 0x80, 0x00, 0x81, 0x01, 0x88, 0x89, 0x8A]) | st.integers(0, 255))
        payload = draw(st.binary(max_size=140))
        size = draw(st.just(len(payload)) | st.integers(0, 1 << 64).map(lambda number: number % (1 << 63)))
        short = size if size < 126 else 126 if size < 65536 else 127
        extended = b"" if short < 126 else size.to_bytes(2 if short == 126 else 8, "big")
        mask = draw(st.sampled_from([b"", b"", b"", ZERO_KEY]))
        out += bytes((first, (0x80 if mask else 0) | short)) + extended + mask + payload
    return out


@given(nearly_frames(), st.lists(st.integers(0, 1000)))
def test_nearly_frames_are_read_alike_however_they_are_cut(data: bytes, places: list[int]) -> None:
    whole = verdict(lambda: heard(reader(b""), [data]))

    assert verdict(lambda: heard(reader(b""), cut(data, places))) == whole
    assert whole is Code.PROTOCOL or isinstance(whole, list)


@given(nearly_frames(), st.lists(st.integers(0, 1000)))
def test_a_reader_keeps_a_header_and_a_bounded_payload(data: bytes, places: list[int]) -> None:
    reading = reader(b"")
    for piece in cut(data, places):
        if verdict(lambda: heard(reading, [piece])) is Code.PROTOCOL:  # noqa: B023  called at once
            return
        assert len(reading._head) + len(reading._text) + len(reading._control) <= HEADROOM + MAX_TEXT + MAX_CONTROL


# the body of a Close


@given(st.sampled_from([1000, 1001, 1011, 3000, 4001, 4999]), st.text(max_size=200))
def test_a_close_says_as_much_of_its_reason_as_fits(code: int, reason: str) -> None:
    payload = close_payload(code, reason)

    assert len(payload) <= MAX_CONTROL
    assert parse_close(payload)[0] == code
    assert reason.startswith(parse_close(payload)[1])
    assert parse_close(payload)[1] == reason or len(payload) > MAX_CONTROL - 4


def test_a_close_without_a_body_is_1005() -> None:
    assert parse_close(b"") == (1005, "")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_close_code_that_must_not_be_sent_is_a_violation(code: int) -> None:
    with pytest.raises(AccError):
        parse_close(code.to_bytes(2, "big"))


@pytest.mark.parametrize("payload", [b"\x03", b"\x03\xe8\xff", b"\x03\xe8\xed\xa0\x80"])
def test_a_close_that_is_cut_or_not_utf_8_is_a_violation(payload: bytes) -> None:
    with pytest.raises(AccError):
        parse_close(payload)


@given(st.binary(max_size=125))
def test_any_close_is_a_code_and_words_or_a_violation(payload: bytes) -> None:
    match verdict(lambda: parse_close(payload)):
        case (int(code), str(reason)):
            assert payload == (close_payload(code, reason) if payload else b"")
        case refused:
            assert refused is Code.PROTOCOL


def test_the_names_of_the_opcodes_are_those_of_rfc_6455() -> None:
    assert (frames.CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG) == (0, 1, 2, 8, 9, 10)
