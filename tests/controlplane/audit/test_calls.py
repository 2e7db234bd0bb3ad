"""Every call of the API is on record: who asked, for what, under which name, and what came of it."""

import secrets

import httpx

from tests.controlplane.audit.events import authenticate, events, last, part
from tests.controlplane.system import (
    ADMIN,
    PASSWORD,
    Controller,
    NewPerson,
    make_target,
)
from tests.controlplane.things import act, auth_method, delete, make, new_name, read


def test_a_read_is_on_record_with_who_what_where_and_what_they_are_called(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    somebody = person("ids=*;type=target;actions=read")
    name = somebody.client.get("/v1/users/self").json()["name"]
    somebody.client.get(f"/v1/targets/{target['id']}")

    event = last(admin, user_id=somebody.user_id, resource_id=target["id"])
    assert part(event, "action", "resource_type", "resource_id", "resource_name", "outcome") == {
        "action": "read",
        "resource_type": "target",
        "resource_id": target["id"],
        "resource_name": target["name"],
        "outcome": "ok",
    }
    assert part(event, "user_id", "user_name", "client_address", "details") == {
        "user_id": somebody.user_id,
        "user_name": name,
        "client_address": "127.0.0.1",
        "details": {},
    }
    assert event["scope_id"] == project
    assert event["scope"]["type"] == "project"
    assert event["scope"]["name"] == "default"
    assert event["request_id"]
    assert "read" in event["authorized_actions"]


def test_one_event_reads_as_it_is_listed(admin: httpx.Client, project: str) -> None:
    make_target(admin, project)

    listed = last(admin)
    assert admin.get(f"/v1/audit-events/{listed['id']}").json() == listed


def test_what_is_made_is_on_record_with_its_new_id_and_what_was_asked(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, name="made-here", attributes={"default_port": 22, "extra_ports": [80]})

    event = last(admin, resource_id=target["id"])
    assert part(event, "action", "resource_name", "scope_id", "outcome") == {
        "action": "create",
        "resource_name": "made-here",
        "scope_id": project,
        "outcome": "ok",
    }
    assert event["details"] == {
        "scope_id": project,
        "type": "tcp",
        "name": "made-here",
        "address": "10.0.0.5",
        "attributes": {"default_port": 22, "extra_ports": [80]},
    }


def test_a_change_is_on_record_under_the_name_that_the_thing_had(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, name="before")
    admin.patch(f"/v1/targets/{target['id']}", json={"version": 1, "name": "after"})

    event = last(admin, resource_id=target["id"])
    assert part(event, "action", "resource_name", "details") == {
        "action": "update",
        "resource_name": "before",
        "details": {"version": 1, "name": "after"},
    }


def test_a_deletion_is_on_record_after_the_thing_is_gone(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)
    admin.delete(f"/v1/targets/{target['id']}")

    event = last(admin, resource_id=target["id"])
    assert part(event, "action", "resource_name", "outcome") == {
        "action": "delete",
        "resource_name": target["name"],
        "outcome": "ok",
    }


def test_a_refused_change_is_on_record_with_its_code(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)
    admin.patch(f"/v1/targets/{target['id']}", json={"version": 7, "name": "after"})

    assert last(admin, resource_id=target["id"])["outcome"] == "conflict"


def test_whoever_asks_for_what_is_hidden_is_on_record_where_it_lies(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    somebody = person()
    assert somebody.client.get(f"/v1/targets/{target['id']}").status_code == 404

    event = last(admin, user_id=somebody.user_id)
    assert part(event, "resource_id", "resource_name", "scope_id", "outcome") == {
        "resource_id": target["id"],
        "resource_name": target["name"],
        "scope_id": project,
        "outcome": "not_found",
    }


def test_whoever_asks_for_what_is_missing_is_on_record_with_what_they_asked_for(
    admin: httpx.Client, person: NewPerson
) -> None:
    somebody = person()
    somebody.client.get("/v1/targets/ttcp_nothing000")
    by_id = last(admin, user_id=somebody.user_id)
    somebody.client.get("/v1/targets/a%0Ab%00" + "x" * 500)
    by_name = last(admin, user_id=somebody.user_id)

    assert part(by_id, "resource_id", "resource_name", "outcome") == {
        "resource_id": "ttcp_nothing000",
        "resource_name": None,
        "outcome": "not_found",
    }
    assert str(by_name["resource_name"]).startswith("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}xxx")
    assert len(str(by_name["resource_name"])) == 128


def test_a_call_without_a_login_is_on_record(controller: Controller, admin: httpx.Client) -> None:
    missing = f"ttcp_{secrets.token_hex(5)}"
    with controller.client("at_0123456789_wrong") as stranger:
        assert stranger.get(f"/v1/targets/{missing}").status_code == 401

    event = last(admin, resource_id=missing)
    assert part(event, "user_id", "outcome") == {"user_id": None, "outcome": "login_required"}


def test_a_list_is_one_event_and_its_filter_is_only_marked(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    make_target(admin, project)
    somebody = person("ids=*;type=target;actions=read")
    query = {"scope_id": project, "page_size": "1", "filter": '"/item/name" == "web-1"'}
    assert somebody.client.get("/v1/targets", params=query).status_code == 200

    [event] = events(admin, user_id=somebody.user_id)
    assert part(event, "action", "resource_type", "scope_id", "details") == {
        "action": "list",
        "resource_type": "target",
        "scope_id": project,
        "details": {"scope_id": project, "page_size": "1", "filter": "(sensitive)"},
    }


def test_a_body_that_is_not_understood_is_on_record_without_a_word_of_it(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    somebody = person()
    somebody.client.post("/v1/targets", json={"scope_id": project, "passwort": "hunter22"})

    event = last(admin, user_id=somebody.user_id)
    assert part(event, "action", "details", "outcome") == {
        "action": "create",
        "details": {},
        "outcome": "bad_request",
    }


def test_text_that_no_database_stores_is_on_record_all_the_same(admin: httpx.Client, person: NewPerson) -> None:
    somebody = person("ids=*;type=user;actions=create")
    answer = somebody.client.post("/v1/users", json={"name": "ada", "description": "a\0b"})

    event = last(admin, user_id=somebody.user_id)
    assert answer.status_code == 400
    assert event["details"] == {"name": "ada", "description": "a\N{REPLACEMENT CHARACTER}b"}


def test_a_login_is_on_record_with_the_user_and_so_is_one_that_fails(
    controller: Controller, admin: httpx.Client
) -> None:
    with controller.client() as client:
        login = authenticate(client, ADMIN, PASSWORD).json()["attributes"]
        good = last(admin, user_id=login["user_id"], resource_id=login["auth_method_id"])
        authenticate(client, ADMIN, "wrong password")
        known = last(admin, resource_id=login["auth_method_id"])
        authenticate(client, "nobody-at-all", "wrong password")
        unknown = last(admin, resource_id=login["auth_method_id"])

    assert part(good, "action", "user_name", "outcome") == {
        "action": "authenticate",
        "user_name": ADMIN,
        "outcome": "ok",
    }
    assert good["details"]["auth_token_id"] == login["id"]
    assert part(known, "user_id", "outcome") == {"user_id": "u_anon", "outcome": "login_failed"}
    assert (known["details"]["user_name"], known["details"]["account_id"]) == (ADMIN, login["account_id"])
    assert unknown["details"] == {"command": "login", "attributes": {"login_name": "(sensitive)"}}


def test_a_list_that_is_an_action_is_on_record(admin: httpx.Client) -> None:
    user = admin.get("/v1/users/self").json()["id"]
    assert admin.get(f"/v1/users/{user}:list-resolvable-aliases").status_code == 200

    event = last(admin, filter='"/item/action" == "list-resolvable-aliases"')
    assert (event["resource_type"], event["resource_id"], event["outcome"]) == ("user", user, "ok")


def test_who_a_role_was_given_to_and_taken_from_has_a_name_in_the_log_after_they_are_gone(
    admin: httpx.Client,
) -> None:
    user = make(admin, "users", name=new_name("user"))
    group = make(admin, "groups", scope_id="global", name=new_name("group"))
    role = make(admin, "roles", scope_id="global")
    role = act(admin, "roles", role, "add-principals", principal_ids=[user["id"], group["id"]])
    given = last(admin, resource_id=role["id"])
    act(admin, "roles", role, "remove-principals", principal_ids=[user["id"]])
    taken = last(admin, resource_id=role["id"])
    delete(admin, "users", user)

    assert given["details"]["names"] == {user["id"]: user["name"], group["id"]: group["name"]}
    assert taken["details"]["names"] == {user["id"]: user["name"]}
    assert last(admin, resource_id=user["id"])["resource_name"] == user["name"]


def test_what_was_not_in_a_list_gets_no_name_by_being_taken_out_of_it(admin: httpx.Client) -> None:
    user = make(admin, "users", name=new_name("user"))
    role = make(admin, "roles", scope_id="global")
    act(admin, "roles", role, "remove-principals", principal_ids=[user["id"]])

    assert "names" not in last(admin, resource_id=role["id"])["details"]


def test_the_parent_of_a_new_thing_and_the_target_of_an_alias_have_names_beside_their_ids(
    admin: httpx.Client, target: dict[str, str], project: str
) -> None:
    catalog = make(admin, "host-catalogs", scope_id=project, name=new_name("catalog"))
    host = make(admin, "hosts", host_catalog_id=catalog["id"], attributes={"address": "10.0.0.1"})
    alias = make(admin, "aliases", value=new_name("alias"), destination_id=target["id"])

    assert last(admin, resource_id=host["id"])["details"]["names"] == {catalog["id"]: catalog["name"]}
    assert last(admin, resource_id=alias["id"])["details"]["names"] == {target["id"]: target["name"]}


def test_an_account_is_called_as_the_user_is_that_it_logs_in(admin: httpx.Client) -> None:
    user = make(admin, "users", name=new_name("user"))
    login = {"login_name": new_name("login"), "password": "a good password"}
    account = make(admin, "accounts", auth_method_id=auth_method(admin), attributes=login)
    act(admin, "users", user, "add-accounts", account_ids=[account["id"]])
    act(admin, "accounts", read(admin, "accounts", account), "set-password", password="another password")

    assert last(admin, resource_id=account["id"])["resource_name"] == user["name"]
