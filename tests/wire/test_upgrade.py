"""The opening: requests and answers as bytes, and everything that is not one."""

import json

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.wire import upgrade
from acc.wire.control import MAX_OFFSET
from acc.wire.errors import AccError, Code
from acc.wire.upgrade import (
    MAX_BODY,
    MAX_HEAD,
    MAX_RESUME,
    MAX_TICKET,
    Accepted,
    Request,
    accept_key,
    answer_length,
    encode_accepted,
    encode_refusal,
    encode_request,
    parse_answer,
    parse_request,
)
from tests.wire.verdict import verdict

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
OFFSETS = st.integers(0, MAX_OFFSET)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789_-.", min_size=1, max_size=60)


def request(resume: str | None = None, received: int = 0) -> Request:
    return Request(ticket="acct1.a.b", key=KEY, window=1 << 20, zero_mask=True, resume=resume, received=received)


def accepted() -> Accepted:
    return Accepted(connection="sc_1", resume="sc_1.t", hold=60, window=1 << 20, received=7, zero_mask=True)


REQUEST = encode_request(request(), "worker:9202")
ANSWER = encode_accepted(accepted(), KEY)


def without(head: bytes, name: str) -> bytes:
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(f"{name.lower()}:".encode())]
    assert len(kept) == len(lines) - 1
    return b"\r\n".join(kept)


def having(head: bytes, *lines: str) -> bytes:
    return head[:-2] + b"".join(line.encode("latin-1") + b"\r\n" for line in lines) + b"\r\n"


def replaced(head: bytes, line: str) -> bytes:
    return having(without(head, line.partition(":")[0]), line)


def asked(head: bytes) -> Request | Code:
    return verdict(lambda: parse_request(head))


def answered(answer: bytes) -> Accepted | Code:
    return verdict(lambda: parse_answer(answer, KEY))


def measured(data: bytes) -> int | Code | None:
    return verdict(lambda: answer_length(data))


def values(thing: Request | Accepted) -> list[object]:
    return [getattr(thing, name) for name in thing.__slots__]


# requests


@given(TOKENS, OFFSETS, st.booleans(), st.none() | TOKENS, OFFSETS)
def test_what_is_asked_is_understood(
    ticket: str,
    window: int,
    zero_mask: bool,
    resume: str | None,
    received: int,
) -> None:
    said = Request(
        ticket=ticket,
        key=upgrade.new_key(),
        window=window,
        zero_mask=zero_mask,
        resume=resume,
        received=received if resume else 0,
    )

    assert values(parse_request(encode_request(said, "worker:9202"))) == values(said)


def test_a_request_is_http() -> None:
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(REQUEST)
    event = peer.next_event()

    assert isinstance(event, h11.Request)
    assert event.target == b"/v1/tunnel"


def test_names_of_headers_have_no_case() -> None:
    start, _, rest = REQUEST.partition(b"\r\n")
    upper = b"\r\n".join(
        name.upper() + colon + value for name, colon, value in (line.partition(b":") for line in rest.split(b"\r\n"))
    )

    assert isinstance(asked(start + b"\r\n" + upper), Request)


@pytest.mark.parametrize(
    "line",
    [
        "Upgrade: WebSocket",
        "Connection: keep-alive, Upgrade",
        "Connection:Upgrade",
        "Connection: \t Upgrade \t ",
        "Sec-WebSocket-Protocol: other, acc.tunnel.v1",
        "Authorization: bearer acct1.a.b",
        "Acc-Mask: later",
        "Acc-Window: 0",
        f"Acc-Window: {MAX_OFFSET}",
    ],
)
def test_other_spellings_are_understood(line: str) -> None:
    assert isinstance(asked(replaced(REQUEST, line)), Request)


@pytest.mark.parametrize("line", ["User-Agent: me", "Sec-WebSocket-Extensions: permessage-deflate", "X: \xe9\t", "X:"])
def test_headers_that_are_not_known_are_ignored(line: str) -> None:
    assert isinstance(asked(having(REQUEST, line)), Request)


