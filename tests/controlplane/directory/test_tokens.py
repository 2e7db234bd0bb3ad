"""Login tokens as things: list, read, delete."""

import httpx

from tests.controlplane.system import Controller, NewPerson
from tests.controlplane.things import ids, refusal


def test_a_token_says_whose_it_is_and_not_what_it_is(person: NewPerson) -> None:
    somebody = person()

    token = somebody.client.get("/v1/auth-tokens/self").json()

    assert (token["id"], token["user_id"]) == (somebody.token_id, somebody.user_id)
    assert token["authorized_actions"] == ["read:self", "delete:self"]
    assert "token" not in token
    assert token["auth_method_id"].startswith("ampw_")


def test_people_list_their_own_logins(admin: httpx.Client, person: NewPerson) -> None:
    one, other = person(), person()

    assert ids(one.client, "auth-tokens") == [one.token_id]
    assert {one.token_id, other.token_id} <= set(ids(admin, "auth-tokens"))


def test_a_login_cannot_be_made_or_changed_here(admin: httpx.Client, person: NewPerson) -> None:
    somebody = person()

    assert refusal(admin.post("/v1/auth-tokens", json={})) == (405, "bad_request")
    assert refusal(admin.patch(f"/v1/auth-tokens/{somebody.token_id}", json={})) == (405, "bad_request")


def test_self_is_nobody_without_a_login(controller: Controller) -> None:
    with controller.client() as anyone:
        assert refusal(anyone.delete("/v1/auth-tokens/self")) == (401, "login_required")
