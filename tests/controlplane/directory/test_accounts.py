"""Accounts: login names and passwords."""

import httpx
import pytest

from tests.controlplane.system import Controller, NewPerson
from tests.controlplane.things import (
    Item,
    act,
    auth_method,
    change,
    ids,
    make,
    new_name,
    read,
    refusal,
    said,
    try_act,
    try_change,
)

FIRST, SECOND = "the first password", "the second password"


@pytest.fixture
def account(admin: httpx.Client) -> Item:
    """An account that logs in a user of its own."""
    attributes = {"login_name": new_name("Login"), "password": FIRST}
    made = make(admin, "accounts", auth_method_id=auth_method(admin), attributes=attributes)
    user = make(admin, "users", scope_id="global", name=new_name("user"))
    act(admin, "users", user, "add-accounts", account_ids=[made["id"]])
    return read(admin, "accounts", made)


def log_in(controller: Controller, account: Item, password: str) -> httpx.Response:
    body = {"attributes": {"login_name": account["attributes"]["login_name"], "password": password}}
    with controller.client() as anyone:
        return anyone.post(f"/v1/auth-methods/{account['auth_method_id']}:authenticate", json=body)


def token(controller: Controller, account: Item, password: str) -> str:
    return str(log_in(controller, account, password).json()["attributes"]["token"])


def test_a_password_is_never_shown(admin: httpx.Client, account: Item) -> None:
    assert account["attributes"].keys() == {"login_name"}
    assert FIRST not in admin.get("/v1/accounts", params={"auth_method_id": account["auth_method_id"]}).text


def test_login_names_are_lower_case_and_once_in_an_auth_method(admin: httpx.Client, account: Item) -> None:
    assert account["attributes"]["login_name"].islower()
    taken = {"login_name": account["attributes"]["login_name"].upper()}

    answer = admin.post("/v1/accounts", json={"auth_method_id": account["auth_method_id"], "attributes": taken})
    assert refusal(answer) == (409, "conflict")


@pytest.mark.parametrize("login_name", ["ab", "", "with space", "\u0430dmin", "a\u0000bc", "abc\n", "x" * 129])
def test_what_is_no_login_name_is_refused(admin: httpx.Client, account: Item, login_name: str) -> None:
    body = {"auth_method_id": auth_method(admin), "attributes": {"login_name": login_name}}

    assert refusal(admin.post("/v1/accounts", json=body)) == (400, "bad_request")
    answer = try_change(admin, "accounts", account, attributes={"login_name": login_name})
    assert refusal(answer) == (400, "bad_request")
    assert read(admin, "accounts", account) == account


def test_a_login_name_may_change(controller: Controller, admin: httpx.Client, account: Item) -> None:
    renamed = change(admin, "accounts", account, attributes={"login_name": new_name("login")})

    assert log_in(controller, renamed, FIRST).status_code == 200
    assert log_in(controller, account, FIRST).status_code == 401


@pytest.mark.parametrize("password", ["short", "x" * 257, ""])
def test_a_password_out_of_bounds_is_refused(admin: httpx.Client, account: Item, password: str) -> None:
    body = {"auth_method_id": auth_method(admin), "attributes": {"login_name": new_name(), "password": password}}

    assert refusal(admin.post("/v1/accounts", json=body)) == (400, "bad_request")
    assert refusal(try_act(admin, "accounts", account, "set-password", password=password)) == (400, "bad_request")
    assert read(admin, "accounts", account) == account


def test_an_auth_method_may_want_longer_passwords(admin: httpx.Client) -> None:
    method = make(admin, "auth-methods", scope_id="global", attributes={"min_password_length": 30})["id"]
    attributes = {"login_name": new_name(), "password": FIRST}

    answer = admin.post("/v1/accounts", json={"auth_method_id": method, "attributes": attributes})
    assert "30" in answer.json()["detail"]


def test_a_hidden_auth_method_says_nothing_of_its_passwords(admin: httpx.Client, person: NewPerson) -> None:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    hidden = make(admin, "auth-methods", scope_id=org["id"])["id"]
    client = person().client
    attributes = {"login_name": new_name(), "password": "short"}

    answers = [
        client.post("/v1/accounts", json={"auth_method_id": one, "attributes": attributes})
        for one in (hidden, "ampw_0000000000")
    ]
    assert said(answers[0]) == said(answers[1])
    assert refusal(answers[0]) == (404, "not_found")


def test_a_new_password_ends_the_accounts_logins(controller: Controller, admin: httpx.Client, account: Item) -> None:
    before = token(controller, account, FIRST)

    now = act(admin, "accounts", account, "set-password", password=SECOND)

    assert now["version"] == account["version"] + 1
    assert log_in(controller, account, FIRST).status_code == 401
    assert log_in(controller, account, SECOND).status_code == 200
    with controller.client(before) as client:
        assert client.get("/v1/users/self").status_code == 401


def test_people_change_their_own_password_and_stay_logged_in(
    controller: Controller, admin: httpx.Client, account: Item
) -> None:
    other = token(controller, account, FIRST)
    with controller.client(token(controller, account, FIRST)) as client, controller.client(other) as elsewhere:
        body = {"current_password": FIRST, "new_password": SECOND}
        assert act(client, "accounts", account, "change-password", **body)["id"] == account["id"]

        assert client.get("/v1/users/self").status_code == 200
        assert elsewhere.get("/v1/users/self").status_code == 401
    assert log_in(controller, account, SECOND).status_code == 200


def test_who_does_not_know_the_password_does_not_change_it(
    controller: Controller, admin: httpx.Client, account: Item
) -> None:
    body = {"current_password": SECOND, "new_password": SECOND}

    assert refusal(try_act(admin, "accounts", account, "change-password", **body)) == (401, "login_failed")
    assert log_in(controller, account, FIRST).status_code == 200


def test_a_stale_version_changes_no_password(controller: Controller, admin: httpx.Client, account: Item) -> None:
    answer = try_act(admin, "accounts", account, "set-password", password=SECOND, version=99)

    assert refusal(answer) == (409, "conflict")
    assert log_in(controller, account, FIRST).status_code == 200


def test_a_list_may_be_of_one_auth_method(admin: httpx.Client, account: Item) -> None:
    other = make(admin, "auth-methods", scope_id="global")["id"]

    assert account["id"] in ids(admin, "accounts", auth_method_id=account["auth_method_id"])
    assert ids(admin, "accounts", auth_method_id=other) == []
    assert refusal(admin.get("/v1/accounts", params={"auth_method_id": "ampw_0000000000"})) == (404, "not_found")


def test_people_see_their_own_account_and_no_other(
    controller: Controller, admin: httpx.Client, account: Item, person: NewPerson
) -> None:
    with controller.client(token(controller, account, FIRST)) as client:
        assert ids(client, "accounts") == [account["id"]]
    assert refusal(person().client.get(f"/v1/accounts/{account['id']}")) == (404, "not_found")
