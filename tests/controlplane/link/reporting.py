"""A worker's report, straight into the books."""

from collections.abc import Sequence

from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.link import connections
from acc.controlplane.link.connections import Closed, Opened
from acc.controlplane.store.db import Database


async def report(db: Database, worker_id: str, events: Sequence[Opened | Closed]) -> Sequence[AuditEvent]:
    """Writes it down; the audit events that it led to."""
    shipped: list[AuditEvent] = []
    await connections.report(db, worker_id, events, shipped.append)
    return shipped
