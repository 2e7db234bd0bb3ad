"""`:authorize-session`: from a target's name to a ticket.

One query finds what the name may mean and the caller may use, a host for each, and which workers live; one statement
makes the session, its record and a note, and only if the target is still as it was read. Then the ticket is signed.
Where nothing is to be used, a second query asks whether something is to be seen, and if not, a third where it lies, for
the record alone. The endpoint that people see is
`tcp://host:port`; a ticket names it `host:port`, as a worker dials it.

The note is for `recheck`: what the caller was granted was read before, and may have been taken away since. Nothing is
locked for that, so a session may be made that nothing allows any more; it ends within two seconds.

A name is an id, a target's name or an alias, and the first of these that the caller may use is meant. Of a target's
hosts one is taken by chance, those that lately failed to answer only where there is no other. One that is asked for may
be named, too; what looks like an id is never a name.

Refusals, in this order: no such target, or hidden (404); visible but not to be used (403); several of that name
(409); a port that the target does not allow (403); no such host (404), or none at all (409); no live worker (503).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from litestar import post

from acc.controlplane.access.filters import matches
from acc.controlplane.access.filtertext import parse_filter
from acc.controlplane.access.visibility import Shown
from acc.controlplane.api.bodies import Id, PlainName, read_optional_body
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.calls import Call
from acc.controlplane.api.kind import item_actions, note
from acc.controlplane.api.places import SCOPE_COLUMNS, missing, scope_of
from acc.controlplane.audit.attempt import note_details, note_names, supposing
from acc.controlplane.audit.trail import beside, fetch_beside
from acc.controlplane.directory.targets import TARGETS
from acc.controlplane.link.workers import LIVE_WORKERS, MAX_WORKERS_OFFERED, facts_of
from acc.controlplane.service.log import event
from acc.controlplane.service.shape import Json, present
from acc.controlplane.sessions.tickets import TicketSigner
from acc.controlplane.store.db import Database, ForeignKeyViolation, Row
from acc.controlplane.store.ids import new_id
from acc.wire.directory.index import type_of_id
from acc.wire.directory.machines import HOST, TARGET
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, join_address, worker_server_name
from acc.wire.ticket import Ticket, mint

MAX_CANDIDATES = 100
AVOID_SECONDS = 30
"""How long a host that failed to answer is passed over."""

_MEANT = """
    with meant as (
        select t.id, 1 as meaning, null::text as host_id from targets t where t.id = $1
        union all
        select t.id, 2, null from targets t where lower(t.name) = lower($1) and t.id <> $1
        union all
        select a.destination_id, 3, a.host_id from aliases a where lower(a.value) = lower($1)
    )
"""

_CANDIDATES = f"""
    {_MEANT}
    select t.id, null::text as owner_id, null::text as pin_id, t.name, t.name as name_on_record, t.address,
        t.default_port, t.extra_ports, t.outage_policy, t.egress_worker_filter, t.version, {SCOPE_COLUMNS},
        h.host_id, h.host_name, h.host_set_id, h.host_address,
        meant.meaning, case when t.egress_worker_filter is null then {LIVE_WORKERS} end as workers
    from meant join targets t on t.id = meant.id join scopes p on p.id = t.scope_id
    left join lateral (
        select o.id as host_id, o.name as host_name, m.host_set_id, o.address as host_address
        from target_host_sets r join host_set_hosts m on m.host_set_id = r.host_set_id join hosts o on o.id = m.host_id
        where r.target_id = t.id and (coalesce($2, meant.host_id, o.id) = o.id or $9 = o.name)
        order by coalesce(o.failed_time > now() - interval '{AVOID_SECONDS} seconds', false), random() limit 1
    ) h on true
    where ($3::text is null or t.scope_id = $3) and ($4::text is null or p.name = $4)
    and ($5 or t.scope_id = any($6) or p.parent_id = any($7) or t.id = any($8))
    order by meant.meaning limit {MAX_CANDIDATES}
"""  # noqa: S608 (only constants of ours are put in)

_HIDDEN = f"""
    {_MEANT}
    select distinct t.id, t.name as name_on_record, {SCOPE_COLUMNS}
    from meant join targets t on t.id = meant.id join scopes p on p.id = t.scope_id
    where ($2::text is null or t.scope_id = $2) and ($3::text is null or p.name = $3)
    limit 2
"""  # noqa: S608 (only constants of ours are put in)

_INSERT = beside(
    """
    insert into sessions (id, scope_id, scope_name, org_id, user_id, user_name, live_user_id, target_id, target_name,
        live_target_id, account_id, auth_token_id, host_id, host_set_id, live_host_id, endpoint, connection_limit,
        expiration_time)
    select $1, t.scope_id, $2, $3, $4, $5, $4, t.id, t.name, t.id, $6, $7, $8, $9, $8, $10, t.session_connection_limit,
        now() + t.session_max_seconds * interval '1 second'
    from targets t where t.id = $11 and t.version = $12
    returning id, created_time, expiration_time, connection_limit,
        floor(extract(epoch from created_time))::bigint as issued_at,
        floor(extract(epoch from expiration_time))::bigint as expires_at
    """,
    13,
    "insert into access_changes (id, session_id) select id, id from made",
)

_ALL_LIVE_WORKERS = """
    select w.id, w.name, w.address, w.api_tags, w.config_tags from workers w
    where w.last_status_time >= now() - interval '15 seconds' and not w.draining
    order by w.open_connections / 16, random()
