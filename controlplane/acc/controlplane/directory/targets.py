"""Targets: what people reach. `authorize` turns one into a session.

Rules: a name is unique in its project, and case does not count, because ssh lower-cases names. A name that looks like
an id is refused, so that a name can never stand for another target's id. A target leads to its address, or to a host
of its host sets, never both. Deleting a target ends its sessions.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from acc.controlplane.access.filtertext import parse_filter
from acc.controlplane.api.bodies import Change, Description, Id, Ids, PlainName, given, plain
from acc.controlplane.api.kind import Access, Found, Kind, Where
from acc.controlplane.api.routes import Act, Create, edits, routes
from acc.controlplane.directory.hosts import HOST_SETS, Address, host_address
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.index import type_of_id
from acc.wire.directory.machines import TARGET
from acc.wire.errors import AccError, Code, wrong_field
from acc.wire.names import is_name

SESSION_SECONDS = 28800
NO_LIMIT = -1

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Ports = Annotated[list[Port], msgspec.Meta(max_length=64)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=31_536_000)]
Limit = Annotated[int, msgspec.Meta(ge=-1, le=1_000_000)]
FilterText = Annotated[str, msgspec.Meta(max_length=2048)]
OutagePolicy = Literal["allow", "deny"]


class NewAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a TCP target has of its own."""

    default_port: Port
    default_client_port: Port | None = None
    extra_ports: Ports = []
    outage_policy: OutagePolicy = "deny"


