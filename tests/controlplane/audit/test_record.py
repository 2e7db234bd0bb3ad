"""What a record may show: by the description of the resources, and nothing that nobody described."""

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest

from acc.controlplane import directory
from acc.controlplane.api.kind import Kind
from acc.controlplane.api.routes import LIST_PARAMETERS
from acc.controlplane.audit.attempt import Attempt, wanted
from acc.controlplane.audit.record import SENSITIVE, AuditEvent, printable, redacted
from acc.controlplane.directory.audit_events import SEARCHES
from acc.wire.directory.index import BY_TYPE, QUERY, RESOURCES
from acc.wire.directory.people import ACCOUNT
from acc.wire.resources import Exposure, Field, Resource

APART = {"acc.controlplane.directory.logins": {"auth-method"}, "acc.controlplane.directory.authorize": {"target"}}
"""Modules whose bodies are of a resource that another module has."""


def fields_of(resource: Resource) -> set[tuple[str | None, str]]:
    taken = [field for action in resource.domain for field in action.takes]
    return {(field.inside, field.name) for field in (*resource.fields, *taken)}


def said_by(body: type[msgspec.Struct]) -> Iterator[tuple[str | None, str]]:
    for field in msgspec.structs.fields(body):
        parts = [one for one in (field.type, *getattr(field.type, "__args__", ())) if isinstance(one, type)]
        nested = [one for one in parts if issubclass(one, msgspec.Struct)]
        if field.encode_name == "attributes":
            yield from (("attributes", name) for _, name in said_by(nested[0]))
        else:
            yield None, field.encode_name


def bodies() -> Iterator[tuple[str, type[msgspec.Struct], set[tuple[str | None, str]]]]:
    """Every body of the API, with what is described of the resources that it can be about."""
    for found in pkgutil.iter_modules(directory.__path__, f"{directory.__name__}."):
        module = importlib.import_module(found.name)
        kinds = {one.resource.type for one in vars(module).values() if isinstance(one, Kind)}
        described = [fields_of(BY_TYPE[one]) for one in APART.get(found.name, kinds)]
        structs = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
        inner = {name for one in structs for name in _inside(one)}
        for one in structs:
            if one.__module__ == found.name and one not in inner and described:
                yield one.__qualname__, one, set().union(*described)


def _inside(body: type[msgspec.Struct]) -> Iterator[type]:
    for field in msgspec.structs.fields(body):
        yield from (one for one in (field.type, *getattr(field.type, "__args__", ())) if isinstance(one, type))


BODIES = list(bodies())


@pytest.mark.parametrize(("name", "body", "described"), BODIES, ids=[name for name, _, _ in BODIES])
def test_every_field_that_the_api_takes_is_described(
    name: str, body: type[msgspec.Struct], described: set[tuple[str | None, str]]
) -> None:
    assert set(said_by(body)) <= described


def test_every_parameter_that_a_list_takes_is_described() -> None:
    parents = {resource.parent_field for resource in RESOURCES}

    assert {*LIST_PARAMETERS, *SEARCHES, "include_terminated"} <= {field.name for field in QUERY}
    assert parents <= {field.name for resource in RESOURCES for field in resource.fields}


def test_the_walk_finds_the_bodies_that_matter() -> None:
    assert {"NewAccount", "SetPassword", "Authenticate", "AuthorizeSession", "NewWorker", "Cancel"} <= {
        name for name, _, _ in BODIES
    }


@pytest.mark.parametrize("word", ["password", "token", "secret", "key"])
def test_what_is_called_like_a_secret_is_one(word: str) -> None:
    open_ones = {
        field.name
        for resource in RESOURCES
        for field in (*resource.fields, *(one for action in resource.domain for one in (*action.takes, *action.gives)))
        if word in field.name and field.exposure is not Exposure.SECRET
    }
    assert open_ones <= {"min_password_length", "auth_token_id"}


def test_a_public_field_is_shown_a_sensitive_one_marked_and_a_secret_one_left_out() -> None:
    fields = (
        Field(name="name", says=""),
        Field(name="email", says="", exposure=Exposure.SENSITIVE),
        Field(name="password", says="", exposure=Exposure.SECRET),
    )
    asked = {"name": "web", "email": "a@b.example", "password": "hunter22"}

    assert redacted(fields, asked) == {"name": "web", "email": SENSITIVE}


def test_a_field_that_nobody_described_counts_as_secret() -> None:
    assert redacted((Field(name="name", says=""),), {"surprise": "x", "name": "web"}) == {"name": "web"}


def test_fields_inside_an_object_have_their_own_class() -> None:
    asked = {"attributes": {"login_name": "ada", "password": "hunter22", "surprise": "x"}, "type": "password"}

    assert redacted(ACCOUNT.fields, asked) == {"attributes": {"login_name": SENSITIVE}, "type": "password"}


