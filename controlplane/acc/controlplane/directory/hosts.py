"""Host catalogs, the hosts in them, and host sets: which machines do the same job.

Rule: a set and its hosts are of one catalog, by foreign key. Catalogs are static; one that finds its hosts elsewhere
would be another `type` beside it, with the same two tables below it. A host's name never looks like an id, so that it
can never stand for another host. Deleting a host ends the sessions that lead to it.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from acc.controlplane.api.bodies import Change, Described, Description, Id, Ids, Name, given, plain
from acc.controlplane.api.kind import Access, Found, Kind, Where
from acc.controlplane.api.routes import Act, Create, describe, edits, routes
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.index import type_of_id
from acc.wire.directory.machines import HOST, HOST_CATALOG, HOST_SET
from acc.wire.errors import AccError, Code, wrong_field

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=253)]

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)


def host_address(text: str, where: str) -> str:
    """The address of a host, without a port. Raises AccError(BAD_REQUEST)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        good = not labels[-1].isdigit() and all(_LABEL.fullmatch(label) for label in labels)
    else:
        good = "%" not in text
    if not good:
        raise wrong_field(where, "must be an IP address or a DNS name, without a port")
    return text


class NewCatalog(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a host catalog."""

    scope_id: Id
    type: Literal["static"] = "static"
    name: Name | None = None
    description: Description | None = None


class NewHostAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a static host has of its own."""

    address: Address


class NewHost(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a host."""

    host_catalog_id: Id
    attributes: NewHostAttributes
    type: Literal["static"] = "static"
    name: Name | None = None
    description: Description | None = None


class HostAttributesChange(msgspec.Struct, forbid_unknown_fields=True):
    """A change of the same."""

    address: Address | UnsetType = UNSET


class HostChange(Described):
    """The body that changes a host."""

    attributes: HostAttributesChange = msgspec.field(default_factory=HostAttributesChange)


class NewHostSet(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a host set."""

    host_catalog_id: Id
    type: Literal["static"] = "static"
    name: Name | None = None
    description: Description | None = None


class Hosts(Change):
    """The body that says which hosts are in a set."""

    host_ids: Ids | None


def _render_catalog(row: Row) -> Json:
    return present(name=row["name"], description=row["description"], type=row["type"])


def _render_host(row: Row) -> Json:
    return present(
        name=row["name"],
        description=row["description"],
        type="static",
        host_catalog_id=row["pin_id"],
        attributes={"address": row["address"]},
        host_set_ids=row["host_set_ids"],
    )


def _render_set(row: Row) -> Json:
    return present(
        name=row["name"],
        description=row["description"],
        type="static",
        host_catalog_id=row["pin_id"],
        host_ids=row["host_ids"],
    )


CATALOGS = Kind(
    resource=HOST_CATALOG,
    table="host_catalogs",
    columns="t.type, t.name, t.description",
    render=_render_catalog,
    access=Access.CHANGED,
)

HOSTS = Kind(
    resource=HOST,
    table="hosts",
    columns="""
        t.name, t.description, t.address,
        array(select m.host_set_id from host_set_hosts m where m.host_id = t.id order by 1) as host_set_ids
    """,
    render=_render_host,
    access=Access.CHANGED,
)

HOST_SETS = Kind(
    resource=HOST_SET,
    table="host_sets",
    columns="""
        t.name, t.description,
        array(select m.host_id from host_set_hosts m where m.host_set_id = t.id order by 1) as host_ids
    """,
    render=_render_set,
    access=Access.CHANGED,
)


async def _insert_catalog(sql: Sql, where: Where, new: NewCatalog) -> str:
    catalog_id = new_id("hcst")
    await sql.execute(
        "insert into host_catalogs (id, scope_id, type, name, description) values ($1, $2, $3, $4, $5)",
        catalog_id,
        where.scope.id,
        new.type,
        new.name,
        plain(new.description, "description"),
    )
    return catalog_id


async def _insert_host(sql: Sql, where: Where, new: NewHost) -> str:
    host_id = new_id("hst")
    await sql.execute(
        "insert into hosts (id, host_catalog_id, scope_id, name, description, address) values ($1, $2, $3, $4, $5, $6)",
        host_id,
        where.parent_id,
        where.scope.id,
        _name(new.name),
        plain(new.description, "description"),
        host_address(new.attributes.address, "attributes.address"),
    )
    return host_id


async def _update_host(sql: Sql, found: Found, change: HostChange) -> None:
    _name(given(change.name, None))
    await describe(sql, found, change)
    if not isinstance(change.attributes.address, UnsetType):
        await sql.execute(
            "update hosts set address = $2, failed_time = null where id = $1",
            found.id,
            host_address(change.attributes.address, "attributes.address"),
        )


def _name(name: str | None) -> str | None:
    if name is not None and type_of_id(name) is not None:
        raise AccError(
            Code.BAD_NAME,
            f"name: {name[:64]!r} looks like an id",
            "name",
            hint="choose one that does not begin as ids do, with a prefix and an underscore",
        )
    return name


async def _insert_set(sql: Sql, where: Where, new: NewHostSet) -> str:
    set_id = new_id("hsst")
    await sql.execute(
        "insert into host_sets (id, host_catalog_id, scope_id, name, description) values ($1, $2, $3, $4, $5)",
        set_id,
        where.parent_id,
        where.scope.id,
        new.name,
        plain(new.description, "description"),
    )
    return set_id


def _hosts(row: Row) -> list[str]:
    return list(row["host_ids"])


async def _add_hosts(sql: Sql, found: Found, host_ids: Sequence[str]) -> None:
    await sql.execute(
        "insert into host_set_hosts (host_set_id, host_id, host_catalog_id) select $1, unnest($2::text[]), $3"
        " on conflict do nothing",
        found.id,
        host_ids,
        found.row["pin_id"],
    )


async def _remove_hosts(sql: Sql, found: Found, host_ids: Sequence[str]) -> None:
    await sql.execute("delete from host_set_hosts where host_set_id = $1 and host_id = any($2)", found.id, host_ids)


ROUTES = [
    *routes(CATALOGS, creates=Create(NewCatalog, _insert_catalog), updates=Act(Described, describe)),
    *routes(HOSTS, parent=CATALOGS, creates=Create(NewHost, _insert_host), updates=Act(HostChange, _update_host)),
    *routes(
        HOST_SETS,
        parent=CATALOGS,
        creates=Create(NewHostSet, _insert_set),
        updates=Act(Described, describe),
        acts=edits("hosts", Hosts, "host_ids", _hosts, _add_hosts, _remove_hosts, (HOSTS,)),
    ),
]
