"""Whether a session may have one more connection."""

import asyncio
import time

import httpx
import pytest

from acc.controlplane.link.admission import Answer, authorize_connection
from acc.controlplane.store.db import Database, Sql
from acc.wire.errors import AccError, Code
from tests.controlplane.link.reporting import authorize, closed, new_session, report
from tests.controlplane.peer import Worker, connection_id
from tests.controlplane.system import Controller, execute, wait_until

USE = "ids=*;type=target;actions=authorize-session"


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
