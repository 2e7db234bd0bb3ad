"""The books: one row for each connection, filled in as its worker reports.

Rules: reporting again is harmless, and what a report says never takes anything back: states go forward only, byte
counts only grow, and who closed first stays, unless that was presumed of a worker that crashed. A worker reports on its
own connections only. What open ones have carried so far comes every few seconds and takes no lock on the session: it
decides nothing.

What connections have carried whose end was reported is kept on their session, once (`counted`), so that a session with
many costs no more to list than one with few.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.link import boots
from acc.controlplane.link.outages import note_let_through
from acc.controlplane.sessions import ending
from acc.controlplane.store.db import Database, Row, Sql
from acc.controlplane.store.ids import is_connection_id
from acc.wire.errors import CODES, AccError, Code

MAX_BYTES = 2**63 - 1
UNANSWERED = frozenset(
    code.value
    for code in (Code.BACKEND_REFUSED, Code.BACKEND_UNREACHABLE, Code.BACKEND_TIMEOUT, Code.BACKEND_UNRESOLVED)
)
"""Why a connection closed that never reached its host."""

_STANDS = f"closed_by is not null and not {boots.PRESUMED}"
"""A condition: the end that the books have is not for a report to replace."""
CLOSERS = frozenset({"client", "backend", "worker", "controller"})

_LOCK_SESSION = """
    select state, expiration_time <= now() as expired, connection_limit, termination_reason,
        (extract(epoch from expiration_time) * 1000)::bigint as expires_at_ms,
        live_user_id is null or live_target_id is null or (host_id is not null and live_host_id is null) as orphaned,
        host_id, scope_id, scope_name, org_id, user_id, user_name, target_id, target_name,
        (select t.egress_worker_filter from targets t where t.id = live_target_id) as worker_filter
    from sessions where id = $1 for update
"""

_RECORD_TRAFFIC = """
    update connections c set bytes_up = greatest(c.bytes_up, t.bytes_up),
        bytes_down = greatest(c.bytes_down, t.bytes_down), updated_time = now()
    from unnest($2::text[], $3::bigint[], $4::bigint[]) as t (id, bytes_up, bytes_down)
    where c.id = t.id and c.worker_id = $1 and not c.counted
        and (c.bytes_up < t.bytes_up or c.bytes_down < t.bytes_down)
"""

_CLOSE = f"""
    with over as (
        update connections set state = 'closed', counted = true, updated_time = now(),
            closed_time = case when {_STANDS} then closed_time else to_timestamp($4::float8 / 1000) end,
            closed_by = case when {_STANDS} then closed_by else $5 end,
            closed_reason = case when {_STANDS} then closed_reason else $6 end,
            bytes_up = greatest(bytes_up, $7), bytes_down = greatest(bytes_down, $8), resumes = greatest(resumes, $9),
            local_address = case when local_address = '' then $10 else local_address end,
            backend_address = case when backend_address = '' then $11 else backend_address end
        where id = $1 and session_id = $2 and worker_id = $3 and not counted
        returning bytes_up, bytes_down
    )
    update sessions set counted_up = least(counted_up::numeric + over.bytes_up, $12)::bigint,
        counted_down = least(counted_down::numeric + over.bytes_down, $12)::bigint
    from over where sessions.id = $2
