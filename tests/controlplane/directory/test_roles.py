"""Roles: principals, grants, grant scopes."""

import httpx
import pytest

from acc.controlplane.directory.holdings import MAX_HELD, MAX_HELD_BUILT_IN
from acc.controlplane.directory.roles import MAX_GRANTS
from tests.controlplane.system import Controller, NewPerson, execute
from tests.controlplane.things import Item, act, make, make_project, new_name, read, refusal, try_act


@pytest.fixture
def role(admin: httpx.Client) -> Item:
    return make(admin, "roles", scope_id="global")


def test_a_new_role_counts_where_it_is_and_allows_nothing(role: Item) -> None:
    assert role["grant_scope_ids"] == ["this"]
    assert role["grant_strings"] == []
    assert role["principal_ids"] == []


def test_principals_are_users_and_groups(admin: httpx.Client, role: Item, person: NewPerson) -> None:
    user = person().user_id
    group = make(admin, "groups", scope_id="global")["id"]

    now = act(admin, "roles", role, "add-principals", principal_ids=[user, group])
    assert now["principal_ids"] == [group, user]
    assert now["principals"] == [
        {"id": group, "type": "group", "scope_id": "global"},
        {"id": user, "type": "user", "scope_id": "global"},
    ]
    now = act(admin, "roles", now, "remove-principals", principal_ids=[group])
    assert now["principal_ids"] == [user]
    now = act(admin, "roles", now, "set-principals", principal_ids=[group])
    assert now["principal_ids"] == [group]


@pytest.mark.parametrize("wrong", ["r_0000000000", "u_0000000000", "g_0000000000", "nobody", "u_"])
def test_a_principal_that_is_none_is_refused_and_nothing_is_half_written(
    admin: httpx.Client, role: Item, person: NewPerson, wrong: str
) -> None:
    answer = try_act(admin, "roles", role, "add-principals", principal_ids=[person().user_id, wrong])

    assert refusal(answer) == (400, "bad_request")
    assert read(admin, "roles", role) == role


def test_grants_are_shown_raw_canonical_and_as_an_object(admin: httpx.Client, role: Item) -> None:
    text = "actions=read,list;type=target;ids=*"

    now = act(admin, "roles", role, "set-grant-scopes", grant_scope_ids=["descendants"])
    now = act(admin, "roles", now, "add-grants", grant_strings=[text])

    assert now["grant_strings"] == [text]
    assert now["grants"] == [
        {
            "raw": text,
            "canonical": "ids=*;type=target;actions=list,read",
            "json": {"ids": ["*"], "type": "target", "actions": ["list", "read"]},
        }
    ]


def test_grants_are_added_set_and_removed(admin: httpx.Client, role: Item) -> None:
    one, other = "ids=*;type=target;actions=read", "ids=*;type=user;actions=read"

    now = act(admin, "roles", role, "add-grants", grant_strings=[one])
    now = act(admin, "roles", now, "add-grants", grant_strings=[one, other])
    assert now["grant_strings"] == [one, other]
    now = act(admin, "roles", now, "set-grants", grant_strings=[other])
    assert now["grant_strings"] == [other]
    now = act(admin, "roles", now, "remove-grants", grant_strings=[other, one])
    assert now["grant_strings"] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "everything",
        "ids=*;type=target;actions=fly",
        "ids=u_1234567890;type=target;actions=read",
        "type=target;actions=read",
        "ids=*;type=target;actions=read;output_fields=id",
        "ids=*;type=target;actions=read\u0000",
        "ids=*;type=\u0442arget;actions=read",
        "x" * 5000,
    ],
)
def test_a_grant_that_could_never_allow_anything_is_refused(admin: httpx.Client, role: Item, text: str) -> None:
    good = "ids=*;type=target;actions=read"

    for action in ("add-grants", "set-grants"):
        answer = try_act(admin, "roles", role, action, grant_strings=[good, text])
        assert refusal(answer) == (400, "bad_request")
    assert read(admin, "roles", role) == role


@pytest.mark.parametrize(
    "text", ["ids=*;type=worker;actions=read", "ids=w_1;actions=read", "ids=*;type=*;actions=read,authenticate"]
)
def test_a_grant_that_no_grant_scope_of_its_role_could_make_count_is_refused(
    admin: httpx.Client, project: str, text: str
) -> None:
    role = make(admin, "roles", scope_id=project)
    good = "ids=*;type=target;actions=read"

    for action in ("add-grants", "set-grants"):
        answer = try_act(admin, "roles", role, action, grant_strings=[good, text])
        assert refusal(answer) == (400, "bad_request")
        assert text in answer.json()["detail"]
        assert "give it to a role" in answer.json()["detail"]
    assert read(admin, "roles", role) == role


def test_a_role_may_get_its_grants_before_its_grant_scopes(admin: httpx.Client) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))["id"]
    text = "ids=*;type=target;actions=read"

    role = act(admin, "roles", make(admin, "roles", scope_id=org), "set-grants", grant_strings=[text])
    assert role["grants"][0]["warning"] == (
        "read allows nothing: what it is for lives in a project, where no grant scope leads"
    )
    role = act(admin, "roles", role, "set-grant-scopes", grant_scope_ids=["children"])
    assert "warning" not in role["grants"][0]


