"""Targets: what people reach. Create, list, read, delete; `authorize` turns one into a session.

Rules: a name is unique in its project, and case does not count, because ssh lower-cases names. A name that looks like
an id is refused, so that a name can never stand for another target's id. Deleting a target ends its sessions.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, post

from acc.controlplane.bodies import read_body
from acc.controlplane.caller import Caller
from acc.controlplane.db import Database, Row, Sql, UniqueViolation
from acc.controlplane.ending import cancel_orphans
from acc.controlplane.grants import Place, Thing
from acc.controlplane.ids import new_id
from acc.controlplane.listing import Json, page_of, present, read_page
from acc.controlplane.listing import Place as PageStart
from acc.controlplane.log import event
from acc.controlplane.scopes import Scope, visible_scopes
from acc.controlplane.watcher import Watcher
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name

ACTIONS = ("no-op", "read", "update", "delete", "authorize-session")

COLUMNS = """
    t.id, t.scope_id, t.type, t.name, t.description, t.address, t.default_port, t.extra_ports, t.outage_policy,
    t.session_max_seconds, t.session_connection_limit, t.worker_filter, t.created_time, t.updated_time, t.version
"""
SCOPE_COLUMNS = "p.type as scope_type, p.name as scope_name, p.description as scope_description, p.parent_id"

_LIST = f"""
    select {COLUMNS} from targets t
    where t.scope_id = any($1) and ($2::timestamptz is null or (t.created_time, t.id) < ($2, $3))
    order by t.created_time desc, t.id desc limit $4
"""  # noqa: S608 (only constants of ours are put in)

_READ = f"""
    select {COLUMNS}, {SCOPE_COLUMNS} from targets t join scopes p on p.id = t.scope_id where t.id = $1
"""  # noqa: S608 (only constants of ours are put in)

_INSERT = """
    insert into targets (id, scope_id, type, name, description, address, default_port, extra_ports, outage_policy,
        session_max_seconds, session_connection_limit)
    values ($1, $2, 'tcp', $3, $4, $5, $6, $7, $8, $9, $10)
