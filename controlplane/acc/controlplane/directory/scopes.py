"""Scopes: global, orgs in it, projects in orgs.

Rule: the level follows from where a scope is made: in global an org, in an org a project. Global itself is made by
`init` and is neither renamed nor deleted. What is in a scope goes with it, and its running sessions end.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from acc.controlplane.api.bodies import Described, Description, Id, Name, given, plain
from acc.controlplane.api.kind import Access, Found, Kind, Where
from acc.controlplane.api.references import Reference
from acc.controlplane.api.routes import Act, Create, describe, routes
from acc.controlplane.directory.auth_methods import AUTH_METHODS, set_primary_auth_method
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.people import SCOPE
from acc.wire.errors import wrong_field


class NewScope(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a scope."""

    scope_id: Id
    name: Name
    description: Description | None = None
    type: Literal["org", "project"] | None = None


class ScopeChange(Described):
    """The body that changes a scope."""

    primary_auth_method_id: Id | UnsetType | None = UNSET


def _render(row: Row) -> Json:
    return present(
        name=row["name"],
        description=row["description"],
        type=row["type"],
        primary_auth_method_id=row["primary_auth_method_id"],
    )


SCOPES = Kind(
    resource=SCOPE,
    table="scopes",
    columns="""
        t.name, t.description, t.type,
        (select m.auth_method_id from primary_auth_methods m where m.scope_id = t.id) as primary_auth_method_id
    """,
    render=_render,
    scope="t.parent_id",
    access=Access.CHANGED,
    built_in=("global",),
)


async def create_scope(sql: Sql, *, parent_id: str, name: str, description: str | None = None) -> str:
    """A new org in global, or a new project in an org."""
    kind, prefix, parent_type = ("org", "o", "global") if parent_id == "global" else ("project", "p", "org")
    scope_id = new_id(prefix)
    await sql.execute(
        "insert into scopes (id, type, parent_id, parent_type, name, description) values ($1, $2, $3, $4, $5, $6)",
        scope_id,
        kind,
        parent_id,
        parent_type,
        name,
        plain(description, "description"),
    )
    return scope_id


async def _insert(sql: Sql, where: Where, new: NewScope) -> str:
    level = "org" if where.scope.type == "global" else "project"
    if new.type not in (None, level):
        raise wrong_field("type", f"in {where.scope.type} there are only scopes of type {level}")
    return await create_scope(sql, parent_id=where.scope.id, name=new.name, description=new.description)


async def _update(sql: Sql, found: Found, change: ScopeChange) -> None:
    name = given(change.name, found.row["name"])
    if name is None or (found.id == "global" and name != "global"):
        raise wrong_field("name", "a scope has one, and global keeps its own")
    await describe(sql, found, change)
    if not isinstance(change.primary_auth_method_id, UnsetType):
        await set_primary_auth_method(sql, found.id, change.primary_auth_method_id)


def _primary(change: ScopeChange) -> list[str]:
    return [change.primary_auth_method_id] if isinstance(change.primary_auth_method_id, str) else []


_REFERS = (Reference("primary_auth_method_id", (AUTH_METHODS,), _primary, lambda row: [row["primary_auth_method_id"]]),)

SKIPPED = ("skip_admin_role_creation", "skip_default_role_creation")
"""What Boundary's clients say of roles that it would make with a scope; here none is made."""

ROUTES = routes(SCOPES, creates=Create(NewScope, _insert, query=SKIPPED), updates=Act(ScopeChange, _update, _REFERS))
