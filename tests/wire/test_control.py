"""Control messages as values and as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.wire.control import MAX_OFFSET, MAX_REASON, Ack, Fin, Message, Reset, Stop, parse, printable
from acc.wire.errors import AccError, Code
from acc.wire.frames import MAX_TEXT
from tests.wire.verdict import verdict

OFFSETS = st.integers(0, MAX_OFFSET)
NOT_OFFSETS = [-1, MAX_OFFSET + 1, 1.0, True, None, "1", [], {}]


def refusal(payload: bytes) -> Code:
    with pytest.raises(AccError) as caught:
        parse(payload)
    return caught.value.code


@given(OFFSETS, OFFSETS)
def test_an_ack_says_how_far_and_how_far_on(offset: int, limit: int) -> None:
    message = parse(Ack(offset, limit).encode())

    assert isinstance(message, Ack)
    assert (message.offset, message.limit) == (offset, limit)


@given(OFFSETS)
def test_a_fin_says_where_the_stream_ends(offset: int) -> None:
    message = parse(Fin(offset).encode())

    assert isinstance(message, Fin)
    assert message.offset == offset


@pytest.mark.parametrize("code", Code)
def test_a_stop_says_why(code: Code) -> None:
    message = parse(Stop(code).encode())

    assert isinstance(message, Stop)
    assert message.code is code


@given(st.sampled_from(Code), st.text('abc "\\\n\t\x00', max_size=300))
def test_a_reset_says_why_in_words_for_a_terminal(code: Code, reason: str) -> None:
    message = parse(Reset(code, reason).encode())

    assert isinstance(message, Reset)
    assert message.code is code
    assert message.reason == printable(reason)


@given(OFFSETS, OFFSETS)
def test_messages_of_a_flow_fit_a_text_frame(offset: int, limit: int) -> None:
    assert len(Ack(offset, limit).encode()) <= MAX_TEXT


def test_keys_that_are_not_known_are_ignored() -> None:
    message = parse(b'{"later": {"a": [1]}, "offset": 7, "type": "fin"}')

    assert isinstance(message, Fin)
    assert message.offset == 7


def test_a_code_that_is_not_known_is_internal() -> None:
    message = parse(b'{"type":"stop","code":"made_up_later"}')

    assert isinstance(message, Stop)
    assert message.code is Code.INTERNAL


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"ack",
        b"[]",
        b"null",
        b"{}",
        b'{"type":"later"}',
        b'{"type":1}',
        b'{"type":"ack","offset":1}',
        b'{"type":"fin"}',
        b'{"type":"stop"}',
        b'{"type":"stop","code":1}',
        b'{"type":"reset","code":"internal"}',
        b'{"type":"reset","code":"internal","reason":1}',
        b'{"type":"fin","offset":1e3}',
        b'{"type":"fin","offset":NaN}',
        b'{"type":"fin","offset":1}}',
        b"\xff",
        b"[" * 1024,
        b'{"type":"fin","offset":' + b"9" * 1000 + b"}",
    ],
)
def test_anything_else_breaks_the_protocol(payload: bytes) -> None:
    assert refusal(payload) is Code.PROTOCOL


@pytest.mark.parametrize("value", NOT_OFFSETS)
@pytest.mark.parametrize("key", ["offset", "limit"])
def test_an_offset_is_a_whole_number_that_fits_63_bits(key: str, value: object) -> None:
    body = {"type": "ack", "offset": 1, "limit": 1} | {key: value}

    assert refusal(json.dumps(body).encode()) is Code.PROTOCOL


@given(st.binary(max_size=1024))
def test_any_bytes_are_a_message_or_break_the_protocol(payload: bytes) -> None:
    assert isinstance(verdict(lambda: parse(payload)), Message) or refusal(payload) is Code.PROTOCOL


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["ack", "fin", "stop", "reset", "later"]) | JSON},
        optional={"offset": OFFSETS | JSON, "limit": OFFSETS | JSON, "code": JSON, "reason": JSON},
    )
)
def test_any_json_is_a_message_or_breaks_the_protocol(body: dict[str, object]) -> None:
    message = verdict(lambda: parse(json.dumps(body).encode()))
    match message:
        case Ack():
            assert 0 <= message.offset <= MAX_OFFSET
            assert 0 <= message.limit <= MAX_OFFSET
        case Fin():
            assert 0 <= message.offset <= MAX_OFFSET
        case Stop():
            assert message.code in Code
        case Reset():
            assert message.reason.isprintable()
            assert len(message.reason) <= MAX_REASON
        case _:
            assert message is Code.PROTOCOL


@given(st.text())
def test_words_of_a_peer_are_bounded_and_printable(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert len(shown) == min(len(text), MAX_REASON)


@given(st.sampled_from(Code), st.text(max_size=400))
def test_a_reset_with_any_reason_fits_a_text_frame(code: Code, reason: str) -> None:
    assert len(Reset(code, reason).encode()) <= MAX_TEXT


@pytest.mark.parametrize("character", ["\u00e9", "\U0001f600", "\x00", '"', "\ud800"])
def test_a_reset_of_the_dearest_characters_fits_a_text_frame(character: str) -> None:
    assert len(Reset(Code.INTERNAL, character * MAX_REASON).encode()) <= MAX_TEXT


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_message_is_utf_8(encoding: str) -> None:
    assert refusal(json.dumps({"type": "fin", "offset": 3}).encode(encoding)) is Code.PROTOCOL
