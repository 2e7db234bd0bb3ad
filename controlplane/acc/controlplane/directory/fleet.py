"""Workers as operators see them: which there are, their tags, and a new one's token.

Tags are what filters pick workers by: those given here and those that a worker states itself, together. Deleting a
worker takes its certificate's worth away: it cannot come back without a new token.
"""

import json
from dataclasses import dataclass
from typing import Annotated

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from acc.controlplane.api import misfit
from acc.controlplane.api.bodies import Change, Described, Description, Id, PlainName, given, plain, read_body
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.calls import Call
from acc.controlplane.api.kind import Found, Kind, Where, create
from acc.controlplane.api.routes import Act, describe, routes
from acc.controlplane.link.workers import EnrolmentToken, create_enrolment_secret, merged_tags, tags_in
from acc.controlplane.service.log import event
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Database, Row, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.directory.machines import WORKER
from acc.wire.errors import AccError, Code, wrong_field
from acc.wire.names import is_name

TOKEN_SECONDS = 3600
MAX_TAGS = 64

Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=misfit.NAME)]
Values = Annotated[list[Tag], msgspec.Meta(min_length=1, max_length=MAX_TAGS)]
Tags = Annotated[dict[Tag, Values], msgspec.Meta(max_length=MAX_TAGS)]


@dataclass(frozen=True, slots=True)
class WorkerDoor:
    """What a new worker must know to find and trust the controllers."""

    controllers: tuple[str, ...]
    ca_der: bytes
    cluster_id: str


class NewWorker(msgspec.Struct, forbid_unknown_fields=True):
    """The body that makes a worker."""

    name: PlainName
    scope_id: Id = "global"
    description: Description | None = None


class TagsChange(Change):
    """The body that says which tags a worker has from here."""

    api_tags: Tags | None


def _render(row: Row) -> Json:
    api, config = tags_in(row["api_tags"]), tags_in(row["config_tags"])
    return present(
        name=row["name"],
        description=row["description"],
        type="pki",
        address=row["address"] or None,
        api_tags=api,
        config_tags=config,
        canonical_tags=merged_tags(api, config),
        release_version=row["release_version"] or None,
        active_connection_count=row["open_connections"],
        draining=row["draining"],
        last_status_time=row["last_status_time"],
    )


WORKERS = Kind(
    resource=WORKER,
    table="workers",
    columns="""
        t.name, t.description, t.address, t.api_tags, t.config_tags, t.release_version, t.open_connections,
        t.draining, t.last_status_time
    """,
    render=_render,
)


_CREATE = Call(resource=WORKER, action="create:controller-led", body=NewWorker)


@post("/v1/workers/:create:controller-led", status_code=200, opt=_CREATE.opt)
async def create_worker(db: Database, caller: Caller, worker_door: WorkerDoor, body: bytes) -> Json:
    """A new worker, and the token that enrols it, which is shown this once."""
    new = read_body(body, NewWorker)
    secrets: list[str] = []

    async def insert(sql: Sql, where: Where) -> str:
        secrets[:] = [await create_enrolment_secret(sql, name=new.name, valid_seconds=TOKEN_SECONDS)]
        worker_id = new_id("w")
        await sql.execute(
            "insert into workers (id, scope_id, name, description) values ($1, $2, $3, $4)",
            worker_id,
            where.scope.id,
            new.name,
            plain(new.description, "description"),
        )
        return worker_id

    made = await create(db, caller, WORKERS, new.scope_id, None, insert, "create:controller-led")
    event("worker created", worker=made["id"], by=caller.user_id)
    token = EnrolmentToken(
        controllers=worker_door.controllers,
        ca_der=worker_door.ca_der,
        cluster_id=worker_door.cluster_id,
        secret=secrets[0],
    )
    return made | {"controller_generated_activation_token": token.text()}


async def _update(sql: Sql, found: Found, change: Described) -> None:
    name = given(change.name, found.row["name"])
    if name is None or not is_name(name):
        raise AccError(Code.BAD_NAME, "a worker has a name of letters, digits, dot, underscore and hyphen", "name")
    await describe(sql, found, change)


async def _add_tags(sql: Sql, found: Found, change: TagsChange) -> None:
    await _store_tags(sql, found, merged_tags(tags_in(found.row["api_tags"]), change.api_tags or {}))


async def _set_tags(sql: Sql, found: Found, change: TagsChange) -> None:
    await _store_tags(sql, found, change.api_tags or {})


async def _remove_tags(sql: Sql, found: Found, change: TagsChange) -> None:
    gone = change.api_tags or {}
    kept = {
        key: [value for value in values if value not in gone.get(key, ())]
        for key, values in tags_in(found.row["api_tags"]).items()
    }
    await _store_tags(sql, found, {key: values for key, values in kept.items() if values})


async def _store_tags(sql: Sql, found: Found, tags: dict[str, list[str]]) -> None:
    if len(tags) > MAX_TAGS or any(len(values) > MAX_TAGS for values in tags.values()):
        raise wrong_field("api_tags", f"a worker has at most {MAX_TAGS} tags of {MAX_TAGS} values")
    await sql.execute("update workers set api_tags = $2 where id = $1", found.id, json.dumps(tags))


ROUTES: list[HTTPRouteHandler] = [
    create_worker,
    *routes(
        WORKERS,
        updates=Act(Described, _update),
        acts={
            "add-worker-tags": Act(TagsChange, _add_tags),
            "set-worker-tags": Act(TagsChange, _set_tags),
            "remove-worker-tags": Act(TagsChange, _remove_tags),
        },
    ),
]
