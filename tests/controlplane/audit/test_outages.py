"""Connections that a worker let through while no controller answered: on record once a controller hears of them."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from grpclib import GRPCError

from acc.controlplane.service.shape import rfc3339
from acc.rpc import worker_v1 as rpc
from tests.controlplane.audit.events import USE, Event, events, last, part, row_of
from tests.controlplane.peer import Worker, connection_id
from tests.controlplane.system import Controller, NewPerson, running_controller, wait_until

OPENED, CLOSED = rpc.ConnectionEventKind.OPENED, rpc.ConnectionEventKind.CLOSED


def connection(
    session: str, *, kind: rpc.ConnectionEventKind = OPENED, during_outage: bool = True, at_ms: int = 0
) -> rpc.ConnectionEvent:
    return rpc.ConnectionEvent(
        connection_id=connection_id(),
        session_id=session,
        kind=kind,
        at_ms=at_ms or int(time.time() * 1000),
        client_address="192.0.2.1:5000",
        closed_reason="backend_refused" if kind is CLOSED else "",
        during_outage=during_outage,
    )


def report(worker: Worker, *happened: rpc.ConnectionEvent) -> None:
    async def work() -> None:
        async with worker.stub() as stub:
            await stub.report(rpc.ReportRequest(events=list(happened)))

    asyncio.run(work())


def of_connection(client: httpx.Client, reported: rpc.ConnectionEvent) -> list[Event]:
    found = events(client, resource_id=reported.session_id)
    return [one for one in found if one["details"].get("connection_id") == reported.connection_id]


@pytest.fixture
def session(admin: httpx.Client, target: dict[str, str], live: Worker) -> str:
    answer = admin.post(f"/v1/targets/{target['id']}:authorize-session")
    assert answer.status_code == 200, answer.text
    return answer.json()["session_id"]


def test_it_says_who_was_let_where_by_which_worker_and_when(
    admin: httpx.Client, project: str, target: dict[str, str], person: NewPerson, live: Worker
) -> None:
    somebody = person(USE)
    session = somebody.client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]
    decided = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    let_through = connection(session, at_ms=int(decided.timestamp() * 1000))
    report(live, let_through)

    event = last(admin, resource_id=session)
    assert part(event, "action", "resource_type", "resource_name", "user_id", "scope_id", "outcome") == {
        "action": "authorize-connection",
        "resource_type": "session",
        "resource_name": target["name"],
        "user_id": somebody.user_id,
        "scope_id": project,
        "outcome": "ok",
    }
    assert event["client_address"] == "192.0.2.1:5000"
    assert event["details"] == {
        "target_id": target["id"],
        "connection_id": let_through.connection_id,
        "worker_id": live.id,
        "worker_name": "carrier",
        "decided_by": "worker",
        "decided_time": rfc3339(decided),
    }


def test_it_is_one_event_however_often_it_is_reported(admin: httpx.Client, session: str, live: Worker) -> None:
    let_through = connection(session)
    report(live, let_through, let_through)
    report(live, let_through)

    assert len(of_connection(admin, let_through)) == 1


def test_one_whose_host_did_not_answer_was_let_through_too(admin: httpx.Client, session: str, live: Worker) -> None:
    let_through = connection(session, kind=CLOSED)
    report(live, let_through)

    [event] = of_connection(admin, let_through)
    assert event["details"]["decided_by"] == "worker"


def test_one_that_a_controller_allowed_is_not_the_workers_decision(
    admin: httpx.Client, session: str, live: Worker
) -> None:
    ordinary = connection(session, during_outage=False)
    report(live, ordinary)

    assert of_connection(admin, ordinary) == []


def test_a_report_whose_record_cannot_be_stored_is_not_acknowledged(
    controller: Controller, session: str, live: Worker, unstorable: None
) -> None:
    let_through = connection(session)
    with pytest.raises(GRPCError):
        report(live, let_through)

    assert row_of(controller, "select count(*) from connections where id = $1", let_through.connection_id)[0] == 0


def test_it_goes_to_the_sinks(controller: Controller, session: str, live: Worker, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    with running_controller(controller.database, ACC_AUDIT_SINKS=f"file:{log}") as another:
        report(replace(live, controller=another), connection(session))
        wait_until(log.exists)
        [line] = wait_until(log.read_text).splitlines()

    assert json.loads(line)["details"]["decided_by"] == "worker"
    assert json.loads(line)["created_time"]
