"""Sessions, connections and workers on record: each decision about them, allowed or refused."""

import asyncio
import secrets

import httpx
import pytest
from grpclib import GRPCError

from acc.rpc import worker_v1 as rpc
from tests.controlplane.audit.events import USE, events, last, part
from tests.controlplane.peer import Worker, connection_id, enroll, enrolment_secret, make_csr
from tests.controlplane.system import (
    Controller,
    NewPerson,
    make_target,
    wait_until,
)
from tests.controlplane.things import delete, make_project, read, said


def test_a_session_is_on_record_with_its_target_and_its_id(
    admin: httpx.Client, project: str, person: NewPerson, live: Worker
) -> None:
    target = make_target(admin, project)
    somebody = person(USE)
    session = somebody.client.post(f"/v1/targets/{target['name']}:authorize-session").json()

    event = last(admin, user_id=somebody.user_id)
    assert part(event, "action", "resource_id", "resource_name", "scope_id", "outcome", "details") == {
        "action": "authorize-session",
        "resource_id": target["id"],
        "resource_name": target["name"],
        "scope_id": project,
        "outcome": "ok",
        "details": {"session_id": session["session_id"], "endpoint": "tcp://10.0.0.5:22"},
    }


def test_a_refused_session_is_on_record_with_what_was_asked(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    seen, blind = person("ids=*;type=target;actions=read"), person()
    seen.client.post(f"/v1/targets/{target['name']}:authorize-session", json={"port": 99})
    blind.client.post("/v1/targets/no-such-target:authorize-session")

    assert part(last(admin, user_id=seen.user_id), "resource_id", "outcome", "details") == {
        "resource_id": target["id"],
        "outcome": "not_allowed",
        "details": {"port": 99},
    }
    assert part(last(admin, user_id=blind.user_id), "resource_id", "resource_name", "outcome") == {
        "resource_id": None,
        "resource_name": "no-such-target",
        "outcome": "not_found",
    }


@pytest.mark.parametrize("meant", ["id", "name"])
def test_a_refused_session_for_a_hidden_target_is_on_record_where_that_lies(
    admin: httpx.Client, project: str, person: NewPerson, meant: str
) -> None:
    target = make_target(admin, project)
    blind = person()
    answer = blind.client.post(f"/v1/targets/{target[meant]}:authorize-session")
    missing = blind.client.post("/v1/targets/no-such-target:authorize-session")

    assert said(answer) == said(missing)
    assert part(events(admin, user_id=blind.user_id)[1], "scope_id", "resource_id", "resource_name", "outcome") == {
        "scope_id": project,
        "resource_id": target["id"],
        "resource_name": target["name"],
        "outcome": "not_found",
    }


def test_a_refused_session_for_a_name_of_several_hidden_targets_is_on_record_as_it_was_asked_for(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    make_target(admin, make_project(admin), name=target["name"])
    blind = person()
    blind.client.post(f"/v1/targets/{target['name']}:authorize-session")

    assert part(last(admin, user_id=blind.user_id), "scope_id", "resource_id", "resource_name") == {
        "scope_id": "global",
        "resource_id": None,
        "resource_name": target["name"],
    }


def test_a_cancelled_session_is_on_record(admin: httpx.Client, project: str, person: NewPerson, live: Worker) -> None:
    target = make_target(admin, project)
    session = person(USE).client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]
    admin.post(f"/v1/sessions/{session}:cancel")

    event = last(admin, resource_id=session)
    assert part(event, "action", "resource_name", "scope_id", "outcome") == {
        "action": "cancel",
        "resource_name": target["name"],
        "scope_id": project,
        "outcome": "ok",
    }


def test_a_session_that_loses_its_user_is_on_record_as_ended_by_the_controller(
    admin: httpx.Client, project: str, person: NewPerson, live: Worker
) -> None:
    target = make_target(admin, project)
    somebody = person(USE)
    session = somebody.client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]
    name = read(admin, "users", {"id": somebody.user_id})["name"]
    delete(admin, "users", {"id": somebody.user_id})
    event = wait_until(lambda: next(iter(events(admin, resource_id=session)), None))

    assert read(admin, "sessions", {"id": session})["termination_reason"] == "access removed"
    assert part(event, "action", "resource_name", "scope_id", "user_id", "user_name", "client_address", "outcome") == {
        "action": "cancel",
        "resource_name": target["name"],
        "scope_id": project,
        "user_id": None,
        "user_name": "(controller)",
        "client_address": None,
        "outcome": "ok",
    }
    assert event["details"] == {
        "reason": "access removed",
        "target_id": target["id"],
        "user_id": somebody.user_id,
        "user_name": name,
    }


