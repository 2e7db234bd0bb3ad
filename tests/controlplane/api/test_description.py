"""The description of the API and the code agree: fields, actions, routes."""

import asyncio
from collections.abc import Iterator, Mapping

import httpx
import msgspec
import pytest

from acc.controlplane.api.calls import Call, call_of
from acc.controlplane.app import HANDLERS
from acc.wire.directory.index import BY_TYPE, RESOURCES
from acc.wire.resources import Exposure, Field, Given, Resource
from tests.controlplane.peer import new_worker
from tests.controlplane.system import Controller, execute, make_target
from tests.controlplane.things import Item, act, auth_method, change, make, make_hosts, new_name, read

CALLS = {(call.resource.type, call.action): call for handler in HANDLERS if (call := call_of(handler))}
of_each = pytest.mark.parametrize("resource", RESOURCES, ids=[resource.type for resource in RESOURCES])

Names = set[tuple[str | None, str]]  # what a field stands in, and the field


def names_of(fields: Iterator[Field] | tuple[Field, ...]) -> Names:
    return {(field.inside, field.name) for field in fields}


def given(resource: Resource, *when: Given) -> Names:
    return names_of(field for field in resource.fields if field.given in when)


def taken(call: Call) -> Names:
    """What the body of a call takes."""
    assert call.body is not None
    return {name for name, _ in _fields(call.body, None)} - {(None, "version")}


def demanded(call: Call) -> Names:
    """What the body of a call must have."""
    assert call.body is not None
    return {name for name, required in _fields(call.body, None) if required} - {(None, "version")}


def _fields(body: type[msgspec.Struct], inside: str | None) -> Iterator[tuple[tuple[str | None, str], bool]]:
    for field in msgspec.structs.fields(body):
        if field.name == "attributes":
            assert isinstance(field.type, type)
            yield from _fields(field.type, field.name)
        else:
            yield (inside, field.name), field.required


def test_every_route_is_described_and_every_action_has_a_route() -> None:
    described = {
        (resource.type, action)
        for resource in RESOURCES
        for action in (*resource.verbs, *(action.name for action in resource.domain))
    }
    assert set(CALLS) == described
    assert len(CALLS) == len(HANDLERS)


@of_each
def test_a_new_one_takes_what_is_described_and_nothing_else(resource: Resource) -> None:
    call = CALLS.get((resource.type, "create"))

    assert (taken(call) if call else set()) == (given(resource, Given.ONCE, Given.ALWAYS) if call else set())


@of_each
def test_a_change_takes_what_is_described_and_nothing_else(resource: Resource) -> None:
    call = CALLS.get((resource.type, "update"))

    assert (taken(call) if call else set()) == (given(resource, Given.ALWAYS, Given.LATER) if call else set())


@of_each
def test_a_new_one_must_have_what_is_described_as_required(resource: Resource) -> None:
    call = CALLS.get((resource.type, "create"))
    required = names_of(field for field in resource.fields if field.required)

    assert not call or demanded(call) <= required
    assert not call or required - demanded(call) <= {(None, "scope_id")}  # global, where nothing else is possible


ACTIONS = [(resource, action) for resource in RESOURCES for action in resource.domain]


@pytest.mark.parametrize(("resource", "action"), ACTIONS, ids=[f"{one.type}:{action.name}" for one, action in ACTIONS])
def test_an_action_takes_what_is_described_and_nothing_else(resource: Resource, action: object) -> None:
    call = CALLS[(resource.type, action.name)]

    assert (taken(call) if call.body else set()) == names_of(action.takes)
    versioned = {field.name for field in msgspec.structs.fields(call.body)} if call.body else set()
    assert ("version" in versioned) == action.versioned


# answers


def keys_of(item: Item) -> Names:
    """The keys of an answer, those inside `attributes` by themselves."""
    held = item.get("attributes", {})
    return {(None, key) for key in item if key != "attributes"} | {("attributes", key) for key in held}


def shown(fields: tuple[Field, ...]) -> Names:
    return names_of(field for field in fields if field.exposure is not Exposure.SECRET)