def test_a_role_may_get_its_grant_scopes_before_its_grants(admin: httpx.Client) -> None:
    role = make(admin, "roles", scope_id="global")

    role = act(admin, "roles", role, "set-grant-scopes", grant_scope_ids=["descendants"])
    role = act(admin, "roles", role, "set-grants", grant_strings=["ids=*;type=worker;actions=read"])
    assert "lives in global" in role["grants"][0]["warning"]
    role = act(admin, "roles", role, "add-grant-scopes", grant_scope_ids=["this"])
    assert "warning" not in role["grants"][0]


def test_a_grant_from_before_may_be_kept_and_taken_away(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    role = make(admin, "roles", scope_id=project)
    text = "ids=*;type=worker;actions=read"
    execute(controller, "insert into role_grants (role_id, grant_text) values ($1, $2)", role["id"], text)

    role = act(admin, "roles", role, "set-grants", grant_strings=[text, "ids=*;type=target;actions=read"])
    assert ["warning" in grant for grant in role["grants"]] == [False, True]
    assert act(admin, "roles", role, "remove-grants", grant_strings=[text])["grants"][0].get("warning") is None


def test_the_same_grant_in_other_words_is_no_second_one(admin: httpx.Client, role: Item) -> None:
    now = act(admin, "roles", role, "add-grants", grant_strings=["ids=*;type=target;actions=read"])

    again = act(admin, "roles", now, "add-grants", grant_strings=["type=target;ids=*;actions=read"])
    assert again["grant_strings"] == ["ids=*;type=target;actions=read"]
    gone = act(admin, "roles", again, "remove-grants", grant_strings=["actions=read;type=target;ids=*"])
    assert gone["grant_strings"] == []


def test_a_grant_that_only_a_newer_program_can_read_is_shown_and_can_be_removed(
    controller: Controller, admin: httpx.Client, role: Item
) -> None:
    execute(controller, "insert into role_grants (role_id, grant_text) values ($1, 'ids=*;from=2040')", role["id"])

    now = read(admin, "roles", role)
    assert now["grants"] == [{"raw": "ids=*;from=2040"}]
    assert act(admin, "roles", now, "remove-grants", grant_strings=["ids=*;from=2040"])["grants"] == []


def test_a_role_of_global_counts_anywhere(admin: httpx.Client, role: Item) -> None:
    project = make_project(admin)

    now = act(admin, "roles", role, "add-grant-scopes", grant_scope_ids=[project])
    assert set(now["grant_scope_ids"]) == {"this", project}
    now = act(admin, "roles", now, "set-grant-scopes", grant_scope_ids=["descendants"])
    assert now["grant_scope_ids"] == ["descendants"]
    now = act(admin, "roles", now, "remove-grant-scopes", grant_scope_ids=["descendants"])
    assert now["grant_scope_ids"] == []


def test_a_role_of_an_org_counts_in_its_own_projects(admin: httpx.Client) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))["id"]
    own, foreign = make_project(admin, org), make_project(admin)
    role = make(admin, "roles", scope_id=org)

    assert refusal(try_act(admin, "roles", role, "add-grant-scopes", grant_scope_ids=[foreign])) == (400, "bad_request")
    assert refusal(try_act(admin, "roles", role, "set-grant-scopes", grant_scope_ids=["descendants"])) == (
        400,
        "bad_request",
    )
    assert read(admin, "roles", role) == role
    assert set(act(admin, "roles", role, "add-grant-scopes", grant_scope_ids=[own])["grant_scope_ids"]) == {"this", own}


def test_the_own_scope_of_a_role_is_this_in_every_change(admin: httpx.Client) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))["id"]
    role = make(admin, "roles", scope_id=org)

    role = act(admin, "roles", role, "remove-grant-scopes", grant_scope_ids=[org])
    assert role["grant_scope_ids"] == []
    role = act(admin, "roles", role, "add-grant-scopes", grant_scope_ids=[org])
    assert role["grant_scope_ids"] == ["this"]
    assert act(admin, "roles", role, "add-grant-scopes", grant_scope_ids=[org])["grant_scope_ids"] == ["this"]


@pytest.mark.parametrize("reach", ["children", "descendants", "global", "p_0000000000"])
def test_a_role_of_a_project_counts_there_alone(admin: httpx.Client, project: str, reach: str) -> None:
    role = make(admin, "roles", scope_id=project)

    assert refusal(try_act(admin, "roles", role, "set-grant-scopes", grant_scope_ids=[reach])) == (400, "bad_request")
    assert read(admin, "roles", role) == role


def test_a_scope_that_children_covers_already_is_refused(admin: httpx.Client, role: Item) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))["id"]
    now = act(admin, "roles", role, "add-grant-scopes", grant_scope_ids=["children"])

    assert refusal(try_act(admin, "roles", now, "add-grant-scopes", grant_scope_ids=[org])) == (400, "bad_request")


