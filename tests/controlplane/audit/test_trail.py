"""The audit log's own rules: stored before the answer, never changed, seen by grants, longer lived than its things."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

import acc.controlplane
from acc.controlplane.store.db import Database, Row
from tests.controlplane.audit.events import UNSTORABLE, events, last, part, row_of
from tests.controlplane.peer import Worker
from tests.controlplane.system import (
    Controller,
    NewPerson,
    execute,
    make_target,
    run,
    running_controller,
    with_db,
)


def test_local_commands_are_on_record(controller: Controller, admin: httpx.Client) -> None:
    run(controller.database, "worker-token", "--name", "by-hand", "--controller", "c.example:9201")

    made = next(one for one in events(admin, page_size="5") if one["resource_name"] == "by-hand")
    began = events(admin, resource_id="global", until="2999-01-01T00:00:00Z")[-1]
    assert part(made, "action", "resource_type", "client_address", "outcome") == {
        "action": "create:controller-led",
        "resource_type": "worker",
        "client_address": "local",
        "outcome": "ok",
    }
    assert str(made["user_name"]).endswith(" (local)")
    assert (began["action"], began["outcome"]) == ("init", "ok")


def test_a_migration_is_on_record_by_the_files_that_it_applied(empty_database: str) -> None:
    first, again = run(empty_database, "migrate"), run(empty_database, "migrate")

    async def work(db: Database) -> Sequence[Row]:
        return await db.fetch("select action, details from audit_events order by created_time")

    event, _ = asyncio.run(with_db(empty_database, work))
    assert (event["action"], json.loads(event["details"])) == ("migrate", {"applied": first.stdout.splitlines()})
    assert again.stdout == ""


def test_a_change_whose_record_cannot_be_stored_is_not_made(
    controller: Controller, admin: httpx.Client, project: str, unstorable: None
) -> None:
    body = {"scope_id": project, "name": "unheard", "address": "10.0.0.5", "attributes": {"default_port": 22}}
    answer = admin.post("/v1/targets", json=body)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert row_of(controller, "select count(*) from targets where name = 'unheard'")[0] == 0


def test_a_session_whose_record_cannot_be_stored_is_not_made(
    controller: Controller, admin: httpx.Client, live: Worker, target: dict[str, str], unstorable: None
) -> None:
    answer = admin.post(f"/v1/targets/{target['id']}:authorize-session")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert row_of(controller, "select count(*) from sessions where target_id = $1", target["id"])[0] == 0


def test_neither_a_read_nor_a_refusal_is_answered_without_its_record(
    admin: httpx.Client, person: NewPerson, unstorable: None
) -> None:
    read = admin.get("/v1/users/self")
    refused = person().client.get("/v1/users/u_0000000000")

    assert (read.status_code, read.json()["code"]) == (503, "unavailable")
    assert "name" not in read.json()
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")


def test_many_at_once_share_their_commits(controller: Controller, person: NewPerson) -> None:
    somebody = person()

    async def read_all() -> list[int]:
        context = somebody.client._transport._pool._ssl_context
        async with httpx.AsyncClient(
            base_url=somebody.client.base_url, headers=somebody.client.headers, verify=context, timeout=60
        ) as client:
            answers = await asyncio.gather(*(client.get("/v1/users/self") for _ in range(60)))
            return [answer.status_code for answer in answers]

    assert asyncio.run(read_all()) == [200] * 60
    counted = row_of(
        controller,
        "select count(*) as events, count(distinct xmin::text) as commits from audit_events where user_id = $1",
        somebody.user_id,
    )
    assert counted["events"] == 60
    assert counted["commits"] < 60


def test_events_are_seen_by_grants_like_anything_else(admin: httpx.Client, project: str, person: NewPerson) -> None:
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]
    other = admin.post("/v1/scopes", json={"scope_id": org, "name": f"p-{secrets.token_hex(4)}"}).json()["id"]
    here, there = make_target(admin, project), make_target(admin, other)
    auditor = person("ids=*;type=audit-event;actions=list,read", scope_id=other, reach=("this",)).client

    seen = events(auditor)
    assert {event["scope_id"] for event in seen} == {other}
    assert there["id"] in {event.get("resource_id") for event in seen}
    hidden = last(admin, resource_id=here["id"])
    assert auditor.get(f"/v1/audit-events/{hidden['id']}").status_code == 404
    assert events(person().client) == []


def test_events_outlive_the_project_that_they_tell_of(admin: httpx.Client, project: str) -> None:
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]
    gone = admin.post("/v1/scopes", json={"scope_id": org, "name": f"p-{secrets.token_hex(4)}"}).json()
    target = make_target(admin, gone["id"])
    admin.delete(f"/v1/scopes/{gone['id']}")

    event = last(admin, resource_id=target["id"])
    assert (event["resource_name"], event["scope"]["name"]) == (target["name"], gone["name"])


def test_a_span_of_time_narrows_the_list(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)
    made = last(admin, resource_id=target["id"])
    admin.get(f"/v1/targets/{target['id']}")
    read = last(admin, resource_id=target["id"])

    since = events(admin, resource_id=target["id"], since=str(read["created_time"]))
    until = events(admin, resource_id=target["id"], until=str(read["created_time"]))
    assert [event["id"] for event in since] == [read["id"]]
    assert [event["id"] for event in until] == [made["id"]]


@pytest.mark.parametrize("time", ["yesterday", "2025-01-31", "2025-01-31T09:00:00"])
def test_a_span_that_is_no_time_is_refused(admin: httpx.Client, time: str) -> None:
    answer = admin.get("/v1/audit-events", params={"since": time})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_events_cannot_be_changed_or_deleted_over_the_api(admin: httpx.Client) -> None:
    event = last(admin)["id"]

    assert admin.delete(f"/v1/audit-events/{event}").status_code == 405
    assert admin.patch(f"/v1/audit-events/{event}", json={"version": 1}).status_code == 405


def test_nothing_in_the_program_changes_or_deletes_an_event() -> None:
    folder = Path(next(iter(acc.controlplane.__path__)))
    sources = "\n".join(path.read_text() for path in folder.rglob("*") if path.suffix in (".py", ".sql"))

    assert "insert into audit_events" in sources
    assert "update audit_events" not in sources
    assert "delete from audit_events" not in sources


def test_a_controller_whose_log_was_away_goes_on_when_it_is_back(cluster_database: str) -> None:
    with running_controller(cluster_database) as own, own.client() as client:
        execute(own, UNSTORABLE)
        refused = client.get("/v1/auth-methods").status_code
        execute(own, "alter table audit_events drop constraint none_fits")

        assert (refused, client.get("/v1/auth-methods").status_code) == (503, 200)
