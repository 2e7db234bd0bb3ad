"""Aliases: names that lead to a target from everywhere, whatever project it is in.

Rules: a value is a name, unique whatever its case, and cannot look like an id. Whoever uses an alias needs the right
to the target, and nothing else. An alias whose target is deleted stays, and leads nowhere.
"""

from typing import Literal

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from acc.controlplane.api.bodies import Described, Description, Id, Name, PlainName, given, plain
from acc.controlplane.api.kind import Found, Kind, Where
from acc.controlplane.api.references import Reference
from acc.controlplane.api.routes import Act, Create, describe, routes
from acc.controlplane.directory.hosts import HOSTS
from acc.controlplane.directory.targets import TARGETS
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.index import type_of_id
from acc.wire.directory.machines import ALIAS
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name


class Arguments(msgspec.Struct, forbid_unknown_fields=True):
    """What an alias asks for when it is used."""

    host_id: Id | None = None


class Attributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a target alias has of its own."""

    authorize_session_arguments: Arguments | UnsetType | None = UNSET


class NewAlias(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates an alias."""

    value: PlainName
    scope_id: Id = "global"
    type: Literal["target"] = "target"
    name: Name | None = None
    description: Description | None = None
    destination_id: Id | None = None
    attributes: Attributes = msgspec.field(default_factory=Attributes)


class AliasChange(Described):
    """The body that changes an alias."""

    value: PlainName | UnsetType = UNSET
    destination_id: Id | UnsetType | None = UNSET
    attributes: Attributes = msgspec.field(default_factory=Attributes)


def _render(row: Row) -> Json:
    arguments = {"authorize_session_arguments": {"host_id": row["host_id"]}} if row["host_id"] else None
    return present(
        type=row["type"],
        name=row["name"],
        description=row["description"],
        value=row["value"],
        destination_id=row["destination_id"],
        attributes=arguments,
    )


ALIASES = Kind(
    resource=ALIAS,
    table="aliases",
    columns="t.type, t.name, t.description, t.value, t.destination_id, t.host_id",
    render=_render,
    called="value",
)


def _value(value: str) -> str:
    if not is_name(value) or type_of_id(value) is not None:
        raise AccError(Code.BAD_NAME, f"value: {value[:64]!r} cannot be an alias", "value")
    return value


def _host_id(attributes: Attributes, kept: str | None) -> str | None:
    match attributes.authorize_session_arguments:
        case UnsetType():
            return kept
        case None:
            return None
        case Arguments(host_id=host_id):
            return host_id


async def _insert(sql: Sql, where: Where, new: NewAlias) -> str:
    alias_id = new_id("alt")
    await sql.execute(
        "insert into aliases (id, scope_id, type, name, description, value, destination_id, host_id)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        alias_id,
        where.scope.id,
        new.type,
        new.name,
        plain(new.description, "description"),
        _value(new.value),
        new.destination_id,
        _host_id(new.attributes, None),
    )
    return alias_id


async def _update(sql: Sql, found: Found, change: AliasChange) -> None:
    row = found.row
    await describe(sql, found, change)
    await sql.execute(
        "update aliases set value = $2, destination_id = $3, host_id = $4 where id = $1",
        found.id,
        _value(given(change.value, row["value"])),
        given(change.destination_id, row["destination_id"]),
        _host_id(change.attributes, row["host_id"]),
    )


def _destination(body: NewAlias | AliasChange) -> list[str]:
    return [body.destination_id] if isinstance(body.destination_id, str) else []


def _host(body: NewAlias | AliasChange) -> list[str]:
    host_id = _host_id(body.attributes, None)
    return [] if host_id is None else [host_id]


_REFERS = (
    Reference("destination_id", (TARGETS,), _destination, lambda row: [row["destination_id"]]),
    Reference("attributes.authorize_session_arguments.host_id", (HOSTS,), _host, lambda row: [row["host_id"]]),
)

ROUTES: list[HTTPRouteHandler] = routes(
    ALIASES, creates=Create(NewAlias, _insert, _REFERS), updates=Act(AliasChange, _update, _REFERS)
)
