"""Groups: users of any scope under one name, never groups."""

import asyncpg
import httpx
import pytest

from tests.controlplane.system import Controller, NewPerson, execute, make_target
from tests.controlplane.things import Item, act, delete, make, make_project, new_name, read, refusal, try_act


@pytest.fixture
def group(admin: httpx.Client) -> Item:
    return make(admin, "groups", scope_id="global")


def test_members_are_added_set_and_removed(admin: httpx.Client, group: Item, person: NewPerson) -> None:
    one, other, third = sorted(person().user_id for _ in range(3))

    now = act(admin, "groups", group, "add-members", member_ids=[one, other])
    assert now["member_ids"] == [one, other]
    assert now["members"] == [{"id": one, "scope_id": "global"}, {"id": other, "scope_id": "global"}]
    now = act(admin, "groups", now, "add-members", member_ids=[one])
    now = act(admin, "groups", now, "set-members", member_ids=[other, third])
    assert now["member_ids"] == [other, third]
    now = act(admin, "groups", now, "remove-members", member_ids=[other, one])
    assert now["member_ids"] == [third]
    now = act(admin, "groups", now, "set-members", member_ids=[])
    assert (now["member_ids"], now["version"]) == ([], 6)


def test_members_may_be_of_any_scope(admin: httpx.Client) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    user = make(admin, "users", scope_id=org["id"], name=new_name())
    group = make(admin, "groups", scope_id=make_project(admin))

    assert act(admin, "groups", group, "add-members", member_ids=[user["id"]])["members"] == [
        {"id": user["id"], "scope_id": org["id"]}
    ]


@pytest.mark.parametrize("member", ["group", "u_0000000000", "ttcp_0000000000", ""])
def test_only_users_are_members_and_nothing_is_half_written(
    admin: httpx.Client, group: Item, person: NewPerson, member: str
) -> None:
    wrong = make(admin, "groups", scope_id="global")["id"] if member == "group" else member

    for action in ("add-members", "set-members"):
        answer = try_act(admin, "groups", group, action, member_ids=[person().user_id, wrong])
        assert refusal(answer) == (400, "bad_request")
    assert read(admin, "groups", group) == group


def test_no_table_can_hold_a_group_in_a_group(controller: Controller, admin: httpx.Client, group: Item) -> None:
    other = make(admin, "groups", scope_id="global")

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        execute(controller, "insert into group_members (group_id, user_id) values ($1, $2)", group["id"], other["id"])


def test_a_stale_version_adds_nobody(admin: httpx.Client, group: Item, person: NewPerson) -> None:
    act(admin, "groups", group, "add-members", member_ids=[])

    answer = try_act(admin, "groups", group, "add-members", member_ids=[person().user_id])
    assert refusal(answer) == (409, "conflict")
    assert read(admin, "groups", group)["member_ids"] == []


def test_a_group_passes_its_roles_on(admin: httpx.Client, group: Item, project: str, person: NewPerson) -> None:
    target, somebody = make_target(admin, project), person()
    role = make(admin, "roles", scope_id=project)
    role = act(admin, "roles", role, "add-grants", grant_strings=["ids=*;type=target;actions=read"])
    act(admin, "roles", role, "add-principals", principal_ids=[group["id"]])
    assert somebody.client.get(f"/v1/targets/{target['id']}").status_code == 404

    group = act(admin, "groups", group, "add-members", member_ids=[somebody.user_id])

    assert somebody.client.get(f"/v1/targets/{target['id']}").status_code == 200
    delete(admin, "groups", group)
    assert somebody.client.get(f"/v1/targets/{target['id']}").status_code == 404


def test_more_members_at_once_than_a_request_may_name_are_refused(admin: httpx.Client, group: Item) -> None:
    answer = try_act(admin, "groups", group, "add-members", member_ids=["u_0000000000"] * 1001)
    assert refusal(answer) == (400, "bad_request")
