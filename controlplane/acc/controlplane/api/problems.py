"""Errors become problem documents (RFC 9457) here and nowhere else.

Rule: an `AccError` shows its code, title, hint and detail, and the same once more as Boundary's clients read it: in
`kind`, gRPC's name for such an error, `message`, and `details.request_fields`, the field that is wrong. Everything
else becomes `internal` with nothing of it shown, and is logged once with its traceback. What Litestar refuses by
itself (malformed JSON, wrong types, unknown fields, a body too large, no such path) keeps its status and gets a code
and one sentence.
"""

from typing import Any, cast

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Send

from acc.controlplane.api.calls import AnyRequest
from acc.controlplane.audit.attempt import note_outcome
from acc.controlplane.service.exchange import current
from acc.controlplane.service.log import logger
from acc.wire.errors import AccError, Code

_CODES_BY_STATUS = {
    400: Code.BAD_REQUEST,
    401: Code.LOGIN_REQUIRED,
    404: Code.NOT_FOUND,
    405: Code.BAD_REQUEST,
    413: Code.BAD_REQUEST,
    429: Code.TOO_MANY_REQUESTS,
}

KINDS = {
    400: "InvalidArgument",
    401: "Unauthenticated",
    403: "PermissionDenied",
    404: "NotFound",
    405: "Unimplemented",
    409: "Aborted",
    413: "InvalidArgument",
    429: "ResourceExhausted",
    500: "Internal",
    503: "Unavailable",
}
"""What Boundary's clients call a refusal with that status: they compare the two, and nothing else."""

LEFT_EARLY = "client disconnected prematurely"
"""Litestar's words for a client that goes away in the middle of a body: no failure of ours, though it counts as 500."""


def problem(error: AccError, status: int) -> Response[dict[str, object]]:
    """The response that says `error`."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    body = problem_document(error, status)
    return Response(body, status_code=status, media_type="application/problem+json", headers=headers)


def problem_document(error: AccError, status: int) -> dict[str, object]:
    """The body that says `error`, and which request it answers."""
    code = error.code
    note_outcome(code)
    document: dict[str, object] = {
        "type": "about:blank",
        "title": code.title,
        "status": status,
        "code": code.value,
        "detail": error.detail,
        "hint": error.hint or code.hint,
        "kind": KINDS.get(status, KINDS[400]),
        "message": str(error),
    }
    if error.field:
        document["details"] = {"request_fields": [{"name": error.field, "description": error.detail}]}
    exchange = current()
    if exchange is not None:
        exchange.code = code.value
        document["request_id"] = exchange.id
    return document


async def send_problem(error: AccError, send: Send) -> None:
    """Answers with `error` from a layer that stands before the routes."""
    body = msgspec.json.encode(problem_document(error, error.code.http))
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": error.code.http, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _known(_request: AnyRequest, error: AccError) -> Response[dict[str, object]]:
    if error.code is Code.INTERNAL or not error.code.http:
        logger.error("request failed", exc_info=error)
        return problem(AccError(Code.INTERNAL), 500)
    return problem(error, error.code.http)


def _refused(request: AnyRequest, error: HTTPException) -> Response[dict[str, object]]:
    if error.detail == LEFT_EARLY:
        return problem(AccError(Code.BAD_REQUEST, "the body never came to its end"), 400)
    if error.status_code >= 500:
        return _unknown(request, error)
    code = _CODES_BY_STATUS.get(error.status_code, Code.BAD_REQUEST)
    answer = problem(AccError(code, _sentence(error)), error.status_code)
    answer.headers.update(error.headers or {})  # Allow, where the path has other methods
    return answer


def _unknown(request: AnyRequest, error: Exception) -> Response[dict[str, object]]:
    logger.error("request failed", exc_info=error, extra={"about": {"method": request.method}})
    return problem(AccError(Code.INTERNAL), 500)


def _sentence(error: HTTPException) -> str:
    if not isinstance(error, ValidationException):
        return error.detail
    extra = cast("list[dict[str, object]]", error.extra)  # what Litestar fills in; its type is Any
    match extra:
        case [{"message": str(message), "key": str(where)}, *_]:
            return f"{where}: {message}"
        case _:
            return "the request is not valid"


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {  # Litestar's own name for this type is partly unknown
    AccError: _known,
    HTTPException: _refused,
    Exception: _unknown,
}
