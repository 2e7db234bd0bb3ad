"""What a session has carried: each connection is in the sum once, however its end comes to be known."""

import asyncio
import dataclasses
import time

import httpx
import pytest

from acc.controlplane.directory.connections import summaries
from acc.controlplane.link.books import MAX_BYTES, Closed, Opened, record_traffic
from acc.controlplane.store.db import Database
from tests.controlplane.link.reporting import report
from tests.controlplane.peer import Worker, connection_id, new_worker
from tests.controlplane.system import Controller, execute, make_target

pytestmark = pytest.mark.asyncio

PRESUMED = """
    update connections set state = 'closed', closed_time = now(), closed_by = 'worker',
        closed_reason = 'worker_unreachable' where id = $1
"""


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest.fixture
def session(controller: Controller, admin: httpx.Client, project: str, worker: Worker) -> str:
    execute(controller, "update workers set last_status_time = now() where id = $1", worker.id)
    target = make_target(admin, project)
    return admin.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]


def opened(session: str) -> Opened:
    return Opened(
        connection_id=connection_id(),
        session_id=session,
        at_ms=int(time.time() * 1000),
        client_address="192.0.2.1:5000",
        local_address="10.0.0.1:40000",
        backend_address="10.0.0.5:22",
        during_outage=False,
        boot_id="b1",
    )


def closed(opened: Opened, up: int = 10, down: int = 20) -> Closed:
    return Closed(opened=opened, bytes_up=up, bytes_down=down, closed_by="client", closed_reason="ok", resumes=0)


async def carried(db: Database, session: str) -> tuple[object, object, object]:
    """Bytes up and down, and how many connections are open."""
    summary = (await summaries(db, [session]))[session]
    return summary["bytes_up"], summary["bytes_down"], summary["open_connections"]


async def test_open_and_closed_ones_are_summed(db: Database, worker: Worker, session: str) -> None:
    there = opened(session)
    await report(db, worker.id, [closed(opened(session)), closed(opened(session)), there])
    await record_traffic(db, worker.id, [(there.connection_id, 1, 2)])

    assert await carried(db, session) == (21, 42, 1)


async def test_an_end_that_is_reported_again_counts_once(db: Database, worker: Worker, session: str) -> None:
    end = closed(opened(session))
    await report(db, worker.id, [end, end])
    await report(db, worker.id, [end.opened, dataclasses.replace(end, bytes_up=11)])

    assert await carried(db, session) == (10, 20, 0)


async def test_an_end_that_was_presumed_counts_as_what_is_reported(
    controller: Controller, db: Database, worker: Worker, session: str
) -> None:
    lost = opened(session)
    await report(db, worker.id, [lost])
    await record_traffic(db, worker.id, [(lost.connection_id, 3, 4)])
    await asyncio.to_thread(execute, controller, PRESUMED, lost.connection_id)
    assert await carried(db, session) == (3, 4, 0)

    await report(db, worker.id, [closed(lost)])
    assert await carried(db, session) == (10, 20, 0)


async def test_one_that_an_older_controller_has_closed_counts_too(
    controller: Controller, db: Database, worker: Worker, session: str
) -> None:
    end = closed(opened(session))
    await report(db, worker.id, [end.opened])
    statement = (
        "update connections set state = 'closed', closed_time = now(), closed_by = 'client', closed_reason = 'ok',"
        " bytes_up = 10, bytes_down = 20 where id = $1"
    )
    await asyncio.to_thread(execute, controller, statement, end.opened.connection_id)
    assert await carried(db, session) == (10, 20, 0)

    await report(db, worker.id, [end])
    assert await carried(db, session) == (10, 20, 0)


async def test_the_sum_has_a_bound(db: Database, worker: Worker, session: str) -> None:
    await report(db, worker.id, [closed(opened(session), up=MAX_BYTES), closed(opened(session), up=MAX_BYTES)])

    assert await carried(db, session) == (MAX_BYTES, 40, 0)


async def test_those_that_are_over_are_not_read_again(
    controller: Controller, db: Database, worker: Worker, session: str
) -> None:
    await report(db, worker.id, [closed(opened(session))])
    await asyncio.to_thread(execute, controller, "update connections set bytes_up = 999 where session_id = $1", session)

    assert await carried(db, session) == (10, 20, 0)
