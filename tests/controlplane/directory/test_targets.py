"""Targets and scopes over the API: who sees what, what is refused and how."""

import asyncpg
import httpx
import pytest

from tests.controlplane.system import Controller, NewPerson, execute, make_target
from tests.controlplane.things import said

USE = "ids=*;type=target;actions=authorize-session"


def names(client: httpx.Client, **query: str) -> list[str]:
    answer = client.get("/v1/targets", params={"scope_id": "global", "recursive": "true"} | query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


def test_a_new_target_reads_as_it_was_made(admin: httpx.Client, project: str) -> None:
    attributes = {"default_port": 5432, "extra_ports": [5433], "outage_policy": "allow"}
    made = make_target(admin, project, address="db.internal", attributes=attributes, session_connection_limit=3)

    read = admin.get(f"/v1/targets/{made['id']}").json()
    assert read == made
    assert read["attributes"] == attributes
    assert read["address"] == "db.internal"
    assert read["session_connection_limit"] == 3
    assert read["session_max_seconds"] == 28800
    assert read["scope"]["id"] == project
    assert "authorize-session" in read["authorized_actions"]


def test_names_differ_by_more_than_case(admin: httpx.Client, project: str) -> None:
    make_target(admin, project, name="Web-Case")

    body = {"scope_id": project, "name": "web-case", "address": "10.0.0.5", "attributes": {"default_port": 22}}
    answer = admin.post("/v1/targets", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "-oProxyCommand=x"}, "bad_name"),
        ({"name": "ttcp_0000000000"}, "bad_name"),
        ({"name": 5}, "bad_request"),
        ({"address": "10.0.0.5:22"}, "bad_request"),
        ({"address": ""}, "bad_request"),
        ({"address": "host name"}, "bad_request"),
        ({"address": "300.1.1.1"}, "bad_request"),
        ({"address": "x" * 300}, "bad_request"),
        ({"attributes": {"default_port": 0}}, "bad_request"),
        ({"attributes": {"default_port": "22"}}, "bad_request"),
        ({"attributes": {"default_port": 22, "extra_ports": [70000]}}, "bad_request"),
        ({"attributes": {"default_port": 22, "outage_policy": "maybe"}}, "bad_request"),
        ({"session_connection_limit": 0}, "bad_request"),
        ({"session_max_seconds": 0}, "bad_request"),
        ({"type": "ssh"}, "bad_request"),
        ({"surprise": 1}, "bad_request"),
        ({"scope_id": "global"}, "bad_request"),
        ({"scope_id": "p_0000000000"}, "not_found"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(
    admin: httpx.Client, project: str, change: dict[str, object], code: str
) -> None:
    body = {"scope_id": project, "name": "odd", "address": "10.0.0.5", "attributes": {"default_port": 22}} | change
    answer = admin.post("/v1/targets", json=body)

    assert answer.json()["code"] == code
    assert answer.json()["status"] == answer.status_code


def test_a_user_without_roles_sees_no_target(admin: httpx.Client, project: str, person: NewPerson) -> None:
    make_target(admin, project)

    assert names(person().client) == []


def test_a_list_shows_only_what_the_caller_may_act_on(admin: httpx.Client, project: str, person: NewPerson) -> None:
    mine = make_target(admin, project)
    make_target(admin, project)

    somebody = person(f"ids={mine['id']};type=target;actions=authorize-session")
    assert names(somebody.client) == [mine["name"]]


def test_a_hidden_target_and_a_missing_one_get_the_same_answer(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    hidden = make_target(admin, project)
    client = person().client

    for call in (client.get, client.delete):
        answers = [call(f"/v1/targets/{one}") for one in (hidden["id"], "ttcp_0000000000")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert said(answers[0]) == said(answers[1])


def test_seeing_is_not_reading_or_deleting(admin: httpx.Client, project: str, person: NewPerson) -> None:
    target = make_target(admin, project)
    client = person(USE).client

    assert client.get(f"/v1/targets/{target['id']}").json()["code"] == "not_allowed"
    assert client.delete(f"/v1/targets/{target['id']}").json()["code"] == "not_allowed"
    assert admin.get(f"/v1/targets/{target['id']}").status_code == 200


def test_creating_needs_a_grant(admin: httpx.Client, project: str, person: NewPerson) -> None:
    body = {"scope_id": project, "name": "mine", "address": "10.0.0.5", "attributes": {"default_port": 22}}

    assert person(USE).client.post("/v1/targets", json=body).json()["code"] == "not_allowed"
    assert person().client.post("/v1/targets", json=body).json()["code"] == "not_found"


def test_a_role_in_a_project_reaches_no_other_project(
    controller: Controller, admin: httpx.Client, project: str, person: NewPerson
) -> None:
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]
    execute(
        controller,
        "insert into scopes (id, type, parent_id, parent_type, name) values ('p_other', 'project', $1, 'org', 'other')",
        org,
    )
    here, there = make_target(admin, project), make_target(admin, "p_other")
    client = person("ids=*;type=target;actions=*", scope_id="p_other", reach=("this",)).client

    assert names(client) == [there["name"]]
    assert client.get(f"/v1/targets/{here['id']}").status_code == 404
    assert client.get("/v1/scopes/p_other").status_code == 200
    assert client.get(f"/v1/scopes/{project}").status_code == 404
    scopes = client.get("/v1/scopes", params={"recursive": "true"}).json()["items"]
    assert {scope["id"] for scope in scopes} == {org, "p_other"}


def test_a_target_cannot_be_stored_outside_a_project(controller: Controller) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        execute(
            controller,
            "insert into targets (id, scope_id, type, name, address, default_port, session_max_seconds,"
            " session_connection_limit) values ('ttcp_x', 'global', 'tcp', 'x', 'x', 1, 1, -1)",
        )


def test_pages_follow_one_another_to_the_end(admin: httpx.Client, project: str, person: NewPerson) -> None:
    made = [make_target(admin, project) for _ in range(5)]
    grant = f"ids={','.join(target['id'] for target in made)};type=target;actions=read"
    client = person(grant).client
    query = {"scope_id": "global", "recursive": "true", "page_size": "2"}

    pages = [client.get("/v1/targets", params=query).json()]
    while pages[-1]["response_type"] == "delta":
        pages.append(client.get("/v1/targets", params=query | {"list_token": pages[-1]["list_token"]}).json())

    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [item["id"] for page in pages for item in page["items"]] == [target["id"] for target in reversed(made)]


@pytest.mark.parametrize("token", ["x", "e30=", "WyJhIiwiYiJd", "%%%", "W1tbW1tbW1tbW1tb"])
def test_a_list_token_that_no_list_gave_out_is_refused(admin: httpx.Client, token: str) -> None:
    answer = admin.get("/v1/targets", params={"list_token": token})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("size", ["-1", "1001", "ten"])
def test_a_page_size_out_of_bounds_is_refused(admin: httpx.Client, size: str) -> None:
    assert admin.get("/v1/targets", params={"page_size": size}).status_code == 400


def test_listing_an_unknown_scope_is_not_found(admin: httpx.Client) -> None:
    assert admin.get("/v1/targets", params={"scope_id": "p_0000000000"}).status_code == 404


def test_scopes_know_their_place(admin: httpx.Client, project: str) -> None:
    scope = admin.get(f"/v1/scopes/{project}").json()

    assert (scope["type"], scope["name"]) == ("project", "default")
    assert scope["scope"]["type"] == "org"
    assert admin.get("/v1/scopes/global").json()["type"] == "global"
