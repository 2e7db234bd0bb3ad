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

_UNSEEN = "target"
"""All that the controller says of a target that is hidden or missing."""


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
    try:
        return _read(status, body)
    except AccError as error:
        if error.code is Code.NOT_FOUND and error.detail == _UNSEEN:
            raise AccError(Code.NOT_FOUND, _unseen(profile, destination.name), hint=error.hint) from None
        raise


def _unseen(profile: Profile, name: str) -> str:
    """The name, and what is called nearly so among what this person was shown."""
    from difflib import get_close_matches  # noqa: PLC0415  needed only where a name is wrong

    from acc.cli import offers  # noqa: PLC0415  likewise

    near = get_close_matches(name, offers.known(profile, "targets"))
    guess = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"target {name}{guess}"


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
            said = printable(hint) if isinstance(hint, str) else ""
            raise AccError(code_named(code), printable(detail), hint=said)
        case _:
            raise AccError(Code.HTTP_PEER, f"the controller answered with HTTP status {status}")
