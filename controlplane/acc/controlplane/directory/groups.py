"""Groups: users under one name, to give roles to. Members are users of any scope, never groups."""

from collections.abc import Sequence

import msgspec

from acc.controlplane.api.bodies import Change, Described, Description, Id, Ids, Name, plain
from acc.controlplane.api.kind import Access, Found, Kind, Where
from acc.controlplane.api.routes import Act, Create, describe, edits, routes
from acc.controlplane.directory.holdings import check_members
from acc.controlplane.directory.users import USERS
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.people import GROUP


class NewGroup(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a group."""

    scope_id: Id
    name: Name | None = None
    description: Description | None = None


class Members(Change):
    """The body that says who is in a group."""

    member_ids: Ids | None


def _members(row: Row) -> list[str]:
    return [member.split(" ")[0] for member in row["members"]]


def _render(row: Row) -> Json:
    members = [member.split(" ", 1) for member in row["members"]]
    return present(
        name=row["name"],
        description=row["description"],
        member_ids=_members(row),
        members=[{"id": user_id, "scope_id": scope_id} for user_id, scope_id in members],
    )


GROUPS = Kind(
    resource=GROUP,
    table="groups",
    columns="""
        t.name, t.description,
        array(select u.id || ' ' || u.scope_id from group_members m join users u on u.id = m.user_id
            where m.group_id = t.id order by u.id) as members
    """,
    render=_render,
    access=Access.CHANGED,
)


async def _insert(sql: Sql, where: Where, new: NewGroup) -> str:
    group_id = new_id("g")
    await sql.execute(
        "insert into groups (id, scope_id, name, description) values ($1, $2, $3, $4)",
        group_id,
        where.scope.id,
        new.name,
        plain(new.description, "description"),
    )
    return group_id


async def _add(sql: Sql, found: Found, user_ids: Sequence[str]) -> None:
    await sql.execute(
        "insert into group_members (group_id, user_id) select $1, unnest($2::text[]) on conflict do nothing",
        found.id,
        user_ids,
    )
    if user_ids:
        await check_members(sql, user_ids, "member_ids")


async def _remove(sql: Sql, found: Found, user_ids: Sequence[str]) -> None:
    await sql.execute("delete from group_members where group_id = $1 and user_id = any($2)", found.id, user_ids)


ROUTES = routes(
    GROUPS,
    creates=Create(NewGroup, _insert),
    updates=Act(Described, describe),
    acts=edits("members", Members, "member_ids", _members, _add, _remove, (USERS,)),
)
