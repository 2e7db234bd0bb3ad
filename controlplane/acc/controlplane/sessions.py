"""Sessions as people see them: list, read, cancel.

A session is one user's permission for one target until a time. Its owner may always read and cancel it; others need a
grant. What the caller may not act on is not listed, and reads as missing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from litestar import get, post

from acc.controlplane import ending
from acc.controlplane.bodies import read_optional_body
from acc.controlplane.caller import Caller
from acc.controlplane.connections import CONNECTION_COLUMNS, render_connection
from acc.controlplane.db import Database, Row, Sql, required
from acc.controlplane.grants import ANY, Place, Thing
from acc.controlplane.listing import Json, page_of, present, read_page
from acc.controlplane.listing import Place as PageStart
from acc.controlplane.log import event
from acc.controlplane.scopes import Scope, visible_scopes
from acc.controlplane.watcher import Watcher
from acc.wire.errors import AccError, Code

MAX_CONNECTIONS_SHOWN = 1000

_ACTIONS = ("no-op", "read", "read:self", "cancel", "cancel:self")

_COLUMNS = """
    s.id, s.scope_id, s.user_id, s.user_name, s.target_id, s.target_name, s.auth_token_id, s.endpoint, s.state,
    s.termination_reason, s.connection_limit, s.created_time, s.updated_time, s.expiration_time, s.version
"""
_SCOPE_COLUMNS = "p.type as scope_type, p.name as scope_name, p.description as scope_description, p.parent_id"

_LIST = f"""
    select {_COLUMNS} from sessions s
    where s.scope_id = any($1) and ($2 or s.state <> 'terminated') and ($3::text is null or s.user_id = $3)
    and ($4::timestamptz is null or (s.created_time, s.id) < ($4, $5))
    order by s.created_time desc, s.id desc limit $6
"""  # noqa: S608 (only constants of ours are put in)

_READ = f"""
    select {_COLUMNS}, {_SCOPE_COLUMNS} from sessions s join scopes p on p.id = s.scope_id where s.id = $1
"""  # noqa: S608 (only constants of ours are put in)

_CONNECTIONS = f"""
    select {CONNECTION_COLUMNS} from connections c where c.session_id = any($1)
    order by c.created_time desc, c.id desc limit {MAX_CONNECTIONS_SHOWN}
"""  # noqa: S608 (only constants of ours are put in)


class Cancel(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `:cancel`. A version, where given, must be the session's."""

    version: int | None = None


@get("/v1/sessions")
async def list_sessions(
    db: Database,
    caller: Caller,
    scope_id: str = "global",
    recursive: bool = False,
    include_terminated: bool = False,
    page_size: int | None = None,
    list_token: str | None = None,
) -> Json:
    """The sessions in a scope that the caller may act on."""
    seen = await visible_scopes(db, caller, scope_id, recursive)

    async def fetch(after: PageStart | None, limit: int) -> Sequence[Row]:
        return await db.fetch(
            _LIST,
            list(seen),
            include_terminated,
            None if _may_see_others(caller) else caller.user_id,
            after.created_time if after else None,
            after.id if after else "",
            limit,
        )

    shown: dict[str, Json] = {}

    def render(row: Row) -> Json | None:
        scope = seen[row["scope_id"]]
        actions = _actions(caller, row, scope.parent_id)
        if not actions:
            return None
        shown[row["id"]] = _render(row, scope, actions, ())
        return shown[row["id"]]

    page = await page_of(fetch, render, read_page(page_size, list_token))
    for session_id, connections in (await _connections(db, list(shown))).items():
        shown[session_id]["connections"] = connections
    return page


@get("/v1/sessions/{session_id:str}")
async def read_session(db: Database, caller: Caller, session_id: str) -> Json:
    """One session with its connections, newest first."""
    row = await db.fetchrow(_READ, session_id)
    actions = _actions(caller, row, row["parent_id"]) if row else ()
    if row is None or not actions:
        raise AccError(Code.NOT_FOUND)
    if not {"read", "read:self"} & set(actions):
        raise AccError(Code.NOT_ALLOWED)
    connections = await _connections(db, [session_id])
    return _render(row, _scope(row), actions, connections.get(session_id, ()))


@post("/v1/sessions/{session_id:str}/:cancel", status_code=200)
async def cancel(db: Database, caller: Caller, watcher: Watcher, session_id: str, body: bytes) -> Json:
    """Ends a session. Cancelling one that ends or has ended already changes nothing."""
    wanted = read_optional_body(body, Cancel)

    async def work(sql: Sql) -> Row:
        row = await sql.fetchrow(_READ + " for update of s", session_id)
        actions = _actions(caller, row, row["parent_id"]) if row else ()
        if row is None or not actions:
            raise AccError(Code.NOT_FOUND)
        if not {"cancel", "cancel:self"} & set(actions):
            raise AccError(Code.NOT_ALLOWED)
        if wanted.version is not None and wanted.version != row["version"]:
            raise AccError(Code.CONFLICT, f"the session is at version {row['version']}")
        await ending.cancel_session(sql, session_id)
        return required(await sql.fetchrow(_READ, session_id))

    row = await db.transact(work)
    watcher.wake()
    event("session cancelled", session=session_id, by=caller.user_id)
    connections = await _connections(db, [session_id])
    return _render(row, _scope(row), _actions(caller, row, row["parent_id"]), connections.get(session_id, ()))


def _may_see_others(caller: Caller) -> bool:
    return any(scoped.grant.type in (ANY, "session") for scoped in caller.role_grants)


def _actions(caller: Caller, row: Row, parent_id: str | None) -> tuple[str, ...]:
    thing = Thing(Place(row["scope_id"], parent_id), "session", row["id"], row["user_id"])
    return caller.actions_on(thing, _ACTIONS)


def _scope(row: Row) -> Scope:
    return Scope(row["scope_id"], row["scope_type"], row["scope_name"], row["scope_description"], row["parent_id"])


async def _connections(db: Database, session_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
    found: defaultdict[str, list[Json]] = defaultdict(list)
    if session_ids:
        for row in await db.fetch(_CONNECTIONS, session_ids):
            found[row["session_id"]].append(render_connection(row))
    return found


def _render(row: Row, scope: Scope, actions: Sequence[str], connections: Sequence[Json]) -> Json:
    return present(
        id=row["id"],
        target_id=row["target_id"],
        target_name=row["target_name"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        scope_id=row["scope_id"],
        scope=scope.info(),
        auth_token_id=row["auth_token_id"],
        type="tcp",
        status=row["state"],
        endpoint=row["endpoint"],
        session_connection_limit=row["connection_limit"],
        created_time=row["created_time"],
        updated_time=row["updated_time"],
        expiration_time=row["expiration_time"],
        termination_reason=row["termination_reason"],
        connections=connections,
        version=row["version"],
        authorized_actions=actions,
    )


ROUTES = (list_sessions, read_session, cancel)
