"""Sessions over the API: list, read, cancel."""

import asyncio

import httpx
import pytest
import pytest_asyncio

from acc.controlplane.link.books import MAX_BYTES, record_traffic
from acc.controlplane.store.db import Database
from tests.controlplane.link.reporting import authorize, closed, new_session, report
from tests.controlplane.peer import Worker, connection_id, new_worker
from tests.controlplane.system import Controller, NewPerson, execute, make_target
from tests.controlplane.things import said

USE = "ids=*;type=target;actions=authorize-session"


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest.fixture(scope="module")
def other_worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest_asyncio.fixture
async def session(controller: Controller, admin: httpx.Client, project: str) -> str:
    return new_session(controller, admin, project)


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
