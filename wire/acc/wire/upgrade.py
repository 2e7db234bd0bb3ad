"""The opening of a tunnel: one HTTP/1.1 request, and the answer that makes it a WebSocket or refuses it.

This is RFC 6455 section 4 and of RFC 9112 as much as it needs: a head of at most MAX_HEAD bytes, no body in a
request, a bounded problem document (RFC 9457) in a refusal. A head is parsed once, into a value.

Refuses: bare CR or LF, folded lines, names and values with control characters, any header
given twice, any method, path, version or upgrade but the one.
"""

import base64
import json
import os

from acc.wire.control import MAX_OFFSET, printable
from acc.wire.errors import AccError, Code, code_named
from acc.wire.tunnel import SUBPROTOCOL

PATH = "/v1/tunnel"
MAX_HEAD = 8192
MAX_BODY = 4096
MAX_TICKET = 4096
MAX_RESUME = 128

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
# Compiled patterns would be shorter here, and cost a client 4 ms at every start.
_ALPHANUMERIC = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN = _ALPHANUMERIC + b"!#$%&'*+-.^_`|~"
_BASE64 = _ALPHANUMERIC + b"+/"
_PRINTABLE = bytes(range(0x20, 0x7F))
_VISIBLE = bytes(range(0x21, 0x7F))
_FIELD = b"\t" + _PRINTABLE + bytes(range(0x80, 0x100))
_END = b"\r\n\r\n"


class Request:
    """What a client asks for. `resume` is None for a new connection; `received` counts for a resume only."""

    __slots__ = ("key", "received", "resume", "ticket", "window", "zero_mask")

    def __init__(
        self, *, ticket: str, key: str, window: int, zero_mask: bool, resume: str | None, received: int
    ) -> None:
        self.ticket = ticket
        self.key = key
        self.window = window
        self.zero_mask = zero_mask
        self.resume = resume
        self.received = received


class Accepted:
    """A worker's 101: the backend is connected. `hold` is in seconds, `window` and `received` in bytes."""

    __slots__ = ("connection", "hold", "received", "resume", "window", "zero_mask")

    def __init__(self, *, connection: str, resume: str, hold: int, window: int, received: int, zero_mask: bool) -> None:
        self.connection = connection
        self.resume = resume
        self.hold = hold
        self.window = window
        self.received = received
        self.zero_mask = zero_mask


def encode_request(request: Request, host: str) -> bytes:
    """The bytes that ask for a tunnel. `host` is the worker's `host:port`."""
    lines = [
        f"GET {PATH} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {request.key}",
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
        f"Authorization: Bearer {request.ticket}",
        f"Acc-Window: {request.window}",
    ]
    if request.zero_mask:
        lines.append("Acc-Mask: zero")
    if request.resume is not None:
        lines += [f"Acc-Resume: {request.resume}", f"Acc-Received: {request.received}"]
    return "\r\n".join([*lines, "", ""]).encode()


def parse_request(head: bytes) -> Request:
    """The request in `head`, which ends with an empty line. Raises AccError with BAD_REQUEST or TICKET_MISSING."""
    start, headers = _split(head, Code.BAD_REQUEST)
    if start != f"GET {PATH} HTTP/1.1":
        raise AccError(Code.BAD_REQUEST, f"only GET {PATH} is answered here")
    if headers.get("upgrade", "").lower() != "websocket" or "upgrade" not in _tokens(headers, "connection"):
        raise AccError(Code.BAD_REQUEST, "not a WebSocket upgrade")
    if headers.get("sec-websocket-version") != "13" or SUBPROTOCOL not in _tokens(headers, "sec-websocket-protocol"):
        raise AccError(Code.BAD_REQUEST, f"this is {SUBPROTOCOL} over WebSocket 13")
    key = headers.get("sec-websocket-key", "")
    if len(key) != 24 or not key.endswith("==") or not _consists(key[:22].encode("latin-1"), _BASE64):
        raise AccError(Code.BAD_REQUEST, "bad Sec-WebSocket-Key")
    if "content-length" in headers or "transfer-encoding" in headers:
        raise AccError(Code.BAD_REQUEST, "a body where none belongs")
    scheme, _, ticket = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not ticket:
        raise AccError(Code.TICKET_MISSING)
    if len(ticket) > MAX_TICKET:
        raise AccError(Code.TICKET_MALFORMED)
    resume = headers.get("acc-resume")
    if resume is not None and not (len(resume) <= MAX_RESUME and _consists(resume.encode("latin-1"), _VISIBLE)):
        raise AccError(Code.BAD_REQUEST, "bad Acc-Resume")
    return Request(
        ticket=ticket,
        key=key,
        window=_number(headers, "acc-window", Code.BAD_REQUEST),
        zero_mask=headers.get("acc-mask") == "zero",
        resume=resume,
        received=0 if resume is None else _number(headers, "acc-received", Code.BAD_REQUEST),
    )


