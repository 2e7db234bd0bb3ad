"""Admission: from the text of a ticket to a connected backend.

    `verify` (offline) -> `admit`: authorise (one call to a controller) -> dial

Rule: nothing is dialled before a controller allowed it, but for tickets that say that an outage shall not stop their
connections: those are counted here against their limit while no controller answers. Whatever was counted and came to
nothing is handed to `abandon`, because its place in the controller's books must be closed.

A ticket that picks workers by a filter is one for the controller to judge, which knows every worker's tags: without a
controller it opens nothing, whatever it says of outages.
"""

import asyncio
import secrets
import socket
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from grpclib.exceptions import GRPCError

from acc.rpc.worker_v1 import AuthorizeConnectionRequest
from acc.wire.errors import AccError, Code, code_named
from acc.wire.ticket import Ticket, Verify, open_ticket
from acc.worker import log
from acc.worker.controllink import OUTAGE, ControlLink
from acc.worker.dial import dial, parse_endpoint

ClosedBy = Literal["client", "backend", "worker", "controller"]

MAX_COUNTED = 100_000
"""Sessions whose connections are counted; beyond that, those that are over are forgotten, then the older half."""

_BASE62 = string.digits + string.ascii_letters
_BACKEND = frozenset(
    {Code.BACKEND_REFUSED, Code.BACKEND_RESET, Code.BACKEND_TIMEOUT, Code.BACKEND_UNREACHABLE, Code.BACKEND_UNRESOLVED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A connection that may run until `expires_at` (Unix seconds), with its backend.

    `backend` is connected, non-blocking and sends without delay; the addresses are host:port, ours first.
    """

    connection_id: str
    session_id: str
    expires_at: float
    backend: socket.socket
    local_address: str
    backend_address: str
    during_outage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A connection that is not admitted yet."""

    connection_id: str
    session_id: str
    client_address: str
    during_outage: bool = False


@dataclass(frozen=True, slots=True)
class Permit:
    """The decision that a connection may be made."""

    expires_at: float
    during_outage: bool


@dataclass(slots=True)
class Counted:
    """How many connections of a session this worker has let through."""

    connections: int
    expires_at: float


Abandon = Callable[[Attempt, ClosedBy, Code], None]


class Admission:
    """Decides about new connections, and makes those that may be."""

    def __init__(
        self, ticket_keys: Mapping[str, Verify], link: ControlLink, *, audience: str, boot_id: str, abandon: Abandon
    ) -> None:
        self._ticket_keys = ticket_keys
        self._link = link
        self._audience = audience
        self._boot_id = boot_id
        self._abandon = abandon
        self._counted: dict[str, Counted] = {}

    def verify(self, ticket_text: str) -> Ticket:
        """What the ticket says, if it is good here and now. Raises AccError with one of the TICKET codes."""
        return open_ticket(ticket_text, self._ticket_keys, audience=self._audience, now=time.time())

    async def admit(self, ticket: Ticket, client_address: str) -> Admitted:
        """Authorises and dials what `verify` found good. Raises AccError."""
        endpoints = [parse_endpoint(text) for text in ticket.endpoints]
        attempt = Attempt(
            connection_id=new_connection_id(), session_id=ticket.session_id, client_address=client_address
        )
        permit = await self._authorise(ticket, attempt)
        attempt = replace(attempt, during_outage=permit.during_outage)
        try:
            backend = await dial(endpoints)
        except AccError as error:
            self._abandon(attempt, "backend" if error.code in _BACKEND else "worker", error.code)
            raise
        except asyncio.CancelledError:
            self._abandon(attempt, "worker", Code.DRAINING)
            raise
        return Admitted(
            connection_id=attempt.connection_id,
            session_id=ticket.session_id,
            expires_at=permit.expires_at,
            backend=backend.socket,
            local_address=backend.local_address,
            backend_address=backend.address,
            during_outage=permit.during_outage,
        )

    async def _authorise(self, ticket: Ticket, attempt: Attempt) -> Permit:
        """The controller's decision, or without a controller the ticket's own. Counts what it allows."""
        request = AuthorizeConnectionRequest(
            connection_id=attempt.connection_id,
            session_id=attempt.session_id,
            client_address=attempt.client_address,
            boot_id=self._boot_id,
        )
        try:
            answer = await self._link.authorize(request)
        except ConnectionError:
            return self._decide_alone(ticket)
        except TimeoutError:
            # The question may have arrived, and been counted.
            return self._decide_alone(ticket, uncertain=attempt)
        except asyncio.CancelledError:
            self._abandon(attempt, "worker", Code.DRAINING)
            raise
        except GRPCError as error:
            if error.status in OUTAGE:
                return self._decide_alone(ticket, uncertain=attempt)
            log.warning("authorisation failed", status=error.status.name, reason=error.message)
            self._abandon(attempt, "worker", Code.UNAVAILABLE)
            raise AccError(Code.UNAVAILABLE, "the controller could not decide") from None
        if answer.refusal:
            raise AccError(code_named(answer.refusal))
        self._count(ticket)
        return Permit(answer.expires_at_ms / 1000, during_outage=False)

    def _decide_alone(self, ticket: Ticket, uncertain: Attempt | None = None) -> Permit:
        used = self._counted.get(ticket.session_id)
        if ticket.outage == "deny" or ticket.worker_filter:
            refusal = Code.CONTROLLER_UNREACHABLE
        elif 0 <= ticket.connection_limit <= (used.connections if used else 0):
            refusal = Code.SESSION_LIMIT
        else:
            self._count(ticket)
            return Permit(ticket.expires_at, during_outage=True)
        if uncertain is not None:
            self._abandon(uncertain, "worker", refusal)
        raise AccError(refusal, "no controller answers the worker")

    def _count(self, ticket: Ticket) -> None:
        counted = self._counted.setdefault(ticket.session_id, Counted(0, ticket.expires_at))
        counted.connections += 1
        if len(self._counted) > MAX_COUNTED:
            now = time.time()
            running = {name: one for name, one in self._counted.items() if one.expires_at > now}
            self._counted = dict(list(running.items())[-MAX_COUNTED // 2 :])


def new_connection_id() -> str:
    """`sc_` and 20 characters that nobody can guess."""
    return "sc_" + "".join(secrets.choice(_BASE62) for _ in range(20))