def test_an_object_in_place_of_a_secret_is_left_out_like_it() -> None:
    assert redacted(ACCOUNT.fields, {"password": {"login_name": "x"}, "attributes": "hunter22"}) == {}


def test_the_filter_of_a_list_may_quote_anything_so_it_is_only_marked() -> None:
    asked = {"filter": '"/item/email" == "a@b.example"', "scope_id": "global"}

    assert redacted(QUERY, asked) == {"filter": SENSITIVE, "scope_id": "global"}


def test_nul_which_no_database_stores_is_replaced_wherever_it_stands() -> None:
    fields = (Field(name="tags", says=""),)

    assert redacted(fields, {"tags": {"a\0": ["b\0"]}}) == {
        "tags": {"a\N{REPLACEMENT CHARACTER}": ["b\N{REPLACEMENT CHARACTER}"]}
    }


@pytest.mark.parametrize("text", ["a\nb", "a\x1bb", "a\u202eb", "a\udcffb", "a\0b"])
def test_text_for_a_record_disturbs_nobody_who_reads_it(text: str) -> None:
    assert printable(text) == "a\N{REPLACEMENT CHARACTER}b"
    assert len(printable("x" * 10_000)) == 128


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", "/v1/targets", ("target", "list", None, None)),
        ("POST", "/v1/targets", ("target", "create", None, None)),
        ("GET", "/v1/targets/ttcp_0123456789", ("target", "read", "ttcp_0123456789", None)),
        ("PATCH", "/v1/targets/ttcp_0123456789", ("target", "update", "ttcp_0123456789", None)),
        ("DELETE", "/v1/users/self", ("user", "delete", None, "self")),
        ("POST", "/v1/targets/web-1:authorize-session", ("target", "authorize-session", None, "web-1")),
        ("POST", "/v1/roles/r_0123456789:set-grants", ("role", "set-grants", "r_0123456789", None)),
        ("POST", "/v1/workers:create:controller-led", ("worker", "create:controller-led", None, None)),
    ],
)
def test_a_path_says_what_is_wanted(method: str, path: str, asked: tuple[str, str, str | None, str | None]) -> None:
    event = wanted(method, path)

    assert event is not None
    assert (event.resource_type, event.action, event.resource_id, event.resource_name) == asked


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1/"),
        ("GET", "/v1/nothing"),
        ("GET", "/v2/targets"),
        ("GET", "/targets"),
        ("GET", "/v1/targets/a/b"),
        ("PUT", "/v1/targets/a"),
        ("GET", "/v1/targets/a:authorize-session"),
        ("POST", "/v1/targets/a:surprise"),
        ("POST", "/v1/targets/a"),
    ],
)
def test_a_path_that_the_api_does_not_have_wants_nothing(method: str, path: str) -> None:
    assert wanted(method, path) is None


def test_an_attempt_that_ends_otherwise_than_it_was_stored_needs_another_record() -> None:
    shipped: list[AuditEvent] = []
    attempt = Attempt(AuditEvent(action="read", resource_type="target"), shipped.append)
    attempt.stored = True
    first = attempt.event.id

    attempt.ended("internal")
    assert not attempt.stored
    assert attempt.event.id != first


LOGIN = f"at_{'a' * 10}_{'Z' * 43}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (LOGIN, "at_aaaaaaaaaa"),
        (LOGIN[:-20], "at_aaaaaaaaaa"),
        (f"Bearer {LOGIN}/x", "Bearer at_aaaaaaaaaa/x"),
        ("acct1.eyJ_-x.c2ln", "(secret)"),
        ("acct1.eyJ_-x", "(secret)"),
        ("see acce1.eyJjb250cm9sbGVycyI6", "see (secret)"),
        ("x" * 100 + LOGIN, "x" * 100 + "at_aaaaaaaaaa"),
        ("at_aaaaaaaaaa", "at_aaaaaaaaaa"),
        ("look_at_the_stars", "look_at_the_stars"),
        ("acctpw_1234567890", "acctpw_1234567890"),
    ],
)
def test_a_secret_of_ours_in_a_text_is_cut_to_what_is_public_of_it(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert redacted((Field(name="tags", says=""),), {"tags": {text: [text]}}) == {"tags": {shown: [shown]}}


def test_a_login_in_a_path_is_the_login_of_that_id() -> None:
    of_logins = wanted("GET", f"/v1/auth-tokens/{LOGIN}")
    of_targets = wanted("POST", f"/v1/targets/{LOGIN}:authorize-session")

    assert of_logins is not None
    assert (of_logins.resource_id, of_logins.resource_name) == ("at_aaaaaaaaaa", None)
    assert of_targets is not None
    assert (of_targets.resource_id, of_targets.resource_name) == (None, "at_aaaaaaaaaa")
