"""Sessions as people see them: list, read, cancel.

A session is one user's permission for one target until a time. Its owner may always read and cancel it; others need a
grant. What the caller may not act on is not listed, and reads as missing. A session outlives what it was made for, so
where it was is its own record and not its project's row.
"""

from itertools import pairwise
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State

from acc.controlplane.api.bodies import read_optional_body
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.calls import LIST_PARAMETERS, Call
from acc.controlplane.api.kind import Found, Kind, find, item_actions, read_row, show
from acc.controlplane.api.listing import read_page
from acc.controlplane.api.pages import BATCH, is_wanted, page_of, seen
from acc.controlplane.api.routes import read_filter, read_flag, read_within
from acc.controlplane.audit.attempt import note_details
from acc.controlplane.audit.trail import transact
from acc.controlplane.directory.connections import CONNECTION_COLUMNS, render_connection, summaries
from acc.controlplane.service.log import event
from acc.controlplane.service.shape import Json, present
from acc.controlplane.sessions import ending
from acc.controlplane.sessions.watcher import Watcher
from acc.controlplane.store.db import Database, Row, Sql
from acc.wire.directory.records import SESSION

MAX_CONNECTIONS_SHOWN = 1000

_CONNECTIONS = f"""
    select {CONNECTION_COLUMNS} from connections c where c.session_id = $1
    order by c.created_time desc, c.id desc limit {MAX_CONNECTIONS_SHOWN}
"""  # noqa: S608 (only constants of ours are put in)

_STATES = ("created_time", "activated_time", "canceling_time", "terminated_time")


class Cancel(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `:cancel`. A version, where given, must be the session's."""

    version: int | None = None


def _render(row: Row) -> Json:
    return present(
        target_id=row["target_id"],
        target_name=row["target_name"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        host_id=row["host_id"],
        host_set_id=row["host_set_id"],
        auth_token_id=row["auth_token_id"],
        type="tcp",
        status=row["state"],
        states=_states(row),
        endpoint=row["endpoint"],
        session_connection_limit=row["connection_limit"],
        expiration_time=row["expiration_time"],
        termination_reason=row["termination_reason"],
    )


def _states(row: Row) -> list[Json]:
    """When it came into each state, the newest first, as Boundary has it."""
    names = ("pending", "active", "canceling", "terminated")
    came = [(name, row[column]) for name, column in zip(names, _STATES, strict=True) if row[column] is not None]
    ends = [*(later for (_, _), (_, later) in pairwise(came)), None]
    spans = [
        present(status=name, start_time=start, end_time=end) for (name, start), end in zip(came, ends, strict=True)
    ]
    return spans[::-1]


SESSIONS = Kind(
    resource=SESSION,
    table="sessions",
    columns="""
        t.user_id, t.user_name, t.target_id, t.target_name, t.host_id, t.host_set_id, t.auth_token_id, t.endpoint,
        t.state, t.termination_reason, t.connection_limit, t.expiration_time, t.activated_time, t.canceling_time,
        t.terminated_time
    """,
    scope_columns="""
        t.scope_id, 'project' as scope_type, t.scope_name, null::text as scope_description,
        t.org_id as scope_parent_id
    """,
    render=_render,
    owner="t.user_id",
    called="target_name",
)


_LIST = Call(resource=SESSION, action="list", query=(*LIST_PARAMETERS, "include_terminated"))
_CANCEL = Call(resource=SESSION, action="cancel", body=Cancel, optional=True)


@get("/v1/sessions", opt=_LIST.opt)
async def list_sessions(
    db: Database, caller: Caller, request: Request[Any, Any, State]
) -> Json:  # Litestar's user, auth
    """The sessions in a scope that the caller may act on."""
    asked = request.query_params
    running = "true" if read_flag(asked, "include_terminated") else "t.state <> 'terminated'"
    within = await read_within(db, caller, asked, None, "", running)
    wanted = read_filter(asked)
    shown: dict[str, Json] = {}

    def render(row: Row) -> Json | None:
        actions = item_actions(SESSIONS, caller, row)
        item = show(SESSIONS, caller, row, actions)
        if not actions or not is_wanted(wanted, item):
            return None
        shown[row["id"]] = item
        return item

    page = read_page(asked.get("page_size"), asked.get("list_token"))
    answer = await page_of(page, seen(db, caller, SESSIONS, within), render, 0 if wanted is None else BATCH)
    for session_id, summary in (await summaries(db, list(shown))).items():
        shown[session_id] |= summary
    return answer


@get("/v1/sessions/{session_id:str}", opt=Call(resource=SESSION, action="read").opt)
async def read_session(db: Database, caller: Caller, session_id: str) -> Json:
    """One session with its connections, newest first."""
    found = await _found(db, caller, session_id)
    found.need("read")
    return await _whole(db, caller, found.row)


@post("/v1/sessions/{session_id:str}/:cancel", status_code=200, opt=_CANCEL.opt)
async def cancel(db: Database, caller: Caller, watcher: Watcher, session_id: str, body: bytes) -> Json:
    """Ends a session. Cancelling one that ends or has ended already changes nothing."""
    wanted = read_optional_body(body, Cancel)

    async def work(sql: Sql) -> Row:
        found = await _found(sql, caller, session_id, lock="for update of t")
        found.need("cancel")
        if wanted.version is not None:
            found.at_version(wanted.version)
        await ending.cancel_session(sql, session_id)
        return await read_row(sql, SESSIONS, session_id)

    row = await transact(db, work)
    watcher.wake()
    event("session cancelled", session=session_id, by=caller.user_id)
    return await _whole(db, caller, row)


async def _found(sql: Database | Sql, caller: Caller, session_id: str, *, lock: str = "") -> Found:
    found = await find(sql, caller, SESSIONS, session_id, lock=lock)
    note_details(target_id=found.row["target_id"])
    return found


async def _whole(db: Database, caller: Caller, row: Row) -> Json:
    connections = [render_connection(one) for one in await db.fetch(_CONNECTIONS, row["id"])]
    item = show(SESSIONS, caller, row, item_actions(SESSIONS, caller, row))
    return item | (await summaries(db, [row["id"]]))[row["id"]] | {"connections": connections}


ROUTES = (list_sessions, read_session, cancel)
