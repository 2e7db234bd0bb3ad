"""Tickets: the controller's signed word that a session exists and what it may reach.

    acct1.<base64url(claims)>.<base64url(signature)>

`claims` is a JSON object in UTF-8; the signature is Ed25519 (RFC 8032) over the ASCII bytes before the second dot,
so that nothing else which the key signs can be taken for a ticket. A worker verifies it without asking anyone.

Rule: text becomes a `Ticket` only through `open_ticket`, which checks, in this order, length, form, signature,
audience and expiry, and names the first that fails. The key's arithmetic is passed in, so that this module needs
the standard library only; clients treat a ticket as opaque.

Refuses tickets over `MAX_TICKET` characters before it decodes anything.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from acc.wire.errors import AccError, Code
from acc.wire.upgrade import MAX_TICKET

PREFIX = "acct1"
MAX_ENDPOINTS = 16
SIGNATURE = 64
"""Bytes of an Ed25519 signature."""

Verify = Callable[[bytes, bytes], bool]
"""Takes a signature and the signed bytes; True if the signature is the key's."""

OutagePolicy = Literal["allow", "deny"]

_POLICIES: dict[str, OutagePolicy] = {"allow": "allow", "deny": "deny"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a ticket says. Times are Unix seconds; `connection_limit` is -1 for no limit."""

    key_id: str
    audience: str
    session_id: str
    user_id: str
    target_id: str
    endpoints: tuple[str, ...]
    connection_limit: int
    issued_at: int
    expires_at: int
    outage: OutagePolicy
    worker_filter: str = ""


_CLAIMS = {
    "kid": "key_id",
    "aud": "audience",
    "sid": "session_id",
    "uid": "user_id",
    "tid": "target_id",
    "ep": "endpoints",
    "lim": "connection_limit",
    "iat": "issued_at",
    "exp": "expires_at",
    "out": "outage",
    "wf": "worker_filter",
}


def mint(ticket: Ticket, sign: Callable[[bytes], bytes]) -> str:
    """The text of `ticket`, signed by `sign`, which is the private half of `ticket.key_id`.

    Raises AccError with BAD_REQUEST if what it names is too long for a ticket.
    """
    claims = {short: getattr(ticket, name) for short, name in _CLAIMS.items()}
    payload = json.dumps(claims, separators=(",", ":"), sort_keys=True).encode()
    signed = f"{PREFIX}.{_encode(payload)}"
    text = f"{signed}.{_encode(sign(signed.encode()))}"
    if len(text) > MAX_TICKET:
        raise AccError(Code.BAD_REQUEST, "the target's addresses are too long for a ticket")
    return text


def open_ticket(text: str, keys: Mapping[str, Verify], *, audience: str, now: float) -> Ticket:
    """The ticket in `text`, if one of `keys` signed it for `audience` and it is valid at `now` (Unix seconds).

    Raises AccError with TICKET_MALFORMED, TICKET_FORGED, TICKET_FOREIGN or TICKET_EXPIRED.
    """
    if len(text) > MAX_TICKET or not text.isascii():
        raise AccError(Code.TICKET_MALFORMED)
    parts = text.split(".")
    if len(parts) != 3 or parts[0] != PREFIX:
        raise AccError(Code.TICKET_MALFORMED)
    signature = _decode(parts[2])
    if len(signature) != SIGNATURE:
        raise AccError(Code.TICKET_MALFORMED)
    ticket = _parse_claims(_decode(parts[1]))
    verify = keys.get(ticket.key_id)
    if verify is None or not verify(signature, f"{PREFIX}.{parts[1]}".encode()):
        raise AccError(Code.TICKET_FORGED)
    if ticket.audience != audience:
        raise AccError(Code.TICKET_FOREIGN)
    if now >= ticket.expires_at:
        raise AccError(Code.TICKET_EXPIRED)
    return ticket


def _parse_claims(payload: bytes) -> Ticket:
    try:
        claims = cast("Mapping[str, object] | None", json.loads(payload))  # or anything else: judged below
    except (ValueError, RecursionError):
        raise AccError(Code.TICKET_MALFORMED) from None
    match claims:
        case {
            "kid": str(key_id),
            "aud": str(audience),
            "sid": str(session_id),
            "uid": str(user_id),
            "tid": str(target_id),
            "ep": endpoints,
            "lim": int(limit),
            "iat": int(issued_at),
            "exp": int(expires_at),
            "out": str(policy),
            "wf": str(worker_filter),
        }:
            pass
        case _:
            raise AccError(Code.TICKET_MALFORMED)
    outage = _POLICIES.get(policy)
    if outage is None:
        raise AccError(Code.TICKET_MALFORMED)
    return Ticket(
        key_id=key_id,
        audience=audience,
        session_id=session_id,
        user_id=user_id,
        target_id=target_id,
        endpoints=_parse_endpoints(endpoints),
        connection_limit=limit,
        issued_at=issued_at,
        expires_at=expires_at,
        outage=outage,
        worker_filter=worker_filter,
    )


def _parse_endpoints(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise AccError(Code.TICKET_MALFORMED)
    items = cast("list[object]", value)  # isinstance cannot say what a list holds
    texts = tuple(item for item in items if isinstance(item, str))
    if not 0 < len(texts) == len(items) <= MAX_ENDPOINTS:
        raise AccError(Code.TICKET_MALFORMED)
    return texts


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Strict base64url: no padding, no stray characters, one spelling for each value."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise AccError(Code.TICKET_MALFORMED) from None
    if _encode(raw) != text:
        raise AccError(Code.TICKET_MALFORMED)
    return raw
