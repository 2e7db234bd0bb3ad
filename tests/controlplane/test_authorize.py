"""From a target's name to a ticket, and each way to be refused."""

import asyncio
import time
from collections.abc import Generator

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from acc.controlplane.cluster import load_cluster
from acc.rpc import worker_v1 as rpc
from acc.wire.names import worker_server_name
from acc.wire.ticket import Ticket, Verify, open_ticket
from tests.controlplane.peer import ADDRESS, Worker, new_worker
from tests.controlplane.system import Controller, NewPerson, execute, make_target, with_db

USE = "ids=*;type=target;actions=authorize-session"


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest.fixture(autouse=True)
def live(controller: Controller, worker: Worker) -> Generator[None]:
    """The worker counts as live, as if it had just stated itself."""
    execute(controller, "update workers set last_status_time = now(), draining = false where id = $1", worker.id)
    yield
    execute(controller, "update workers set last_status_time = null")


def authorize(client: httpx.Client, reference: str, body: dict[str, object] | None = None) -> httpx.Response:
    return client.post(f"/v1/targets/{reference}:authorize-session", json=body)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def verifier(key: rpc.TicketKey) -> Verify:
    public = Ed25519PublicKey.from_public_bytes(key.public_key)

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            public.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


def open_with(worker: Worker, controller: Controller, text: str) -> Ticket:
    keys = {key.key_id: verifier(key) for key in worker.enrolled.ticket_keys}
    cluster = asyncio.run(with_db(controller.database, load_cluster))
    return open_ticket(text, keys, audience=f"acc-worker:{cluster.id}", now=time.time())


def test_the_ticket_says_what_the_answer_says(
    controller: Controller, admin: httpx.Client, project: str, worker: Worker
) -> None:
    target = make_target(admin, project, session_connection_limit=2, session_max_seconds=600)

    answer = authorize(admin, target["name"], {}).json()

    ticket = open_with(worker, controller, answer["authorization_token"])
    assert ticket.session_id == answer["session_id"]
    assert ticket.user_id == answer["user_id"]
    assert ticket.target_id == answer["target_id"] == target["id"]
    assert ticket.endpoints == ("10.0.0.5:22",)
    assert answer["endpoint"] == "tcp://10.0.0.5:22"
    assert ticket.connection_limit == answer["session_connection_limit"] == answer["connections_left"] == 2
    assert ticket.expires_at == answer["expires_at"]
    assert ticket.expires_at - ticket.issued_at == 600
    assert ticket.outage == "deny"
    name = worker_server_name(worker.id)
    assert answer["workers"] == [{"id": worker.id, "address": ADDRESS, "server_name": name}]
    assert answer["worker_ca"] == controller.ca
    assert answer["target_name"] == target["name"]
    assert answer["scope"]["id"] == project


def test_an_ipv6_endpoint_is_bracketed(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, address="2001:db8::5")
    assert authorize(admin, target["id"]).json()["endpoint"] == "tcp://[2001:db8::5]:22"


def test_a_name_matches_whatever_its_case(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, name="MixedCase")
    assert authorize(admin, "mixedcase").json()["target_id"] == target["id"]


def test_an_extra_port_may_be_asked_for(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, attributes={"default_port": 5432, "extra_ports": [5433]})

    assert authorize(admin, target["id"], {"port": 5433}).json()["endpoint"] == "tcp://10.0.0.5:5433"
    assert refusal(authorize(admin, target["id"], {"port": 22})) == (403, "port_not_allowed")


def test_a_new_session_is_pending(admin: httpx.Client, project: str) -> None:
    answer = authorize(admin, make_target(admin, project)["id"]).json()

    session = admin.get(f"/v1/sessions/{answer['session_id']}").json()
    assert session["status"] == "pending"
    assert session["expiration_time"] == answer["expiration"]
    assert session["user_name"] == "admin"
    assert session["connections"] == []


def test_what_is_hidden_and_what_is_missing_are_not_found(admin: httpx.Client, project: str, person: NewPerson) -> None:
    hidden = make_target(admin, project)
    client = person().client

    answers = [authorize(client, reference) for reference in (hidden["id"], hidden["name"], "no-such-target")]
    assert {refusal(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.text for answer in answers}) == 1


def test_seeing_a_target_is_not_using_it(admin: httpx.Client, project: str, person: NewPerson) -> None:
    target = make_target(admin, project)
    client = person("ids=*;type=target;actions=read").client

    assert refusal(authorize(client, target["name"])) == (403, "not_allowed")


def test_a_name_of_several_usable_targets_is_ambiguous(
    controller: Controller, admin: httpx.Client, project: str, person: NewPerson
) -> None:
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]
    execute(
        controller,
        "insert into scopes (id, type, parent_id, parent_type, name) values ('p_twin', 'project', $1, 'org', 'twin')",
        org,
    )
    one, other = (make_target(admin, scope, name="twin") for scope in (project, "p_twin"))

    assert refusal(authorize(admin, "twin")) == (409, "ambiguous")
    assert authorize(admin, one["id"]).json()["target_id"] == one["id"]
    mine = person(f"ids={other['id']};type=target;actions=authorize-session").client
    assert authorize(mine, "twin").json()["target_id"] == other["id"]


def test_what_is_no_name_is_refused(admin: httpx.Client) -> None:
    assert refusal(authorize(admin, "-oProxyCommand")) == (400, "bad_name")


@pytest.mark.parametrize("body", [{"port": 0}, {"port": "22"}, {"host": "h_1"}, []])
def test_a_body_that_makes_no_sense_is_refused(admin: httpx.Client, project: str, body: object) -> None:
    target = make_target(admin, project)
    answer = admin.post(f"/v1/targets/{target['id']}:authorize-session", json=body)
    assert refusal(answer) == (400, "bad_request")


@pytest.mark.parametrize(
    "change",
    [
        "update workers set last_status_time = now() - interval '16 seconds'",
        "update workers set last_status_time = null",
        "update workers set draining = true",
    ],
)
def test_without_a_live_worker_there_is_no_session(
    controller: Controller, admin: httpx.Client, project: str, change: str
) -> None:
    target = make_target(admin, project)
    execute(controller, change)

    assert refusal(authorize(admin, target["id"])) == (503, "no_worker")
    sessions = admin.get("/v1/sessions", params={"recursive": "true"}).json()["items"]
    assert target["id"] not in {session["target_id"] for session in sessions}


def test_the_least_loaded_worker_comes_first(controller: Controller, admin: httpx.Client, project: str) -> None:
    busy = asyncio.run(new_worker(controller))
    execute(controller, "update workers set last_status_time = now(), open_connections = 500 where id = $1", busy.id)
    target = make_target(admin, project)

    assert [one["id"] for one in authorize(admin, target["id"]).json()["workers"]][1:] == [busy.id]


def test_a_user_with_a_narrow_grant_gets_a_session_and_sees_it(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    somebody = person(f"ids={target['id']};type=target;actions=authorize-session")

    answer = authorize(somebody.client, target["name"]).json()

    listed = somebody.client.get("/v1/sessions", params={"recursive": "true"}).json()["items"]
    assert [session["id"] for session in listed] == [answer["session_id"]]
    assert listed[0]["user_id"] == somebody.user_id