def encode_accepted(accepted: Accepted, key: str) -> bytes:
    """The 101 that answers a request with this Sec-WebSocket-Key."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(key)}",
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
        f"Acc-Connection: {accepted.connection}",
        f"Acc-Resume: {accepted.resume}",
        f"Acc-Hold: {accepted.hold}",
        f"Acc-Window: {accepted.window}",
        f"Acc-Received: {accepted.received}",
    ]
    if accepted.zero_mask:
        lines.append("Acc-Mask: zero")
    return "\r\n".join([*lines, "", ""]).encode()


def encode_refusal(error: AccError) -> bytes:
    """An HTTP answer with a problem document; the connection closes behind it."""
    code = error.code
    status = code.http or 500
    document = {
        "type": "about:blank",
        "title": code.title,
        "status": status,
        "code": code.value,
        "detail": printable(error.detail),
        "hint": code.hint,
    }
    body = json.dumps(document).encode()
    lines = [
        f"HTTP/1.1 {status} {code.value}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def answer_length(data: bytes) -> int | None:
    """How many bytes of `data` are the whole answer to an upgrade, body included; None while some are missing.

    Raises AccError with HTTP_PEER where no answer of ours can come of it.
    """
    end = data.find(_END)
    if end < 0:
        if len(data) > MAX_HEAD or not b"HTTP/1.1 ".startswith(data[:9]):
            raise AccError(Code.HTTP_PEER)
        return None
    end += len(_END)
    start, headers = _split(data[:end], Code.HTTP_PEER)
    if start.startswith("HTTP/1.1 101"):
        return end
    length = _number(headers, "content-length", Code.HTTP_PEER)
    if length > MAX_BODY:
        raise AccError(Code.HTTP_PEER, "an answer that is too long")
    return end + length if len(data) >= end + length else None


def parse_answer(answer: bytes, key: str) -> Accepted:
    """The 101 in `answer`, a whole answer to the request with this key.

    Raises AccError with the code of the refusal, or with HTTP_PEER if a stranger answered.
    """
    head, _, body = answer.partition(_END)
    start, headers = _split(head + _END, Code.HTTP_PEER)
    status = start.split(" ", 2)[1:2]
    if status != ["101"]:
        raise read_refusal(status[0] if status else "missing", body)
    if headers.get("sec-websocket-accept") != accept_key(key):
        raise AccError(Code.HTTP_PEER, "the WebSocket handshake does not fit")
    return read_accepted(headers)


def read_accepted(headers: dict[str, str]) -> Accepted:
    """What a 101 with these headers, their names in lower case, grants. Raises AccError with HTTP_PEER."""
    if headers.get("sec-websocket-protocol") != SUBPROTOCOL:
        raise AccError(Code.HTTP_PEER, f"it does not speak {SUBPROTOCOL}")
    return Accepted(
        connection=printable(headers.get("acc-connection", "")),
        resume=headers.get("acc-resume", ""),
        hold=_number(headers, "acc-hold", Code.HTTP_PEER),
        window=_number(headers, "acc-window", Code.HTTP_PEER),
        received=_number(headers, "acc-received", Code.HTTP_PEER),
        zero_mask=headers.get("acc-mask") == "zero",
    )


def accept_key(key: str) -> str:
    """RFC 6455 section 4.2.2: proves that the answer is a WebSocket server's answer to this request."""
    import hashlib  # noqa: PLC0415  costs 2 ms, which a client spends while the worker is at work

    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def read_refusal(status: str, body: bytes) -> AccError:
    """What an answer with another status says: its problem document, or HTTP_PEER if it holds none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    match document:
        case {"code": str(code), "detail": str(detail)}:
            return AccError(code_named(code), printable(detail))
        case _:
            return AccError(Code.HTTP_PEER, f"it answered with HTTP status {status}")


def _split(head: bytes, code: Code) -> tuple[str, dict[str, str]]:
    if len(head) > MAX_HEAD:
        raise AccError(code, "a head that is too long")
    start, *lines = head[: -len(_END)].split(b"\r\n")
    if not _consists(start, _PRINTABLE):
        raise AccError(code, "a start line with control characters")
    headers: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(b":")
        if not colon or not _consists(key, _TOKEN) or value.translate(None, _FIELD):
            raise AccError(code, "a header that is not one")
        name = key.decode().lower()
        if name in headers:
            raise AccError(code, f"the header {name} twice")
        headers[name] = value.strip(b" \t").decode("latin-1")
    return start.decode(), headers


def _consists(text: bytes, alphabet: bytes) -> bool:
    return bool(text) and not text.translate(None, alphabet)


def _tokens(headers: dict[str, str], name: str) -> list[str]:
    return [token.strip(" \t").lower() for token in headers.get(name, "").split(",")]


def _number(headers: dict[str, str], name: str, code: Code) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 19) or int(text) > MAX_OFFSET:
        raise AccError(code, f"{name} is missing or not a number")
    return int(text)


def new_key() -> str:
    """A fresh Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode()
