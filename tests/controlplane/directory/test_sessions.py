"""Sessions over the API, and the books that reports fill."""

import asyncio
import time
from itertools import permutations

import httpx
import pytest
import pytest_asyncio

from acc.controlplane.link.connections import (
    MAX_BYTES,
    Answer,
    Closed,
    Opened,
    authorize_connection,
    record_traffic,
)
from acc.controlplane.store.db import Database, Row, Sql
from acc.wire.errors import AccError, Code
from tests.controlplane.link.reporting import report
from tests.controlplane.peer import Worker, connection_id, new_worker
from tests.controlplane.system import Controller, NewPerson, execute, make_target, wait_until
from tests.controlplane.things import said

USE = "ids=*;type=target;actions=authorize-session"


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest.fixture(scope="module")
def other_worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


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


@pytest_asyncio.fixture
async def session(controller: Controller, admin: httpx.Client, project: str) -> str:
    return new_session(controller, admin, project)


@pytest.mark.asyncio
async def test_the_first_connection_makes_the_session_active(
    db: Database, worker: Worker, admin: httpx.Client, session: str
) -> None:
    answer = await authorize(db, worker, session)

    assert answer.refusal is None
    assert abs(answer.expires_at_ms / 1000 - time.time() - 28800) < 10
    assert (await asyncio.to_thread(admin.get, f"/v1/sessions/{session}")).json()["status"] == "active"


@pytest.mark.asyncio
async def test_two_at_once_never_both_take_the_last_place(
    db: Database, worker: Worker, controller: Controller, admin: httpx.Client, project: str
) -> None:
    for _ in range(5):
        session = new_session(controller, admin, project, session_connection_limit=3)
        answers = await asyncio.gather(*(authorize(db, worker, session) for _ in range(8)))

        refusals = [answer.refusal for answer in answers]
        assert refusals.count(None) == 3
        assert refusals.count(Code.SESSION_LIMIT) == 5


@pytest.mark.asyncio
async def test_a_closed_connection_still_counts(
    db: Database, worker: Worker, controller: Controller, admin: httpx.Client, project: str
) -> None:
    session = new_session(controller, admin, project, session_connection_limit=2)
    first = connection_id()
    await authorize(db, worker, session, first)
    await report(db, worker.id, [closed(session, first)])

    assert (await authorize(db, worker, session)).refusal is None
    assert (await authorize(db, worker, session)).refusal is Code.SESSION_LIMIT


@pytest.mark.asyncio
async def test_a_session_that_has_used_all_its_connections_terminates(
    db: Database, worker: Worker, controller: Controller, admin: httpx.Client, project: str
) -> None:
    session = new_session(controller, admin, project, session_connection_limit=1)
    only = connection_id()
    await authorize(db, worker, session, only)
    await report(db, worker.id, [closed(session, only)])

    read = (await asyncio.to_thread(admin.get, f"/v1/sessions/{session}")).json()
    assert (read["status"], read["termination_reason"]) == ("terminated", "connection limit")
    assert (await authorize(db, worker, session)).refusal is Code.SESSION_LIMIT


@pytest.mark.asyncio
async def test_asking_again_gives_the_same_answer_and_counts_once(
    db: Database, worker: Worker, controller: Controller, admin: httpx.Client, project: str
) -> None:
    session = new_session(controller, admin, project, session_connection_limit=1)
    connection = connection_id()

    answers = [await authorize(db, worker, session, connection) for _ in range(3)]
    assert answers == [answers[0]] * 3
    assert answers[0].refusal is None


@pytest.mark.asyncio
async def test_another_workers_connection_id_is_worth_nothing(
    db: Database, worker: Worker, other_worker: Worker, session: str
) -> None:
    connection = connection_id()
    await authorize(db, worker, session, connection)

    assert (await authorize(db, other_worker, session, connection)).refusal is Code.SESSION_UNKNOWN


@pytest.mark.asyncio
async def test_an_unknown_session_is_refused(db: Database, worker: Worker) -> None:
    assert (await authorize(db, worker, "s_0000000000")).refusal is Code.SESSION_UNKNOWN


@pytest.mark.asyncio
async def test_a_cancelled_session_takes_no_connection(
    db: Database, worker: Worker, admin: httpx.Client, session: str
) -> None:
    await asyncio.to_thread(admin.post, f"/v1/sessions/{session}:cancel")

    assert (await authorize(db, worker, session)).refusal is Code.SESSION_CANCELLED


@pytest.mark.asyncio
async def test_an_expired_session_takes_no_connection_and_terminates(
    db: Database, worker: Worker, controller: Controller, admin: httpx.Client, session: str
) -> None:
    execute(controller, "update sessions set expiration_time = now() where id = $1", session)

    assert (await authorize(db, worker, session)).refusal is Code.SESSION_EXPIRED

    def terminated() -> bool:
        return admin.get(f"/v1/sessions/{session}").json()["status"] == "terminated"

    await asyncio.to_thread(wait_until, terminated)
    assert (await asyncio.to_thread(admin.get, f"/v1/sessions/{session}")).json()["termination_reason"] == "timed out"
    assert (await authorize(db, worker, session)).refusal is Code.SESSION_EXPIRED


