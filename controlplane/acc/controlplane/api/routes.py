"""The routes of a kind: list, create, read, update, delete, and its domain actions, all of one shape.

A resource module says what is particular: the bodies, as strict types, and the SQL that they lead to.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import msgspec
from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler

from acc.controlplane.access.filters import Filter
from acc.controlplane.access.filtertext import parse_filter
from acc.controlplane.api.bodies import Change, Described, given, plain, read_body
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.calls import LIST_PARAMETERS, AnyRequest, Call
from acc.controlplane.api.kind import Access, Found, Kind, Where, change, create, find, remove, show
from acc.controlplane.api.listing import read_page
from acc.controlplane.api.pages import Within, visible_page
from acc.controlplane.api.places import find_scope, scope_of
from acc.controlplane.api.references import Reference, check_references, record_names
from acc.controlplane.service.shape import Json
from acc.controlplane.sessions.watcher import Watcher
from acc.controlplane.store.db import Database, Row, Sql
from acc.wire.errors import AccError, Code

New = TypeVar("New", bound=msgspec.Struct)
Changed = TypeVar("Changed", bound=Change)


@dataclass(frozen=True, slots=True)
class Create(Generic[New]):
    """How one is made: from `body`, whose `parent_field` says where, by `insert`, which gives its id.

    `refers` says where the body names other things; `query` are parameters that are taken and change nothing.
    """

    body: type[New]
    insert: Callable[[Sql, Where, New], Awaitable[str]]
    refers: tuple[Reference[New], ...] = ()
    query: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act(Generic[Changed]):
    """How one is changed: by `body`, which names the version, with `apply`.

    `refers` says where the body names other things, `loses` where it names what is to be taken away.
    """

    body: type[Changed]
    apply: Callable[[Sql, Found, Changed], Awaitable[None]]
    refers: tuple[Reference[Changed], ...] = ()
    loses: tuple[Reference[Changed], ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """A parameter that narrows a list: to rows that meet `condition`, in which `{}` stands for its value."""

    condition: str
    sql_type: str
    read: Callable[[str], object]


async def describe(sql: Sql, found: Found, change: Described) -> None:
    """Gives a thing the name and the description that a change has for it."""
    await sql.execute(
        f"update {found.kind.table} set name = $2, description = $3 where id = $1",  # noqa: S608 (a constant)
        found.id,
        given(change.name, found.row["name"]),
        plain(given(change.description, found.row["description"]), "description"),
    )


def edits(
    word: str,
    body: type[Changed],
    field: str,
    has: Callable[[Row], Sequence[str]],
    add: Callable[[Sql, Found, Sequence[str]], Awaitable[None]],
    remove: Callable[[Sql, Found, Sequence[str]], Awaitable[None]],
    of: tuple[Kind, ...] = (),
) -> Mapping[str, Act[Changed]]:
    """The three actions on a list that a thing `has`: `field` of `body` says what to add, to remove, to make it.

    What is in the list is `of` these kinds, if it is ids. Taking away says nothing of what was not in it.
    """

    def meant(change: Changed) -> Sequence[str]:
        return getattr(change, field) or ()  # null is the empty list

    async def added(sql: Sql, found: Found, change: Changed) -> None:
        await add(sql, found, meant(change))

    async def removed(sql: Sql, found: Found, change: Changed) -> None:
        await remove(sql, found, meant(change))

    async def made(sql: Sql, found: Found, change: Changed) -> None:
        wanted, now = meant(change), has(found.row)
        await remove(sql, found, [one for one in now if one not in wanted])
        await add(sql, found, [one for one in wanted if one not in now])

    refers = (Reference(field, of, meant, has),)
    return {
        f"add-{word}": Act(body, added, refers),
        f"set-{word}": Act(body, made, refers),
        f"remove-{word}": Act(body, removed, loses=refers),
    }


def routes(
    kind: Kind,
    *,
    parent: Kind | None = None,
    creates: Create[Any] | None = None,  # each route hands a body of its own type to its own function
    updates: Act[Any] | None = None,
    acts: Mapping[str, Act[Any]] | None = None,
    searches: Mapping[str, Search] | None = None,
    itself: Callable[[Caller], str] | None = None,
) -> list[HTTPRouteHandler]:
    """The handlers of `kind`. `itself` gives what the id `self` stands for."""
    path, verbs = kind.resource.path, kind.resource.verbs
    item = f"{path}/{{item_id:str}}"
    found: list[HTTPRouteHandler] = []

    def opt(action: str, body: type[msgspec.Struct] | None = None, query: tuple[str, ...] = ()) -> dict[str, object]:
        return Call(resource=kind.resource, action=action, body=body, query=query).opt

    if "list" in verbs:
        own = (*((kind.resource.parent_field,) if parent else ()), *(searches or {}))
        listed = opt("list", query=(*LIST_PARAMETERS, *own))
        found.append(get(path, opt=listed)(_lister(kind, parent, searches or {})))
    if "read" in verbs:
        found.append(get(item, opt=opt("read"))(_reader(kind, itself)))
    if creates is not None:
        made = opt("create", creates.body, creates.query)
        found.append(post(path, status_code=200, opt=made)(_creator(kind, parent, creates)))
    if updates is not None:
        changed = opt("update", updates.body)
        found.append(patch(item, status_code=200, opt=changed)(_changer(kind, "update", updates)))
    if "delete" in verbs:
        found.append(delete(item, opt=opt("delete"))(_remover(kind, itself)))
    for action, act in (acts or {}).items():
        done = opt(action, act.body)
        found.append(post(f"{item}/:{action}", status_code=200, opt=done)(_changer(kind, action, act)))
    return found


def _lister(kind: Kind, parent: Kind | None, searches: Mapping[str, Search]) -> Callable[..., Awaitable[Json]]:
    async def list_items(db: Database, caller: Caller, request: AnyRequest) -> Json:
        asked = request.query_params
        matching = tuple(
            (search.condition, search.read(asked[name]), search.sql_type)
            for name, search in searches.items()
            if asked.get(name)
        )
        within = replace(await read_within(db, caller, asked, parent, kind.resource.parent_field), matching=matching)
        return await visible_page(
            db, caller, kind, within, read_page(asked.get("page_size"), asked.get("list_token")), read_filter(asked)
        )

    return list_items


def _reader(kind: Kind, itself: Callable[[Caller], str] | None) -> Callable[..., Awaitable[Json]]:
    async def read_item(db: Database, caller: Caller, item_id: str) -> Json:
        found = await find(db, caller, kind, itself(caller) if itself and item_id == "self" else item_id)
        found.need("read")
        return show(kind, caller, found.row, found.actions)

    return read_item


def _creator(kind: Kind, parent: Kind | None, creates: Create[Any]) -> Callable[..., Awaitable[Json]]:
    async def create_item(db: Database, caller: Caller, body: bytes) -> Json:
        new = read_body(body, creates.body)

        async def insert(sql: Sql, where: Where) -> str:
            await check_references(sql, caller, creates.refers, new, None)
            await record_names(sql, creates.refers, new)
            return await creates.insert(sql, where, new)

        parent_id = str(getattr(new, kind.resource.parent_field))
        return await create(db, caller, kind, parent_id, parent, insert)

    return create_item


def _changer(kind: Kind, action: str, act: Act[Any]) -> Callable[..., Awaitable[Json]]:
    async def change_item(db: Database, caller: Caller, watcher: Watcher, item_id: str, body: bytes) -> Json:
        wanted = read_body(body, act.body)

        async def apply(sql: Sql, found: Found) -> None:
            await check_references(sql, caller, act.refers, wanted, found.row)
            await record_names(sql, act.refers, wanted)
            await record_names(sql, act.loses, wanted, found.row)
            await act.apply(sql, found, wanted)

        changed = await change(db, caller, kind, item_id, action, wanted.version, apply)
        _wake(kind, watcher)
        return changed

    return change_item


def _remover(kind: Kind, itself: Callable[[Caller], str] | None) -> Callable[..., Awaitable[None]]:
    async def delete_item(db: Database, caller: Caller, watcher: Watcher, item_id: str) -> None:
        await remove(db, caller, kind, itself(caller) if itself and item_id == "self" else item_id)
        _wake(kind, watcher)

    return delete_item


def _wake(kind: Kind, watcher: Watcher) -> None:
    if kind.access is Access.CHANGED:
        watcher.wake()


def read_flag(asked: Mapping[str, str], name: str) -> bool:
    """A parameter that is `true` or `false`, false where it is not said."""
    match asked.get(name, "false"):
        case "true":
            return True
        case "false" | "":
            return False
        case _:
            raise AccError(Code.BAD_REQUEST, f"the query: {name} must be true or false", name)


def read_filter(asked: Mapping[str, str]) -> Filter | None:
    """The `filter` of a list, if there is one."""
    return parse_filter(asked["filter"]) if asked.get("filter") else None


async def read_within(
    db: Database, caller: Caller, asked: Mapping[str, str], parent: Kind | None, parent_field: str, where: str = "true"
) -> Within:
    """Where a list is to look. Raises AccError(NOT_FOUND) where the caller sees nothing."""
    if parent is not None and asked.get(parent_field):
        holder = await find(db, caller, parent, asked[parent_field])
        return Within(scope_of(holder.row), parent_id=holder.id, where=where)
    scope = await find_scope(db, caller, asked.get("scope_id") or "global")
    return Within(scope, recursive=read_flag(asked, "recursive"), where=where)
