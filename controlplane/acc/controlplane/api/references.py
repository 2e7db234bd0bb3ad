"""References: ids in the body of a change that are of other things.

Rule: an id counts if it is of something that the caller may do something with. A hidden thing is refused as a missing
one is, with the same sentence and after the same query. So nobody learns from a refusal what there is, and nobody
attaches what they do not see.

What the changed thing has there already may be said again, and what is built in everybody knows. An id of another type
is left to whoever stores it, since nothing is hidden behind it. Who sees all things of a type cannot be told too much,
so for them there is no query.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from acc.controlplane.api.caller import Caller
from acc.controlplane.api.kind import Kind, item_actions
from acc.controlplane.audit.attempt import note_names
from acc.controlplane.store.db import Row, Sql
from acc.wire.directory.index import type_of_id
from acc.wire.errors import wrong_field

Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Reference(Generic[Body]):
    """A `field` with ids of `kinds`: those `named` in a body, and those that the changed thing `has` there."""

    field: str
    kinds: tuple[Kind, ...]
    named: Callable[[Body], Sequence[str]]
    has: Callable[[Row], Sequence[str]]


async def record_names(sql: Sql, references: Sequence[Reference[Body]], body: Body, lost_by: Row | None = None) -> None:
    """Notes what the things are called that the body names, once it is sure that the caller may name them.

    Of what is taken away from `lost_by` that is what it has: nothing is to be learned about other things.
    """
    named = {
        one: kind
        for reference in references
        for one, kind in _typed(reference, body)
        if lost_by is None or one in reference.has(lost_by)
    }
    kinds = {kind.resource.type: kind for kind in named.values()}
    if named:
        statements = (
            f"select t.id, {kind.name_on_record} as name from {kind.table} t where t.id = any($1)"  # noqa: S608 (constants)
            for kind in kinds.values()
        )
        note_names({row["id"]: row["name"] for row in await sql.fetch(" union all ".join(statements), list(named))})


def _typed(reference: Reference[Body], body: Body) -> Sequence[tuple[str, Kind]]:
    kinds = {kind.resource.type: kind for kind in reference.kinds}
    typed = ((one, kinds.get(type_of_id(one) or "")) for one in reference.named(body))
    return [(one, kind) for one, kind in typed if kind is not None]


async def check_references(
    sql: Sql, caller: Caller, references: Sequence[Reference[Body]], body: Body, changed: Row | None
) -> None:
    """Raises AccError(BAD_REQUEST) if the body has an id of nothing that the caller sees.

    `changed` is the row of the thing, None for a new one.
    """
    fields = {
        one: (reference.field, kind)
        for reference in references
        for one, kind in _unsure(caller, reference, body, () if changed is None else reference.has(changed))
    }
    seen = await _seen(sql, caller, {one: kind for one, (_, kind) in fields.items()}) if fields else ()
    for one, (field, _) in fields.items():
        if one not in seen:
            raise wrong_field(field, f"{one!r} names nothing that may stand there")


def _unsure(caller: Caller, reference: Reference[Body], body: Body, has: Sequence[str]) -> Sequence[tuple[str, Kind]]:
    """The ids, each with its kind, that only the database can say something about."""
    return [
        (one, kind)
        for one, kind in _typed(reference, body)
        if one not in has and one not in kind.built_in and not _sees_all(caller, kind)
    ]


def _sees_all(caller: Caller, kind: Kind) -> bool:
    area = caller.visibility(kind.resource.type).anybodys.area
    return area.everywhere and "global" in area.scopes


async def _seen(sql: Sql, caller: Caller, unsure: Mapping[str, Kind]) -> frozenset[str]:
    kinds = {kind.resource.type: kind for kind in unsure.values()}
    rows = await sql.fetch(
        " union all ".join(f"{kind.places} where t.id = any($1)" for kind in kinds.values()), list(unsure)
    )
    return frozenset(row["id"] for row in rows if item_actions(unsure[row["id"]], caller, row))
