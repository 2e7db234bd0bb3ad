"""Scopes: global, orgs in it, projects in orgs.

A caller sees a scope if one of their roles reaches it or something below it; global is seen by everyone. A hidden
scope and a missing one get the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litestar import get

from acc.controlplane.caller import Caller
from acc.controlplane.db import Database, Row, Sql
from acc.controlplane.grants import Place, Thing, reaches
from acc.controlplane.ids import new_id
from acc.controlplane.listing import Json, page_of, present, read_page
from acc.controlplane.listing import Place as PageStart
from acc.wire.errors import AccError, Code

_ACTIONS = ("no-op", "read", "update", "delete")

_SUBTREE = """
    select id, type, name, description, parent_id from scopes
    where id = $1 or parent_id = $1 or parent_id in (select id from scopes where parent_id = $1)
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope, as others quote it."""

    id: str
    type: str
    name: str
    description: str | None
    parent_id: str | None

    @property
    def place(self) -> Place:
        """The scope as grants see it."""
        return Place(self.id, self.parent_id)

    def info(self) -> Json:
        """The `scope` object inside every resource."""
        return present(
            id=self.id, type=self.type, name=self.name, description=self.description, parent_scope_id=self.parent_id
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
        description,
    )
    return scope_id


async def visible_scopes(db: Database, caller: Caller, scope_id: str, recursive: bool) -> Mapping[str, Scope]:
    """The scope, and with `recursive` all below it. Raises AccError(NOT_FOUND) if the caller may not see it."""
    scopes = [_scope(row) for row in await db.fetch(_SUBTREE, scope_id)]
    seen = seen_scopes(caller, scopes)
    if scope_id not in seen:
        raise AccError(Code.NOT_FOUND)
    return seen if recursive else {scope_id: seen[scope_id]}


def seen_scopes(caller: Caller, scopes: Sequence[Scope]) -> Mapping[str, Scope]:
    """Those of `scopes` that the caller sees. Whatever lies below them must be among them."""
    by_id = {scope.id: scope for scope in scopes}
    seen = {"global"} & by_id.keys()
    for scope in scopes:
        if any(reaches(grant, scope.place) for grant in caller.role_grants):
            above: Scope | None = scope
            while above is not None and above.id not in seen:
                seen.add(above.id)
                above = by_id.get(above.parent_id or "")
    return {scope.id: scope for scope in scopes if scope.id in seen}


@get("/v1/scopes")
async def list_scopes(
    db: Database,
    caller: Caller,
    scope_id: str = "global",
    recursive: bool = False,
    page_size: int | None = None,
    list_token: str | None = None,
) -> Json:
    """The scopes in a scope."""
    seen = await visible_scopes(db, caller, scope_id, recursive=True)

    async def fetch(after: PageStart | None, limit: int) -> Sequence[Row]:
        return await db.fetch(
            "select id, description, created_time, updated_time, version from scopes"
            " where id = any($1) and id <> $2 and ($3 or parent_id = $2)"
            " and ($4::timestamptz is null or (created_time, id) < ($4, $5))"
            " order by created_time desc, id desc limit $6",
            list(seen),
            scope_id,
            recursive,
            after.created_time if after else None,
            after.id if after else "",
            limit,
        )

    def render(row: Row) -> Json:
        return _render(caller, row, seen[row["id"]], seen)

    return await page_of(fetch, render, read_page(page_size, list_token))


@get("/v1/scopes/{scope_id:str}")
async def read_scope(db: Database, caller: Caller, scope_id: str) -> Json:
    """One scope."""
    seen = await visible_scopes(db, caller, scope_id, recursive=False)
    row = await db.fetchrow(
        "select id, description, created_time, updated_time, version, parent_id from scopes where id = $1", scope_id
    )
    if row is None:
        raise AccError(Code.NOT_FOUND)
    parents = [
        _scope(one)
        for one in await db.fetch(
            "select id, type, name, description, parent_id from scopes where id = $1", row["parent_id"]
        )
    ]
    return _render(caller, row, seen[scope_id], {parent.id: parent for parent in parents})


def _render(caller: Caller, row: Row, scope: Scope, around: Mapping[str, Scope]) -> Json:
    # A scope is a thing in the scope that it lies in; global lies in itself.
    parent = around.get(scope.parent_id or "global")
    grandparent = None if scope.parent_id in (None, "global") else "global"
    place = Place(scope.parent_id or "global", grandparent)
    return present(
        id=scope.id,
        scope_id=scope.parent_id,
        scope=parent.info() if parent and scope.parent_id else None,
        name=scope.name,
        description=scope.description,
        created_time=row["created_time"],
        updated_time=row["updated_time"],
        version=row["version"],
        type=scope.type,
        authorized_actions=caller.actions_on(Thing(place, "scope", scope.id), _ACTIONS),
    )


def _scope(row: Row) -> Scope:
    return Scope(row["id"], row["type"], row["name"], row["description"], row["parent_id"])


ROUTES = (list_scopes, read_scope)