@pytest.mark.asyncio
@pytest.mark.parametrize("bad", ["", "sc_", "sc_short", "c_" + "0" * 20, "sc_" + "0" * 21, "sc_" + "é" * 20])
async def test_a_connection_id_of_another_form_is_refused(db: Database, worker: Worker, session: str, bad: str) -> None:
    async def work(sql: Sql) -> Answer:
        return await authorize_connection(
            sql, worker_id=worker.id, boot_id="", connection_id=bad, session_id=session, client_address=""
        )

    with pytest.raises(AccError) as refused:
        await db.transact(work)
    assert refused.value.code is Code.BAD_REQUEST


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
async def test_a_list_says_what_a_sessions_connections_come_to(
    db: Database, worker: Worker, other_worker: Worker, admin: httpx.Client, session: str
) -> None:
    gone, there = connection_id(), connection_id()
    await authorize(db, other_worker, session, gone)
    await report(db, other_worker.id, [closed(session, gone, up=MAX_BYTES, down=20)])
    await authorize(db, worker, session, there)
    await record_traffic(db, worker.id, [(there, 1, 5)])

    listed = (await asyncio.to_thread(admin.get, "/v1/sessions", params={"recursive": "true"})).json()["items"]
    (item,) = [one for one in listed if one["id"] == session]
    assert (item["bytes_up"], item["bytes_down"], item["open_connections"]) == (MAX_BYTES, 25, 1)
    assert [one["id"] for one in item["workers"]] == [worker.id]
    assert "connections" not in item


def test_a_session_without_connections_has_carried_nothing(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    read = admin.get(f"/v1/sessions/{new_session(controller, admin, project)}").json()

    assert (read["bytes_up"], read["bytes_down"], read["open_connections"], read["workers"]) == (0, 0, 0, [])


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


def test_a_session_reads_as_missing_to_others(
    controller: Controller, admin: httpx.Client, project: str, person: NewPerson
) -> None:
    session = new_session(controller, admin, project)
    stranger = person(USE).client

    hidden = [stranger.get(f"/v1/sessions/{session}"), stranger.post(f"/v1/sessions/{session}:cancel")]
    missing = [stranger.get("/v1/sessions/s_0000000000"), stranger.post("/v1/sessions/s_0000000000:cancel")]

    assert [answer.status_code for answer in hidden + missing] == [404] * 4
    assert all(said(answer) == said(missing[0]) for answer in hidden + missing)
    assert session not in stranger.get("/v1/sessions", params={"recursive": "true"}).text
    assert admin.get(f"/v1/sessions/{session}").json()["status"] == "pending"


def test_a_session_without_connections_terminates_at_once(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    session = new_session(controller, admin, project)

    cancelled = admin.post(f"/v1/sessions/{session}:cancel", json={}).json()
    assert (cancelled["status"], cancelled["termination_reason"]) == ("terminated", "canceled")


def test_cancelling_again_changes_nothing(controller: Controller, admin: httpx.Client, project: str) -> None:
    session = new_session(controller, admin, project)

    first, second = (admin.post(f"/v1/sessions/{session}:cancel").json() for _ in range(2))
    assert first == second


def test_a_stale_version_is_a_conflict(controller: Controller, admin: httpx.Client, project: str) -> None:
    session = new_session(controller, admin, project)

    answer = admin.post(f"/v1/sessions/{session}:cancel", json={"version": 99})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert admin.post(f"/v1/sessions/{session}:cancel", json={"version": 1}).status_code == 200


def test_a_grant_to_read_sessions_is_not_one_to_cancel_them(
    controller: Controller, admin: httpx.Client, project: str, person: NewPerson
) -> None:
    session = new_session(controller, admin, project)
    auditor = person("ids=*;type=session;actions=read").client

    assert auditor.get(f"/v1/sessions/{session}").status_code == 200
    assert auditor.post(f"/v1/sessions/{session}:cancel").json()["code"] == "not_allowed"


def test_the_list_leaves_out_what_is_over_unless_asked(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    session = new_session(controller, admin, project)
    admin.post(f"/v1/sessions/{session}:cancel")
    query = {"scope_id": "global", "recursive": "true"}

    assert session not in admin.get("/v1/sessions", params=query).text
    assert session in admin.get("/v1/sessions", params=query | {"include_terminated": "true"}).text


def test_a_users_own_sessions_are_theirs_to_cancel(
    controller: Controller, admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    somebody = person(USE)
    execute(controller, "update workers set last_status_time = now()")
    session = somebody.client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]

    assert somebody.client.get(f"/v1/sessions/{session}").json()["authorized_actions"] == ["read:self", "cancel:self"]
    assert somebody.client.post(f"/v1/sessions/{session}:cancel").json()["status"] == "terminated"
