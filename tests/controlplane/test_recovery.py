"""Breaking glass: an administrator again, with nothing but the database's URL, and never silently."""

from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from acc.wire.errors import Code
from tests.controlplane.system import ADMIN, PASSWORD, Controller, execute, run

NEW = "a password from the safe"


def recover(controller: Controller, name: str, password: str = NEW) -> tuple[int, str]:
    done = run(controller.database, "recover-admin", "--login-name", name, ACC_ADMIN_PASSWORD=password)
    assert password not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


@contextmanager
def logged_in(controller: Controller, name: str, password: str) -> Generator[httpx.Client]:
    """A client of the person."""
    with controller.client() as client:
        method = client.get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"attributes": {"login_name": name, "password": password}}
        answer = client.post(f"/v1/auth-methods/{method}:authenticate", json=body)
        assert answer.status_code == 200, answer.text
        client.headers["authorization"] = f"Bearer {answer.json()['attributes']['token']}"
        yield client


def create_org(client: httpx.Client, name: str) -> int:
    return client.post("/v1/scopes", json={"type": "org", "scope_id": "global", "name": name}).status_code


def test_somebody_new_becomes_an_administrator_and_it_is_written_down(controller: Controller) -> None:
    status, said = recover(controller, "rescuer")

    assert status == 0, said
    assert '"event": "administrator recovered", "login_name": "rescuer"' in said
    with logged_in(controller, "rescuer", NEW) as rescuer:
        assert create_org(rescuer, "rescued") == 200


def test_an_account_gets_the_new_password_and_its_logins_end(controller: Controller) -> None:
    execute(controller, "delete from role_users where user_id <> 'u_anon'")
    with logged_in(controller, ADMIN, PASSWORD) as before:
        assert create_org(before, "powerless") == 403
        status, said = recover(controller, ADMIN)
        assert status == 0, said

        assert create_org(before, "ended") == 401
    with logged_in(controller, ADMIN, NEW) as after:
        assert create_org(after, "powerful") == 200


def test_it_works_where_nobody_may_log_in_any_more(controller: Controller) -> None:
    execute(controller, "delete from roles")
    execute(controller, "delete from auth_methods")
    status, said = recover(controller, "survivor")
    assert status == 0, said
    with logged_in(controller, "survivor", NEW) as survivor:
        assert create_org(survivor, "survived") == 200


def test_it_can_be_done_again(controller: Controller) -> None:
    assert [recover(controller, "twice")[0] for _ in range(2)] == [0, 0]


def test_a_user_who_logs_in_by_another_name_is_not_touched(controller: Controller) -> None:
    recover(controller, "owner")
    execute(controller, "update accounts set login_name = 'alias' where login_name = 'owner'")
    status, said = recover(controller, "owner")

    assert status == Code.CONFLICT.exit_status
    assert "another name" in said


@pytest.mark.parametrize(("name", "password"), [("no spaces", NEW), ("x", "short"), ("x", "")])
def test_what_cannot_be_is_refused(controller: Controller, name: str, password: str) -> None:
    done = run(controller.database, "recover-admin", "--login-name", name, ACC_ADMIN_PASSWORD=password)

    assert done.returncode in {Code.CONFIG.exit_status, Code.BAD_REQUEST.exit_status, Code.BAD_NAME.exit_status}


def test_an_empty_database_says_what_to_run(empty_database: str) -> None:
    done = run(empty_database, "recover-admin", "--login-name", "x", ACC_ADMIN_PASSWORD=NEW)

    assert done.returncode == Code.CONFIG.exit_status
    assert "acc-controller init" in done.stderr