def test_a_connection_that_a_worker_asks_for_is_on_record_allowed_and_refused(
    admin: httpx.Client, project: str, person: NewPerson, live: Worker
) -> None:
    target = make_target(admin, project, session_connection_limit=1)
    somebody = person(USE)
    session = somebody.client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]

    async def ask(connection: str) -> str:
        async with live.stub() as stub:
            request = rpc.AuthorizeConnectionRequest(
                connection_id=connection, session_id=session, client_address="192.0.2.1:5000"
            )
            return (await stub.authorize_connection(request)).refusal

    connections = connection_id(), connection_id()
    answers = [asyncio.run(ask(connections[0])), asyncio.run(ask(connections[1]))]

    refused, allowed = events(admin, resource_id=session)
    assert answers == ["", "session_limit"]
    assert (allowed["outcome"], refused["outcome"]) == ("ok", "session_limit")
    assert part(allowed, "action", "resource_name", "user_id", "scope_id", "client_address", "details") == {
        "action": "authorize-connection",
        "resource_name": target["name"],
        "user_id": somebody.user_id,
        "scope_id": project,
        "client_address": "192.0.2.1:5000",
        "details": {
            "connection_id": connections[0],
            "target_id": target["id"],
            "worker_id": live.id,
            "worker_name": "carrier",
        },
    }
    assert refused["details"]["connection_id"] == connections[1]


def test_a_connection_of_no_session_is_on_record_as_it_was_asked_for(admin: httpx.Client, live: Worker) -> None:
    unknown = f"s_{secrets.token_hex(5)}"

    async def ask() -> str:
        async with live.stub() as stub:
            request = rpc.AuthorizeConnectionRequest(connection_id=connection_id(), session_id=unknown)
            return (await stub.authorize_connection(request)).refusal

    assert asyncio.run(ask()) == "session_unknown"
    assert last(admin, resource_id=unknown)["outcome"] == "session_unknown"


def test_an_enrolment_is_on_record_and_so_is_one_that_is_refused(controller: Controller, admin: httpx.Client) -> None:
    worker = asyncio.run(enroll(controller, enrolment_secret(controller, "newcomer")))
    with pytest.raises(GRPCError):
        asyncio.run(enroll(controller, "nonsense", address="192.0.2.9:9202"))

    enrolled = last(admin, resource_id=worker.id)
    refused = next(one for one in events(admin, page_size="20") if one["action"] == "enroll")
    assert part(enrolled, "action", "resource_name", "outcome") == {
        "action": "enroll",
        "resource_name": "newcomer",
        "outcome": "ok",
    }
    assert part(refused, "outcome", "details") == {"outcome": "not_allowed", "details": {"address": "192.0.2.9:9202"}}


def test_a_renewal_is_on_record(admin: httpx.Client, live: Worker) -> None:
    async def renew() -> None:
        async with live.stub() as stub:
            await stub.renew(rpc.RenewRequest(csr_der=make_csr(live.key)))

    asyncio.run(renew())
    event = last(admin, resource_id=live.id)
    assert part(event, "action", "resource_name", "outcome") == {
        "action": "renew",
        "resource_name": "carrier",
        "outcome": "ok",
    }
