"""Options as bodies of requests."""

import click
import pytest
from click.testing import CliRunner

from acc.cli.audit import Moment
from acc.cli.controller import Item
from acc.cli.resource import fields
from acc.wire.directory.machines import ALIAS, TARGET, WORKER
from acc.wire.directory.people import ROLE
from acc.wire.resources import Field, Given, Resource


def resolve(types: tuple[str, ...], given: str) -> str:
    return f"{' or '.join(types)} {given}"


def described(resource: Resource) -> tuple[Field, ...]:
    """Every field, and those that actions take."""
    return (*resource.fields, *(field for action in resource.domain for field in action.takes))


def body(resource: Resource, name: str, *arguments: str) -> Item:
    """What the option of a field makes of `arguments`."""
    field = next(field for field in described(resource) if field.name == name)
    found: list[Item] = []

    def run(**values: object) -> None:
        found.append(fields.body((field,), values, resolve))

    command = click.Command("it", callback=run, params=[fields.option(field, required=False)])
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return found[0]


def test_a_text_is_as_it_was_given() -> None:
    assert body(TARGET, "description", "--description", "a b") == {"description": "a b"}


def test_what_is_not_given_is_not_said() -> None:
    assert body(TARGET, "description") == {}
    assert body(TARGET, "extra_ports") == {}


def test_an_empty_text_is_a_text() -> None:
    assert body(TARGET, "description", "--description", "") == {"description": ""}


def test_a_field_stands_inside_its_object() -> None:
    assert body(TARGET, "default_port", "--default-port", "22") == {"attributes": {"default_port": 22}}


def test_a_list_is_an_option_that_is_repeated() -> None:
    assert body(TARGET, "extra_ports", "--extra-port", "1", "--extra-port", "2") == {
        "attributes": {"extra_ports": [1, 2]}
    }


def test_what_holds_an_id_takes_a_name_with_or_without_id() -> None:
    assert body(ALIAS, "destination_id", "--destination", "web-1") == {"destination_id": "target web-1"}
    assert body(ALIAS, "destination_id", "--destination-id", "web-1") == {"destination_id": "target web-1"}


def test_principals_are_users_or_groups() -> None:
    assert body(ROLE, "principal_ids", "--principal-id", "ann") == {"principal_ids": ["user or group ann"]}


def test_grant_scopes_are_words_or_scopes() -> None:
    assert body(ROLE, "grant_scope_ids", "--grant-scope-id", "this", "--grant-scope-id", "prod") == {
        "grant_scope_ids": ["this", "scope prod"]
    }


def test_an_object_is_json() -> None:
    arguments = ("--authorize-session-arguments", '{"host_id": "hst_1"}')

    assert body(ALIAS, "authorize_session_arguments", *arguments) == {
        "attributes": {"authorize_session_arguments": {"host_id": "hst_1"}}
    }


def test_tags_of_one_key_are_gathered() -> None:
    assert body(WORKER, "api_tags", "--api-tag", "a=1", "--api-tag", "a=2", "--api-tag", "b=") == {
        "api_tags": {"a": ["1", "2"], "b": [""]}
    }


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [
        (TARGET, ("--default-port", "ssh")),
        (WORKER, ("--api-tag", "region")),
        (WORKER, ("--api-tag", "=eu")),
        (ALIAS, ("--authorize-session-arguments", "[]")),
        (ALIAS, ("--authorize-session-arguments", "{")),
    ],
)
def test_what_has_another_shape_is_a_usage_error(resource: Resource, arguments: tuple[str, ...]) -> None:
    field = next(field for field in described(resource) if f"--{fields.word(field)}" == arguments[0])
    command = click.Command("it", callback=lambda **_: None, params=[fields.option(field, required=False)])

    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_only_what_may_be_unset_can_be_cleared() -> None:
    choice = fields.clear_option(fields.given_when(TARGET, Given.ALWAYS)).type

    assert isinstance(choice, click.Choice)
    assert "description" in choice.choices
    assert {"name", "default-port"} & set(choice.choices) == set()


@pytest.mark.parametrize("text", ["90m", "7d", "2026-11-24T12:00:00Z", "2026-11-24"])
def test_a_time_is_a_span_or_a_date(text: str) -> None:
    assert Moment().convert(text, None, None).tzinfo is not None


@pytest.mark.parametrize("text", ["", "90", "m", "9999999999d", "yesterday"])
def test_what_is_no_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Moment().convert(text, None, None)
