"""How sessions end: cancelled, out of time, orphaned, used up.

    pending, active -> canceling -> terminated

Rules: ending is two steps, because connections must be ended first. A session in `canceling` takes no new connection;
it is `terminated` once it has no open one, which for a session without any is at once. Whoever waits for a worker that
stays silent waits `GRACE_SECONDS`; then the controller closes what is left in its books and says that it did.

What a controller ends by its own decision, because access was taken away, has a record in the same transaction. That a
session runs out of time or connections was decided when it was allowed.

Every function may run in several controllers at the same time and may be repeated.
"""

from collections.abc import Sequence

from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.audit.trail import store_all
from acc.controlplane.store.db import Database, Row, Sql

CANCELED = "canceled"
ACCESS_REMOVED = "access removed"
TIMED_OUT = "timed out"
CONNECTION_LIMIT = "connection limit"

CONTROLLER = "(controller)"
"""Who ends what nobody cancelled, in the record. No user can be called so."""

GRACE_SECONDS = 30

_TO_CANCELING = """
    update sessions set state = 'canceling', termination_reason = $1, canceling_time = now(), updated_time = now(),
        version = version + 1
    where state in ('pending', 'active')
"""

_ENDED = " returning id, scope_id, scope_name, org_id, target_id, target_name, user_id, user_name"

_USED_UP = """
    and id = $2 and connection_limit >= 0
    and (select count(*) from connections c where c.session_id = sessions.id) >= connection_limit
    and not exists (select 1 from connections c where c.session_id = sessions.id and c.state <> 'closed')
"""

_TO_TERMINATED = """
    update sessions s set state = 'terminated', terminated_time = now(), updated_time = now(), version = version + 1
    where s.state = 'canceling'
    and not exists (select 1 from connections c where c.session_id = s.id and c.state <> 'closed')
"""

_CLOSE_SILENT = """
    update connections c set state = 'closed', closed_time = now(), updated_time = now(), closed_by = 'controller',
        closed_reason = 'worker_unreachable'
    from sessions s
    where c.session_id = s.id and c.state <> 'closed' and s.state = 'canceling'
    and s.canceling_time <= now() - $1 * interval '1 second'
"""


async def cancel_session(sql: Sql, session_id: str) -> None:
    """Ends one session, whose row the caller has locked."""
    await sql.execute(_TO_CANCELING + " and id = $2", CANCELED, session_id)
    await terminate_finished(sql, session_id)


async def end_orphans(sql: Sql) -> Sequence[AuditEvent]:
    """Ends every session whose user, target or host has been deleted; the records of that, stored."""
    return await _take_away(
        sql,
        " and (live_user_id is null or live_target_id is null or (host_id is not null and live_host_id is null))",
    )


async def end_unallowed(sql: Sql, session_ids: Sequence[str]) -> Sequence[AuditEvent]:
    """Ends these sessions, which nothing allows any more; the records of that, stored."""
    return await _take_away(sql, " and id = any($2)", session_ids)


async def _take_away(sql: Sql, which: str, *arguments: object) -> Sequence[AuditEvent]:
    # Of two controllers that end the same session only one gets its row, so there is one record of it.
    ended = await sql.fetch(_TO_CANCELING + which + _ENDED, ACCESS_REMOVED, *arguments)
    await sql.execute(_TO_TERMINATED)
    return await store_all(sql, [_taken_away(row) for row in ended]) if ended else ()


def _taken_away(row: Row) -> AuditEvent:
    return AuditEvent(
        action="cancel",
        resource_type="session",
        resource_id=row["id"],
        resource_name=row["target_name"],
        scope_id=row["scope_id"],
        scope_name=row["scope_name"],
        scope_parent_id=row["org_id"],
        user_name=CONTROLLER,
        details={
            "reason": ACCESS_REMOVED,
            "target_id": row["target_id"],
            "user_id": row["user_id"],
            "user_name": row["user_name"],
        },
    )


async def finish_used_up(sql: Sql, session_id: str) -> None:
    """Ends one session, whose row the caller has locked, if it has used all its connections and none is open."""
    await sql.execute(_TO_CANCELING + _USED_UP, CONNECTION_LIMIT, session_id)


async def terminate_finished(sql: Sql, session_id: str) -> None:
    """Terminates one session if it is canceling and has no open connection."""
    await sql.execute(_TO_TERMINATED + " and s.id = $1", session_id)


async def sweep(db: Database) -> None:
    """What time alone brings: sessions that expire, and those whose workers stay silent."""

    async def work(sql: Sql) -> None:
        await sql.execute(_TO_CANCELING + " and expiration_time <= now()", TIMED_OUT)
        await sql.execute(_CLOSE_SILENT, GRACE_SECONDS)
        await sql.execute(_TO_TERMINATED)

    await db.transact(work)


async def forget_old_secrets(db: Database) -> None:
    """Deletes login and enrolment tokens that have been of no use for a day."""

    async def work(sql: Sql) -> None:
        await sql.execute("delete from auth_tokens where expiration_time < now() - interval '1 day'")
        await sql.execute("delete from enrolment_tokens where expiration_time < now() - interval '1 day'")

    await db.transact(work)