@pytest.mark.parametrize(
    "head",
    [
        REQUEST.replace(b"GET", b"POST"),
        REQUEST.replace(b"GET", b"get"),
        REQUEST.replace(b"/v1/tunnel", b"/v1/tunnel?ticket=x"),
        REQUEST.replace(b"/v1/tunnel", b"/v2/tunnel"),
        REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"),
        REQUEST.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\n", 1),
        without(REQUEST, "Upgrade"),
        without(REQUEST, "Connection"),
        without(REQUEST, "Sec-WebSocket-Version"),
        without(REQUEST, "Sec-WebSocket-Key"),
        without(REQUEST, "Sec-WebSocket-Protocol"),
        without(REQUEST, "Acc-Window"),
        replaced(REQUEST, "Upgrade: h2c"),
        replaced(REQUEST, "Connection: close"),
        replaced(REQUEST, "Sec-WebSocket-Version: 8"),
        replaced(REQUEST, "Sec-WebSocket-Protocol: acc.tunnel.v2"),
        replaced(REQUEST, "Sec-WebSocket-Key: short=="),
        replaced(REQUEST, f"Sec-WebSocket-Key: {'é' * 22}=="),
        replaced(REQUEST, "Acc-Window: -1"),
        replaced(REQUEST, "Acc-Window: 1.0"),
        replaced(REQUEST, f"Acc-Window: {MAX_OFFSET + 1}"),
        replaced(REQUEST, f"Acc-Window: {'1' * 4000}"),
        replaced(REQUEST, "Acc-Window: \xb2"),
        having(REQUEST, "Acc-Window: 1"),
        having(REQUEST, "Content-Length: 0"),
        having(REQUEST, "Transfer-Encoding: chunked"),
        having(REQUEST, "Acc-Resume: sc_1.t"),
        having(REQUEST, "Acc-Resume: sc_1.t", "Acc-Received: x"),
        having(REQUEST, "X : y"),
        having(REQUEST, " folded"),
        having(REQUEST, "no colon"),
        having(REQUEST, ": no name"),
        having(REQUEST, "X: a\nb"),
        having(REQUEST, "X: a\rb"),
        having(REQUEST, "X: a\0b"),
        having(REQUEST, f"X: {'y' * MAX_HEAD}"),
        b"\r\n\r\n",
        b"\0\r\n\r\n",
    ],
)
def test_anything_else_is_a_bad_request(head: bytes) -> None:
    assert asked(head) is Code.BAD_REQUEST


@pytest.mark.parametrize("line", ["Authorization: Basic x", "Authorization: Bearer", "Authorization: Bearer "])
def test_a_request_without_a_ticket_is_told_so(line: str) -> None:
    assert asked(without(REQUEST, "Authorization")) is Code.TICKET_MISSING
    assert asked(replaced(REQUEST, line)) is Code.TICKET_MISSING


def test_a_ticket_that_is_too_long_is_malformed() -> None:
    assert isinstance(asked(replaced(REQUEST, f"Authorization: Bearer {'t' * MAX_TICKET}")), Request)
    assert asked(replaced(REQUEST, f"Authorization: Bearer {'t' * (MAX_TICKET + 1)}")) is Code.TICKET_MALFORMED


@pytest.mark.timeout(10)
@pytest.mark.parametrize("filler", [" ", "\t", ",", ":", "a", "= ", " \t"])
def test_no_header_takes_more_than_linear_time(filler: str) -> None:
    line = f"X: a{filler * ((MAX_HEAD - len(REQUEST) - 20) // len(filler))}"

    assert asked(having(REQUEST, line + "\x01")) is Code.BAD_REQUEST
    assert isinstance(asked(having(REQUEST, line)), Request)


HEADS = st.binary(max_size=400) | st.lists(
    st.sampled_from(REQUEST.split(b"\r\n") + ANSWER.split(b"\r\n")) | st.binary(max_size=40), max_size=14
).map(lambda lines: b"\r\n".join([*lines, b"", b""]))


@given(HEADS)
def test_any_head_is_a_request_or_refused(head: bytes) -> None:
    assert isinstance(asked(head), Request) or asked(head) in {
        Code.BAD_REQUEST,
        Code.TICKET_MISSING,
        Code.TICKET_MALFORMED,
    }


@given(st.integers(0, len(REQUEST) - 1), st.integers(0, 255))
def test_a_request_with_one_byte_changed_is_a_request_or_refused(at: int, byte: int) -> None:
    changed = bytearray(REQUEST)
    changed[at] = byte

    assert isinstance(asked(bytes(changed)), Request | Code)


# answers


@given(TOKENS, TOKENS, OFFSETS, OFFSETS, OFFSETS, st.booleans())
def test_what_is_granted_is_understood(
    connection: str,
    resume: str,
    hold: int,
    window: int,
    received: int,
    zero_mask: bool,
) -> None:
    said = Accepted(
        connection=connection, resume=resume, hold=hold, window=window, received=received, zero_mask=zero_mask
    )
    answer = encode_accepted(said, KEY)

    assert answer_length(answer + b"\x82\x01a") == len(answer)
    assert values(parse_answer(answer, KEY)) == values(said)


