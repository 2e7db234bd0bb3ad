"""Where things are: scopes as everything else sees them.

Three levels, global > org > project, so a scope and its parent's id say all about where a thing lies. A caller sees a
scope if one of their roles counts in it or in something below it; global is seen by everyone. A hidden scope and a
missing one get the same answer.
"""

from dataclasses import dataclass

from acc.controlplane.access.grants import Place, reaches
from acc.controlplane.api.caller import Caller
from acc.controlplane.audit.attempt import note_place
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Database, Row, Sql
from acc.wire.directory.people import SCOPE
from acc.wire.errors import AccError, Code
from acc.wire.resources import Resource

SCOPE_COLUMNS = """
    p.id as scope_id, p.type as scope_type, p.name as scope_name, p.description as scope_description,
    p.parent_id as scope_parent_id
"""
"""Columns of the scope `p`, for `scope_of`."""

_FIND = f"""
    select {SCOPE_COLUMNS}, exists (select 1 from scopes c where c.parent_id = p.id and c.id = any($2)) as has_seen
    from scopes p where p.id = $1
"""  # noqa: S608 (only a constant of ours is put in)


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


def scope_of(row: Row) -> Scope:
    """The scope in a row that has `SCOPE_COLUMNS`."""
    return Scope(
        row["scope_id"], row["scope_type"], row["scope_name"], row["scope_description"], row["scope_parent_id"]
    )


async def find_scope(db: Database | Sql, caller: Caller, scope_id: str) -> Scope:
    """The scope. Raises AccError(NOT_FOUND) if it does not exist or the caller may not see it."""
    row = await db.fetchrow(_FIND, scope_id, list(caller.scope_ids))
    if row is None:
        raise missing(SCOPE)
    scope = scope_of(row)
    note_place(scope.id, scope.name, scope.parent_id)
    if scope.id == "global" or row["has_seen"] or _counts_there(caller, scope):
        return scope
    raise missing(SCOPE)


def missing(resource: Resource) -> AccError:
    """What is said of a thing that is hidden or missing: the type that was asked for, so that both get one answer."""
    return AccError(Code.NOT_FOUND, resource.type.replace("-", " "), hint=resource.where_to_look)


def _counts_there(caller: Caller, scope: Scope) -> bool:
    return any(
        reaches(one, scope.place) or (one.reach == "children" and one.scope_id == scope.id)
        for one in caller.role_grants
    )
