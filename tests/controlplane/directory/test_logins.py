"""Passwords that change, and accounts that go, between being read and being believed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from acc.controlplane.store.db import Sql
from tests.controlplane.audit.events import last, part
from tests.controlplane.system import Controller, in_database, wait_until, waits_for_a_lock
from tests.controlplane.things import Item, act, auth_method, make, new_name, read, refusal, try_act

PASSWORD = "the password that was"

CHANGED_PASSWORD = "update accounts set password_hash = 'another', version = version + 1 where id = $1"

CHANGES = {
    "the password was changed": CHANGED_PASSWORD,
    "the account lost its password": "update accounts set password_hash = null where id = $1",
    "the account lost its user": "update accounts set user_id = null where id = $1",
    "the account was deleted": "delete from accounts where id = $1",
    "the user was deleted": "delete from users where id = (select user_id from accounts where id = $1)",
}


@pytest.fixture
def account(admin: httpx.Client) -> Item:
    """An account that logs in a user of its own."""
    attributes = {"login_name": new_name("login"), "password": PASSWORD}
    made = make(admin, "accounts", auth_method_id=auth_method(admin), attributes=attributes)
    user = make(admin, "users", scope_id="global", name=new_name("user"))
    act(admin, "users", user, "add-accounts", account_ids=[made["id"]])
    return read(admin, "accounts", made)


def log_in(controller: Controller, account: Item) -> httpx.Response:
    body = {"attributes": {"login_name": account["attributes"]["login_name"], "password": PASSWORD}}
    with controller.client() as anyone:
        return anyone.post(f"/v1/auth-methods/{account['auth_method_id']}:authenticate", json=body)


def while_it_waits(
    controller: Controller, account: Item, attempt: Callable[[], httpx.Response], change: str
) -> httpx.Response:
    """The answer to `attempt`, which has believed the password when `change` is made and has not acted on it yet."""
    with ThreadPoolExecutor(1) as threads:

        async def work(sql: Sql) -> Callable[[], httpx.Response]:
            await sql.execute("select id from accounts where id = $1 for update", account["id"])
            attempted = threads.submit(attempt)
            await asyncio.to_thread(wait_until, lambda: waits_for_a_lock(controller))
            await sql.execute(change, account["id"])
            return attempted.result

        return in_database(controller, work)()


@pytest.mark.parametrize("what", CHANGES)
def test_a_login_fails_if_meanwhile(controller: Controller, admin: httpx.Client, account: Item, what: str) -> None:
    answer = while_it_waits(controller, account, lambda: log_in(controller, account), CHANGES[what])

    assert refusal(answer) == (401, "login_failed")
    event = last(admin, resource_id=account["auth_method_id"])
    assert part(event, "user_id", "user_name", "outcome") == {
        "user_id": "u_anon",
        "user_name": "anonymous",
        "outcome": "login_failed",
    }
    assert event["details"]["account_id"] == account["id"]
    assert "auth_token_id" not in event["details"]


def test_a_login_goes_on_after_a_change_that_is_not_about_it(controller: Controller, account: Item) -> None:
    renamed = "update accounts set description = 'words', version = version + 1 where id = $1"

    answer = while_it_waits(controller, account, lambda: log_in(controller, account), renamed)

    assert answer.status_code == 200
    with controller.client(answer.json()["attributes"]["token"]) as client:
        assert client.get("/v1/users/self").status_code == 200


def test_a_password_that_was_changed_meanwhile_is_not_traded_for_another(controller: Controller, account: Item) -> None:
    with controller.client(log_in(controller, account).json()["attributes"]["token"]) as client:
        guessed = {"version": account["version"] + 1, "current_password": PASSWORD, "new_password": "a third password"}

        answer = while_it_waits(
            controller,
            account,
            lambda: try_act(client, "accounts", account, "change-password", **guessed),
            CHANGED_PASSWORD,
        )

    assert refusal(answer) == (401, "login_failed")
