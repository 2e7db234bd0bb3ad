"""The audit log as people read it: list and read, newest first, with the grants of any resource.

An event lies where the thing that it tells of lay. It outlives that, and its scope; then it is in no scope's list, but
in that of everything below global.
"""

import json
from datetime import datetime

from acc.controlplane.api.kind import Kind
from acc.controlplane.api.routes import Search, routes
from acc.controlplane.service.shape import Json, present
from acc.controlplane.store.db import Row
from acc.wire.directory.records import AUDIT_EVENT
from acc.wire.errors import AccError, Code


def _render(row: Row) -> Json:
    return present(
        request_id=row["request_id"] or None,
        user_id=row["user_id"],
        user_name=row["user_name"],
        client_address=row["client_address"] or None,
        action=row["action"],
        resource_type=row["resource_type"],
        resource_id=row["resource_id"],
        resource_name=row["resource_name"],
        outcome=row["outcome"],
        details=json.loads(row["details"]),
    )


AUDIT_EVENTS = Kind(
    resource=AUDIT_EVENT,
    table="audit_events",
    columns="""
        t.request_id, t.user_id, t.user_name, t.client_address, t.action, t.resource_type, t.resource_id,
        t.resource_name, t.outcome, t.details
    """,
    scope_columns="""
        t.scope_id, t.scope_name, null::text as scope_description, t.scope_parent_id,
        case when t.scope_parent_id is null then 'global' when t.scope_parent_id = 'global' then 'org'
            else 'project' end as scope_type
    """,
    record="t.created_time, null::timestamptz as updated_time, null::integer as version",
    render=_render,
    called="resource_name",
)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise AccError(Code.BAD_REQUEST, "the query: since and until are times such as 2025-01-31T09:00:00Z")
    return time


SEARCHES = {
    "since": Search("t.created_time >= {}", "timestamptz", _time),
    "until": Search("t.created_time < {}", "timestamptz", _time),
    "user_id": Search("t.user_id = {}", "text", str),
    "resource_id": Search("t.resource_id = {}", "text", str),
}

ROUTES = routes(AUDIT_EVENTS, searches=SEARCHES)
