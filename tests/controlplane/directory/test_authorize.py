"""From a target's name to a ticket, and each way to be refused."""

import asyncio
import json
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
from tests.controlplane.peer import ADDRESS, Worker, connection_id, new_worker
from tests.controlplane.system import Controller, NewPerson, execute, make_target, with_db
from tests.controlplane.things import (
    Item,
    act,
    change,
    make,
    make_hosts,
    make_project,
    new_name,
    refusal,
    said,
    try_change,
)

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
    assert said(answers[0]) == said(answers[1]) == said(answers[2])


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


def test_the_usable_one_is_found_however_many_of_its_name_are_only_seen(
    controller: Controller, admin: httpx.Client, person: NewPerson
) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))["id"]
    execute(
        controller,
        "insert into scopes (id, type, parent_id, parent_type, name)"
        " select 'p_seen' || n, 'project', $1, 'org', 'seen-' || n from generate_series(1, 150) n",
        org,
    )
    execute(
        controller,
        "insert into targets (id, scope_id, type, name, address, default_port, session_max_seconds,"
        " session_connection_limit) select 'ttcp_seen' || n, 'p_seen' || n, 'tcp', 'seen', '10.0.0.5', 22, 60, -1"
        " from generate_series(1, 150) n",
    )
    usable = make_target(admin, make_project(admin, org), name="seen")
    somebody = person("ids=*;type=target;actions=read", f"ids={usable['id']};type=target;actions=authorize-session")

    assert authorize(somebody.client, "seen").json()["target_id"] == usable["id"]
    assert refusal(authorize(person("ids=*;type=target;actions=read").client, "seen")) == (403, "not_allowed")


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


# hosts


def sourced(admin: httpx.Client, project: str, *addresses: str) -> tuple[Item, Item, list[Item]]:
    """A target whose host source is a set with these hosts; the set, and the hosts."""
    host_set, hosts = make_hosts(admin, project, *addresses)
    target = make_target(admin, project, address=None)
    return act(admin, "targets", target, "add-host-sources", host_source_ids=[host_set["id"]]), host_set, hosts


def test_a_target_with_host_sources_leads_to_one_of_their_hosts(admin: httpx.Client, project: str) -> None:
    target, host_set, hosts = sourced(admin, project, "10.1.0.1", "10.1.0.2")

    answers = [authorize(admin, target["id"]).json() for _ in range(20)]

    led_to = {(answer["host_id"], answer["endpoint"], answer["host_set_id"]) for answer in answers}
    assert led_to == {
        (hosts[0]["id"], "tcp://10.1.0.1:22", host_set["id"]),
        (hosts[1]["id"], "tcp://10.1.0.2:22", host_set["id"]),
    }
    session = admin.get(f"/v1/sessions/{answers[0]['session_id']}").json()
    assert (session["host_id"], session["host_set_id"]) == (answers[0]["host_id"], host_set["id"])


def test_a_host_may_be_asked_for(admin: httpx.Client, project: str) -> None:
    target, _, hosts = sourced(admin, project, "10.1.0.1", "10.1.0.2")

    answers = [authorize(admin, target["id"], {"host_id": hosts[1]["id"]}).json() for _ in range(5)]
    assert {answer["endpoint"] for answer in answers} == {"tcp://10.1.0.2:22"}