@pytest.fixture(scope="module")
def full(controller: Controller, admin: httpx.Client, project: str) -> Mapping[str, Item]:
    """One of each resource, with every field that it can have."""
    method = change(admin, "auth-methods", read(admin, "auth-methods", {"id": auth_method(admin)}), description="words")
    org = make(admin, "scopes", scope_id="global", name=new_name("org"), description="words")
    own = make(admin, "auth-methods", scope_id=org["id"])
    login = {"login_name": new_name("login"), "password": "a good password"}
    account = make(
        admin, "accounts", auth_method_id=method["id"], name=new_name(), description="words", attributes=login
    )
    user = make(
        admin, "users", scope_id="global", name=new_name("u"), description="x", full_name="A B", email="a@example.com"
    )
    user = act(admin, "users", user, "add-accounts", account_ids=[account["id"]])
    group = make(admin, "groups", scope_id="global", name=new_name(), description="words")
    role = make(admin, "roles", scope_id="global", name=new_name(), description="words")
    role = act(admin, "roles", role, "add-principals", principal_ids=[user["id"], group["id"]])
    role = act(admin, "roles", role, "add-grants", grant_strings=["ids=*;type=target;actions=read"])
    host_set, (host,) = make_hosts(admin, project, "10.0.0.1")
    catalog = read(admin, "host-catalogs", {"id": host_set["host_catalog_id"]})
    worker = asyncio.run(new_worker(controller))
    execute(controller, "update workers set last_status_time = now(), release_version = '1' where id = $1", worker.id)
    ports = {"default_port": 22, "default_client_port": 2222, "extra_ports": [23]}
    target = make_target(
        admin, project, address=None, description="words", egress_worker_filter='"/name" != "x"', attributes=ports
    )
    target = act(admin, "targets", target, "add-host-sources", host_source_ids=[host_set["id"]])
    alias = make(
        admin, "aliases", scope_id="global", name=new_name(), description="words", value=new_name("alias"),
        destination_id=target["id"], attributes={"authorize_session_arguments": {"host_id": host["id"]}},
    )  # fmt: skip
    session = admin.post(f"/v1/targets/{target['id']}:authorize-session").json()
    admin.post(f"/v1/sessions/{session['session_id']}:cancel")
    token = admin.get("/v1/auth-tokens/self").json()
    described = {"name": new_name(), "description": "words"}
    query = {"scope_id": "global", "recursive": "true", "resource_id": target["id"]}
    return {
        "scope": change(admin, "scopes", org, primary_auth_method_id=own["id"]),
        "auth-method": method,
        "account": read(admin, "accounts", account),
        "user": user,
        "group": act(admin, "groups", group, "add-members", member_ids=[user["id"]]),
        "role": role,
        "host-catalog": change(admin, "host-catalogs", catalog, **described),
        "host-set": change(admin, "host-sets", host_set, **described),
        "host": change(admin, "hosts", read(admin, "hosts", host), **described),
        "target": read(admin, "targets", target) | change_address(admin, project),
        "alias": alias,
        "session": read(admin, "sessions", {"id": session["session_id"]}),
        "auth-token": token,
        "audit-event": admin.get("/v1/audit-events", params=query).json()["items"][0],
        "worker": change(admin, "workers", read(admin, "workers", {"id": worker.id}), description="words"),
        "authorize-session": session,
    }


def change_address(admin: httpx.Client, project: str) -> Item:
    """The one field that a target with host sources cannot have."""
    return {"address": make_target(admin, project)["address"]}


@of_each
def test_an_answer_has_what_is_described_and_nothing_else(full: Mapping[str, Item], resource: Resource) -> None:
    assert keys_of(full[resource.type]) == shown(resource.fields)


def test_a_ticket_comes_with_what_is_described(full: Mapping[str, Item]) -> None:
    action = next(one for one in BY_TYPE["target"].domain if one.name == "authorize-session")

    assert keys_of(full["authorize-session"]) == names_of(action.gives)


def test_a_login_is_a_token_with_what_is_described(controller: Controller, admin: httpx.Client) -> None:
    body = {"attributes": {"login_name": "admin", "password": "correct horse battery"}}
    with controller.client() as anyone:
        answer = anyone.post(f"/v1/auth-methods/{auth_method(admin)}:authenticate", json=body).json()

    assert answer.keys() == {"command", "type", "attributes"}
    described = {field.name for field in BY_TYPE["auth-token"].fields}
    assert answer["attributes"].keys() == described - {"scope"}


def test_a_new_worker_comes_with_its_token_this_once(admin: httpx.Client) -> None:
    body = {"scope_id": "global", "name": new_name("worker")}
    made = admin.post("/v1/workers:create:controller-led", json=body).json()

    assert made.keys() <= {field.name for field in BY_TYPE["worker"].fields}
    assert "controller_generated_activation_token" in made
