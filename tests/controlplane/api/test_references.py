"""Ids in bodies: a hidden one is as a missing one, and one that may be seen is taken."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
import pytest

from acc.wire.directory.index import BY_TYPE
from tests.controlplane.system import NewPerson, make_target
from tests.controlplane.things import (
    Item,
    act,
    auth_method,
    make,
    make_hosts,
    make_project,
    new_name,
    read,
    refusal,
    said,
    try_act,
    try_change,
)

Body = Mapping[str, object]


@dataclass(frozen=True)
class Example:
    """A thing that may be changed, and something that a change of it may name: made by `make`."""

    kind: str
    action: str
    make: Callable[[httpx.Client], tuple[Item, Item]]
    body: Callable[[str], Body]

    @property
    def plural(self) -> str:
        return BY_TYPE[self.kind].plural


def a_user(admin: httpx.Client) -> Item:
    return make(admin, "users", scope_id="global", name=new_name("u"))


def a_group_and_a_user(admin: httpx.Client) -> tuple[Item, Item]:
    return make(admin, "groups", scope_id="global"), a_user(admin)


def a_role_and_a_user(admin: httpx.Client) -> tuple[Item, Item]:
    return make(admin, "roles", scope_id="global"), a_user(admin)


def a_role_and_a_group(admin: httpx.Client) -> tuple[Item, Item]:
    return make(admin, "roles", scope_id="global"), make(admin, "groups", scope_id="global")


def a_role_and_an_org(admin: httpx.Client) -> tuple[Item, Item]:
    return make(admin, "roles", scope_id="global"), make(admin, "scopes", scope_id="global", name=new_name("org"))


def a_user_and_an_account(admin: httpx.Client) -> tuple[Item, Item]:
    login = {"login_name": new_name("login")}
    return a_user(admin), make(admin, "accounts", auth_method_id=auth_method(admin), attributes=login)


def a_host_set_and_a_host(admin: httpx.Client) -> tuple[Item, Item]:
    catalog = make(admin, "host-catalogs", scope_id=make_project(admin))["id"]
    host = make(admin, "hosts", host_catalog_id=catalog, attributes={"address": "10.0.0.1"})
    return make(admin, "host-sets", host_catalog_id=catalog), host


def a_target_and_a_host_set(admin: httpx.Client) -> tuple[Item, Item]:
    project = make_project(admin)
    return make_target(admin, project, address=None), make_hosts(admin, project)[0]


def an_alias_and_a_target(admin: httpx.Client) -> tuple[Item, Item]:
    alias = make(admin, "aliases", scope_id="global", value=new_name("alias"))
    return alias, make_target(admin, make_project(admin))


def an_alias_and_a_host(admin: httpx.Client) -> tuple[Item, Item]:
    alias = make(admin, "aliases", scope_id="global", value=new_name("alias"))
    return alias, make_hosts(admin, make_project(admin), "10.0.0.1")[1][0]


def an_org_and_an_auth_method(admin: httpx.Client) -> tuple[Item, Item]:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    return org, make(admin, "auth-methods", scope_id=org["id"])


def in_list(field: str) -> Callable[[str], Body]:
    return lambda one: {field: [one]}


def as_argument(host_id: str) -> Body:
    return {"attributes": {"authorize_session_arguments": {"host_id": host_id}}}


EXAMPLES = [
    Example("group", "add-members", a_group_and_a_user, in_list("member_ids")),
    Example("group", "set-members", a_group_and_a_user, in_list("member_ids")),
    Example("role", "add-principals", a_role_and_a_user, in_list("principal_ids")),
    Example("role", "set-principals", a_role_and_a_group, in_list("principal_ids")),
    Example("role", "add-grant-scopes", a_role_and_an_org, in_list("grant_scope_ids")),
    Example("role", "set-grant-scopes", a_role_and_an_org, in_list("grant_scope_ids")),
    Example("user", "add-accounts", a_user_and_an_account, in_list("account_ids")),
    Example("host-set", "add-hosts", a_host_set_and_a_host, in_list("host_ids")),
    Example("target", "add-host-sources", a_target_and_a_host_set, in_list("host_source_ids")),
    Example("alias", "update", an_alias_and_a_target, lambda one: {"destination_id": one}),
    Example("alias", "update", an_alias_and_a_host, as_argument),
    Example("scope", "update", an_org_and_an_auth_method, lambda one: {"primary_auth_method_id": one}),
]

examples = pytest.mark.parametrize("example", EXAMPLES, ids=[f"{one.kind}:{one.action}" for one in EXAMPLES])


def attempt(client: httpx.Client, example: Example, item: Item, named: str) -> httpx.Response:
    if example.action == "update":
        return try_change(client, example.plural, item, **example.body(named))
    return try_act(client, example.plural, item, example.action, **example.body(named))


def without(one: str, answer: httpx.Response) -> Item:
    """What an answer says of an id, whatever id that is."""
    return dict(json.loads(json.dumps(said(answer)).replace(one, "it")))


def missing_like(item: Item) -> str:
    return f"{item['id'].partition('_')[0]}_0000000000"


def changer(person: NewPerson, example: Example, item: Item, *grants: str) -> httpx.Client:
    """Who may do everything with the thing that is changed, and sees nothing else."""
    whole = f"ids={item['id']};actions=*"
    reach = ("this",) if item["scope"]["id"] == "global" else (item["scope"]["id"],)
    return person(whole, *grants, reach=reach).client


@examples
def test_a_hidden_one_is_as_a_missing_one(admin: httpx.Client, person: NewPerson, example: Example) -> None:
    item, hidden = example.make(admin)
    client = changer(person, example, item)

    answers = {one: attempt(client, example, item, one) for one in (hidden["id"], missing_like(hidden))}

    documents = [without(one, answer) for one, answer in answers.items()]
    assert documents[0] == documents[1]
    assert {refusal(answer) for answer in answers.values()} == {(400, "bad_request")}
    assert read(admin, example.plural, item) == read(admin, example.plural, item) | item


@examples
def test_one_that_may_be_seen_may_be_named(admin: httpx.Client, person: NewPerson, example: Example) -> None:
    item, named = example.make(admin)
    scopes = {"this" if one["scope"]["id"] == "global" else one["scope"]["id"] for one in (item, named)}
    grants = [f"ids={one['id']};actions=*" for one in (item, named)]
    client = person(*grants, reach=sorted(scopes)).client

    answer = attempt(client, example, item, named["id"])

    assert answer.status_code == 200, answer.text
    assert named["id"] in answer.text


def test_a_new_alias_leads_to_what_may_be_seen(admin: httpx.Client, person: NewPerson) -> None:
    target = make_target(admin, make_project(admin))
    client = person("type=alias;actions=create", reach=("this",)).client

    bodies = {one: {"value": new_name(), "destination_id": one} for one in (target["id"], missing_like(target))}
    answers = {one: client.post("/v1/aliases", json=body) for one, body in bodies.items()}

    documents = [without(one, answer) for one, answer in answers.items()]
    assert documents[0] == documents[1]
    assert documents[0]["code"] == "bad_request"


def test_what_a_group_has_may_be_named_by_whoever_may_change_it(admin: httpx.Client, person: NewPerson) -> None:
    one, other = a_user(admin)["id"], a_user(admin)["id"]
    group = act(admin, "groups", make(admin, "groups", scope_id="global"), "add-members", member_ids=[one, other])
    client = person(f"ids={group['id']};actions=*", reach=("this",)).client

    now = act(client, "groups", group, "add-members", member_ids=[one])
    now = act(client, "groups", now, "set-members", member_ids=[one])
    assert now["member_ids"] == [one]
    now = act(client, "groups", now, "remove-members", member_ids=[one, other, "u_0000000000"])
    assert now["member_ids"] == []


def test_an_alias_keeps_a_hidden_target_that_is_said_again(admin: httpx.Client, person: NewPerson) -> None:
    target = make_target(admin, make_project(admin))
    alias = make(admin, "aliases", scope_id="global", value=new_name("alias"), destination_id=target["id"])
    client = person(f"ids={alias['id']};actions=*", reach=("this",)).client

    answer = try_change(client, "aliases", alias, destination_id=target["id"], description="words")
    assert answer.json()["destination_id"] == target["id"]


def test_everybody_and_anybody_are_known_to_all(admin: httpx.Client, person: NewPerson) -> None:
    role = make(admin, "roles", scope_id="global")
    client = person(f"ids={role['id']};actions=*", reach=("this",)).client

    now = act(client, "roles", role, "add-principals", principal_ids=["u_anon", "u_auth"])
    assert now["principal_ids"] == ["u_anon", "u_auth"]


def test_a_refused_id_is_named_with_its_field(admin: httpx.Client, person: NewPerson) -> None:
    group, hidden = a_group_and_a_user(admin)
    client = person(f"ids={group['id']};actions=*", reach=("this",)).client

    answer = try_act(client, "groups", group, "add-members", member_ids=["u_auth", hidden["id"]])
    assert answer.json()["detail"] == f"member_ids: {hidden['id']!r} names nothing that may stand there"
