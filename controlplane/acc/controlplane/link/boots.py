"""Boots: a worker's processes, one after the other, and what becomes of the connections of one that crashed.

A boot is heard of when it asks for its first connection or states itself, whichever is first. Once it states itself,
the connections of the boots before it are over, whatever the books say: they are closed as the worker's, with
`worker_unreachable`. That is only what must be presumed; a report that the crashed process left in its spool knows
better, and replaces it (see `books`).

Rule: a boot closes what is earlier, never what is its own or later, so that a status that was long under way, and a
connection that was asked for before the first status, do no harm. Releases that say no boot close nothing.
"""

from acc.controlplane.sessions import ending
from acc.controlplane.store.db import Database, Sql
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name

_EARLIER = """
    c.worker_id = $1 and c.boot_id <> $2 and c.state <> 'closed'
    and not exists (
        select 1 from worker_boots theirs join worker_boots mine on mine.worker_id = theirs.worker_id
        where theirs.worker_id = $1 and theirs.boot_id = c.boot_id and mine.boot_id = $2
        and theirs.first_time > mine.first_time
    )
"""

_CLOSE_EARLIER = f"""
    update connections c set state = 'closed', closed_time = now(), updated_time = now(), closed_by = 'worker',
        closed_reason = 'worker_unreachable'
    where c.session_id = $3 and {_EARLIER}
"""  # noqa: S608 (only constants of ours are put in)

PRESUMED = "(closed_by = 'worker' and closed_reason = 'worker_unreachable')"
"""A condition: nobody has reported the end of the connection."""


def read_boot(text: str) -> str:
    """The boot that a worker names, or nothing from one that knows none. Raises AccError(BAD_REQUEST)."""
    if text and not is_name(text):
        raise AccError(Code.BAD_REQUEST, "a boot id is a name")
    return text


async def hear_of(sql: Sql, worker_id: str, boot_id: str) -> None:
    """Writes down that the boot exists, the first time that it is heard of."""
    if boot_id:
        await sql.execute(
            "insert into worker_boots (worker_id, boot_id) values ($1, $2) on conflict do nothing", worker_id, boot_id
        )


async def close_earlier(db: Database, worker_id: str, boot_id: str) -> None:
    """Closes what boots before this one, which has stated itself, have open in the books."""
    if not boot_id:
        return
    query = f"select distinct c.session_id from connections c where {_EARLIER}"  # noqa: S608 (a constant of ours)
    for row in await db.fetch(query, worker_id, boot_id):

        async def work(sql: Sql, session_id: str = row["session_id"]) -> None:
            await sql.fetchrow("select id from sessions where id = $1 for update", session_id)
            await sql.execute(_CLOSE_EARLIER, worker_id, boot_id, session_id)
            await ending.finish_used_up(sql, session_id)
            await ending.terminate_finished(sql, session_id)

        await db.transact(work)