def test_a_scope_that_is_gone_takes_the_reach_with_it(admin: httpx.Client, role: Item) -> None:
    project = make_project(admin)
    act(admin, "roles", role, "set-grant-scopes", grant_scope_ids=[project])

    admin.delete(f"/v1/scopes/{project}")

    assert read(admin, "roles", role)["grant_scope_ids"] == []


def reads(first: int, count: int) -> list[str]:
    """Grants that are all different."""
    return [f"ids=ttcp_{number:010d};actions=read" for number in range(first, first + count)]


@pytest.mark.parametrize(
    ("action", "field", "entry"),
    [
        ("add-grants", "grant_strings", "ids=*;type=target;actions=read"),
        ("set-grants", "grant_strings", "ids=*;type=target;actions=read"),
        ("add-grant-scopes", "grant_scope_ids", "o_0000000000"),
        ("add-principals", "principal_ids", "u_auth"),
    ],
)
def test_a_list_that_is_too_long_is_refused_before_it_is_looked_at(
    admin: httpx.Client, role: Item, action: str, field: str, entry: str
) -> None:
    answer = try_act(admin, "roles", role, action, **{field: [entry] * 1001})

    assert refusal(answer) == (400, "bad_request")
    assert [one["name"] for one in answer.json()["details"]["request_fields"]] == [field]


def test_a_role_has_so_many_grants_and_no_more(admin: httpx.Client, role: Item) -> None:
    full = act(admin, "roles", role, "add-grants", grant_strings=reads(0, MAX_GRANTS))
    answer = try_act(admin, "roles", full, "add-grants", grant_strings=reads(MAX_GRANTS, 1))

    assert refusal(answer) == (400, "bad_request")
    assert f"at most {MAX_GRANTS} grants" in answer.json()["detail"]
    assert read(admin, "roles", role) == full
    other = act(admin, "roles", full, "set-grants", grant_strings=reads(1000, MAX_GRANTS))
    assert act(admin, "roles", other, "remove-grants", grant_strings=reads(1000, MAX_GRANTS))["grant_strings"] == []


def test_what_everybody_pays_for_is_bounded_over_all_roles(admin: httpx.Client, project: str) -> None:
    def give(first: int, count: int, action: str, **principals: object) -> httpx.Response:
        role = act(
            admin, "roles", make(admin, "roles", scope_id=project), "add-grants", grant_strings=reads(first, count)
        )
        return try_act(admin, "roles", role, action, **principals)

    group = act(admin, "groups", make(admin, "groups", scope_id=project), "add-members", member_ids=["u_auth"])["id"]
    first = give(0, MAX_GRANTS, "add-principals", principal_ids=["u_auth"])
    second = give(1000, MAX_GRANTS, "set-principals", principal_ids=[group])
    third = give(2000, MAX_GRANTS, "add-principals", principal_ids=["u_auth"])

    assert [first.status_code, second.status_code, third.status_code] == [200, 200, 400]
    assert third.json()["details"]["request_fields"][0]["name"] == "principal_ids"
    assert f"{MAX_HELD_BUILT_IN} if it is" in third.json()["detail"]


def test_no_change_gives_somebody_more_than_one_may_hold(
    admin: httpx.Client, controller: Controller, project: str, person: NewPerson
) -> None:
    user = person().user_id
    role = act(admin, "roles", make(admin, "roles", scope_id=project), "add-principals", principal_ids=[user])
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]
    other = act(
        admin, "roles", make(admin, "roles", scope_id=org), "set-grants", grant_strings=reads(0, 1)
    )  # held through a group later
    group = make(admin, "groups", scope_id="global")
    other = act(admin, "roles", other, "add-principals", principal_ids=[group["id"]])
    execute(
        controller,
        "insert into role_grants (role_id, grant_text)"
        " select $1, 'ids=ttcp_' || n || ';actions=read' from generate_series(1, $2::int) n",
        role["id"],
        MAX_HELD,
    )

    full = read(admin, "roles", role)
    assert refusal(try_act(admin, "groups", group, "add-members", member_ids=[user])) == (400, "bad_request")
    assert refusal(try_act(admin, "groups", group, "set-members", member_ids=[user])) == (400, "bad_request")
    less = act(admin, "roles", full, "set-grants", grant_strings=[])
    group = act(admin, "groups", group, "add-members", member_ids=[user])
    execute(
        controller,
        "insert into role_grants (role_id, grant_text)"
        " select $1, 'ids=ttcp_' || n || ';actions=read' from generate_series(1, $2::int) n",
        role["id"],
        MAX_HELD - 1,
    )
    assert refusal(try_act(admin, "roles", other, "add-grants", grant_strings=reads(1, 1))) == (400, "bad_request")
    assert refusal(try_act(admin, "roles", other, "add-grant-scopes", grant_scope_ids=["children"])) == (
        400,
        "bad_request",
    )
    assert act(admin, "roles", less, "remove-principals", principal_ids=[user])["principal_ids"] == []
