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
    kinds = {kind.resource.type: kind for kind in reference.kinds if not _sees_all(caller, kind)}
    typed = [(one, kinds.get(type_of_id(one) or "")) for one in reference.named(body) if one not in has]
    return [(one, kind) for one, kind in typed if kind is not None and one not in kind.built_in]


def _sees_all(caller: Caller, kind: Kind) -> bool:
    area = caller.visibility(kind.resource.type).anybodys.area
    return area.everywhere and "global" in area.scopes


async def _seen(sql: Sql, caller: Caller, unsure: Mapping[str, Kind]) -> frozenset[str]:
    kinds = {kind.resource.type: kind for kind in unsure.values()}
    rows = await sql.fetch(
        " union all ".join(f"{kind.places} where t.id = any($1)" for kind in kinds.values()), list(unsure)
    )
    return frozenset(row["id"] for row in rows if item_actions(unsure[row["id"]], caller, row))