"""


class AuthorizeSession(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `:authorize-session`: which of the target's ports and hosts; or the target by its name there."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    host_id: Id | None = None
    name: PlainName | None = None
    scope_id: Id | None = None
    scope_name: str | None = None


@dataclass(frozen=True, slots=True)
class CaText:
    """The PEM of the CA that worker certificates come from."""

    pem: str


_ACTION = "authorize-session"
_CALL = Call(resource=TARGET, action=_ACTION, body=AuthorizeSession, optional=True)


@post("/v1/targets/{reference:str}/:authorize-session", status_code=200, opt=_CALL.opt)
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
    meant = reference if wanted.name is None else wanted.name
    if not is_name(meant):
        raise AccError(Code.BAD_NAME)
    target = await _choose(db, caller, meant, wanted)
    endpoint = _endpoint(target, wanted)
    workers = await _workers(db, target)
    session_id = new_id("s")
    session = await _insert(db, caller, session_id, target, endpoint)
    event("session authorized", session=session_id, user=caller.user_id, target=target["id"])
    return present(
        session_id=session_id,
        target_id=target["id"],
        target_name=target["name"],
        scope=scope_of(target).info(),
        user_id=caller.user_id,
        host_id=target["host_id"],
        host_set_id=target["host_set_id"],
        type="tcp",
        created_time=session["created_time"],
        expiration=session["expiration_time"],
        expires_at=session["expires_at"],
        endpoint=f"tcp://{endpoint}",
        session_connection_limit=session["connection_limit"],
        connections_left=session["connection_limit"],
        authorization_token=_mint(signer, caller, session_id, target, endpoint, session),
        workers=[_worker(*one.split(" ", 1)) for one in workers],
        worker_ca=worker_ca.pem,
    )


def _worker(worker_id: str, address: str) -> Json:
    return {"id": worker_id, "address": address, "server_name": worker_server_name(worker_id)}


async def _choose(db: Database, caller: Caller, meant: str, wanted: AuthorizeSession) -> Row:
    """The one target that is meant. Raises AccError where it is none, or several."""
    usable = [
        row
        for row in await _candidates(db, caller.granted("target", _ACTION), meant, wanted)
        if _ACTION in item_actions(TARGETS, caller, row)
    ]
    if not usable:
        raise await _none_usable(db, caller, meant, wanted)
    first = [row for row in usable if row["meaning"] == usable[0]["meaning"]]
    if len(first) > 1:
        raise AccError(Code.AMBIGUOUS, ", ".join(sorted(row["id"] for row in first)[:10]))
    note(TARGETS, first[0])
    return first[0]


async def _none_usable(db: Database, caller: Caller, meant: str, wanted: AuthorizeSession) -> AccError:
    for row in await _candidates(db, caller.visibility("target").anybodys, meant, wanted):
        if item_actions(TARGETS, caller, row):
            note(TARGETS, row)
            return AccError(Code.NOT_ALLOWED)
    await _note_hidden(db, meant, wanted)
    return missing(TARGET)


async def _note_hidden(db: Database, meant: str, wanted: AuthorizeSession) -> None:
    """For the record only: the one target that is meant, though the caller sees none. Asked for a missing one too."""
    rows = await db.fetch(_HIDDEN, meant, wanted.scope_id, wanted.scope_name)
    if len(rows) == 1:
        note(TARGETS, rows[0])


async def _candidates(db: Database, among: Shown, meant: str, wanted: AuthorizeSession) -> Sequence[Row]:
    return await db.fetch(
        _CANDIDATES,
        meant,
        wanted.host_id,
        wanted.scope_id,
        wanted.scope_name,
        among.area.everywhere,
        list(among.area.scopes),
        list(among.area.children_of),
        list(among.ids),
        None if wanted.host_id is None or type_of_id(wanted.host_id) else wanted.host_id,
    )


def _endpoint(target: Row, wanted: AuthorizeSession) -> str:
    port = wanted.port if wanted.port is not None else target["default_port"]
    if port not in (target["default_port"], *target["extra_ports"]):
        raise AccError(Code.PORT_NOT_ALLOWED, f"port {port}")
    host = target["host_address"] or target["address"]
    if wanted.host_id is not None and target["host_id"] is None:
        raise AccError(Code.NOT_FOUND, f"{target['name']} has no host {wanted.host_id}", hint=HOST.where_to_look)
    if host is None:
        raise AccError(Code.NO_HOST, f"{target['name']} has no address, and no host in its host sources")
    return join_address(host, port)


async def _workers(db: Database, target: Row) -> list[str]:
    """`id address` of the workers to try, in order."""
    filter_text = target["egress_worker_filter"]
    if filter_text is None:
        found = list(target["workers"])
    else:
        wanted = parse_filter(filter_text)
        rows = await db.fetch(_ALL_LIVE_WORKERS)
        found = [f"{row['id']} {row['address']}" for row in rows if matches(wanted, facts_of(row))]
    if not found:
        raise AccError(Code.NO_WORKER)
    return found[:MAX_WORKERS_OFFERED]


async def _insert(db: Database, caller: Caller, session_id: str, target: Row, endpoint: str) -> Row:
    note_details(endpoint=f"tcp://{endpoint}", host_id=target["host_id"])
    if target["host_id"] is not None:
        note_names({target["host_id"]: target["host_name"]})
    try:
        with supposing():
            note_details(session_id=session_id)
            session = await fetch_beside(
                db,
                _INSERT,
                session_id,
                target["scope_name"],
                target["scope_parent_id"],
                caller.user_id,
                caller.user_name,
                caller.account_id,
                caller.token_id,
                target["host_id"],
                target["host_set_id"],
                f"tcp://{endpoint}",
                target["id"],
                target["version"],
            )
    except ForeignKeyViolation:
        raise AccError(Code.CONFLICT, "the user or the host was deleted meanwhile") from None
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
        worker_filter=target["egress_worker_filter"] or "",
    )
    return mint(ticket, signer.sign)


ROUTES = (authorize_session,)
