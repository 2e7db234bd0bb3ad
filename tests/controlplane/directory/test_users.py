"""Users, their accounts, and the two users that stand for people."""

import httpx
import pytest

from tests.controlplane.system import Controller, NewPerson, make_target
from tests.controlplane.things import (
    Item,
    act,
    auth_method,
    change,
    make,
    new_name,
    read,
    refusal,
    try_act,
    try_change,
)

PASSWORD = "a good password"


@pytest.fixture
def user(admin: httpx.Client) -> Item:
    return make(admin, "users", scope_id="global", name=new_name("user"))


def make_account(admin: httpx.Client, method: str | None = None) -> Item:
    attributes = {"login_name": new_name("login"), "password": PASSWORD}
    return make(admin, "accounts", auth_method_id=method or auth_method(admin), attributes=attributes)


def log_in(controller: Controller, account: Item) -> httpx.Response:
    body = {"attributes": {"login_name": account["attributes"]["login_name"], "password": PASSWORD}}
    with controller.client() as anyone:
        return anyone.post(f"/v1/auth-methods/{account['auth_method_id']}:authenticate", json=body)


def test_a_user_has_words_for_people(admin: httpx.Client, user: Item) -> None:
    changed = change(admin, "users", user, full_name="Zo\u00eb \u010capek", email="zoe@example.com")

    assert (changed["full_name"], changed["email"]) == ("Zo\u00eb \u010capek", "zoe@example.com")
    assert "email" not in change(admin, "users", changed, email=None)


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "a b@c", "@", "a@", "\u202ea@b"])
def test_what_is_no_address_is_refused(admin: httpx.Client, user: Item, email: str) -> None:
    assert refusal(try_change(admin, "users", user, email=email)) == (400, "bad_request")


def test_an_account_logs_in_the_user_that_it_was_added_to(
    controller: Controller, admin: httpx.Client, user: Item
) -> None:
    account = make_account(admin)
    assert refusal(log_in(controller, account)) == (401, "login_failed")

    changed = act(admin, "users", user, "add-accounts", account_ids=[account["id"]])

    assert changed["account_ids"] == [account["id"]]
    assert changed["accounts"] == [{"id": account["id"], "scope_id": "global"}]
    assert changed["login_name"] == account["attributes"]["login_name"]
    assert changed["primary_account_id"] == account["id"]
    assert log_in(controller, account).json()["attributes"]["user_id"] == user["id"]


def test_an_account_that_is_taken_away_ends_its_logins(controller: Controller, admin: httpx.Client, user: Item) -> None:
    account = make_account(admin)
    with_account = act(admin, "users", user, "set-accounts", account_ids=[account["id"]])
    token = log_in(controller, account).json()["attributes"]["token"]

    assert "account_ids" in act(admin, "users", with_account, "remove-accounts", account_ids=[account["id"]])

    with controller.client(token) as client:
        assert client.get("/v1/users/self").status_code == 401
    assert "user_id" not in read(admin, "accounts", account)


def test_an_account_of_another_user_is_not_to_be_had(admin: httpx.Client, user: Item) -> None:
    account = make_account(admin)
    act(admin, "users", user, "add-accounts", account_ids=[account["id"]])
    other = make(admin, "users", scope_id="global", name=new_name("user"))

    answers = [
        try_act(admin, "users", other, "add-accounts", account_ids=[one])
        for one in (account["id"], "acctpw_0000000000")
    ]
    assert [refusal(answer) for answer in answers] == [(400, "bad_request")] * 2
    assert read(admin, "users", other) == other


def test_a_user_has_one_account_in_an_auth_method(admin: httpx.Client, user: Item) -> None:
    accounts = [make_account(admin)["id"] for _ in range(2)]

    assert refusal(try_act(admin, "users", user, "add-accounts", account_ids=accounts)) == (409, "conflict")
    assert read(admin, "users", user) == user


