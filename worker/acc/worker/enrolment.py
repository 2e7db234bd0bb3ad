"""Enrolment: trades an operator's one-time token for an identity.

    acce1.<base64url(JSON {"controllers": [...], "secret": ..., "ca": <base64 of DER>, "cluster": ...})>

Rule: the token names the only CA that is trusted, for this call and from then on. The key is made here; what leaves is
a signing request. The token's secret is in no repr, log or message.

Refuses a token over MAX_TOKEN characters before it decodes anything, and a directory that is enrolled already.
"""

import asyncio
import base64
import binascii
import json
import ssl
from dataclasses import dataclass, field
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError

from acc.rpc.worker_v1 import EnrollRequest, EnrollResponse, EnrolmentStub
from acc.wire.control import printable
from acc.wire.errors import CODES, AccError, Code
from acc.wire.names import is_name, join_address, split_address
from acc.wire.tls import client_context
from acc.worker import statedir
from acc.worker.identity import (
    MAX_CERTIFICATE,
    MAX_CONTROLLERS,
    Enrolled,
    make_csr,
    make_key,
    store_enrolled,
    store_identity,
)
from acc.worker.statedir import StateDir
from acc.worker.ticketkeys import TicketKeys

PREFIX = "acce1."
MAX_TOKEN = 8192
MAX_SECRET = 128
ENROL_TIMEOUT = 10.0
"""Seconds for one controller to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentToken:
    """What an operator hands to a new worker."""

    controllers: tuple[str, ...]
    secret: str = field(repr=False)
    ca: x509.Certificate
    cluster: str


def parse_token(text: str) -> EnrolmentToken:
    """The token in `text`. Raises AccError(CONFIG), which never quotes it."""
    body = text.strip()
    if len(body) > MAX_TOKEN or not body.isascii() or not body.startswith(PREFIX):
        raise AccError(Code.CONFIG, "that is not an enrolment token")
    try:
        document: object = json.loads(_decode(body.removeprefix(PREFIX), b"-_"))
    except (ValueError, RecursionError):
        raise AccError(Code.CONFIG, "the enrolment token is damaged, or only part of one") from None
    match cast("dict[str, object]", document):  # or anything else, which matches nothing
        case {"controllers": items, "secret": str(secret), "ca": str(ca), "cluster": str(cluster)}:
            controllers = _parse_controllers(items)
        case _:
            raise AccError(Code.CONFIG, "the enrolment token is damaged, or only part of one")
    if not 0 < len(secret) <= MAX_SECRET or not is_name(cluster):
        raise AccError(Code.CONFIG, "the enrolment token is damaged, or only part of one")
    return EnrolmentToken(controllers=controllers, secret=secret, ca=_parse_ca(ca), cluster=cluster)


def parse_enrolment_address(text: str) -> str:
    """`host:port` as clients will dial it. Raises AccError(CONFIG)."""
    parts = split_address(text)
    if parts is None:
        raise AccError(Code.CONFIG, "--address must be host:port")
    return join_address(*parts)


async def enrol(state: StateDir, token: EnrolmentToken, *, address: str, name: str) -> Enrolled:
    """Makes `state` the state of a new worker, which clients dial at `address`. Raises AccError."""
    if state.holds(statedir.WORKER):
        raise AccError(Code.CONFIG, f"{state.path} is enrolled already: use a new directory")
    key = make_key()
    request = EnrollRequest(token=token.secret, csr_der=make_csr(key, name or address), name=name, address=address)
    answer = await _ask(token, request)
    enrolled = Enrolled(
        worker_id=answer.worker_id, cluster=token.cluster, address=address, controllers=token.controllers
    )
    store_identity(state, enrolled.worker_id, key, answer.certificate_der, answer.ca_der)
    TicketKeys(state).replace(answer.ticket_keys)
    store_enrolled(state, enrolled)
    return enrolled


async def _ask(token: EnrolmentToken, request: EnrollRequest) -> EnrollResponse:
    """The first controller's answer that is one."""
    context = client_context(_pem(token.ca))
    context.set_alpn_protocols(["h2"])
    reason = ""
    for controller in token.controllers:
        try:
            return await _ask_one(controller, context, request)
        except GRPCError as error:
            if error.status is not Status.UNAVAILABLE:
                raise _refusal(error) from None
            reason = f"{controller}: it is not available"
        except ssl.SSLCertVerificationError as error:
            raise AccError(Code.UNTRUSTED, f"{controller}: {error.verify_message}") from None
        except TimeoutError:
            reason = f"{controller}: no answer within {ENROL_TIMEOUT:g} s"
        except (OSError, ProtocolError, StreamTerminatedError) as error:
            reason = f"{controller}: {error}"
    raise AccError(Code.CONTROLLER_UNREACHABLE, reason)


async def _ask_one(controller: str, context: ssl.SSLContext, request: EnrollRequest) -> EnrollResponse:
    parts = split_address(controller)
    if parts is None:
        raise AccError(Code.CONFIG, f"{controller!r} cannot be dialled")
    async with Channel(*parts, ssl=context) as channel, asyncio.timeout(ENROL_TIMEOUT):
        return await EnrolmentStub(channel).enroll(request)


def _refusal(error: GRPCError) -> AccError:
    """A controller's message begins with the code, and goes on with the words for it."""
    name, _, words = (error.message or "").partition(": ")
    code = CODES.get(name)
    if code is None:
        return AccError(Code.UNAVAILABLE, f"the controller answered {error.status.name}: {error.message or ''}")
    return AccError(code, printable(words.removeprefix(f"{code.title}: ")))


def _parse_controllers(value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    controllers = tuple(item for item in items if isinstance(item, str) and split_address(item))
    if not 0 < len(controllers) == len(items) <= MAX_CONTROLLERS:
        raise AccError(Code.CONFIG, "the enrolment token names no controller that can be dialled")
    return controllers


def _parse_ca(text: str) -> x509.Certificate:
    try:
        der = _decode(text, b"+/")
        if len(der) > MAX_CERTIFICATE:
            raise ValueError
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.subject  # cryptography reads it only now
        client_context(_pem(certificate))
    except (ValueError, x509.InvalidVersion, ssl.SSLError):
        raise AccError(Code.CONFIG, "the enrolment token holds no CA certificate") from None
    return certificate


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _decode(text: str, alphabet: bytes) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=alphabet, validate=True)
    except binascii.Error as error:
        raise ValueError from error
