"""Scopes: the three levels, and what goes with one."""

import httpx
import pytest

from tests.controlplane.system import NewPerson, make_target
from tests.controlplane.things import (
    auth_method,
    change,
    delete,
    ids,
    make,
    make_project,
    new_name,
    read,
    refusal,
    try_change,
)


def test_the_level_follows_from_where_a_scope_is_made(admin: httpx.Client) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    project = make(admin, "scopes", scope_id=org["id"], name=new_name("project"))

    assert (org["type"], org["id"][:2], org["scope_id"]) == ("org", "o_", "global")
    assert (project["type"], project["id"][:2], project["scope_id"]) == ("project", "p_", org["id"])
    assert project["scope"] == {"id": org["id"], "type": "org", "name": org["name"], "parent_scope_id": "global"}


def test_a_project_holds_no_scopes(admin: httpx.Client) -> None:
    body = {"scope_id": make_project(admin), "name": new_name()}
    assert refusal(admin.post("/v1/scopes", json=body)) == (400, "bad_request")


@pytest.mark.parametrize("kind", ["project", "global", "region"])
def test_a_type_that_does_not_follow_is_refused(admin: httpx.Client, kind: str) -> None:
    body = {"scope_id": "global", "name": new_name(), "type": kind}
    assert refusal(admin.post("/v1/scopes", json=body)) == (400, "bad_request")


def test_global_stays(admin: httpx.Client) -> None:
    scope = read(admin, "scopes", {"id": "global"})

    assert refusal(admin.delete("/v1/scopes/global")) == (400, "bad_request")
    assert refusal(try_change(admin, "scopes", scope, name="other")) == (400, "bad_request")
    changed = change(admin, "scopes", scope, description="everything")
    assert (changed["name"], changed["description"]) == ("global", "everything")


def test_what_is_in_an_org_goes_with_it(admin: httpx.Client) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    project = make_project(admin, org["id"])
    user = make(admin, "users", scope_id=org["id"], name=new_name())
    target = make_target(admin, project)

    delete(admin, "scopes", org)

    assert admin.get(f"/v1/users/{user['id']}").status_code == 404
    assert admin.get(f"/v1/targets/{target['id']}").status_code == 404
    assert admin.get(f"/v1/scopes/{project}").status_code == 404


def test_the_primary_auth_method_is_one_of_the_scope(admin: httpx.Client) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    own = make(admin, "auth-methods", scope_id=org["id"])

    foreign = try_change(admin, "scopes", org, primary_auth_method_id=auth_method(admin))
    assert refusal(foreign) == (400, "bad_request")
    assert "primary_auth_method_id" not in read(admin, "scopes", org)
    changed = change(admin, "scopes", org, primary_auth_method_id=own["id"])
    assert changed["primary_auth_method_id"] == own["id"]
    assert read(admin, "auth-methods", own)["is_primary"]
    assert "primary_auth_method_id" not in change(admin, "scopes", changed, primary_auth_method_id=None)


def test_a_scope_says_what_one_may_do_in_it(admin: httpx.Client, project: str, person: NewPerson) -> None:
    everything = admin.get(f"/v1/scopes/{project}").json()["authorized_collection_actions"]
    assert everything["targets"] == ["create", "list"]
    assert "workers" not in everything

    client = person("type=target;actions=create", "ids=*;type=scope;actions=read").client
    assert client.get(f"/v1/scopes/{project}").json()["authorized_collection_actions"] == {"targets": ["create"]}


def test_a_role_in_a_project_shows_the_way_to_it_and_no_other(admin: httpx.Client, person: NewPerson) -> None:
    mine, other = make_project(admin), make_project(admin)
    client = person("ids=*;type=target;actions=read", scope_id=mine, reach=("this",)).client

    assert mine in ids(client, "scopes")
    assert other not in ids(client, "scopes")
    assert client.get("/v1/targets", params={"scope_id": mine}).json()["items"] == []
    assert refusal(client.get("/v1/targets", params={"scope_id": other})) == (404, "not_found")
