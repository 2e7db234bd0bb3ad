"""What comes back when a request is wrong: always a problem document, never a trace of the inside."""

import secrets

import httpx
import pytest

from tests.controlplane.system import ADMIN, Controller, execute, make_target

FIELDS = {"type", "title", "status", "code", "detail", "hint", "kind", "message", "request_id"}


def check(answer: httpx.Response, status: int, code: str) -> str:
    """The problem's detail."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() - {"details"} == FIELDS
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    return problem["detail"]


@pytest.fixture(scope="module")
def login(admin: httpx.Client) -> str:
    method = admin.get("/v1/auth-methods").json()["items"][0]["id"]
    return f"/v1/auth-methods/{method}:authenticate"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "no body"),
        (b"{", "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"null", "object"),
        (b"[]", "object"),
        (b'{"attributes": ' + b"[" * 5000, "attributes: it must be an object"),
        (b'{"x": ' * 5000, "no field 'x'"),
        (b'{"attributes": 5}', "attributes: it must be an object"),
        (b'{"attributes": {"login_name": "x"}}', "password"),
        (b'{"attributes": {"login_name": 7, "password": "x"}}', "attributes.login_name: it must be text"),
        (b'{"attributes": {"login_name": "x", "password": "x", "otp": 1}}', "otp"),
        (b'{"attributes": {"login_name": "x", "password": "x"}, "command": "logout"}', "logout"),
        (b'{"attributes": {"login_name": "\\ud800", "password": "x"}}', ""),
        (b'{"attributes": {"login_name": "a\\u0000b", "password": "x"}}', "cannot store"),
    ],
)
def test_a_body_that_cannot_be_understood_is_refused(
    controller: Controller, login: str, body: bytes, word: str
) -> None:
    with controller.client() as anyone:
        detail = check(anyone.post(login, content=body), 400, "bad_request")

    assert word in detail
    assert detail


def test_a_body_over_64_kib_is_refused(controller: Controller, login: str) -> None:
    with controller.client() as anyone:
        check(anyone.post(login, content=b" " * (64 * 1024 + 1)), 413, "bad_request")


def test_a_body_over_64_kib_in_chunks_is_refused(controller: Controller, login: str) -> None:
    with controller.client() as anyone:
        check(anyone.post(login, content=(b" " * 8192 for _ in range(20))), 413, "bad_request")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/targets/x/y", "/v1/targets/x:fly"])
def test_an_unknown_path_is_not_found(admin: httpx.Client, path: str) -> None:
    answer = admin.request("POST" if ":" in path else "GET", path)
    assert answer.status_code in (404, 405)
    check(answer, answer.status_code, "not_found" if answer.status_code == 404 else "bad_request")


def test_a_method_that_a_path_does_not_have_is_refused(admin: httpx.Client) -> None:
    answer = admin.put("/v1/targets", content=b"{}")

    check(answer, 405, "bad_request")
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("path", ["/v1/targets/%00", "/v1/sessions/%ff", "/v1/scopes/%00", "/v1/users/a%00b"])
def test_ids_that_no_database_can_hold_are_refused(admin: httpx.Client, path: str) -> None:
    assert admin.get(path).status_code in (400, 404)


def test_a_wrong_query_parameter_is_named(admin: httpx.Client) -> None:
    assert "page_size" in check(admin.get("/v1/targets", params={"page_size": "many"}), 400, "bad_request")


def test_a_failure_inside_says_nothing_about_itself(controller: Controller, admin: httpx.Client, project: str) -> None:
    execute(controller, "alter table targets rename column egress_worker_filter to hidden_secret_column")
    try:
        answer = admin.get("/v1/targets", params={"scope_id": project})
    finally:
        execute(controller, "alter table targets rename column hidden_secret_column to egress_worker_filter")

    assert check(answer, 500, "internal") == ""
    assert "egress_worker_filter" not in answer.text
    assert admin.get("/v1/targets", params={"scope_id": project}).status_code == 200


def test_an_unauthenticated_answer_names_its_scheme(controller: Controller) -> None:
    with controller.client() as anyone:
        assert anyone.get("/v1/users/self").headers["www-authenticate"] == "Bearer"


def test_names_with_sql_in_them_are_only_names(admin: httpx.Client, project: str) -> None:
    make_target(admin, project, name=f"quote-{secrets.token_hex(4)}", description="'; drop table users; --")

    check(admin.get("/v1/targets/'; drop table users; --"), 404, "not_found")
    assert admin.get("/v1/users/self").json()["login_name"] == ADMIN


@pytest.mark.parametrize(
    "path",
    ["/v1//targets", "//v1/targets", "/v1/targets/", "/v1/targets//x", "/v1/targets/x/", "/v1/users/x/:y"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_thing_has_one_path(admin: httpx.Client, method: str, path: str) -> None:
    request = admin.build_request(method, "/", content=b"{}")
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = admin.send(request)

    check(answer, 404, "not_found")
