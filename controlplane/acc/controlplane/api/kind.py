"""What all resources do alike: found, made, changed, deleted, each with its permission, its version and its record.

A `Kind` says how one type of resource lies in the database and looks in JSON; its module has the SQL. Here is the
order in which everything happens, once:

    find the thing -> hidden or missing: 404 -> seen, but not allowed: 403 -> another version: 409 -> the change

Rules: one use case is one transaction. A change names the version that it was made for, and is refused with 409 if
that is not the thing's any more. What may end sessions leaves a note for `recheck`, in the same transaction, and what
changes anything its record for the audit log.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from acc.controlplane.access.grants import Place, Thing
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.places import SCOPE_COLUMNS, Scope, find_scope, missing, scope_of
from acc.controlplane.audit.attempt import note_names, note_place, note_thing
from acc.controlplane.audit.trail import transact
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Database, ForeignKeyViolation, Row, Sql, UniqueViolation, required
from acc.controlplane.store.ids import new_id
from acc.wire.directory.index import RESOURCES
from acc.wire.errors import AccError, Code, wrong_field
from acc.wire.resources import Resource


class Access(Enum):
    """Whether a change can take something away from somebody who has a session."""

    SAME = "same"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one type of resource lies in the database.

    `table` is its table, `t` in all SQL; `columns` are those that `render` wants besides the common ones; `scope` is
    the column that says in which scope it lies, `scope_columns` what is to be known of that scope, `owner` the one that
    says whose it is, `called` the one that people know it by. `recorded_as` is the SQL for its name in the record, if
    that is another one. What is `built_in` is never deleted.
    """

    resource: Resource
    table: str
    columns: str
    render: Callable[[Row], Json]
    scope: str = "t.scope_id"
    scope_columns: str = SCOPE_COLUMNS
    owner: str = "null::text"
    called: str = "name"
    recorded_as: str | None = None
    record: str = "t.created_time, t.updated_time, t.version"
    access: Access = Access.SAME
    built_in: tuple[str, ...] = ()

    @property
    def pin(self) -> str:
        """The column that says to which parent resource it belongs."""
        return "null::text" if self.resource.parent is None else f"t.{self.resource.parent_field}"

    @property
    def select(self) -> str:
        """Its rows, with everything that `find` and `show` need."""
        return f"""
            select t.id, {self.owner} as owner_id, {self.pin} as pin_id, {self.record}, {self.columns},
                {self.scope_columns}, {self.name_on_record} as name_on_record
            from {self.table} t left join scopes p on p.id = {self.scope}
        """  # noqa: S608 (only constants of ours are put in)

    @property
    def name_on_record(self) -> str:
        """The SQL for what the record calls it."""
        return self.recorded_as or f"t.{self.called}"

    @property
    def places(self) -> str:
        """Its rows, with what `thing_of` needs and no more."""
        return f"""
            select t.id, {self.owner} as owner_id, {self.pin} as pin_id, p.id as scope_id,
                p.parent_id as scope_parent_id
            from {self.table} t left join scopes p on p.id = {self.scope}
        """  # noqa: S608 (only constants of ours are put in)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that the caller may act on."""

    kind: Kind
    row: Row
    thing: Thing
    actions: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.row["id"])

    def need(self, action: str) -> None:
        """Raises AccError(NOT_ALLOWED) unless the caller may do `action`."""
        if action not in self.actions and f"{action}:self" not in self.actions:
            raise AccError(Code.NOT_ALLOWED, f"{action} on {self.id}")

    def at_version(self, version: int) -> None:
        """Raises AccError(CONFLICT) unless that is its version."""
        if version != self.row["version"]:
            raise AccError(Code.CONFLICT, f"{self.id} is at version {self.row['version']}, not {version}")


def thing_of(kind: Kind, row: Row) -> Thing:
    """The thing in a row of `kind`, as grants see it."""
    place = Place(row["scope_id"] or "global", row["scope_parent_id"])
    return Thing(place, kind.resource.type, row["id"], owner_id=row["owner_id"], pin=row["pin_id"])


def item_actions(kind: Kind, caller: Caller, row: Row) -> tuple[str, ...]:
    """What the caller may do to the thing in `row`."""
    return caller.actions_on(thing_of(kind, row), _item_actions(kind.resource))


def _item_actions(resource: Resource) -> tuple[str, ...]:
    apart = {"create", "list", *(action.name for action in resource.domain if action.on_collection)}
    return tuple(action for action in resource.actions if action not in apart)


async def find(sql: Database | Sql, caller: Caller, kind: Kind, item_id: str, *, lock: str = "") -> Found:
    """The thing of that id. Raises AccError(NOT_FOUND), the same for one that is hidden and one that is missing."""
    row = await sql.fetchrow(f"{kind.select} where t.id = $1 {lock}", item_id)
    if row is not None:
        note(kind, row)
    actions = item_actions(kind, caller, row) if row else ()
    if row is None or not actions:
        raise missing(kind.resource)
    return Found(kind, row, thing_of(kind, row), actions)


def note(kind: Kind, row: Row) -> None:
    """For the record: the thing in `row` is meant, or lies where what is meant does."""
    note_place(row["scope_id"], row["scope_name"], row["scope_parent_id"])
    note_thing(kind.resource.type, row["id"], row["name_on_record"])


