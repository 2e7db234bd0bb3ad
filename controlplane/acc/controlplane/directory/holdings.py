"""How much one user may hold: the grants of all roles that are theirs or their groups', each as often as its role has
grant scopes.

Every request of a user reads all that they hold, and all that `u_auth` holds, so whoever may give roles could slow down
everybody. Rule: what would give a user more than their bound is refused, whole; nothing else is: what is above the
bound from before may stay, and be taken away. Changes that add to what users hold wait for one another, so that two
cannot be within the bound each and above it together.
"""

from collections.abc import Sequence

from acc.controlplane.access.held import BUILT_IN
from acc.controlplane.store.db import Sql
from acc.wire.errors import wrong_field

MAX_HELD = 2000
MAX_HELD_BUILT_IN = 500
"""Of `u_auth` and of `u_anon`, because everybody pays for what those hold."""

_HOLDERS = """
    select user_id from role_users where role_id = $1
    union
    select b.user_id from role_groups i join group_members b on b.group_id = i.group_id where i.role_id = $1
"""

_MOST = """
    with held as (
        select m.user_id, m.role_id from role_users m where m.user_id = any($1::text[])
        union
        select b.user_id, i.role_id
        from group_members b join role_groups i on i.group_id = b.group_id where b.user_id = any($1::text[])
    ), sizes as (
        select r.role_id,
            (select count(*) from role_grants g where g.role_id = r.role_id)
            * (select count(*) from role_grant_scopes s where s.role_id = r.role_id) as size
        from (select distinct role_id from held) r
    )
    select 1 as found from held h join sizes z on z.role_id = h.role_id
    group by h.user_id having sum(z.size) > case when h.user_id = any($2::text[]) then $3::int else $4::int end limit 1
"""


async def check_holders(sql: Sql, role_id: str, field: str) -> None:
    """Raises AccError(BAD_REQUEST) for `field` if somebody who has that role now holds too much."""
    await _lock(sql)
    await _check(sql, [row["user_id"] for row in await sql.fetch(_HOLDERS, role_id)], field)


async def check_members(sql: Sql, user_ids: Sequence[str], field: str) -> None:
    """Raises AccError(BAD_REQUEST) for `field` if one of those users now holds too much."""
    await _lock(sql)
    await _check(sql, user_ids, field)


async def _lock(sql: Sql) -> None:
    await sql.execute("select 1 from cluster for update")


async def _check(sql: Sql, user_ids: Sequence[str], field: str) -> None:
    if await sql.fetchrow(_MOST, user_ids, BUILT_IN, MAX_HELD_BUILT_IN, MAX_HELD):
        raise wrong_field(
            field,
            f"somebody would hold more than {MAX_HELD} grants ({MAX_HELD_BUILT_IN} if it is {' or '.join(BUILT_IN)}),"
            " counted in each grant scope; say more with one grant, as ids=*, or give fewer roles",
        )
