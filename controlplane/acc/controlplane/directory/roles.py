"""Roles: what is allowed, where it counts, and who has it.

Rule: a grant enters the database only through the strict parser, and only if some grant scope that its role may have
could make it count; a grant scope only where the role may reach it. What the present grant scopes keep from counting is
shown with a warning, and taken: clients set grants and grant scopes one after the other, in either order.
Two spellings of one grant are one grant: it is there once, and either takes it away.
A role has at most `MAX_GRANTS` grants and as many grant scopes; `holdings` bounds what all roles of somebody come to.
A change of principals, grants or grant scopes may take access away, so each has running sessions looked at again.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from acc.controlplane.access.grantplaces import check_place, warning_of
from acc.controlplane.access.grants import Place
from acc.controlplane.access.grantscopes import read_grant_scopes
from acc.controlplane.access.granttext import canonical, grant_json, parse_grant
from acc.controlplane.api.bodies import Change, Described, Description, Id, Ids, Name, plain
from acc.controlplane.api.kind import Access, Found, Kind, Where
from acc.controlplane.api.references import Reference
from acc.controlplane.api.routes import Act, Create, describe, edits, routes
from acc.controlplane.directory.groups import GROUPS
from acc.controlplane.directory.holdings import check_holders
from acc.controlplane.directory.scopes import SCOPES
from acc.controlplane.directory.users import USERS
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.index import type_of_id
from acc.wire.directory.people import ROLE
from acc.wire.errors import AccError, wrong_field

MAX_GRANTS = 200
"""In one role, and in one request; of grant scopes too."""

WORDS = ("this", "children", "descendants")

_GRANTS_OF = "select grant_text from role_grants where role_id = $1"


class NewRole(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a role."""

    scope_id: Id
    name: Name | None = None
    description: Description | None = None


class Principals(Change):
    """The body that says who has a role."""

    principal_ids: Ids | None


class Grants(Change):
    """The body that says what a role allows."""

    grant_strings: Annotated[list[str], msgspec.Meta(max_length=MAX_GRANTS)] | None


class GrantScopes(Change):
    """The body that says where a role counts."""

    grant_scope_ids: Annotated[list[Id], msgspec.Meta(max_length=MAX_GRANTS)] | None


def _render(row: Row) -> Json:
    principals = [one.split(" ") for one in row["principals"]]
    return present(
        name=row["name"],
        description=row["description"],
        principal_ids=_principals(row),
        principals=[
            {"id": principal_id, "type": kind, "scope_id": scope_id} for principal_id, kind, scope_id in principals
        ],
        grant_strings=row["grant_strings"],
        grants=[_render_grant(text, row) for text in row["grant_strings"]],
        grant_scope_ids=row["grant_scope_ids"],
    )


def _render_grant(text: str, row: Row) -> Json:
    try:
        grant = parse_grant(text)
    except AccError:  # a newer program wrote it; `held` lets it allow nothing
        return {"raw": text}
    warning = warning_of(grant, row["scope_id"], row["grant_scope_ids"])
    return present(raw=text, canonical=canonical(grant), json=grant_json(grant), warning=warning)


ROLES = Kind(
    resource=ROLE,
    table="roles",
    columns="""
        t.name, t.description,
        array(
            select u.id || ' user ' || u.scope_id from role_users m join users u on u.id = m.user_id
            where m.role_id = t.id
            union all
            select g.id || ' group ' || g.scope_id from role_groups m join groups g on g.id = m.group_id
            where m.role_id = t.id
            order by 1
        ) as principals,
        array(select g.grant_text from role_grants g where g.role_id = t.id order by 1) as grant_strings,
        array(select s.reach from role_grant_scopes s where s.role_id = t.id order by 1) as grant_scope_ids
    """,
    render=_render,
    access=Access.CHANGED,
)


async def create_role(
    sql: Sql, *, scope_id: str, name: str, reach: Sequence[str], grants: Sequence[str], principals: Sequence[str]
) -> str:
    """A new role with all that belongs to it. Raises AccError(BAD_REQUEST) for a grant that does not parse."""
    role_id = new_id("r")
    await sql.execute("insert into roles (id, scope_id, name) values ($1, $2, $3)", role_id, scope_id, name)
    await _insert_grant_scopes(sql, role_id, reach)
    await _insert_grants(sql, role_id, scope_id, grants)
    await _insert_principals(sql, role_id, principals)
    return role_id


async def _insert(sql: Sql, where: Where, new: NewRole) -> str:
    role_id = new_id("r")
    await sql.execute(
        "insert into roles (id, scope_id, name, description) values ($1, $2, $3, $4)",
        role_id,
        where.scope.id,
        new.name,
        plain(new.description, "description"),
    )
    await _insert_grant_scopes(sql, role_id, ("this",))
    return role_id


async def _insert_principals(sql: Sql, role_id: str, principal_ids: Sequence[str]) -> None:
    by_type = {one: type_of_id(one) for one in principal_ids}
    strange = [one for one, kind in by_type.items() if kind not in ("user", "group")]
    if strange:
        raise wrong_field("principal_ids", f"{strange[0]!r} is the id of no user and no group")
    for table, column, kind in (("role_users", "user_id", "user"), ("role_groups", "group_id", "group")):
        await sql.execute(
            f"insert into {table} (role_id, {column}) select $1, unnest($2::text[]) on conflict do nothing",
            role_id,
            [one for one in principal_ids if by_type[one] == kind],
        )


