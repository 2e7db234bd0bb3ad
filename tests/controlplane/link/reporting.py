"""Sessions whose connections are asked for and reported, straight into the books."""

import time
from collections.abc import Sequence

import httpx

from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.link import books
from acc.controlplane.link.admission import Answer, authorize_connection
from acc.controlplane.link.books import Closed, Opened
from acc.controlplane.store.db import Database, Row, Sql
from tests.controlplane.peer import Worker, connection_id
from tests.controlplane.system import Controller, execute, make_target


async def report(db: Database, worker_id: str, events: Sequence[Opened | Closed]) -> Sequence[AuditEvent]:
    """Writes it down; the audit events that it led to."""
    shipped: list[AuditEvent] = []
    await books.report(db, worker_id, events, shipped.append)
    return shipped


def new_session(controller: Controller, admin: httpx.Client, project: str, **fields: object) -> str:
    execute(controller, "update workers set last_status_time = now()")
    target = make_target(admin, project, **fields)
    return admin.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]


def opened(session: str, connection: str) -> Opened:
    return Opened(
        connection_id=connection,
        session_id=session,
        at_ms=int(time.time() * 1000),
        client_address="192.0.2.1:5000",
        local_address="10.0.0.1:40000",
        backend_address="10.0.0.5:22",
        during_outage=False,
        boot_id="b1",
    )


def closed(session: str, connection: str, up: int = 10, down: int = 20, by: str = "client") -> Closed:
    return Closed(
        opened=opened(session, connection), bytes_up=up, bytes_down=down, closed_by=by, closed_reason="ok", resumes=1
    )


async def authorize(db: Database, worker: Worker, session: str, connection: str | None = None) -> Answer:
    async def work(sql: Sql) -> Answer:
        return await authorize_connection(
            sql,
            worker_id=worker.id,
            boot_id="b1",
            connection_id=connection or connection_id(),
            session_id=session,
            client_address="192.0.2.1:5000",
        )

    return await db.transact(work)


async def row_of(db: Database, connection: str) -> Row:
    row = await db.fetchrow("select * from connections where id = $1", connection)
    assert row is not None
    return row