"""  # noqa: S608 (only a constant of ours is put in)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The worker has reached the backend."""

    connection_id: str
    session_id: str
    at_ms: int
    client_address: str
    local_address: str
    backend_address: str
    during_outage: bool
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A connection is over."""

    opened: Opened
    bytes_up: int
    bytes_down: int
    closed_by: str
    closed_reason: str
    resumes: int


async def lock_session(sql: Sql, session_id: str) -> Row | None:
    """The session, whose row nobody else changes until the transaction ends; None if nobody knows it."""
    return await sql.fetchrow(_LOCK_SESSION, session_id)


async def activate(sql: Sql, session_id: str) -> None:
    """A session becomes active with its first connection."""
    await sql.execute(
        "update sessions set state = 'active', activated_time = now(), updated_time = now(), version = version + 1"
        " where id = $1 and state = 'pending'",
        session_id,
    )


async def report(
    db: Database, worker_id: str, events: Sequence[Opened | Closed], ship: Callable[[AuditEvent], None]
) -> None:
    """Writes down what a worker says has happened. Events of sessions that nobody knows are dropped.

    `ship` gets the record of each connection that the worker had let through by itself.
    """
    by_session: dict[str, list[Opened | Closed]] = {}
    for one in events:
        by_session.setdefault(_opening(one).session_id, []).append(one)
    for session_id, its_events in by_session.items():

        async def work(
            sql: Sql, session_id: str = session_id, its: Sequence[Opened | Closed] = its_events
        ) -> Sequence[AuditEvent]:
            session = await lock_session(sql, session_id)
            if session is None:
                return ()
            new = [_opening(one) for one in its if await _record(sql, worker_id, one)]
            alone = [
                (one.connection_id, one.client_address, _bounded_time(one.at_ms)) for one in new if one.during_outage
            ]
            audited = await note_let_through(sql, session_id, session, worker_id, alone)
            await _note_failures(sql, session, its)
            if session["state"] == "pending":
                await activate(sql, session_id)
            await ending.finish_used_up(sql, session_id)
            await ending.terminate_finished(sql, session_id)
            return audited

        for audited in await db.transact(work):
            ship(audited)


async def _record(sql: Sql, worker_id: str, happened: Opened | Closed) -> bool:
    """True if the books have not had the connection before."""
    opened = _opening(happened)
    if not is_connection_id(opened.connection_id):
        raise AccError(Code.BAD_REQUEST, "a connection id is sc_ and 20 letters or digits")
    new = await sql.fetchrow(
        "insert into connections (id, session_id, worker_id, state, client_address, during_outage, boot_id)"
        " values ($1, $2, $3, 'authorized', $4, $5, $6) on conflict (id) do nothing returning id",
        opened.connection_id,
        opened.session_id,
        worker_id,
        address_said(opened.client_address),
        opened.during_outage,
        opened.boot_id,
    )
    match happened:
        case Opened():
            await _record_opened(sql, worker_id, happened)
        case Closed():
            await _record_closed(sql, worker_id, happened)
    return new is not None


async def _record_opened(sql: Sql, worker_id: str, opened: Opened) -> None:
    await sql.execute(
        "update connections set state = case when state = 'authorized' then 'connected' else state end,"
        " connected_time = coalesce(connected_time, to_timestamp($4::float8 / 1000)), updated_time = now(),"
        " local_address = case when local_address = '' then $5 else local_address end,"
        " backend_address = case when backend_address = '' then $6 else backend_address end,"
        " during_outage = during_outage or $7"
        " where id = $1 and session_id = $2 and worker_id = $3",
        opened.connection_id,
        opened.session_id,
        worker_id,
        _bounded_time(opened.at_ms),
        address_said(opened.local_address),
        address_said(opened.backend_address),
        opened.during_outage,
    )


async def _record_closed(sql: Sql, worker_id: str, closed: Closed) -> None:
    opened = closed.opened
    await sql.execute(
        _CLOSE,
        opened.connection_id,
        opened.session_id,
        worker_id,
        _bounded_time(opened.at_ms),
        closed.closed_by if closed.closed_by in CLOSERS else "worker",
        closed.closed_reason if closed.closed_reason in CODES or closed.closed_reason == "ok" else "internal",
        min(closed.bytes_up, MAX_BYTES),
        min(closed.bytes_down, MAX_BYTES),
        min(closed.resumes, 2**31 - 1),
        address_said(opened.local_address),
        address_said(opened.backend_address),
        MAX_BYTES,
    )


async def _note_failures(sql: Sql, session: Row, events: Sequence[Opened | Closed]) -> None:
    """A host that did not answer is passed over for a while."""
    reasons = {one.closed_reason for one in events if isinstance(one, Closed)}
    if session["host_id"] is not None and reasons & UNANSWERED:
        await sql.execute("update hosts set failed_time = now() where id = $1", session["host_id"])


async def record_traffic(db: Database, worker_id: str, carried: Sequence[tuple[str, int, int]]) -> None:
    """Writes down what open connections have carried so far: id, bytes up, bytes down. One statement for all."""
    ids, up, down = zip(*carried, strict=True)
    await db.fetch(
        _RECORD_TRAFFIC,
        worker_id,
        ids,
        [min(count, MAX_BYTES) for count in up],
        [min(count, MAX_BYTES) for count in down],
    )


def _opening(happened: Opened | Closed) -> Opened:
    return happened.opened if isinstance(happened, Closed) else happened


def _bounded_time(at_ms: int) -> float:
    # A worker's clock may be off; a time from another age would only be a way to break the books.
    now_ms = time.time() * 1000
    return at_ms if abs(at_ms - now_ms) < 30 * 86_400_000 else now_ms


def address_said(text: str) -> str:
    return text if len(text) <= 262 and text.isprintable() else ""