def _principals(row: Row) -> list[str]:
    return [one.split(" ")[0] for one in row["principals"]]


async def _add_principals(sql: Sql, found: Found, principal_ids: Sequence[str]) -> None:
    if principal_ids:
        await _insert_principals(sql, found.id, principal_ids)
        await check_holders(sql, found.id, "principal_ids")


async def _remove_principals(sql: Sql, found: Found, principal_ids: Sequence[str]) -> None:
    await sql.execute("delete from role_users where role_id = $1 and user_id = any($2)", found.id, principal_ids)
    await sql.execute("delete from role_groups where role_id = $1 and group_id = any($2)", found.id, principal_ids)


async def _insert_grants(sql: Sql, role_id: str, scope_id: str, grants: Sequence[str]) -> None:
    has = {_meaning(row["grant_text"]) for row in await sql.fetch(_GRANTS_OF, role_id)}
    new = {canonical(parse_grant(text)): text for text in grants}
    for meaning, text in new.items():
        if meaning not in has:
            check_place(text, parse_grant(text), scope_id)
    await sql.execute(
        "insert into role_grants (role_id, grant_text) select $1, unnest($2::text[])",
        role_id,
        [text for meaning, text in new.items() if meaning not in has],
    )


def _grants(row: Row) -> list[str]:
    return list(row["grant_strings"])


async def _add_grants(sql: Sql, found: Found, grants: Sequence[str]) -> None:
    if not grants:
        return
    await _insert_grants(sql, found.id, found.row["scope_id"], grants)
    if len(await sql.fetch(_GRANTS_OF, found.id)) > MAX_GRANTS:
        raise wrong_field("grant_strings", f"a role has at most {MAX_GRANTS} grants; give the others to another role")
    await check_holders(sql, found.id, "grant_strings")


async def _remove_grants(sql: Sql, found: Found, grants: Sequence[str]) -> None:
    gone = {_meaning(text) for text in grants}
    await sql.execute(
        "delete from role_grants where role_id = $1 and grant_text = any($2)",
        found.id,
        [text for text in _grants(found.row) if _meaning(text) in gone],
    )


def _meaning(text: str) -> str:
    """What all spellings of a grant have in common; of what cannot be read, the text itself."""
    try:
        return canonical(parse_grant(text))
    except AccError:
        return text


async def _insert_grant_scopes(sql: Sql, role_id: str, reach: Sequence[str]) -> None:
    await sql.execute(
        "insert into role_grant_scopes (role_id, reach, scope_id)"
        " select $1, r, case when r = any($3::text[]) then null else r end from unnest($2::text[]) r",
        role_id,
        list(reach),
        list(WORDS),
    )


async def _store_grant_scopes(sql: Sql, found: Found, wanted: Sequence[str]) -> None:
    """Makes these all of a role's grant scopes, if together they are what such a role may have."""
    parents = await sql.fetch("select id, coalesce(parent_id, '') as parent_id from scopes where id = any($1)", wanted)
    place = Place(found.row["scope_id"], found.row["scope_parent_id"])
    reach = read_grant_scopes(place, wanted, {row["id"]: row["parent_id"] for row in parents})
    await sql.execute("delete from role_grant_scopes where role_id = $1", found.id)
    await _insert_grant_scopes(sql, found.id, reach)
    if set(reach) <= set(found.row["grant_scope_ids"]):
        return
    if len(reach) > MAX_GRANTS:
        raise wrong_field("grant_scope_ids", f"a role has at most {MAX_GRANTS} grant scopes")
    await check_holders(sql, found.id, "grant_scope_ids")


async def _add_grant_scopes(sql: Sql, found: Found, change: GrantScopes) -> None:
    has = found.row["grant_scope_ids"]
    await _store_grant_scopes(sql, found, [*has, *(one for one in _reaches(found, change) if one not in has)])


async def _remove_grant_scopes(sql: Sql, found: Found, change: GrantScopes) -> None:
    gone = _reaches(found, change)
    await _store_grant_scopes(sql, found, [one for one in found.row["grant_scope_ids"] if one not in gone])


def _reaches(found: Found, change: GrantScopes) -> list[str]:
    """What a change names, with `this` for the role's own scope."""
    return ["this" if one == found.row["scope_id"] else one for one in change.grant_scope_ids or ()]


async def _set_grant_scopes(sql: Sql, found: Found, change: GrantScopes) -> None:
    await _store_grant_scopes(sql, found, change.grant_scope_ids or ())


def _named_scopes(change: GrantScopes) -> list[str]:
    return change.grant_scope_ids or []


def _known_scopes(row: Row) -> list[str]:
    return [row["scope_id"], *row["grant_scope_ids"]]


_REFERS = (Reference("grant_scope_ids", (SCOPES,), _named_scopes, _known_scopes),)

ROUTES = routes(
    ROLES,
    creates=Create(NewRole, _insert),
    updates=Act(Described, describe),
    acts={
        **edits(
            "principals", Principals, "principal_ids", _principals, _add_principals, _remove_principals, (USERS, GROUPS)
        ),
        **edits("grants", Grants, "grant_strings", _grants, _add_grants, _remove_grants),
        "add-grant-scopes": Act(GrantScopes, _add_grant_scopes, _REFERS),
        "set-grant-scopes": Act(GrantScopes, _set_grant_scopes, _REFERS),
        "remove-grant-scopes": Act(GrantScopes, _remove_grant_scopes, loses=_REFERS),
    },
)
