"""What every resource does alike: made, read, changed, listed, deleted; versions, hidden things, bad input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from acc.wire.directory.index import RESOURCES
from tests.controlplane.system import Controller, NewPerson
from tests.controlplane.things import (
    Item,
    auth_method,
    change,
    delete,
    ids,
    make,
    make_project,
    new_name,
    read,
    refusal,
    said,
    try_change,
)

Body = Mapping[str, Any]  # JSON


@dataclass(frozen=True)
class Example:
    """How one of a resource is made."""

    plural: str
    body: Callable[[httpx.Client], Body]


def in_global(**fields: object) -> Callable[[httpx.Client], Body]:
    return lambda _client: {"scope_id": "global", "name": new_name()} | fields


def in_project(**fields: object) -> Callable[[httpx.Client], Body]:
    return lambda client: {"scope_id": make_project(client), "name": new_name()} | fields


def in_catalog(**fields: object) -> Callable[[httpx.Client], Body]:
    def body(client: httpx.Client) -> Body:
        catalog = make(client, "host-catalogs", scope_id=make_project(client))
        return {"host_catalog_id": catalog["id"], "name": new_name()} | fields

    return body


def in_auth_method(client: httpx.Client) -> Body:
    return {"auth_method_id": auth_method(client), "name": new_name(), "attributes": {"login_name": new_name("login")}}


def an_alias(client: httpx.Client) -> Body:
    return {"scope_id": "global", "name": new_name(), "value": new_name("alias")}


EXAMPLES = [
    Example("scopes", in_global()),
    Example("auth-methods", in_global()),
    Example("accounts", in_auth_method),
    Example("users", in_global()),
    Example("groups", in_global()),
    Example("roles", in_global()),
    Example("host-catalogs", in_project()),
    Example("host-sets", in_catalog()),
    Example("hosts", in_catalog(attributes={"address": "10.0.0.1"})),
    Example("targets", in_project(address="10.0.0.1", attributes={"default_port": 22})),
    Example("aliases", an_alias),
]
NAMELESS = [one for one in EXAMPLES if one.plural not in {"scopes", "users", "targets"}]

BY_PLURAL = {resource.plural: resource for resource in RESOURCES}

by_plural = pytest.mark.parametrize("example", EXAMPLES, ids=[one.plural for one in EXAMPLES])


def made(admin: httpx.Client, example: Example) -> Item:
    return make(admin, example.plural, **example.body(admin))


@by_plural
def test_what_was_made_reads_the_same(admin: httpx.Client, example: Example) -> None:
    item = made(admin, example)

    assert read(admin, example.plural, item) == item
    assert item["version"] == 1
    assert item["created_time"] == item["updated_time"]
    assert {"read", "update", "delete", "no-op"} <= set(item["authorized_actions"])


@by_plural
def test_what_a_change_does_not_name_stays(admin: httpx.Client, example: Example) -> None:
    item = made(admin, example)

    changed = change(admin, example.plural, item, description="words")

    assert changed["version"] == 2
    assert changed["updated_time"] > item["updated_time"]
    kept = {"version", "updated_time", "description"}
    assert {key: value for key, value in changed.items() if key not in kept} == {
        key: value for key, value in item.items() if key not in kept
    }
    assert read(admin, example.plural, item) == changed


@by_plural
def test_null_takes_a_value_away(admin: httpx.Client, example: Example) -> None:
    item = change(admin, example.plural, made(admin, example), description="words")
    assert item["description"] == "words"

    assert "description" not in change(admin, example.plural, item, description=None)


@pytest.mark.parametrize("example", NAMELESS, ids=[one.plural for one in NAMELESS])
def test_a_name_may_be_taken_away_and_given(admin: httpx.Client, example: Example) -> None:
    item = change(admin, example.plural, made(admin, example), name=None)
    assert "name" not in item

    name = new_name()
    assert change(admin, example.plural, item, name=name)["name"] == name


@pytest.mark.parametrize("plural", ["scopes", "users", "targets"])
def test_what_must_have_a_name_keeps_one(admin: httpx.Client, plural: str) -> None:
    item = made(admin, next(one for one in EXAMPLES if one.plural == plural))

    assert try_change(admin, plural, item, name=None).status_code == 400
    assert read(admin, plural, item) == item


@by_plural
def test_a_stale_version_is_a_conflict_and_changes_nothing(admin: httpx.Client, example: Example) -> None:
    item = made(admin, example)
    changed = change(admin, example.plural, item, description="first")

    assert refusal(try_change(admin, example.plural, item, description="second")) == (409, "conflict")
    assert read(admin, example.plural, item) == changed


@by_plural
def test_a_change_names_its_version(admin: httpx.Client, example: Example) -> None:
    item = made(admin, example)

    answer = admin.patch(f"/v1/{example.plural}/{item['id']}", json={"description": "words"})
    assert refusal(answer) == (400, "bad_request")
    assert "version" in answer.json()["detail"]


@pytest.mark.parametrize("version", [0, -1, 2**31, "1", 1.5, None, True])
def test_a_version_is_a_positive_number(admin: httpx.Client, version: object) -> None:
    item = make(admin, "groups", scope_id="global")

    assert refusal(try_change(admin, "groups", item, version=version)) == (400, "bad_request")


@by_plural
def test_an_unknown_field_is_refused(admin: httpx.Client, example: Example) -> None:
    body = dict(example.body(admin))
    answer = admin.post(f"/v1/{example.plural}", json=body | {"surprise": 1})
    assert refusal(answer) == (400, "bad_request")
    assert "surprise" in answer.json()["detail"]

    item = make(admin, example.plural, **body)
    assert refusal(try_change(admin, example.plural, item, surprise=1)) == (400, "bad_request")


@by_plural
def test_two_of_one_name_are_a_conflict(admin: httpx.Client, example: Example) -> None:
    body = dict(example.body(admin))
    make(admin, example.plural, **body)

    assert refusal(admin.post(f"/v1/{example.plural}", json=body)) == (409, "conflict")


@by_plural
@pytest.mark.parametrize(
    "name", ["\u0430dmin", "a\u200bb", " a", "a ", "a\u0000", "a\nb", "a\n", "", "x" * 129, "\u202eb"]
)
def test_a_name_that_looks_like_another_is_refused(admin: httpx.Client, example: Example, name: str) -> None:
    answer = admin.post(f"/v1/{example.plural}", json=dict(example.body(admin)) | {"name": name})

    assert answer.status_code == 400
    assert answer.json()["code"] in {"bad_request", "bad_name"}


@by_plural
@pytest.mark.parametrize("text", ["a\u0007", "\u202eb", "a\u0000", "two\nlines", "x" * 1025, "\u2028"])
def test_a_description_without_controls_is_text(admin: httpx.Client, example: Example, text: str) -> None:
    body = dict(example.body(admin))

    assert refusal(admin.post(f"/v1/{example.plural}", json=body | {"description": text})) == (400, "bad_request")
    item = make(admin, example.plural, **body | {"description": "Gr\u00fc\u00dfe"})
    assert item["description"] == "Gr\u00fc\u00dfe"
    assert refusal(try_change(admin, example.plural, item, description=text)) == (400, "bad_request")


@by_plural
def test_what_was_deleted_is_missing(admin: httpx.Client, example: Example) -> None:
    item = made(admin, example)

    delete(admin, example.plural, item)

    assert refusal(admin.get(f"/v1/{example.plural}/{item['id']}")) == (404, "not_found")
    assert refusal(admin.delete(f"/v1/{example.plural}/{item['id']}")) == (404, "not_found")
    assert item["id"] not in ids(admin, example.plural)


@by_plural
def test_a_list_shows_what_a_read_shows(admin: httpx.Client, example: Example) -> None:
    item = made(admin, example)

    listed = admin.get(f"/v1/{example.plural}", params={"scope_id": "global", "recursive": "true"}).json()["items"]
    assert [one for one in listed if one["id"] == item["id"]] == [item]


@by_plural
def test_the_hidden_and_the_missing_get_one_answer(admin: httpx.Client, person: NewPerson, example: Example) -> None:
    item = made(admin, example)
    client = person().client
    missing = f"{item['id'].partition('_')[0]}_0000000000"

    calls = [
        lambda item_id: client.get(f"/v1/{example.plural}/{item_id}"),
        lambda item_id: client.delete(f"/v1/{example.plural}/{item_id}"),
        lambda item_id: client.patch(f"/v1/{example.plural}/{item_id}", json={"version": 1}),
    ]
    for call in calls:
        hidden, absent = call(item["id"]), call(missing)
        assert hidden.status_code == absent.status_code == 404
        assert said(hidden) == said(absent)
    assert item["id"] not in ids(client, example.plural)


@by_plural
def test_making_where_one_may_not_is_not_allowed_and_where_one_cannot_see_is_not_found(
    admin: httpx.Client, person: NewPerson, example: Example
) -> None:
    body = dict(example.body(admin))
    parent = next(key for key in ("host_catalog_id", "auth_method_id", "scope_id") if key in body)
    client = person("ids=*;type=*;actions=no-op").client

    assert refusal(client.post(f"/v1/{example.plural}", json=body)) == (403, "not_allowed")
    hidden = body | {parent: "p_0000000000"}
    assert refusal(client.post(f"/v1/{example.plural}", json=hidden)) == (404, "not_found")
    make(admin, example.plural, **body)


@by_plural
def test_seeing_is_not_changing(admin: httpx.Client, person: NewPerson, example: Example) -> None:
    item = made(admin, example)
    client = person(f"ids=*;type={BY_PLURAL[example.plural].type};actions=read").client

    assert refusal(try_change(client, example.plural, item)) == (403, "not_allowed")
    assert refusal(client.delete(f"/v1/{example.plural}/{item['id']}")) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/groups", "surprise=1"),
        ("/v1/groups", "page_size=1&page_size=2"),
        ("/v1/groups", "recursive=maybe"),
        ("/v1/groups/g_0000000000", "recursive=true"),
        ("/v1/users/self", "x=y"),
    ],
)
def test_a_query_that_says_what_does_not_exist_is_refused(admin: httpx.Client, path: str, query: str) -> None:
    answer = admin.get(f"{path}?{query}")

    assert refusal(answer) == (400, "bad_request")
    assert answer.json()["detail"].startswith("the query: ")


def test_a_mistyped_parameter_is_told_its_name(admin: httpx.Client) -> None:
    assert "did you mean recursive?" in admin.get("/v1/groups?recursiv=true").json()["detail"]


def test_boundary_may_say_which_roles_not_to_make_with_a_scope(admin: httpx.Client) -> None:
    query = {"skip_admin_role_creation": "true", "skip_default_role_creation": "true"}
    answer = admin.post("/v1/scopes", params=query, json={"scope_id": "global", "name": new_name("org")})

    assert answer.status_code == 200
    assert ids(admin, "roles", scope_id=answer.json()["id"]) == []


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff", b"{}", b'{"version": 1e999}', b"[" * 10_000])
def test_a_body_that_is_none_is_refused(controller: Controller, admin: httpx.Client, method: str, body: bytes) -> None:
    path = "/v1/groups" if method == "POST" else "/v1/groups/g_0000000000"

    assert refusal(admin.request(method, path, content=body)) == (400, "bad_request")


@pytest.mark.parametrize(
    ("body", "twice"),
    [
        (b'{"scope_id": "p_0000000000", "scope_id": "global"}', "scope_id"),
        (b'{"scope_id": "global", "n\\u0061me": "one", "name": "other"}', "name"),
    ],
)
def test_a_key_that_is_said_twice_is_refused(admin: httpx.Client, body: bytes, twice: str) -> None:
    answer = admin.post("/v1/groups", content=body)

    assert refusal(answer) == (400, "bad_request")
    assert answer.json()["detail"] == f"the body: {twice!r} is said twice"


def test_a_key_that_is_said_twice_further_in_is_refused(admin: httpx.Client) -> None:
    worker = {"scope_id": "global", "name": new_name("worker")}
    made = admin.post("/v1/workers:create:controller-led", json=worker).json()

    answer = admin.post(
        f"/v1/workers/{made['id']}:set-worker-tags", content=b'{"version": 1, "api_tags": {"a": ["x"], "a": ["y"]}}'
    )
    assert answer.json()["detail"] == "the body: 'a' is said twice"
