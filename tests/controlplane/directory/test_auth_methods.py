"""Auth methods: their bounds, and which one is a scope's."""

import httpx
import pytest

from tests.controlplane.things import change, make, new_name, read, refusal, try_change


def test_bounds_have_defaults(admin: httpx.Client) -> None:
    method = make(admin, "auth-methods", scope_id="global")

    assert (method["type"], method["is_primary"]) == ("password", False)
    assert method["attributes"] == {"min_login_name_length": 3, "min_password_length": 8}


def test_a_bound_may_be_changed_and_null_resets_it(admin: httpx.Client) -> None:
    method = make(admin, "auth-methods", scope_id="global", attributes={"min_password_length": 20})

    changed = change(admin, "auth-methods", method, attributes={"min_login_name_length": 5})
    assert changed["attributes"] == {"min_login_name_length": 5, "min_password_length": 20}
    changed = change(admin, "auth-methods", changed, attributes={"min_password_length": None})
    assert changed["attributes"] == {"min_login_name_length": 5, "min_password_length": 8}


@pytest.mark.parametrize("bound", [0, 7, 257, 10**30, "8", 8.5])
def test_a_bound_out_of_bounds_is_refused(admin: httpx.Client, bound: object) -> None:
    method = make(admin, "auth-methods", scope_id="global")

    answer = try_change(admin, "auth-methods", method, attributes={"min_password_length": bound})
    assert refusal(answer) == (400, "bad_request")
    assert read(admin, "auth-methods", method) == method


def test_it_lives_in_no_project(admin: httpx.Client, project: str) -> None:
    answer = admin.post("/v1/auth-methods", json={"scope_id": project, "name": new_name()})
    assert refusal(answer) == (400, "bad_request")


def test_of_another_type_there_is_none(admin: httpx.Client) -> None:
    answer = admin.post("/v1/auth-methods", json={"scope_id": "global", "type": "oidc"})
    assert refusal(answer) == (400, "bad_request")


def test_it_says_what_one_may_do_in_it(admin: httpx.Client) -> None:
    method = make(admin, "auth-methods", scope_id="global")
    assert method["authorized_collection_actions"] == {"accounts": ["create", "list"]}