def show(kind: Kind, caller: Caller, row: Row, actions: Sequence[str]) -> Json:
    """The thing in `row` as JSON."""
    scope = scope_of(row)
    item = present(
        id=row["id"],
        scope_id=scope.id if kind.resource.top_level else None,
        scope=scope.info() if scope.id else None,
        created_time=row["created_time"],
        updated_time=row["updated_time"],
        version=row["version"],
    )
    item |= kind.render(row)
    item["authorized_actions"] = actions
    collections = _collection_actions(kind, caller, row)
    if collections:
        item["authorized_collection_actions"] = collections
    return item


def _collection_actions(kind: Kind, caller: Caller, row: Row) -> Mapping[str, Sequence[str]]:
    """What the caller may do in a thing that holds others."""
    if kind.resource.type == "scope":
        place = Place(row["id"], row["scope_id"])
        inside = [one for one in RESOURCES if one.top_level and row["type"] in one.scopes]
        pin = None
    else:
        place = Place(row["scope_id"], row["scope_parent_id"])
        inside = [one for one in RESOURCES if one.parent == kind.resource.type]
        pin = row["id"]
    found = {one.plural: caller.actions_on(Thing(place, one.type, "", pin=pin), _collective(one)) for one in inside}
    return {plural: actions for plural, actions in found.items() if actions}


def _collective(resource: Resource) -> tuple[str, ...]:
    on_collection = (action.name for action in resource.domain if action.on_collection)
    return (*(verb for verb in ("create", "list") if verb in resource.verbs), *on_collection)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a new thing goes: its scope, and the parent resource if it has one; and who makes it."""

    scope: Scope
    parent_id: str | None
    caller: Caller


async def place_for(
    sql: Database | Sql, caller: Caller, kind: Kind, parent_id: str, parent: Kind | None, action: str
) -> Where:
    """Where the caller may make one. Raises AccError: hidden or missing, not allowed, or not where these live."""
    if parent is None:
        scope, pin = await find_scope(sql, caller, parent_id), None
    else:
        found = await find(sql, caller, parent, parent_id)
        scope, pin = scope_of(found.row), found.id
        note_names({found.id: found.row["name_on_record"]})
    if not caller.may(Thing(scope.place, kind.resource.type, "", pin=pin), action):
        raise AccError(Code.NOT_ALLOWED, f"create {kind.resource.plural.replace('-', ' ')} in {parent_id}")
    if scope.type not in kind.resource.scopes:
        where = " or ".join(kind.resource.scopes)
        raise wrong_field("scope_id", f"{kind.resource.plural} live in a scope of type {where}")
    return Where(scope, pin, caller)


async def create(
    db: Database,
    caller: Caller,
    kind: Kind,
    parent_id: str,
    parent: Kind | None,
    insert: Callable[[Sql, Where], Awaitable[str]],
    action: str = "create",
) -> Json:
    """Makes a thing with `insert`, which gives its id, and shows it."""

    async def work(sql: Sql) -> Row:
        where = await place_for(sql, caller, kind, parent_id, parent, action)
        made = await read_row(sql, kind, await insert(sql, where))
        note(kind, made)
        return made

    row = await transact(db, _explained(kind, work))
    return show(kind, caller, row, item_actions(kind, caller, row))


async def change(
    db: Database,
    caller: Caller,
    kind: Kind,
    item_id: str,
    action: str,
    version: int,
    apply: Callable[[Sql, Found], Awaitable[None]],
) -> Json:
    """Changes a thing with `apply`, if the caller may do `action` and it is at `version`, and shows it."""

    async def work(sql: Sql) -> Row:
        found = await find(sql, caller, kind, item_id, lock="for update of t")
        found.need(action)
        found.at_version(version)
        await apply(sql, found)
        await sql.execute(
            f"update {kind.table} set version = version + 1, updated_time = now() where id = $1",  # noqa: S608 (a constant)
            found.id,
        )
        if kind.access is Access.CHANGED:
            await note_access_change(sql)
        return await read_row(sql, kind, item_id)

    row = await transact(db, _explained(kind, work))
    return show(kind, caller, row, item_actions(kind, caller, row))


async def remove(db: Database, caller: Caller, kind: Kind, item_id: str) -> None:
    """Deletes a thing, with all that the schema says goes with it."""

    async def work(sql: Sql) -> None:
        found = await find(sql, caller, kind, item_id, lock="for update of t")
        found.need("delete")
        if found.id in kind.built_in:
            raise AccError(Code.BAD_REQUEST, f"{found.id} is built in and stays")
        await sql.execute(f"delete from {kind.table} where id = $1", found.id)  # noqa: S608 (a constant)
        if kind.access is Access.CHANGED:
            await note_access_change(sql)

    await transact(db, work)


async def read_row(sql: Sql, kind: Kind, item_id: str) -> Row:
    """The row of a thing that is there."""
    return required(await sql.fetchrow(f"{kind.select} where t.id = $1", item_id))


async def note_access_change(sql: Sql) -> None:
    """Has every running session looked at again, once this transaction has committed."""
    await sql.execute("insert into access_changes (id) values ($1)", new_id("ac"))


def _explained(kind: Kind, work: Callable[[Sql], Awaitable[Row]]) -> Callable[[Sql], Awaitable[Row]]:
    async def explained(sql: Sql) -> Row:
        try:
            return await work(sql)
        except UniqueViolation:
            raise AccError(
                Code.CONFLICT,
                f"another {kind.resource.type} there is called so already",
                hint=f"choose another name, or look at the one there is: acc {kind.resource.plural} list",
            ) from None
        except ForeignKeyViolation:
            raise AccError(Code.BAD_REQUEST, "an id names nothing that may stand there") from None

    return explained
