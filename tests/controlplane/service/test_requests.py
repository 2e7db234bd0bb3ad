"""What surrounds every request to the API: its id, its line in the log, its metrics, its limits."""

import json
import secrets
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.controlplane.system import ADMIN, PASSWORD, Controller, NewPerson, running_controller, wait_until
from tests.controlplane.things import auth_method


def line_of(controller: Controller, request_id: str, event: str = "request") -> dict[str, object]:
    """The log line of one request."""

    def find() -> dict[str, object] | None:
        lines = [json.loads(line) for line in list(controller.log)]
        return next((one for one in lines if (one.get("request_id"), one["event"]) == (request_id, event)), None)

    return wait_until(find) or {}


def log_in(client: httpx.Client, method: str, name: str, password: str) -> httpx.Response:
    body = {"attributes": {"login_name": name, "password": password}}
    return client.post(f"/v1/auth-methods/{method}:authenticate", json=body)


@contextmanager
def flood_of_logins(controller: Controller, method: str, address: str) -> Generator[None]:
    """24 connections from `address` log in with invented names as fast as they can; one was refused already."""
    over, refused = threading.Event(), threading.Event()

    def send() -> None:
        with controller.client(local_address=address) as client:
            while not over.is_set():
                if log_in(client, method, secrets.token_hex(4), "a wrong guess").status_code == 429:
                    refused.set()

    with ThreadPoolExecutor(24) as threads:
        flooding = [threads.submit(send) for _ in range(24)]
        try:
            assert refused.wait(10)
            yield
        finally:
            over.set()
    assert [one.result() for one in flooding] == [None] * 24


@pytest.fixture
def strict(cluster_database: str) -> Generator[Controller]:
    """A controller with tight limits."""
    settings = {"ACC_LIMITS_SECONDS": "60", "ACC_LIMITS_ADDRESS": "8", "ACC_LIMITS_LOGINS": "2"}
    with running_controller(cluster_database, **settings) as running:
        yield running


def test_a_request_keeps_the_id_that_its_client_gave_it(admin: httpx.Client) -> None:
    answer = admin.get("/v1/users/self", headers={"x-request-id": "my-id.7"})
    assert answer.headers["x-request-id"] == "my-id.7"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "a\tb", '"', "\u00e9".encode()])
def test_an_id_that_is_none_is_replaced(admin: httpx.Client, sent: str | bytes) -> None:
    answer = admin.get("/v1/users/self", headers={"x-request-id": sent})

    assert len(answer.headers["x-request-id"]) == 16


def test_each_request_leaves_one_line_with_its_route_and_its_user(controller: Controller, admin: httpx.Client) -> None:
    user = admin.get("/v1/users/self").json()["id"]
    answer = admin.get(f"/v1/users/{user}")
    line = line_of(controller, answer.headers["x-request-id"])

    assert (line["method"], line["route"], line["status"], line["user"]) == ("GET", "/v1/users/{item_id}", 200, user)
    assert user not in str(line["route"])
    assert admin.headers["authorization"].rpartition("_")[2] not in json.dumps(line)


def test_what_is_logged_for_a_request_has_its_id(controller: Controller) -> None:
    with controller.client() as anyone:
        method = anyone.get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"attributes": {"login_name": "nobody", "password": "wrong password"}}
        answer = anyone.post(f"/v1/auth-methods/{method}:authenticate", json=body)

    assert line_of(controller, answer.json()["request_id"], "login failed")["auth_method"] == method


def test_requests_are_counted_by_route_method_and_status(controller: Controller, person: NewPerson) -> None:
    line = 'acc_http_requests_total{method="GET",route="/v1/users/{item_id}",status="404"}'
    before = controller.metric(line)
    for name in ("u_1", "u_2", "u_3"):
        person().client.get(f"/v1/users/{name}")

    assert controller.metric(line) == before + 3


def test_what_nobody_has_a_route_for_is_one_route(controller: Controller, admin: httpx.Client) -> None:
    line = 'acc_http_requests_total{method="other",route="unmatched",status="404"}'
    before = controller.metric(line)
    admin.request("INVENTED", "/v1/nowhere/1")
    admin.request("ALSO", "/v1/nowhere/2")

    assert controller.metric(line) == before + 2
    assert "nowhere" not in controller.get_health("/metrics").text


def test_logins_and_session_authorizations_are_counted_by_their_outcome(
    controller: Controller, admin: httpx.Client
) -> None:
    failed = controller.metric('acc_logins_total{outcome="login_failed"}')
    missing = controller.metric('acc_session_authorizations_total{outcome="not_found"}')
    method = admin.get("/v1/auth-methods").json()["items"][0]["id"]
    admin.post(
        f"/v1/auth-methods/{method}:authenticate", json={"attributes": {"login_name": ADMIN, "password": "wrong"}}
    )
    admin.post("/v1/targets/ttcp_missing:authorize-session")

    assert controller.metric('acc_logins_total{outcome="ok"}') >= 1
    assert controller.metric('acc_logins_total{outcome="login_failed"}') == failed + 1
    assert controller.metric('acc_session_authorizations_total{outcome="not_found"}') == missing + 1


