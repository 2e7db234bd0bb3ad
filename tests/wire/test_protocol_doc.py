"""The normative page says what the code does: its tables, its examples and the names it uses."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from acc.wire.control import Ack, Fin, Reset, Stop, parse
from acc.wire.errors import AccError, Code
from acc.wire.frames import BINARY, CLOSE, PING, PONG, TEXT, ZERO_KEY, close_payload, frame
from acc.wire.upgrade import Accepted, Request, accept_key, encode_accepted, encode_refusal, encode_request

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/protocol.md").read_text()
ERRORS = (ROOT / "docs/errors.md").read_text()
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CONNECTION = "sc_4TqZ0cVbYpJ2mN8xWdRk"

EXAMPLES = {
    "stream bytes `Hello`": frame(BINARY, b"Hello", ZERO_KEY),
    "the same with a random key": frame(BINARY, b"Hello", b"\x37\xfa\x21\x3d"),
    "the same from a worker": frame(BINARY, b"Hello", b""),
    "256 stream bytes": frame(BINARY, bytes(256), b""),
    "65536 stream bytes": frame(BINARY, bytes(65536), b""),
    '`{"type":"ack","offset":5,"limit":1048581}`': frame(TEXT, Ack(5, 1048581).encode(), b""),
    '`{"type":"fin","offset":5}`': frame(TEXT, Fin(5).encode(), ZERO_KEY),
    "a ping": frame(PING, b"", ZERO_KEY),
    "its pong": frame(PONG, b"", b""),
    "Close 1000": frame(CLOSE, close_payload(1000, ""), b""),
    "Close 4410, `cancelled`": frame(CLOSE, close_payload(4410, "cancelled"), b""),
}


def rows(page: str, columns: int) -> list[list[str]]:
    """The cells of every table row with so many columns."""
    lines = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines if len(line) == columns]


def block(start: str) -> list[str]:
    """The lines of the indented block that begins with `start`."""
    lines = PAGE[PAGE.index(f"    {start}") :].splitlines()
    end = next(index for index, line in enumerate(lines) if not line.startswith("    "))
    return [line[4:] for line in lines[:end]]


def test_the_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/gendocs.py", "--check"], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("code", Code, ids=lambda code: code.value)
def test_every_code_stands_in_both_tables(code: Code) -> None:
    http, close = str(code.http or ""), str(code.close or "")

    assert [f"`{code.value}`", code.title, http, close] in rows(PAGE, 4)
    assert [str(code.exit_status), f"`{code.value}`", code.title, code.hint.format(name="NAME")] in rows(ERRORS, 4)


def test_no_code_stands_there_that_does_not_exist() -> None:
    tables = rows(PAGE[PAGE.index("## Codes") :], 4) + [cells[1:] + cells[:1] for cells in rows(ERRORS, 4)]
    named = {cells[0].strip("`") for cells in tables if cells[0].startswith("`")}

    assert named == {code.value for code in Code}


@pytest.mark.parametrize("what", EXAMPLES)
def test_every_example_of_a_frame_is_what_the_code_makes(what: str) -> None:
    (shown,) = [cells[1].strip("`") for cells in rows(PAGE, 3) if cells[2] == what]
    made = EXAMPLES[what]

    if shown.endswith("..."):
        assert made.startswith(bytes.fromhex(shown.removesuffix("...")))
    else:
        assert made == bytes.fromhex(shown)


def test_every_example_of_a_frame_is_checked() -> None:
    assert {
        cells[2] for cells in rows(PAGE, 3) if cells[0] in {"client", "worker"} and cells[1].startswith("`")
    } == set(EXAMPLES)


def test_the_request_is_the_one_that_the_client_sends() -> None:
    request = Request(ticket="acct1.eyJhdWQ...", key=KEY, window=1 << 20, zero_mask=True, resume=None, received=0)

    assert "\r\n".join([*block("GET "), "", ""]).encode() == encode_request(request, "worker-1.example.org:9202")


def test_a_resume_adds_the_headers_that_the_client_sends() -> None:
    token = f"{CONNECTION}.Qm9v..."
    request = Request(ticket="t", key=KEY, window=1, zero_mask=False, resume=token, received=1234567)
    added = f"Acc-Resume: {token}\r\nAcc-Received: 1234567"

    assert added in encode_request(request, "w:1").decode()
    assert "\r\n".join(block(f"Acc-Resume: {token}\n    Acc-Received: 1234567")) == added


def test_the_answer_is_the_one_that_the_worker_sends() -> None:
    accepted = Accepted(
        connection=CONNECTION, resume=f"{CONNECTION}.Qm9v...", hold=60, window=1 << 20, received=0, zero_mask=True
    )

    assert "\r\n".join([*block("HTTP/1.1 101"), "", ""]).encode() == encode_accepted(accepted, KEY)
    assert f"Sec-WebSocket-Accept: {accept_key(KEY)}" in block("HTTP/1.1 101")


def test_the_refusal_is_the_one_that_the_worker_sends() -> None:
    head, _, body = encode_refusal(AccError(Code.SESSION_EXPIRED)).partition(b"\r\n\r\n")

    assert "\r\n".join(block("HTTP/1.1 403")).encode() == head
    assert json.loads("".join(block('{"type": "about'))) == json.loads(body)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ('{"type":"ack","offset":O,"limit":L}', Ack(1, 2)),
        ('{"type":"fin","offset":O}', Fin(1)),
        ('{"type":"stop","code":C}', Stop(Code.BACKEND_CLOSED)),
        ('{"type":"reset","code":C,"reason":R}', Reset(Code.BACKEND_RESET, "why")),
    ],
)
def test_every_message_has_the_form_that_is_shown(shape: str, message: Ack | Fin | Stop | Reset) -> None:
    values = {"O": "1", "L": "2", "R": '"why"', "C": f'"{getattr(message, "code", Code.INTERNAL).value}"'}
    text = re.sub(r"(?<=:)[OLCR]", lambda match: values[match[0]], shape).encode()

    assert f"| `{shape}` |" in PAGE
    assert text == message.encode()
    assert type(parse(text)) is type(message)


def test_every_header_that_is_sent_is_explained() -> None:
    sent = {line.partition(":")[0] for line in block("GET ")[1:] + block("HTTP/1.1 101")[1:]}

    assert {name for name in sent if f"| `{name}` |" not in PAGE} == set()
