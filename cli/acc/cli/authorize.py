"""Asks the controller for a ticket: one POST, on the way of `acc proxy` where no cached ticket is good."""

import json

from acc.cli.https import Connection
from acc.cli.profile import Profile
from acc.cli.tickets import Destination, Grant, parse
from acc.wire.control import printable
from acc.wire.errors import AccError, Code, code_named

DEADLINE = 10.0
"""Seconds for each wait of the call: connect, send, answer."""

MAX_ANSWER = 256 * 1024


def authorize(profile: Profile, token: str, destination: Destination) -> Grant:
    """The controller's grant for one target. Raises AccError with the controller's code, or why it has none."""
    connection = Connection(profile, DEADLINE, MAX_ANSWER)
    try:
        status, body = connection.call(
            "POST",
            f"/v1/targets/{destination.name}:authorize-session",
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            json.dumps(destination.wanted()).encode(),
        )
    finally:
        connection.close()
    return _read(status, body)


def _read(status: int, body: bytes) -> Grant:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if status == 200:
        return parse(document)
    match document:
        case {"code": str(code), "detail": str(detail)}:
            hint = document.get("hint")
            raise AccError(code_named(code), printable(detail), printable(hint) if isinstance(hint, str) else "")
        case _:
            raise AccError(Code.HTTP_PEER, f"the controller answered with HTTP status {status}")