def test_the_pool_and_the_process_are_measured(controller: Controller) -> None:
    text = controller.get_health("/metrics").text

    assert "\nacc_database_connections_in_use " in text
    assert "\nacc_control_streams 0.0\n" in text
    assert "\nprocess_resident_memory_bytes " in text


def test_every_answer_says_what_the_tightest_limit_leaves(strict: Controller) -> None:
    with strict.client() as anyone:
        answer = anyone.get("/v1/nothing/1")

    assert answer.headers["ratelimit-policy"] == '"address";q=8;w=60'
    assert answer.headers["ratelimit"].startswith('"address";r=')


def test_too_many_requests_are_told_when_to_come_back(strict: Controller) -> None:
    with strict.client() as anyone:
        answers = [anyone.get("/v1/nothing/1") for _ in range(9)]

    assert [one.status_code for one in answers] == [404] * 8 + [429]
    refused = answers[-1]
    assert refused.json()["code"] == "too_many_requests"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert 1 <= int(refused.headers["retry-after"]) <= 8
    assert strict.metric('acc_http_limited_total{limit="address"}') == 1


def test_a_login_is_not_held_up_by_those_without_one_from_its_address(strict: Controller) -> None:
    with strict.client() as client:
        method = client.get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"attributes": {"login_name": ADMIN, "password": PASSWORD}}
        login = client.post(f"/v1/auth-methods/{method}:authenticate", json=body).json()
        own = {"authorization": f"Bearer {login['attributes']['token']}"}
        client.get("/v1/users/self", headers=own)
        unknown = [client.get("/v1/users/self").status_code for _ in range(9)]
        known = client.get("/v1/users/self", headers=own)

    assert unknown[-1] == 429
    assert known.status_code == 200


def test_guessing_at_one_login_name_is_slowed_down(strict: Controller) -> None:
    with strict.client() as client:
        method = client.get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"attributes": {"login_name": ADMIN, "password": "a wrong guess"}}
        answers = [client.post(f"/v1/auth-methods/{method}:authenticate", json=body) for _ in range(3)]

    assert [one.status_code for one in answers] == [401, 401, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30


def test_a_flood_of_logins_from_one_address_keeps_nobody_elsewhere_from_logging_in(cluster_database: str) -> None:
    with (
        running_controller(cluster_database, ACC_LIMITS_LOGINS_ADDRESS="1000000") as controller,
        controller.client(local_address="127.0.0.1") as client,
    ):
        method = auth_method(client)
        with flood_of_logins(controller, method, "127.0.0.2"):
            answers = [log_in(client, method, ADMIN, PASSWORD) for _ in range(5)]

    assert [one.status_code for one in answers] == [200] * 5


def test_one_address_has_so_many_attempts_whatever_names_it_invents(cluster_database: str) -> None:
    with (
        running_controller(cluster_database, ACC_LIMITS_LOGINS_ADDRESS="3", ACC_LIMITS_SECONDS="600") as controller,
        controller.client(local_address="127.0.0.1") as client,
        controller.client(local_address="127.0.0.2") as guesser,
    ):
        method = auth_method(client)
        guesses = [log_in(guesser, method, f"invented-{number}", "a wrong guess") for number in range(4)]
        own = log_in(client, method, ADMIN, PASSWORD)

        assert [one.status_code for one in guesses] == [401, 401, 401, 429]
        assert "the limit logins_address is 3 attempts" in guesses[-1].json()["detail"]
        assert int(guesses[-1].headers["retry-after"]) > 100
        assert own.status_code == 200
        assert controller.metric('acc_http_limited_total{limit="logins_address"}') == 1


def test_a_login_has_one_quota_however_its_header_is_spelled(cluster_database: str) -> None:
    with (
        running_controller(cluster_database, ACC_LIMITS_TOKEN="8", ACC_LIMITS_SECONDS="600") as controller,
        controller.client() as client,
    ):
        login = log_in(client, auth_method(client), ADMIN, PASSWORD).json()["attributes"]["token"]
        spellings = ["Bearer", "bearer", "BEARER", "bEARER", "BeArEr"]
        answers = [
            client.get("/v1/users/self", headers={"authorization": f"{spelling} {login}"})
            for spelling in spellings
            for _ in range(3)
        ]

    # The first is what shows that the token is good.
    assert [one.status_code for one in answers] == [200] * 9 + [429] * 6