@pytest.mark.parametrize("code", [code for code in Code if code.http])
def test_a_refusal_keeps_its_code_and_its_detail(code: Code) -> None:
    answer = encode_refusal(AccError(code, "why"))

    assert answer_length(answer) == len(answer)
    with pytest.raises(AccError) as caught:
        parse_answer(answer, KEY)
    assert (caught.value.code, caught.value.detail) == (code, "why")


@pytest.mark.parametrize("code", Code)
def test_a_refusal_is_a_problem_document(code: Code) -> None:
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    peer.receive_data(encode_refusal(AccError(code, "why\x1b[31m")))
    head, data = peer.next_event(), peer.next_event()

    assert isinstance(head, h11.Response)
    assert isinstance(data, h11.Data)
    assert head.status_code == (code.http or 500)
    assert dict(head.headers)[b"content-type"] == b"application/problem+json"
    assert json.loads(data.data) == {
        "type": "about:blank",
        "title": code.title,
        "status": code.http or 500,
        "code": code.value,
        "detail": "why?[31m",
        "hint": code.hint,
    }


@given(st.text(max_size=400))
def test_a_refusal_with_any_detail_can_be_read(detail: str) -> None:
    answer = encode_refusal(AccError(Code.PROTOCOL, detail))

    assert answer_length(answer) == len(answer)
    assert answered(answer) is Code.PROTOCOL


@pytest.mark.parametrize("answer", [ANSWER, encode_refusal(AccError(Code.NOT_FOUND, "x"))])
def test_a_part_of_an_answer_is_waited_for(answer: bytes) -> None:
    assert [measured(answer[:size]) for size in range(len(answer))] == [None] * len(answer)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 " + b"x" * MAX_HEAD,
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1),
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"HTTP/1.1 200 O\x00K\r\n\r\n",
        b"HTTP/1.1 101 x\r\nA: b\nc\r\n\r\n",
    ],
)
def test_a_stranger_is_recognised_before_its_answer_is_whole(data: bytes) -> None:
    assert measured(data) is Code.HTTP_PEER


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 403 x\r\nContent-Length: 17\r\n\r\n" + b'{"code":"session"',
        b"HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        without(ANSWER, "Sec-WebSocket-Accept"),
        without(ANSWER, "Sec-WebSocket-Protocol"),
        without(ANSWER, "Acc-Hold"),
        without(ANSWER, "Acc-Window"),
        without(ANSWER, "Acc-Received"),
        replaced(ANSWER, "Sec-WebSocket-Accept: x"),
        replaced(ANSWER, "Sec-WebSocket-Protocol: chat"),
        replaced(ANSWER, "Acc-Received: -1"),
        ANSWER.replace(b" 101 ", b" 1010 "),
    ],
)
def test_any_other_answer_is_a_stranger_s(answer: bytes) -> None:
    assert answered(answer) is Code.HTTP_PEER


def test_the_answer_to_another_request_is_a_stranger_s() -> None:
    assert answered(encode_accepted(accepted(), upgrade.new_key())) is Code.HTTP_PEER


def test_a_code_that_is_not_known_is_internal() -> None:
    body = b'{"code":"made_up_later","detail":"x"}'

    assert answered(b"HTTP/1.1 418 x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) is Code.INTERNAL


def test_the_words_of_a_refusal_are_fit_for_a_terminal() -> None:
    body = b'{"code":"internal","detail":"\\u001b[31mred"}'
    with pytest.raises(AccError) as caught:
        parse_answer(b"HTTP/1.1 500 x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body), KEY)

    assert caught.value.detail == "?[31mred"


@given(HEADS | st.binary(max_size=60).map(lambda rest: b"HTTP/1.1 " + rest))
def test_any_answer_is_measured_and_read_or_refused(data: bytes) -> None:
    length = measured(data)
    if isinstance(length, int):
        assert length <= len(data)
        assert isinstance(answered(data[:length]), Accepted | Code)
    else:
        assert length in {None, Code.HTTP_PEER}


def test_the_accept_key_is_that_of_rfc_6455() -> None:
    assert accept_key(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_key_is_new_each_time() -> None:
    assert upgrade.new_key() != upgrade.new_key()
    assert len(upgrade.new_key()) == 24


@pytest.mark.parametrize("token", ["sc_1.\xe9", "", "t" * (MAX_RESUME + 1)])
def test_a_resume_token_is_bounded_and_visible(token: str) -> None:
    assert asked(having(REQUEST, f"Acc-Resume: {token}", "Acc-Received: 0")) is Code.BAD_REQUEST
