"""The one table of error codes: what happened, why, what to do next.

A code is the same everywhere: the reason of a RESET, the `code` of a problem document, the detail of a gRPC
status and the exit status of `acc`. Its columns:

- title: what happened, as the first words of a sentence;
- hint: what to do next, in the imperative, where whoever raises it knows nothing more exact; `{name}` stands for what
  the person asked for;
- exit_status: of the `acc` process; 0 and 1 belong to success and to the command run by `acc connect`,
  2 to click's usage errors, 255 to ssh;
- http: the status of a refusal over HTTP; 0 where a code never travels so;
- close: the WebSocket close code; 0 where a code never ends a tunnel (RFC 6455 section 7.4.2 leaves 4000-4999
  to applications).

`AccError` is what every part raises. It never carries a secret: `detail` is shown to people and logged.
"""

import enum


class Code(enum.Enum):
    """One error. Its value is its name, as peers and scripts spell it."""

    title: str
    hint: str
    exit_status: int
    http: int
    close: int

    def __new__(cls, name: str, title: str, hint: str, exit_status: int, http: int, close: int) -> "Code":
        member = object.__new__(cls)
        member._value_ = name
        member.title = title
        member.hint = hint
        member.exit_status = exit_status
        member.http = http
        member.close = close
        return member

    # what the person typed
    BAD_NAME = (
        "bad_name", "not a valid name",
        "use letters, digits, dot, underscore and hyphen, at most 63", 3, 400, 0,
    )  # fmt: skip
    BAD_REQUEST = (
        "bad_request", "the request could not be understood",
        "correct what the message names and send it again", 4, 400, 4400,
    )  # fmt: skip
    CONFIG = (
        "config", "the configuration cannot be used",
        "correct the setting that the message names", 5, 0, 0,
    )  # fmt: skip

    # who they are
    LOGIN_REQUIRED = (
        "login_required", "not logged in",
        "run: acc login", 10, 401, 0,
    )  # fmt: skip
    LOGIN_FAILED = (
        "login_failed", "login name or password is wrong",
        "check both and try again", 11, 401, 0,
    )  # fmt: skip

    # what they may
    NOT_FOUND = (
        "not_found", "no such thing, or you may not see it",
        "check what was asked for; the list commands show what you may see", 12, 404, 0,
    )  # fmt: skip
    NOT_ALLOWED = (
        "not_allowed", "you may not do that",
        "ask an administrator for a role that allows it", 13, 403, 0,
    )  # fmt: skip
    AMBIGUOUS = (
        "ambiguous", "more than one thing has that name",
        "use the id instead of the name", 14, 409, 0,
    )  # fmt: skip
    PORT_NOT_ALLOWED = (
        "port_not_allowed", "the target does not allow that port",
        "leave the port out, or ask an administrator to add it", 15, 403, 0,
    )  # fmt: skip
    CONFLICT = (
        "conflict", "it changed, or exists already",
        "read it again and repeat the change", 16, 409, 0,
    )  # fmt: skip
    TOO_MANY_REQUESTS = (
        "too_many_requests", "too many requests at once",
        "wait a moment and try again", 17, 429, 0,
    )  # fmt: skip

    NO_HOST = (
        "no_host", "the target leads to no host yet",
        "ask an administrator to give it one: acc targets update, or add-host-sources", 18, 409, 0,
    )  # fmt: skip

    # the ticket and its session
    TICKET_MISSING = (
        "ticket_missing", "no ticket was presented",
        "connect with: acc proxy {name}", 20, 401, 0,
    )  # fmt: skip
    TICKET_MALFORMED = (
        "ticket_malformed", "the ticket is not a ticket, or only part of one",
        "run the command again to get a new one", 21, 401, 0,
    )  # fmt: skip
    TICKET_FORGED = (
        "ticket_forged", "the ticket's signature does not verify",
        "run the command again; if it stays, tell an administrator", 22, 401, 0,
    )  # fmt: skip
    TICKET_EXPIRED = (
        "ticket_expired", "the ticket has expired",
        "run the command again to get a new one", 23, 401, 0,
    )  # fmt: skip
    TICKET_FOREIGN = (
        "ticket_foreign", "the ticket is meant for another system",
        "check ACC_ADDR, then run the command again", 24, 403, 0,
    )  # fmt: skip
    SESSION_UNKNOWN = (
        "session_unknown", "the session does not exist",
        "run the command again to start a new one", 25, 403, 4403,
    )  # fmt: skip
    SESSION_EXPIRED = (
        "session_expired", "the session has reached its time limit",
        "run the command again to start a new one", 26, 403, 4408,
    )  # fmt: skip
    SESSION_CANCELLED = (
        "session_cancelled", "the session was cancelled",
        "ask who cancelled it, or run the command again", 27, 403, 4410,
    )  # fmt: skip
    SESSION_LIMIT = (
        "session_limit", "the session has used all its connections",
        "run the command again to start a new session", 28, 429, 4429,
    )  # fmt: skip

    # the far end
    BACKEND_REFUSED = (
        "backend_refused", "the host refused the connection",
        "check that the service runs on the host and port of the target", 30, 502, 0,
    )  # fmt: skip
    BACKEND_UNREACHABLE = (
        "backend_unreachable", "the host cannot be reached from the worker",
        "check the target's address and the network between worker and host", 31, 502, 0,
    )  # fmt: skip
    BACKEND_TIMEOUT = (
        "backend_timeout", "the host did not answer in time",
        "check the target's address, and firewalls that drop packets", 32, 504, 0,
    )  # fmt: skip
    BACKEND_UNRESOLVED = (
        "backend_unresolved", "the worker cannot resolve the host's name",
        "check the target's address and the worker's resolver", 33, 502, 0,
    )  # fmt: skip
    BACKEND_RESET = (
        "backend_reset", "the host broke the connection",
        "look at the service's log on the host", 34, 0, 4502,
    )  # fmt: skip
    BACKEND_CLOSED = (
        "backend_closed", "the host takes no more data",
        "what it sent has been delivered; look at the service's log", 35, 0, 0,
    )  # fmt: skip

    # what is in between
    CONTROLLER_UNREACHABLE = (
        "controller_unreachable", "the controller does not answer",
        "check ACC_ADDR and the network, then try again", 40, 503, 0,
    )  # fmt: skip
    WORKER_UNREACHABLE = (
        "worker_unreachable", "no worker answers",
        "check the network, then try again", 41, 503, 0,
    )  # fmt: skip
    NO_WORKER = (
        "no_worker", "no worker is available for this target",
        "ask an administrator to start or add one", 42, 503, 0,
    )  # fmt: skip
    UNTRUSTED = (
        "untrusted", "the server's certificate cannot be trusted",
        "check ACC_CACERT; if it is right, somebody may be in between", 43, 0, 0,
    )  # fmt: skip
    WORKER_BUSY = (
        "worker_busy", "the worker is at its limit",
        "try again in a moment", 44, 503, 4503,
    )  # fmt: skip
    DRAINING = (
        "draining", "the worker is going down",
        "try again; another worker will answer", 45, 503, 4504,
    )  # fmt: skip
    HTTP_PEER = (
        "http_peer", "the server does not speak acc's protocol",
        "check the address, and proxies in between", 46, 426, 0,
    )  # fmt: skip

    # the tunnel
    TUNNEL_LOST = (
        "tunnel_lost", "the connection to the worker was lost for too long",
        "run the command again", 50, 410, 4411,
    )  # fmt: skip
    RESUME_REFUSED = (
        "resume_refused", "the worker no longer holds this connection",
        "run the command again", 51, 410, 0,
    )  # fmt: skip
    PROTOCOL = (
        "protocol", "the other end broke the tunnel protocol",
        "update both ends; if it stays, report it", 52, 400, 4002,
    )  # fmt: skip
    CLIENT_GONE = (
        "client_gone", "the client left before the stream ended",
        "nothing, if you ended it", 53, 0, 4001,
    )  # fmt: skip

    # the rest
    UNAVAILABLE = (
        "unavailable", "a part that is needed does not answer",
        "try again in a moment", 60, 503, 4500,
    )  # fmt: skip
    INTERNAL = (
        "internal", "something went wrong inside acc",
        "report it with the log", 70, 500, 4501,
    )  # fmt: skip


CODES: dict[str, Code] = {code.value: code for code in Code}
CODES_BY_CLOSE: dict[int, Code] = {code.close: code for code in Code if code.close}


class AccError(Exception):
    """An error with a code. `detail` says why, and `hint` what to do, in this very case; neither holds a secret.

    `field` is the field of the request that is wrong, where one is: `attributes.login_name`.
    """

    def __init__(self, code: Code, detail: str = "", field: str = "", *, hint: str = "") -> None:
        super().__init__(code, detail, field)
        self.code = code
        self.detail = detail
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.code.title}: {self.detail}" if self.detail else self.code.title

    def lines(self, name: str = "NAME") -> tuple[str, str]:
        """The two lines that a person reads: what happened and why; what to do next."""
        return f"{self} ({self.code.value})", self.hint or self.code.hint.format(name=name)


def wrong_field(field: str, why: str) -> AccError:
    """The error that says why a field of the request is wrong."""
    return AccError(Code.BAD_REQUEST, f"{field}: {why}", field)


def code_named(text: str) -> Code:
    """The code called `text`; an unknown one, from a newer peer, counts as INTERNAL."""
    return CODES.get(text, Code.INTERNAL)
