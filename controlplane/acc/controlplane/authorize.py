"""`:authorize-session`: from a target's name to a ticket.

One query finds what the name may mean and which workers live; one statement makes the session, and only if the target
is still as it was read. Then the ticket is signed. The endpoint that people see is `tcp://host:port`; a ticket names it
`host:port`, as a worker dials it.

Refusals, in this order: no such target, or hidden (404); visible but not to be used (403); several of that name
(409); a port that the target does not allow (403); no live worker (503).
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from litestar import post

from acc.controlplane.bodies import read_optional_body
from acc.controlplane.caller import Caller
from acc.controlplane.db import Database, ForeignKeyViolation, Row
from acc.controlplane.ids import new_id
from acc.controlplane.listing import Json, present
from acc.controlplane.log import event
from acc.controlplane.targets import COLUMNS, SCOPE_COLUMNS, actions_on, scope_of
from acc.controlplane.tickets import TicketSigner
from acc.controlplane.workers import LIVE_WORKERS
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, worker_server_name
from acc.wire.ticket import Ticket, mint

MAX_CANDIDATES = 100

_CANDIDATES = f"""
    select {COLUMNS}, {SCOPE_COLUMNS}, {LIVE_WORKERS} as workers
    from targets t join scopes p on p.id = t.scope_id
    where t.id = $1 or lower(t.name) = lower($1)
    limit {MAX_CANDIDATES}
"""  # noqa: S608 (only constants of ours are put in)

_INSERT = """
    insert into sessions (id, scope_id, user_id, user_name, live_user_id, target_id, target_name, live_target_id,
        auth_token_id, endpoint, connection_limit, expiration_time)
    select $1, t.scope_id, $2, $3, $2, t.id, t.name, t.id, $4, $5, t.session_connection_limit,
        now() + t.session_max_seconds * interval '1 second'
    from targets t where t.id = $6 and t.version = $7
    returning created_time, expiration_time, connection_limit,
        floor(extract(epoch from created_time))::bigint as issued_at,
        floor(extract(epoch from expiration_time))::bigint as expires_at
"""


class AuthorizeSession(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `:authorize-session`: which of the target's ports, the default one if none."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None


@dataclass(frozen=True, slots=True)
class CaText:
    """The PEM of the CA that worker certificates come from."""

    pem: str


@post("/v1/targets/{reference:str}/:authorize-session", status_code=200)
async def authorize_session(
    db: Database,
    caller: Caller,
    signer: TicketSigner,
    worker_ca: CaText,
    reference: str,
    body: bytes,
) -> Json:
    """A session for the target that `reference` names or identifies, and the ticket that proves it."""
    wanted = read_optional_body(body, AuthorizeSession)
    if not is_name(reference):
        raise AccError(Code.BAD_NAME)
    target = _choose(caller, reference, list(await db.fetch(_CANDIDATES, reference)))
    port = wanted.port if wanted.port is not None else target["default_port"]
    if port not in (target["default_port"], *target["extra_ports"]):
        raise AccError(Code.PORT_NOT_ALLOWED, f"port {port}")
    if not target["workers"]:
        raise AccError(Code.NO_WORKER)
    host = target["address"]
    endpoint = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    session_id = new_id("s")
    session = await _insert(db, caller, session_id, target, endpoint)
    event("session authorized", session=session_id, user=caller.user_id, target=target["id"])
    return present(
        session_id=session_id,
        target_id=target["id"],
        target_name=target["name"],
        scope=scope_of(target).info(),
        user_id=caller.user_id,
        type="tcp",
        created_time=session["created_time"],
        expiration=session["expiration_time"],
        expires_at=session["expires_at"],
        endpoint=f"tcp://{endpoint}",
        session_connection_limit=session["connection_limit"],
        connections_left=session["connection_limit"],
        authorization_token=_mint(signer, caller, session_id, target, endpoint, session),
        workers=[_worker(*one.split(" ", 1)) for one in target["workers"]],
        worker_ca=worker_ca.pem,
    )


def _worker(worker_id: str, address: str) -> Json:
    return {"id": worker_id, "address": address, "server_name": worker_server_name(worker_id)}


def _choose(caller: Caller, reference: str, rows: list[Row]) -> Row:
    visible = [(row, actions) for row in rows if (actions := actions_on(caller, row, row["parent_id"]))]
    if not visible:
        raise AccError(Code.NOT_FOUND)
    usable = [row for row, actions in visible if "authorize-session" in actions]
    if not usable:
        raise AccError(Code.NOT_ALLOWED)
    exact = [row for row in usable if row["id"] == reference]
    if exact:
        return exact[0]
    if len(usable) > 1:
        raise AccError(Code.AMBIGUOUS, ", ".join(sorted(row["id"] for row in usable)[:10]))
    return usable[0]


async def _insert(db: Database, caller: Caller, session_id: str, target: Row, endpoint: str) -> Row:
    try:
        session = await db.fetchrow(
            _INSERT,
            session_id,
            caller.user_id,
            caller.user_name,
            caller.token_id,
            f"tcp://{endpoint}",
            target["id"],
            target["version"],
        )
    except ForeignKeyViolation:
        raise AccError(Code.LOGIN_REQUIRED, "the user was deleted") from None
    if session is None:
        raise AccError(Code.CONFLICT, "the target was changed meanwhile")
    return session


def _mint(signer: TicketSigner, caller: Caller, session_id: str, target: Row, endpoint: str, session: Row) -> str:
    ticket = Ticket(
        key_id=signer.key_id,
        audience=signer.audience,
        session_id=session_id,
        user_id=caller.user_id,
        target_id=target["id"],
        endpoints=(endpoint,),
        connection_limit=session["connection_limit"],
        issued_at=session["issued_at"],
        expires_at=session["expires_at"],
        outage=target["outage_policy"],
        worker_filter=target["worker_filter"],
    )
    return mint(ticket, signer.sign)


ROUTES = (authorize_session,)
