"""A worker that crashed: what its books say of the connections that it had."""

import asyncio
import dataclasses
import time

import httpx
import pytest
import pytest_asyncio

from acc.controlplane.link.admission import authorize_connection
from acc.controlplane.link.books import Closed, Opened
from acc.controlplane.link.boots import close_earlier
from acc.controlplane.link.workers import Status, WorkerCertificate, record_status
from acc.controlplane.store.db import Database, Row, Sql
from acc.rpc import worker_v1 as rpc
from tests.controlplane.link.reporting import report
from tests.controlplane.peer import ADDRESS, Worker, connection_id, new_worker
from tests.controlplane.system import Controller, execute, make_target

pytestmark = pytest.mark.asyncio

LOST = ("closed", "worker", "worker_unreachable")


@pytest.fixture
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


def new_session(controller: Controller, admin: httpx.Client, project: str, **fields: object) -> str:
    execute(controller, "update workers set last_status_time = now()")
    target = make_target(admin, project, **fields)
    return admin.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]


@pytest_asyncio.fixture
async def session(controller: Controller, admin: httpx.Client, project: str, worker: Worker) -> str:
    return new_session(controller, admin, project)


async def state(db: Database, worker: Worker, boot_id: str) -> None:
    """A status of this boot."""
    status = Status(address=ADDRESS, version="1", open_connections=0, draining=False, boot_id=boot_id)

    async def work(sql: Sql) -> None:
        row = await sql.fetchrow("select certificate_serial from workers where id = $1", worker.id)
        assert row is not None
        await record_status(sql, WorkerCertificate(worker.id, row["certificate_serial"]), status)

    await db.transact(work)
    await close_earlier(db, worker.id, boot_id)


async def connect(db: Database, worker: Worker, session: str, boot_id: str) -> str:
    """A connection that this boot asked for."""
    connection = connection_id()

    async def work(sql: Sql) -> None:
        answer = await authorize_connection(
            sql, worker_id=worker.id, boot_id=boot_id, connection_id=connection, session_id=session, client_address=""
        )
        assert answer.refusal is None

    await db.transact(work)
    return connection


def opened(session: str, connection: str, boot_id: str) -> Opened:
    return Opened(
        connection_id=connection,
        session_id=session,
        at_ms=int(time.time() * 1000) - 5000,
        client_address="192.0.2.1:5000",
        local_address="10.0.0.1:40000",
        backend_address="10.0.0.5:22",
        during_outage=True,
        boot_id=boot_id,
    )


def closed(opened: Opened) -> Closed:
    return Closed(opened=opened, bytes_up=10, bytes_down=20, closed_by="client", closed_reason="ok", resumes=0)


async def row_of(db: Database, connection: str) -> Row:
    row = await db.fetchrow("select * from connections where id = $1", connection)
    assert row is not None
    return row


async def end_of(db: Database, connection: str) -> tuple[str, str | None, str | None]:
    row = await row_of(db, connection)
    return row["state"], row["closed_by"], row["closed_reason"]


async def test_a_new_boot_ends_what_the_one_before_had_open(db: Database, worker: Worker, session: str) -> None:
    await state(db, worker, "b1")
    connection = await connect(db, worker, session, "b1")
    await state(db, worker, "b1")
    assert await end_of(db, connection) == ("authorized", None, None)

    await state(db, worker, "b2")

    assert await end_of(db, connection) == LOST


async def test_it_ends_nothing_of_another_worker(
    controller: Controller, db: Database, worker: Worker, session: str
) -> None:
    other = await new_worker(controller)
    connection = await connect(db, other, session, "b1")
    await state(db, worker, "b2")

    assert await end_of(db, connection) == ("authorized", None, None)


async def test_what_the_crashed_one_left_to_report_knows_better(db: Database, worker: Worker, session: str) -> None:
    connection = await connect(db, worker, session, "b1")
    await state(db, worker, "b2")
    presumed = await row_of(db, connection)
    event = closed(opened(session, connection, "b1"))
    await report(db, worker.id, [event.opened, event])
    row = await row_of(db, connection)

    assert (row["state"], row["closed_by"], row["closed_reason"]) == ("closed", "client", "ok")
    assert (row["bytes_up"], row["bytes_down"]) == (10, 20)
    assert row["closed_time"] < presumed["closed_time"]

    later = dataclasses.replace(event, closed_by="backend")
    await report(db, worker.id, [later])
    assert await end_of(db, connection) == ("closed", "client", "ok")


async def test_an_opening_that_is_reported_late_opens_nothing_again(db: Database, worker: Worker, session: str) -> None:
    connection = await connect(db, worker, session, "b1")
    await state(db, worker, "b2")
    await report(db, worker.id, [opened(session, connection, "b1")])

    assert await end_of(db, connection) == LOST


async def test_a_connection_asked_for_before_the_first_status_goes_on(
    db: Database, worker: Worker, session: str
) -> None:
    await state(db, worker, "b1")
    connection = await connect(db, worker, session, "b2")
    await state(db, worker, "b1")  # it was long under way
    await state(db, worker, "b2")

    assert await end_of(db, connection) == ("authorized", None, None)


async def test_one_that_was_opened_in_an_outage_and_reported_late_is_ended(
    db: Database, worker: Worker, session: str
) -> None:
    await state(db, worker, "b2")
    connection = connection_id()
    await report(db, worker.id, [opened(session, connection, "b1")])
    assert await end_of(db, connection) == ("connected", None, None)

    await state(db, worker, "b2")

    assert await end_of(db, connection) == LOST


async def test_a_release_without_boots_ends_nothing_and_is_ended_by_the_next(
    db: Database, worker: Worker, session: str
) -> None:
    connection = await connect(db, worker, session, "")
    await state(db, worker, "")
    assert await end_of(db, connection) == ("authorized", None, None)

    await state(db, worker, "b1")

    assert await end_of(db, connection) == LOST


async def test_a_session_whose_last_connection_was_lost_is_over(
    controller: Controller, admin: httpx.Client, project: str, db: Database, worker: Worker
) -> None:
    session = new_session(controller, admin, project, session_connection_limit=1)
    await connect(db, worker, session, "b1")
    await state(db, worker, "b2")
    row = await db.fetchrow("select state from sessions where id = $1", session)

    assert row is not None
    assert row["state"] == "terminated"


async def test_a_status_on_the_link_is_enough(db: Database, worker: Worker, session: str) -> None:
    connection = await connect(db, worker, session, "b1")
    async with worker.control(rpc.WorkerStatus(address=ADDRESS, boot_id="b2")):
        assert await end_of(db, connection) == LOST