def test_a_host_that_is_asked_for_by_its_id_is_never_one_that_is_called_so(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    target, host_set, (meant, called_so, gone) = sourced(admin, project, "10.1.0.1", "10.1.0.2", "10.1.0.3")
    called = "update hosts set name = $2 where id = $1"  # as it may stand there from before such names were refused
    execute(controller, called, called_so["id"], meant["id"])

    answers = [authorize(admin, target["id"], {"host_id": meant["id"]}).json() for _ in range(12)]
    assert {answer["endpoint"] for answer in answers} == {"tcp://10.1.0.1:22"}

    act(admin, "host-sets", host_set, "remove-hosts", host_ids=[gone["id"]])
    execute(controller, called, called_so["id"], gone["id"])
    assert refusal(authorize(admin, target["id"], {"host_id": gone["id"]})) == (404, "not_found")


def test_an_alias_asks_for_the_host_itself(controller: Controller, admin: httpx.Client, project: str) -> None:
    target, _, (meant, called_so) = sourced(admin, project, "10.1.0.1", "10.1.0.2")
    execute(controller, "update hosts set name = $2 where id = $1", called_so["id"], meant["id"])
    arguments = {"authorize_session_arguments": {"host_id": meant["id"]}}
    value = new_name("alias")
    make(admin, "aliases", scope_id="global", value=value, destination_id=target["id"], attributes=arguments)

    assert {authorize(admin, value).json()["host_id"] for _ in range(12)} == {meant["id"]}


def test_a_host_may_be_asked_for_by_its_name(admin: httpx.Client, project: str) -> None:
    target, _, hosts = sourced(admin, project, "10.1.0.1", "10.1.0.2")
    change(admin, "hosts", hosts[1], name="the second")

    assert {authorize(admin, target["id"], {"host_id": "the second"}).json()["host_id"] for _ in range(8)} == {
        hosts[1]["id"]
    }


def test_a_host_that_is_not_the_targets_is_not_found(admin: httpx.Client, project: str) -> None:
    target, _, _ = sourced(admin, project, "10.1.0.1")
    _, (foreign,) = make_hosts(admin, project, "10.1.0.2")

    for led_to in (target, make_target(admin, project)):
        answers = [authorize(admin, led_to["id"], {"host_id": one}) for one in (foreign["id"], "hst_0000000000")]
        assert [refusal(answer) for answer in answers] == [(404, "not_found")] * 2
        assert said(answers[0])["detail"].replace(foreign["id"], "hst_0000000000") == said(answers[1])["detail"]


def test_a_target_that_leads_nowhere_yet_has_no_host(admin: httpx.Client, project: str) -> None:
    bare = make_target(admin, project, address=None)
    empty, _, _ = sourced(admin, project)

    for target in (bare, empty):
        answer = authorize(admin, target["name"])
        assert refusal(answer) == (409, "no_host")
        assert answer.json()["detail"] == f"{target['name']} has no address, and no host in its host sources"
        assert "give it one" in answer.json()["hint"]


async def fail(worker: Worker, session: str, reason: str) -> None:
    closed = rpc.ConnectionEvent(
        connection_id=connection_id(),
        session_id=session,
        kind=rpc.ConnectionEventKind.CLOSED,
        at_ms=int(time.time() * 1000),
        closed_by="backend",
        closed_reason=reason,
    )
    async with worker.stub() as stub:
        await stub.report(rpc.ReportRequest(events=[closed]))


@pytest.mark.parametrize("reason", ["backend_refused", "backend_timeout", "backend_unreachable", "backend_unresolved"])
def test_a_host_that_did_not_answer_is_passed_over(
    controller: Controller, admin: httpx.Client, project: str, worker: Worker, reason: str
) -> None:
    target, _, hosts = sourced(admin, project, "10.1.0.1", "10.1.0.2")
    bad, good = hosts
    session = authorize(admin, target["id"], {"host_id": bad["id"]}).json()["session_id"]

    asyncio.run(fail(worker, session, reason))

    assert {authorize(admin, target["id"]).json()["host_id"] for _ in range(12)} == {good["id"]}
    assert authorize(admin, target["id"], {"host_id": bad["id"]}).json()["host_id"] == bad["id"]
    execute(controller, "update hosts set failed_time = now() - interval '31 seconds' where id = $1", bad["id"])
    assert {authorize(admin, target["id"]).json()["host_id"] for _ in range(20)} == {bad["id"], good["id"]}


def test_where_every_host_has_failed_one_is_tried(
    controller: Controller, admin: httpx.Client, project: str, worker: Worker
) -> None:
    target, _, (host,) = sourced(admin, project, "10.1.0.1")
    asyncio.run(fail(worker, authorize(admin, target["id"]).json()["session_id"], "backend_timeout"))

    assert authorize(admin, target["id"]).json()["host_id"] == host["id"]


def test_a_new_address_is_a_new_chance(admin: httpx.Client, project: str, worker: Worker) -> None:
    target, _, hosts = sourced(admin, project, "10.1.0.1", "10.1.0.2")
    session = authorize(admin, target["id"], {"host_id": hosts[0]["id"]}).json()["session_id"]
    asyncio.run(fail(worker, session, "backend_timeout"))

    change(admin, "hosts", hosts[0] | {"version": 1}, attributes={"address": "10.1.0.3"})

    endpoints = {authorize(admin, target["id"]).json()["endpoint"] for _ in range(20)}
    assert endpoints == {"tcp://10.1.0.3:22", "tcp://10.1.0.2:22"}


# names


def test_an_alias_leads_to_its_target_from_everywhere(admin: httpx.Client, project: str, person: NewPerson) -> None:
    target, value = make_target(admin, project), new_name("Alias")
    make(admin, "aliases", scope_id="global", value=value, destination_id=target["id"])
    somebody = person(f"ids={target['id']};actions=authorize-session")

    assert authorize(somebody.client, value.lower()).json()["target_id"] == target["id"]
    answers = [authorize(person().client, one) for one in (value, "no-such-alias")]
    assert said(answers[0]) == said(answers[1])
    assert refusal(answers[0]) == (404, "not_found")


def test_a_targets_name_comes_before_an_alias(admin: httpx.Client, project: str) -> None:
    one, other = make_target(admin, project), make_target(admin, project)
    make(admin, "aliases", scope_id="global", value=one["name"], destination_id=other["id"])

    assert authorize(admin, one["name"]).json()["target_id"] == one["id"]


def test_an_alias_may_ask_for_a_host(admin: httpx.Client, project: str) -> None:
    target, _, hosts = sourced(admin, project, "10.1.0.1", "10.1.0.2")
    arguments = {"authorize_session_arguments": {"host_id": hosts[1]["id"]}}
    value = new_name("alias")
    alias = make(admin, "aliases", scope_id="global", value=value, destination_id=target["id"], attributes=arguments)

    assert alias["attributes"] == arguments
    assert {authorize(admin, value).json()["host_id"] for _ in range(8)} == {hosts[1]["id"]}
    assert authorize(admin, value, {"host_id": hosts[0]["id"]}).json()["host_id"] == hosts[0]["id"]


def test_a_name_may_be_said_with_its_scope(admin: httpx.Client) -> None:
    name = new_name("same")
    one, other = (make_target(admin, make_project(admin), name=name) for _ in range(2))

    assert refusal(authorize(admin, name)) == (409, "ambiguous")
    by_id = {"name": name, "scope_id": one["scope_id"]}
    assert authorize(admin, name, by_id).json()["target_id"] == one["id"]
    by_name = {"name": name, "scope_name": other["scope"]["name"]}
    assert authorize(admin, name, by_name).json()["target_id"] == other["id"]


# workers


def tagged(controller: Controller, **tags: list[str]) -> Worker:
    """A live worker with these tags."""
    made = asyncio.run(new_worker(controller))
    execute(
        controller,
        "update workers set last_status_time = now(), api_tags = $2 where id = $1",
        made.id,
        json.dumps(tags),
    )
    return made


def open_connection(worker: Worker, session: str) -> str:
    async def ask() -> str:
        request = rpc.AuthorizeConnectionRequest(connection_id=connection_id(), session_id=session)
        async with worker.stub() as stub:
            return (await stub.authorize_connection(request)).refusal

    return asyncio.run(ask())


def test_a_filter_picks_the_workers_by_their_tags(
    controller: Controller, admin: httpx.Client, project: str, worker: Worker
) -> None:
    european, american = tagged(controller, region=["eu"]), tagged(controller, region=["us"])
    target = make_target(admin, project, egress_worker_filter='"eu" in "/tags/region"')

    answer = authorize(admin, target["id"]).json()

    assert [one["id"] for one in answer["workers"]] == [european.id]
    assert open_with(worker, controller, answer["authorization_token"]).worker_filter == target["egress_worker_filter"]
    assert open_connection(american, answer["session_id"]) == "ticket_foreign"
    assert open_connection(worker, answer["session_id"]) == "ticket_foreign"
    assert open_connection(european, answer["session_id"]) == ""


def test_a_filter_that_no_worker_passes_leaves_none(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, egress_worker_filter='"mars" in "/tags/region"')

    assert refusal(authorize(admin, target["id"])) == (503, "no_worker")


def test_a_filter_that_cannot_be_read_is_refused(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)

    assert refusal(try_change(admin, "targets", target, egress_worker_filter='"eu" in')) == (400, "bad_request")
    changed = change(admin, "targets", target, egress_worker_filter='"/name" == "w-1"')
    assert "egress_worker_filter" not in change(admin, "targets", changed, egress_worker_filter=None)
