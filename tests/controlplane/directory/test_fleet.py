"""Workers as operators see them."""

import asyncio
import base64
import json

import httpx
import pytest
from grpclib import GRPCError, Status

from acc.rpc import worker_v1 as rpc
from tests.controlplane.peer import enroll, new_worker
from tests.controlplane.system import Controller, NewPerson
from tests.controlplane.things import Item, act, change, delete, ids, new_name, read, refusal, try_act, try_change


def make_worker(admin: httpx.Client) -> Item:
    answer = admin.post("/v1/workers:create:controller-led", json={"scope_id": "global", "name": new_name("worker")})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def secret_in(worker: Item) -> str:
    packed = worker["controller_generated_activation_token"].partition(".")[2]
    return str(json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))["secret"])


def test_a_worker_that_is_made_here_enrols_as_itself(controller: Controller, admin: httpx.Client) -> None:
    made = make_worker(admin)
    assert "address" not in made

    enrolled = asyncio.run(enroll(controller, secret_in(made)))

    assert enrolled.id == made["id"]
    assert read(admin, "workers", made)["address"] == "127.0.0.1:9202"


def test_the_token_is_shown_once(admin: httpx.Client) -> None:
    made = make_worker(admin)

    assert "controller_generated_activation_token" not in read(admin, "workers", made)
    assert secret_in(made) not in admin.get("/v1/workers").text


def test_two_workers_have_two_names(admin: httpx.Client) -> None:
    made = make_worker(admin)

    answer = admin.post("/v1/workers:create:controller-led", json={"scope_id": "global", "name": made["name"]})
    assert refusal(answer) == (409, "conflict")


@pytest.mark.parametrize("name", ["", "-w", "w w", "\u0430", "w\u0000"])
def test_what_is_no_name_is_no_worker(admin: httpx.Client, name: str) -> None:
    answer = admin.post("/v1/workers:create:controller-led", json={"scope_id": "global", "name": name})
    assert refusal(answer) == (400, "bad_name")
    assert refusal(try_change(admin, "workers", make_worker(admin), name=name))[0] == 400


def test_making_one_needs_its_own_grant(person: NewPerson) -> None:
    body = {"scope_id": "global", "name": new_name("worker")}
    client = person("ids=*;type=worker;actions=read,update").client
    assert refusal(client.post("/v1/workers:create:controller-led", json=body)) == (403, "not_allowed")

    allowed = person("type=worker;actions=create").client
    assert allowed.post("/v1/workers:create:controller-led", json=body).status_code == 200


def test_tags_are_added_set_and_removed(admin: httpx.Client) -> None:
    worker = make_worker(admin)

    now = act(admin, "workers", worker, "add-worker-tags", api_tags={"region": ["eu"], "type": ["prod"]})
    now = act(admin, "workers", now, "add-worker-tags", api_tags={"region": ["us"]})
    assert now["api_tags"] == {"region": ["eu", "us"], "type": ["prod"]}
    assert now["canonical_tags"] == now["api_tags"]
    now = act(admin, "workers", now, "remove-worker-tags", api_tags={"region": ["eu"], "type": ["prod"]})
    assert now["api_tags"] == {"region": ["us"]}
    now = act(admin, "workers", now, "set-worker-tags", api_tags={"zone": ["a"]})
    assert now["api_tags"] == {"zone": ["a"]}


@pytest.mark.parametrize(
    "tags",
    [
        {"": ["x"]},
        {"x": []},
        {"x": [""]},
        {"x": ["\u0430"]},
        {"x": "y"},
        {"x" * 129: ["y"]},
        {"x": [1]},
        [],
        {"x": ["y"] * 65},
    ],
)
def test_tags_that_make_no_sense_are_refused(admin: httpx.Client, tags: object) -> None:
    worker = make_worker(admin)

    assert refusal(try_act(admin, "workers", worker, "add-worker-tags", api_tags=tags)) == (400, "bad_request")
    assert read(admin, "workers", worker)["api_tags"] == {}


def test_tags_have_a_bound_however_they_are_added(admin: httpx.Client) -> None:
    worker = make_worker(admin)
    now = act(admin, "workers", worker, "add-worker-tags", api_tags={f"a{n}": ["x"] for n in range(64)})

    assert refusal(try_act(admin, "workers", now, "add-worker-tags", api_tags={"b": ["x"]})) == (400, "bad_request")


def test_a_deleted_worker_is_not_let_in(controller: Controller, admin: httpx.Client) -> None:
    worker = asyncio.run(new_worker(controller))
    delete(admin, "workers", {"id": worker.id})

    async def report() -> None:
        async with worker.stub() as stub:
            await stub.report(rpc.ReportRequest())

    with pytest.raises(GRPCError) as refused:
        asyncio.run(report())
    assert refused.value.status is Status.UNAUTHENTICATED


def test_a_worker_may_be_described_and_renamed(admin: httpx.Client) -> None:
    name = new_name("renamed")
    changed = change(admin, "workers", make_worker(admin), name=name, description="the old one")
    assert (changed["name"], changed["description"]) == (name, "the old one")


def test_workers_are_hidden_from_whoever_may_do_nothing_with_them(admin: httpx.Client, person: NewPerson) -> None:
    worker = make_worker(admin)
    client = person().client

    assert ids(client, "workers") == []
    assert refusal(client.get(f"/v1/workers/{worker['id']}")) == (404, "not_found")
