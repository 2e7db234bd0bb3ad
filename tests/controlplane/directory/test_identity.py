"""Logging in, and what a token is worth."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.controlplane.system import ADMIN, PASSWORD, Controller, NewPerson, execute
from tests.controlplane.things import said


@pytest.fixture(scope="module")
def method(admin: httpx.Client) -> str:
    return admin.get("/v1/auth-methods").json()["items"][0]["id"]


def log_in(controller: Controller, method: str, login_name: str, password: str) -> httpx.Response:
    with controller.client() as anyone:
        body = {"command": "login", "attributes": {"login_name": login_name, "password": password}}
        return anyone.post(f"/v1/auth-methods/{method}:authenticate", json=body)


def test_anyone_may_list_the_auth_methods(controller: Controller) -> None:
    with controller.client() as anyone:
        answer = anyone.get("/v1/auth-methods", params={"scope_id": "global"})

    item = answer.json()["items"][0]
    assert (item["type"], item["scope_id"], item["is_primary"]) == ("password", "global", True)
    assert item["id"].startswith("ampw_")


def test_a_login_gives_a_token_that_works(controller: Controller, method: str) -> None:
    answer = log_in(controller, method, ADMIN, PASSWORD).json()

    token = answer["attributes"]["token"]
    assert token.startswith(answer["attributes"]["id"] + "_")
    with controller.client(token) as client:
        assert client.get("/v1/users/self").json()["login_name"] == ADMIN


def test_the_login_name_ignores_case(controller: Controller, method: str) -> None:
    assert log_in(controller, method, ADMIN.upper(), PASSWORD).status_code == 200


def test_an_unknown_login_and_a_wrong_password_get_the_same_answer(controller: Controller, method: str) -> None:
    wrong = log_in(controller, method, ADMIN, "not it")
    unknown = log_in(controller, method, "nobody", "not it")

    assert wrong.status_code == unknown.status_code == 401
    assert said(wrong) == said(unknown)
    assert wrong.json()["code"] == "login_failed"


def test_an_unknown_login_costs_as_much_work_as_a_wrong_password(controller: Controller, method: str) -> None:
    def seconds(login_name: str) -> float:
        began = time.perf_counter()
        log_in(controller, method, login_name, "not it")
        return time.perf_counter() - began

    pairs = [(seconds(ADMIN), seconds("nobody")) for _ in range(5)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert unknown > known / 3


def test_an_overlong_password_fails_like_a_wrong_one(controller: Controller, method: str) -> None:
    assert log_in(controller, method, ADMIN, "x" * 5000).json()["code"] == "login_failed"


def test_an_unknown_auth_method_is_not_found(controller: Controller) -> None:
    assert log_in(controller, "ampw_0000000000", ADMIN, PASSWORD).status_code == 404


def test_too_many_logins_at_once_are_refused_and_the_rest_succeed(controller: Controller, method: str) -> None:
    with ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda _: log_in(controller, method, ADMIN, PASSWORD), range(40)))

    codes = {answer.status_code for answer in answers}
    assert codes == {200, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "too_many_requests"


def test_without_a_token_nothing_else_answers(controller: Controller) -> None:
    with controller.client() as anyone:
        for path in ("/v1/users/self", "/v1/targets", "/v1/sessions", "/v1/scopes", "/v1/auth-tokens/self"):
            answer = anyone.get(path)

            assert answer.status_code == 401, path
            assert answer.json()["code"] == "login_required"


@pytest.mark.parametrize("header", ["Bearer", "Bearer at_", "Basic at_x_y", "Bearer at_0000000000_wrong", "at_x_y"])
def test_what_is_no_token_of_ours_is_refused(controller: Controller, header: str) -> None:
    with controller.client() as anyone:
        assert anyone.get("/v1/users/self", headers={"authorization": header}).status_code == 401


def test_a_token_with_another_secret_is_refused(controller: Controller, person: NewPerson) -> None:
    somebody = person()
    with controller.client(f"{somebody.token_id}_{'0' * 43}") as forger:
        assert forger.get("/v1/users/self").status_code == 401


def test_an_expired_token_is_refused(controller: Controller, person: NewPerson) -> None:
    somebody = person()
    assert somebody.client.get("/v1/users/self").status_code == 200

    execute(controller, "update auth_tokens set expiration_time = now() where id = $1", somebody.token_id)

    assert somebody.client.get("/v1/users/self").status_code == 401


def test_a_token_unused_for_a_day_is_refused(controller: Controller, person: NewPerson) -> None:
    somebody = person()
    execute(
        controller,
        "update auth_tokens set approximate_last_used_time = now() - interval '25 hours' where id = $1",
        somebody.token_id,
    )

    assert somebody.client.get("/v1/users/self").status_code == 401


def test_using_a_token_keeps_it_alive(controller: Controller, person: NewPerson) -> None:
    somebody = person()
    execute(
        controller,
        "update auth_tokens set approximate_last_used_time = now() - interval '23 hours' where id = $1",
        somebody.token_id,
    )
    before = somebody.client.get("/v1/auth-tokens/self").json()["created_time"]

    assert somebody.client.get("/v1/auth-tokens/self").json()["approximate_last_used_time"] >= before


def test_a_deleted_token_no_longer_works(controller: Controller, person: NewPerson) -> None:
    somebody = person()

    assert somebody.client.delete("/v1/auth-tokens/self").status_code == 204
    assert somebody.client.get("/v1/users/self").status_code == 401


def test_others_tokens_read_as_missing(controller: Controller, person: NewPerson) -> None:
    one, other = person(), person()

    hidden = one.client.get(f"/v1/auth-tokens/{other.token_id}")
    missing = one.client.get("/v1/auth-tokens/at_0000000000")

    assert hidden.status_code == 404
    assert said(hidden) == said(missing)


def test_an_administrator_may_end_others_logins(controller: Controller, admin: httpx.Client, person: NewPerson) -> None:
    somebody = person()

    assert admin.delete(f"/v1/auth-tokens/{somebody.token_id}").status_code == 204
    assert somebody.client.get("/v1/users/self").status_code == 401


def test_others_read_as_missing(controller: Controller, person: NewPerson) -> None:
    one, other = person(), person()

    assert one.client.get(f"/v1/users/{other.user_id}").status_code == 404
    assert one.client.get("/v1/users/self").json()["id"] == one.user_id


def test_a_deleted_user_can_do_nothing_more(controller: Controller, admin: httpx.Client, person: NewPerson) -> None:
    somebody = person()

    assert admin.delete(f"/v1/users/{somebody.user_id}").status_code == 204
    assert somebody.client.get("/v1/users/self").status_code == 401
