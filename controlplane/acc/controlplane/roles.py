"""Roles: grants, where they reach, and whom they are given to.

Rule: a grant enters the database only through the strict parser. One that does not parse when it is read, because a
newer program wrote it, grants nothing.
"""

from collections.abc import Sequence

from acc.controlplane.db import Sql
from acc.controlplane.grants import ScopedGrant, parse_grant
from acc.controlplane.ids import new_id
from acc.controlplane.log import warning
from acc.wire.errors import AccError

GRANTS_OF_USER = """
    array(
        select r.scope_id || ' ' || s.reach || ' ' || g.grant_text
        from role_users m
        join roles r on r.id = m.role_id
        join role_grant_scopes s on s.role_id = r.id
        join role_grants g on g.role_id = r.id
        where m.user_id = u.id
    )
"""
"""A column of the user `u`: every grant as `scope reach text`, for `read_grants`."""

_OWN = (
    "ids=*;type=auth-token;actions=read:self,delete:self",
    "ids=*;type=session;actions=read:self,cancel:self",
    "ids=*;type=user;actions=read:self",
)

EVERYBODY = tuple(ScopedGrant(parse_grant(text), "global", reach) for text in _OWN for reach in ("this", "descendants"))
"""What each user may do with what is their own."""


async def create_role(
    sql: Sql, *, scope_id: str, name: str, reach: Sequence[str], grants: Sequence[str], user_ids: Sequence[str]
) -> str:
    """A new role. Raises AccError(BAD_REQUEST) for a grant that does not parse."""
    for text in grants:
        parse_grant(text)
    role_id = new_id("r")
    await sql.execute("insert into roles (id, scope_id, name) values ($1, $2, $3)", role_id, scope_id, name)
    await sql.execute(
        "insert into role_grant_scopes (role_id, reach) select $1, unnest($2::text[])", role_id, list(reach)
    )
    await sql.execute(
        "insert into role_grants (role_id, grant_text) select $1, unnest($2::text[])", role_id, list(grants)
    )
    await sql.execute(
        "insert into role_users (role_id, user_id) select $1, unnest($2::text[])", role_id, list(user_ids)
    )
    return role_id


def read_grants(stored: Sequence[str]) -> tuple[ScopedGrant, ...]:
    """The grants in a `GRANTS_OF_USER` column."""
    found: list[ScopedGrant] = []
    for line in stored:
        scope_id, reach, text = line.split(" ", 2)
        try:
            found.append(ScopedGrant(parse_grant(text), scope_id, reach))
        except AccError as refused:
            warning("grant ignored", grant=text, reason=refused.detail)
    return tuple(found)
