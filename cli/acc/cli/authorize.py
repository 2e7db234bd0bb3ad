"""Asks the controller for a ticket: one POST, on the way of `acc proxy` where no cached ticket is good.

On `http.client`, because its import is a tenth of httpx's and ssh waits for it.
"""

import http.client
import json
import ssl

from acc.cli.profile import Profile
from acc.cli.tickets import Destination, Grant, parse
from acc.wire.control import printable
from acc.wire.errors import AccError, Code, code_named

DEADLINE = 10.0
"""Seconds for each wait of the call: connect, send, answer."""

MAX_ANSWER = 256 * 1024


def authorize(profile: Profile, token: str, destination: Destination) -> Grant:
    """The controller's grant for one target. Raises AccError with the controller's code, or why it has none."""
    host, controller_port = profile.authority()
    connection = http.client.HTTPSConnection(host, controller_port, timeout=DEADLINE, context=_context(profile))
    try:
        connection.request(
            "POST",
            f"/v1/targets/{destination.name}:authorize-session",
            body=json.dumps(destination.wanted()),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        body = answer.read(MAX_ANSWER + 1)
    except ssl.SSLCertVerificationError as error:
        raise AccError(Code.UNTRUSTED, f"{profile.addr}: {error.verify_message}") from None
    except (OSError, http.client.HTTPException) as error:
        raise AccError(Code.CONTROLLER_UNREACHABLE, f"{profile.addr}: {error}") from None
    finally:
        connection.close()
    return _read(answer.status, body)


def _context(profile: Profile) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if profile.cacert is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(profile.cacert)
    except OSError as error:
        raise AccError(Code.CONFIG, f"ACC_CACERT {profile.cacert}: {error.strerror or error}") from None
    return context


def _read(status: int, body: bytes) -> Grant:
    try:
        document = json.loads(body) if len(body) <= MAX_ANSWER else None
    except (ValueError, RecursionError):
        document = None
    if status == 200:
        return parse(document)
    match document:
        case {"code": str(code), "detail": str(detail)}:
            raise AccError(code_named(code), printable(detail))
        case _:
            raise AccError(Code.HTTP_PEER, f"the controller answered with HTTP status {status}")
