"""Connections that a worker let through by itself, on a ticket, while no controller answered.

Nobody could be asked then, so the decision was the worker's. It is on record as soon as a controller hears of it: one
event for each such connection, in the transaction that writes the connection into the books, so before the worker is
told that its report has arrived.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from acc.controlplane.audit.record import AuditEvent, printable
from acc.controlplane.audit.trail import store_all
from acc.controlplane.service.shape import rfc3339
from acc.controlplane.store.db import Row, Sql, required


async def note_let_through(
    sql: Sql, session_id: str, session: Row, worker_id: str, connections: Sequence[tuple[str, str, float]]
) -> Sequence[AuditEvent]:
    """The events, stored. Of each connection: its id, its client's address, and when, in Unix milliseconds."""
    if not connections:
        return ()
    worker = required(await sql.fetchrow("select name from workers where id = $1", worker_id))
    events = [
        AuditEvent(
            action="authorize-connection",
            resource_type="session",
            resource_id=session_id,
            resource_name=session["target_name"],
            scope_id=session["scope_id"],
            scope_name=session["scope_name"],
            scope_parent_id=session["org_id"],
            user_id=session["user_id"],
            user_name=session["user_name"],
            client_address=printable(client_address),
            details={
                "target_id": session["target_id"],
                "connection_id": connection_id,
                "worker_id": worker_id,
                "worker_name": worker["name"],
                "decided_by": "worker",
                "decided_time": rfc3339(datetime.fromtimestamp(at_ms / 1000, UTC)),
            },
        )
        for connection_id, client_address, at_ms in connections
    ]
    return await store_all(sql, events)
