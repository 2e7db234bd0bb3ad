"""Whether a session may have one more connection: what a worker asks before it dials.

Rules: the session's row is locked while its connections are counted, so that two at once never both take the last
place. A connection counts for good, closed or not. The worker makes the id, so that asking again is harmless. A worker
gets none whose target picks others by its filter.
"""

from dataclasses import dataclass

from acc.controlplane.access.filters import matches
from acc.controlplane.access.filtertext import parse_filter
from acc.controlplane.audit.attempt import note_details, note_place, note_thing, note_user
from acc.controlplane.link import boots
from acc.controlplane.link.books import activate, address_said, lock_session
from acc.controlplane.link.workers import facts_of
from acc.controlplane.sessions import ending
from acc.controlplane.sessions.recheck import still_allowed
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import is_connection_id
from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True)
class Answer:
    """What the worker hears: a refusal, or until when the connection may live."""

    refusal: Code | None
    expires_at_ms: int


async def authorize_connection(
    sql: Sql, *, worker_id: str, boot_id: str, connection_id: str, session_id: str, client_address: str
) -> Answer:
    """Counts one connection against its session, or says why not. Asked again, gives the same answer."""
    if not is_connection_id(connection_id):
        raise AccError(Code.BAD_REQUEST, "a connection id is sc_ and 20 letters or digits")
    session = await lock_session(sql, session_id)
    if session is None:
        return Answer(Code.SESSION_UNKNOWN, 0)
    note_user(session["user_id"], session["user_name"])
    note_place(session["scope_id"], session["scope_name"], session["org_id"])
    note_thing("session", session_id, session["target_name"])
    note_details(target_id=session["target_id"])
    known = await sql.fetchrow("select session_id, worker_id from connections where id = $1", connection_id)
    if known is not None and (known["session_id"], known["worker_id"]) != (session_id, worker_id):
        return Answer(Code.SESSION_UNKNOWN, 0)
    refusal = _ended(session)
    if refusal is None and not await still_allowed(sql, session_id):
        refusal = Code.SESSION_CANCELLED
    if refusal is None and not await _admits(sql, worker_id, session["worker_filter"]):
        refusal = Code.TICKET_FOREIGN
    if refusal is None and known is None:
        limit = session["connection_limit"]
        if limit >= 0 and await _used(sql, session_id) >= limit:
            refusal = Code.SESSION_LIMIT
        else:
            await boots.hear_of(sql, worker_id, boot_id)
            await _insert(sql, worker_id, boot_id, connection_id, session_id, client_address)
            if session["state"] == "pending":
                await activate(sql, session_id)
    return Answer(refusal, session["expires_at_ms"])


def _ended(session: Row) -> Code | None:
    """Why a session takes no connection any more, not even one that it has counted."""
    match session["termination_reason"]:
        case ending.TIMED_OUT:
            return Code.SESSION_EXPIRED
        case ending.CONNECTION_LIMIT:
            return Code.SESSION_LIMIT
        case None if session["expired"]:
            return Code.SESSION_EXPIRED
        case None if not session["orphaned"]:
            return None
        case _:
            return Code.SESSION_CANCELLED


async def _admits(sql: Sql, worker_id: str, filter_text: str | None) -> bool:
    """True if the worker is one of those that a target's filter picks."""
    if filter_text is None:
        return True
    worker = await sql.fetchrow("select name, api_tags, config_tags from workers where id = $1", worker_id)
    return worker is not None and matches(parse_filter(filter_text), facts_of(worker))


async def _insert(
    sql: Sql, worker_id: str, boot_id: str, connection_id: str, session_id: str, client_address: str
) -> None:
    await sql.execute(
        "insert into connections (id, session_id, worker_id, boot_id, state, client_address)"
        " values ($1, $2, $3, $4, 'authorized', $5)",
        connection_id,
        session_id,
        worker_id,
        boot_id,
        address_said(client_address),
    )


async def _used(sql: Sql, session_id: str) -> int:
    row = await sql.fetchrow("select count(*) as used from connections where session_id = $1", session_id)
    return row["used"] if row else 0
