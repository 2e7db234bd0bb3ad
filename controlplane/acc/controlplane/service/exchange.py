"""The exchange that a piece of code works for: one request to the API, and what is known of its answer.

Each has an id, the client's own `X-Request-Id` where that is sane. It is in every log line that is written meanwhile,
in problem documents, and in the answer's header, so that a person's error leads to its lines.
"""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

# Ids are logged and answered everywhere, so nothing like a login, a ticket or an enrolment token is one.
_SANE = re.compile(rb"(?!.*(?:at_[0-9A-Za-z]{10}_|acc[te]1\.))[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True)
class Exchange:
    """One request. What is not known when it comes is filled in by whoever learns it."""

    id: str
    address: str
    user_id: str = ""
    code: str = "ok"
    """The error's code that was answered, if one was."""
    retry_after: int = 1
    """Seconds until a request that was too much may be tried again."""


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def begin(exchange: Exchange) -> None:
    """Makes `exchange` the one that this task, and whatever it starts, works for."""
    _current.set(exchange)


def current() -> Exchange | None:
    """The exchange that is worked for, or None beside the API."""
    return _current.get()


def request_id(sent: bytes) -> str:
    """`sent`, if it can be an id, else a new one."""
    return sent.decode() if _SANE.fullmatch(sent) else secrets.token_hex(8)