def test_an_account_of_another_scope_cannot_be_added(admin: httpx.Client, user: Item) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    account = make_account(admin, make(admin, "auth-methods", scope_id=org["id"])["id"])

    assert refusal(try_act(admin, "users", user, "add-accounts", account_ids=[account["id"]])) == (400, "bad_request")
    assert read(admin, "users", user) == user
    assert read(admin, "accounts", account) == account


@pytest.mark.parametrize("user_id", ["u_anon", "u_auth"])
def test_users_that_stand_for_people_stay_as_they_are(admin: httpx.Client, user_id: str) -> None:
    built_in = read(admin, "users", {"id": user_id})
    account = make_account(admin)

    assert refusal(admin.delete(f"/v1/users/{user_id}")) == (400, "bad_request")
    assert refusal(try_change(admin, "users", built_in, name="other")) == (400, "bad_request")
    assert refusal(try_act(admin, "users", built_in, "add-accounts", account_ids=[account["id"]])) == (
        400,
        "bad_request",
    )
    assert read(admin, "users", built_in) == built_in


def test_what_u_auth_has_everybody_has_who_is_logged_in(
    controller: Controller, admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    client = person().client
    assert client.get(f"/v1/targets/{target['id']}").status_code == 404
    role = make(admin, "roles", scope_id=project)
    role = act(admin, "roles", role, "add-grants", grant_strings=[f"ids={target['id']};actions=read"])
    act(admin, "roles", role, "add-principals", principal_ids=["u_auth"])

    assert client.get(f"/v1/targets/{target['id']}").status_code == 200
    with controller.client() as anyone:
        assert anyone.get(f"/v1/targets/{target['id']}").status_code == 401


def test_what_u_anon_has_is_never_more_than_finding_the_login(controller: Controller, admin: httpx.Client) -> None:
    role = make(admin, "roles", scope_id="global")
    role = act(admin, "roles", role, "add-grants", grant_strings=["ids=*;type=*;actions=*"])
    act(admin, "roles", role, "add-principals", principal_ids=["u_anon"])

    with controller.client() as anyone:
        methods = anyone.get("/v1/auth-methods").json()["items"]
        assert {action for one in methods for action in one["authorized_actions"]} == {"no-op", "authenticate"}
        assert anyone.get("/v1/scopes").status_code == 200
        assert anyone.get("/v1/users").status_code == 401
        assert anyone.post("/v1/scopes", json={"scope_id": "global", "name": "mine"}).status_code == 401


def test_the_aliases_that_lead_a_user_somewhere(admin: httpx.Client, project: str, person: NewPerson) -> None:
    mine, seen, other = (make_target(admin, project)["id"] for _ in range(3))
    somebody = person(f"ids={mine};actions=authorize-session", f"ids={seen};actions=read")
    aliases = [
        make(admin, "aliases", scope_id="global", value=new_name("alias"), destination_id=one)
        for one in (mine, seen, other, mine)
    ]
    path = f"/v1/users/{somebody.user_id}:list-resolvable-aliases"

    own = somebody.client.get("/v1/users/self:list-resolvable-aliases").json()
    assert [one["id"] for one in own["items"]] == [aliases[3]["id"], aliases[0]["id"]]
    assert own["response_type"] == "complete"
    assert own["items"][0]["destination_id"] == mine
    assert [one["id"] for one in admin.get(path).json()["items"]] == [aliases[3]["id"], aliases[0]["id"]]
    first = somebody.client.get(path, params={"page_size": "1"}).json()
    rest = somebody.client.get(path, params={"page_size": "1", "list_token": first["list_token"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [aliases[3]["id"], aliases[0]["id"]]


def test_others_aliases_are_not_for_everybody(person: NewPerson) -> None:
    one, other = person(), person()

    answer = one.client.get(f"/v1/users/{other.user_id}:list-resolvable-aliases")
    assert refusal(answer) == (404, "not_found")