class NewTarget(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a target."""

    scope_id: Id
    name: PlainName
    attributes: NewAttributes
    address: Address | None = None
    type: Literal["tcp"] = "tcp"
    description: Description | None = None
    session_max_seconds: Seconds = SESSION_SECONDS
    session_connection_limit: Limit = NO_LIMIT
    egress_worker_filter: FilterText | None = None


class AttributesChange(msgspec.Struct, forbid_unknown_fields=True):
    """A change of the same."""

    default_port: Port | UnsetType = UNSET
    default_client_port: Port | UnsetType | None = UNSET
    extra_ports: Ports | UnsetType | None = UNSET
    outage_policy: OutagePolicy | UnsetType | None = UNSET


class TargetChange(Change):
    """The body that changes a target. Its name cannot be taken away."""

    name: PlainName | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    address: Address | UnsetType | None = UNSET
    session_max_seconds: Seconds | UnsetType | None = UNSET
    session_connection_limit: Limit | UnsetType | None = UNSET
    egress_worker_filter: FilterText | UnsetType | None = UNSET
    attributes: AttributesChange = msgspec.field(default_factory=AttributesChange)


class HostSources(Change):
    """The body that says which host sets a target leads to."""

    host_source_ids: Ids | None


def _render(row: Row) -> Json:
    sources = [one.split(" ") for one in row["host_sources"]]
    aliases = [one.split(" ") for one in row["aliases"]]
    return present(
        type=row["type"],
        name=row["name"],
        description=row["description"],
        address=row["address"],
        host_source_ids=_sources(row),
        host_sources=[{"id": set_id, "host_catalog_id": catalog_id} for set_id, catalog_id in sources],
        session_max_seconds=row["session_max_seconds"],
        session_connection_limit=row["session_connection_limit"],
        egress_worker_filter=row["egress_worker_filter"],
        aliases=[{"id": alias_id, "value": value} for alias_id, value in aliases],
        attributes=present(
            default_port=row["default_port"],
            default_client_port=row["default_client_port"],
            extra_ports=row["extra_ports"],
            outage_policy=row["outage_policy"],
        ),
    )


TARGETS = Kind(
    resource=TARGET,
    table="targets",
    columns="""
        t.type, t.name, t.description, t.address, t.default_port, t.default_client_port, t.extra_ports,
        t.outage_policy, t.session_max_seconds, t.session_connection_limit, t.egress_worker_filter,
        array(select s.id || ' ' || s.host_catalog_id from target_host_sets m join host_sets s on s.id = m.host_set_id
            where m.target_id = t.id order by 1) as host_sources,
        array(select a.id || ' ' || a.value from aliases a where a.destination_id = t.id order by 1) as aliases
    """,
    render=_render,
    access=Access.CHANGED,
)


async def _insert(sql: Sql, where: Where, new: NewTarget) -> str:
    target_id = new_id("ttcp")
    await sql.execute(
        "insert into targets (id, scope_id, type, name, description, address, default_port, default_client_port,"
        " extra_ports, outage_policy, session_max_seconds, session_connection_limit, egress_worker_filter)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        target_id,
        where.scope.id,
        new.type,
        _name(new.name),
        plain(new.description, "description"),
        _address(new.address),
        new.attributes.default_port,
        new.attributes.default_client_port,
        new.attributes.extra_ports,
        new.attributes.outage_policy,
        new.session_max_seconds,
        _limit(new.session_connection_limit),
        _filter(new.egress_worker_filter),
    )
    return target_id


async def _update(sql: Sql, found: Found, change: TargetChange) -> None:
    row, attributes = found.row, change.attributes
    address = _address(given(change.address, row["address"]))
    if address is not None and row["host_sources"]:
        raise wrong_field("address", "a target with host sources has none")
    await sql.execute(
        "update targets set name = $2, description = $3, address = $4, default_port = $5, default_client_port = $6,"
        " extra_ports = $7, outage_policy = $8, session_max_seconds = $9, session_connection_limit = $10,"
        " egress_worker_filter = $11 where id = $1",
        found.id,
        _name(given(change.name, row["name"])),
        plain(given(change.description, row["description"]), "description"),
        address,
        given(attributes.default_port, row["default_port"]),
        given(attributes.default_client_port, row["default_client_port"]),
        given(attributes.extra_ports, row["extra_ports"]) or [],
        given(attributes.outage_policy, row["outage_policy"]) or "deny",
        given(change.session_max_seconds, row["session_max_seconds"]) or SESSION_SECONDS,
        _limit(given(change.session_connection_limit, row["session_connection_limit"])),
        _filter(given(change.egress_worker_filter, row["egress_worker_filter"])),
    )


def _name(name: str) -> str:
    if not is_name(name) or type_of_id(name) is not None:
        raise AccError(Code.BAD_NAME, f"name: {name[:64]!r} cannot be a target's name", "name")
    return name


def _address(address: str | None) -> str | None:
    return None if address is None else host_address(address, "address")


def _limit(limit: int | None) -> int:
    if limit == 0:
        raise wrong_field("session_connection_limit", "must be positive, or -1 for no limit")
    return NO_LIMIT if limit is None else limit


def _filter(text: str | None) -> str | None:
    if text:
        parse_filter(text)
    return text or None


def _sources(row: Row) -> list[str]:
    return [one.split(" ")[0] for one in row["host_sources"]]


async def _add_sources(sql: Sql, found: Found, set_ids: Sequence[str]) -> None:
    if set_ids and found.row["address"] is not None:
        raise wrong_field("host_source_ids", "a target with an address has none")
    await sql.execute(
        "insert into target_host_sets (target_id, host_set_id, scope_id) select $1, unnest($2::text[]), $3"
        " on conflict do nothing",
        found.id,
        set_ids,
        found.row["scope_id"],
    )


async def _remove_sources(sql: Sql, found: Found, set_ids: Sequence[str]) -> None:
    await sql.execute("delete from target_host_sets where target_id = $1 and host_set_id = any($2)", found.id, set_ids)


ROUTES = routes(
    TARGETS,
    creates=Create(NewTarget, _insert),
    updates=Act(TargetChange, _update),
    acts=edits("host-sources", HostSources, "host_source_ids", _sources, _add_sources, _remove_sources, (HOST_SETS,)),
)
