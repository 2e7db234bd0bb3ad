"""What the books make of what workers report."""

import asyncio
from itertools import permutations

import httpx
import pytest

from acc.controlplane.link.books import MAX_BYTES, Closed, Opened, record_traffic
from acc.controlplane.store.db import Database
from tests.controlplane.link.reporting import authorize, closed, opened, report, row_of
from tests.controlplane.peer import Worker, connection_id

USE = "ids=*;type=target;actions=authorize-session"


@pytest.mark.asyncio
async def test_a_report_fills_the_books(db: Database, worker: Worker, admin: httpx.Client, session: str) -> None:
    connection = connection_id()
    await authorize(db, worker, session, connection)
    await report(db, worker.id, [opened(session, connection), closed(session, connection)])

    shown = (await asyncio.to_thread(admin.get, f"/v1/sessions/{session}")).json()["connections"][0]
    assert (shown["client_tcp_address"], shown["client_tcp_port"]) == ("192.0.2.1", 5000)
    assert (shown["endpoint_tcp_address"], shown["endpoint_tcp_port"]) == ("10.0.0.5", 22)
    assert (shown["bytes_up"], shown["bytes_down"]) == ("10", "20")
    assert (shown["closed_by"], shown["closed_reason"], shown["status"]) == ("client", "ok", "closed")


@pytest.mark.asyncio
async def test_a_report_takes_nothing_back(db: Database, worker: Worker, session: str) -> None:
    connection = connection_id()
    await report(db, worker.id, [closed(session, connection, up=100, down=200, by="backend")])
    await report(db, worker.id, [opened(session, connection), closed(session, connection, up=1, down=2)])

    row = await row_of(db, connection)
    assert (row["state"], row["closed_by"], row["bytes_up"], row["bytes_down"]) == ("closed", "backend", 100, 200)


@pytest.mark.asyncio
async def test_the_traffic_of_an_open_connection_only_grows(db: Database, worker: Worker, session: str) -> None:
    connection = connection_id()
    await authorize(db, worker, session, connection)
    await record_traffic(db, worker.id, [(connection, 100, 200)])
    await record_traffic(db, worker.id, [(connection, 50, 300)])

    row = await row_of(db, connection)
    assert (row["bytes_up"], row["bytes_down"], row["state"]) == (100, 300, "authorized")


@pytest.mark.asyncio
async def test_traffic_that_comes_after_the_closing_changes_nothing(db: Database, worker: Worker, session: str) -> None:
    connection = connection_id()
    await report(db, worker.id, [closed(session, connection, up=10, down=20)])
    await record_traffic(db, worker.id, [(connection, 9, 2**64 - 1)])

    row = await row_of(db, connection)
    assert (row["bytes_up"], row["bytes_down"], row["state"]) == (10, 20, "closed")


@pytest.mark.asyncio
async def test_a_worker_tells_the_traffic_of_its_own_connections_only(
    db: Database, worker: Worker, other_worker: Worker, session: str
) -> None:
    mine, never = connection_id(), connection_id()
    await authorize(db, worker, session, mine)
    await record_traffic(db, other_worker.id, [(mine, 1, 1), (never, 1, 1)])

    assert (await row_of(db, mine))["bytes_up"] == 0
    assert await db.fetchrow("select id from connections where id = $1", never) is None


@pytest.mark.asyncio
async def test_a_worker_reports_on_its_own_connections_only(
    db: Database, worker: Worker, other_worker: Worker, session: str
) -> None:
    connection = connection_id()
    await authorize(db, worker, session, connection)
    await report(db, other_worker.id, [closed(session, connection)])

    assert (await row_of(db, connection))["state"] == "authorized"


@pytest.mark.asyncio
async def test_a_report_on_an_unknown_session_is_dropped(db: Database, worker: Worker) -> None:
    connection = connection_id()
    await report(db, worker.id, [closed("s_0000000000", connection)])

    assert await db.fetchrow("select id from connections where id = $1", connection) is None


@pytest.mark.asyncio
async def test_numbers_and_words_beyond_reason_are_bounded(db: Database, worker: Worker, session: str) -> None:
    connection = connection_id()
    odd = Closed(
        opened=Opened(
            connection_id=connection,
            session_id=session,
            at_ms=-(2**62),
            client_address="x" * 5000,
            local_address="\x00",
            backend_address="",
            during_outage=True,
            boot_id="",
        ),
        bytes_up=2**64 - 1,
        bytes_down=0,
        closed_by="somebody",
        closed_reason="no such code",
        resumes=2**32 - 1,
    )
    await report(db, worker.id, [odd])

    row = await row_of(db, connection)
    assert row["bytes_up"] == MAX_BYTES
    assert (row["closed_by"], row["closed_reason"]) == ("worker", "internal")
    assert row["client_address"] == row["local_address"] == ""
    assert row["during_outage"]
    assert row["closed_time"].year >= 2024


@pytest.mark.asyncio
@pytest.mark.parametrize("order", list(permutations(["opened", "closed", "closed again"])))
async def test_reports_in_any_order_end_the_same(
    db: Database, worker: Worker, session: str, order: tuple[str, ...]
) -> None:
    connection = connection_id()
    events = {
        "opened": opened(session, connection),
        "closed": closed(session, connection),
        "closed again": closed(session, connection),
    }
    for name in order:
        await report(db, worker.id, [events[name]])

    row = await row_of(db, connection)
    assert (row["state"], row["bytes_up"], row["resumes"]) == ("closed", 10, 1)
    assert row["backend_address"] == "10.0.0.5:22"
