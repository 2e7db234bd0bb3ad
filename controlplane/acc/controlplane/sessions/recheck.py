"""Whether a session still stands on something: its user and their account, its target, its host, a grant for it.

Rules: asked at every connection, for that session; and of every running session, once a change of who may what has
committed. The change leaves a note in `access_changes` with its own transaction; whoever takes the notes looks with
what is committed by then, so two changes that each leave the other's grant cannot both be missed.

A new session leaves a note too, for itself alone, with the statement that makes it. Its grants were read before that:
what took them away meanwhile may have been looked at when the session was not there to be seen. Whoever takes the
session's note sees both; what is taken away later leaves its own.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from acc.controlplane.access.grants import Holder, Place, Rights, Thing, allows, rights_of
from acc.controlplane.access.held import EVERYBODY, grants_of, read_grants
from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.sessions import ending
from acc.controlplane.store.db import Database, Row, Sql

_RUNNING = """
    select s.id, s.live_user_id as user_id, s.account_id, t.id as target_id, t.scope_id, p.parent_id,
        exists (select 1 from accounts a where a.id = s.account_id and a.user_id = s.live_user_id)
        and (s.host_id is null or exists (
            select 1 from target_host_sets r join host_set_hosts m on m.host_set_id = r.host_set_id
            where r.target_id = t.id and r.host_set_id = s.host_set_id and m.host_id = s.host_id
        )) as stands
    from sessions s join targets t on t.id = s.live_target_id join scopes p on p.id = t.scope_id
    where s.state in ('pending', 'active') and s.live_user_id is not null
"""

_GRANTS = f"select u.id, {grants_of('u.id', EVERYBODY)} as grants from users u where u.id = any($1)"  # noqa: S608 (constants)


async def recheck(db: Database) -> Sequence[AuditEvent]:
    """Ends the running sessions that nothing allows any more: all if anything has changed, else those that are new.

    The records of that, stored.
    """

    async def work(sql: Sql) -> Sequence[AuditEvent]:
        noted = [row["session_id"] for row in await sql.fetch("delete from access_changes returning session_id")]
        if None in noted:
            orphans = await ending.end_orphans(sql)
            return (*orphans, *await _end_refused(sql, await sql.fetch(_RUNNING)))
        if noted:
            return await _end_refused(sql, await sql.fetch(_RUNNING + " and s.id = any($1)", noted))
        return ()

    return await db.transact(work)


async def _end_refused(sql: Sql, rows: Sequence[Row]) -> Sequence[AuditEvent]:
    rights = await _rights(sql, {_holder(row) for row in rows})
    return await ending.end_unallowed(sql, [row["id"] for row in rows if not _allowed(rights, row)])


async def still_allowed(sql: Sql, session_id: str) -> bool:
    """True if the session's user may have it now."""
    row = await sql.fetchrow(_RUNNING + " and s.id = $1", session_id)
    return row is not None and _allowed(await _rights(sql, {_holder(row)}), row)


def _holder(row: Row) -> Holder:
    return Holder(row["user_id"], row["account_id"])


async def _rights(sql: Sql, holders: AbstractSet[Holder]) -> Mapping[Holder, Rights]:
    rows = await sql.fetch(_GRANTS, sorted({holder.user_id for holder in holders}))
    grants = {row["id"]: read_grants(row["grants"]) for row in rows}
    return {holder: rights_of(grants.get(holder.user_id, ()), holder) for holder in holders}


def _allowed(rights: Mapping[Holder, Rights], row: Row) -> bool:
    target = Thing(Place(row["scope_id"], row["parent_id"]), "target", row["target_id"])
    return row["stands"] and allows(rights[_holder(row)], target, "authorize-session")