"""

_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class TargetAttributes(msgspec.Struct, forbid_unknown_fields=True):
    """What a TCP target has of its own."""

    default_port: Port
    extra_ports: Annotated[list[Port], msgspec.Meta(max_length=64)] = []
    outage_policy: Literal["allow", "deny"] = "deny"


class NewTarget(msgspec.Struct, forbid_unknown_fields=True):
    """The body that creates a target."""

    scope_id: str
    name: str
    address: Annotated[str, msgspec.Meta(max_length=253)]
    attributes: TargetAttributes
    type: Literal["tcp"] = "tcp"
    description: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    session_max_seconds: Annotated[int, msgspec.Meta(ge=1, le=31_536_000)] = 28800
    session_connection_limit: Annotated[int, msgspec.Meta(ge=-1, le=1_000_000)] = -1


@post("/v1/targets", status_code=200)
async def create_target(db: Database, caller: Caller, body: bytes) -> Json:
    """A new target in a project."""
    data = read_body(body, NewTarget)
    scopes = await visible_scopes(db, caller, data.scope_id, recursive=False)
    scope = scopes[data.scope_id]
    if not caller.may(Thing(scope.place, "target", ""), "create"):
        raise AccError(Code.NOT_ALLOWED)
    if scope.type != "project":
        raise AccError(Code.BAD_REQUEST, "scope_id: targets live in projects")
    _check(data)
    target_id = new_id("ttcp")
    try:
        await db.fetch(
            _INSERT,
            target_id,
            data.scope_id,
            data.name,
            data.description,
            data.address,
            data.attributes.default_port,
            data.attributes.extra_ports,
            data.attributes.outage_policy,
            data.session_max_seconds,
            data.session_connection_limit,
        )
    except UniqueViolation:
        raise AccError(Code.CONFLICT, f"a target named {data.name} exists already in this project") from None
    event("target created", target=target_id, by=caller.user_id)
    row, actions = await _find(db, caller, target_id)
    return render_target(row, scope_of(row), actions)


@get("/v1/targets")
async def list_targets(
    db: Database,
    caller: Caller,
    scope_id: str = "global",
    recursive: bool = False,
    page_size: int | None = None,
    list_token: str | None = None,
) -> Json:
    """The targets in a scope that the caller may act on."""
    seen = await visible_scopes(db, caller, scope_id, recursive)

    async def fetch(after: PageStart | None, limit: int) -> Sequence[Row]:
        return await db.fetch(
            _LIST, list(seen), after.created_time if after else None, after.id if after else "", limit
        )

    def render(row: Row) -> Json | None:
        scope = seen[row["scope_id"]]
        actions = actions_on(caller, row, scope.parent_id)
        return render_target(row, scope, actions) if actions else None

    return await page_of(fetch, render, read_page(page_size, list_token))


@get("/v1/targets/{target_id:str}")
async def read_target(db: Database, caller: Caller, target_id: str) -> Json:
    """One target."""
    row, actions = await _find(db, caller, target_id)
    if "read" not in actions:
        raise AccError(Code.NOT_ALLOWED)
    return render_target(row, scope_of(row), actions)


@delete("/v1/targets/{target_id:str}")
async def delete_target(db: Database, caller: Caller, watcher: Watcher, target_id: str) -> None:
    """Deletes a target and ends its sessions."""
    _, actions = await _find(db, caller, target_id)
    if "delete" not in actions:
        raise AccError(Code.NOT_ALLOWED)

    async def work(sql: Sql) -> None:
        await sql.execute("delete from targets where id = $1", target_id)
        await cancel_orphans(sql)

    await db.transact(work)
    watcher.wake()
    event("target deleted", target=target_id, by=caller.user_id)


def actions_on(caller: Caller, row: Row, parent_id: str | None) -> tuple[str, ...]:
    """What the caller may do to the target in `row`."""
    return caller.actions_on(Thing(Place(row["scope_id"], parent_id), "target", row["id"]), ACTIONS)


def scope_of(row: Row) -> Scope:
    """The scope in a row that has `SCOPE_COLUMNS`."""
    return Scope(row["scope_id"], row["scope_type"], row["scope_name"], row["scope_description"], row["parent_id"])


def render_target(row: Row, scope: Scope, actions: Sequence[str]) -> Json:
    """A target as JSON."""
    return present(
        id=row["id"],
        scope_id=row["scope_id"],
        scope=scope.info(),
        type=row["type"],
        name=row["name"],
        description=row["description"],
        address=row["address"],
        session_max_seconds=row["session_max_seconds"],
        session_connection_limit=row["session_connection_limit"],
        worker_filter=row["worker_filter"] or None,
        attributes={
            "default_port": row["default_port"],
            "extra_ports": row["extra_ports"],
            "outage_policy": row["outage_policy"],
        },
        created_time=row["created_time"],
        updated_time=row["updated_time"],
        version=row["version"],
        authorized_actions=actions,
    )


async def _find(db: Database, caller: Caller, target_id: str) -> tuple[Row, tuple[str, ...]]:
    row = await db.fetchrow(_READ, target_id)
    actions = actions_on(caller, row, row["parent_id"]) if row else ()
    if row is None or not actions:
        raise AccError(Code.NOT_FOUND)
    return row, actions


def _check(data: NewTarget) -> None:
    if not is_name(data.name) or data.name.lower().startswith("ttcp_"):
        raise AccError(Code.BAD_NAME, f"name: {data.name!r} cannot be a target's name")
    if not _is_host(data.address):
        raise AccError(Code.BAD_REQUEST, "address: must be an IP address or a DNS name, without a port")
    if data.session_connection_limit == 0:
        raise AccError(Code.BAD_REQUEST, "session_connection_limit: must be positive, or -1 for no limit")


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        return not labels[-1].isdigit() and all(_HOST_LABEL.fullmatch(label) for label in labels)
    return "%" not in text


ROUTES = (create_target, list_targets, read_target, delete_target)
