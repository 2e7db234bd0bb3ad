"""Names where ids are wanted: what is meant, what is ambiguous, and what is said where nothing is called so."""

import pytest

from acc.wire.errors import Code
from tests.cli.places import Place

NEW_TARGET = ("targets", "create", "--name", "misplaced", "--address", "127.0.0.1", "--default-port", "1")


def test_a_name_of_several_things_is_ambiguous_and_says_where_they_are(place: Place) -> None:
    done = place("targets", "read", "twin")

    assert done.returncode == Code.AMBIGUOUS.exit_status
    assert "2 targets are called twin" in done.stderr
    assert "in lab/blue" in done.stderr
    assert "in lab/green" in done.stderr


@pytest.mark.parametrize("path", ["blue/twin", "lab/blue/twin"])
def test_a_path_says_which_of_them_is_meant(place: Place, path: str) -> None:
    blue = place.id("scopes", "read", "lab/blue")

    assert place.json("targets", "read", path)["scope_id"] == blue


def test_an_id_is_no_name_and_asks_for_none(place: Place) -> None:
    item_id = place.id("targets", "read", "blue/twin")

    assert place.id("targets", "read", item_id) == item_id


def test_an_id_of_another_type_is_told_apart(place: Place) -> None:
    done = place("groups", "read", place.id("targets", "read", "blue/twin"))

    assert done.returncode == Code.BAD_REQUEST.exit_status
    assert "is the id of a target; a group is wanted" in done.stderr


@pytest.mark.parametrize("name", ["no-such-thing", "blue/no-such-thing", 'a"b', "a b"])
def test_an_unknown_name_is_not_found(place: Place, name: str) -> None:
    done = place("targets", "read", name)

    assert done.returncode == Code.NOT_FOUND.exit_status
    assert "see: acc targets list" in done.stderr


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(place: Place) -> None:
    assert "no target is called lab/blue/twni; did you mean twin?" in place("targets", "read", "lab/blue/twni").stderr


def test_a_path_that_is_nearly_right_says_which_part_is_wrong(place: Place) -> None:
    assert "no scope is called bleu; did you mean blue?" in place("targets", "read", "bleu/twin").stderr


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (("users", "read", "nobody"), "acc users list"),
        (("users", "read", "u_1234567890"), "acc users list"),
        (("auth-tokens", "read", "at_1234567890"), "acc auth-tokens list"),
        (("targets", "list", "--scope", "p_1234567890"), "acc scopes list"),
        (("roles", "add-principals", "r_1234567890", "nobody"), "acc users list, acc groups list"),
        (("sessions", "cancel", "nothing"), "acc sessions list"),
    ],
)
def test_the_hint_names_the_list_to_look_in(place: Place, asked: tuple[str, ...], hint: str) -> None:
    done = place(*asked)

    assert done.returncode == Code.NOT_FOUND.exit_status
    assert done.stderr.endswith(f"\n     list what you may see: {hint}\n")


def test_of_an_id_that_is_not_there_the_type_is_said(place: Place) -> None:
    assert "you may not see it: user (not_found)" in place("users", "read", "u_1234567890").stderr


def test_an_org_is_no_place_for_a_target_and_its_projects_are_said(place: Place) -> None:
    done = place(*NEW_TARGET, "--scope", "lab")

    assert done.returncode == Code.BAD_REQUEST.exit_status
    assert "lab is an org, and targets live in a project" in done.stderr
    assert "say one of those in it: lab/green, lab/blue" in done.stderr


def test_an_org_by_its_id_is_no_place_for_a_target_either(place: Place) -> None:
    assert "lab/green, lab/blue" in place(*NEW_TARGET, "--scope", place.id("scopes", "read", "lab")).stderr


def test_an_org_without_projects_says_how_to_make_one(place: Place) -> None:
    place.id("scopes", "create", "--scope", "global", "--name", "bare")

    assert "make one in it: acc scopes create --scope bare --name NAME" in place(*NEW_TARGET, "--scope", "bare").stderr


def test_the_global_scope_is_no_place_for_a_target(place: Place) -> None:
    assert "global is the global scope, and targets live in a project" in place(*NEW_TARGET, "--scope", "global").stderr


def test_a_place_that_is_not_said_is_asked_for_with_those_that_there_are(place: Place) -> None:
    done = place(*NEW_TARGET)

    assert done.returncode == 2
    assert "with --scope; one of:" in done.stderr
    assert "lab/blue" in done.stderr


def test_a_parent_that_is_not_said_is_asked_for_with_those_that_there_are(place: Place) -> None:
    done = place("accounts", "create", "--login-name", "nobody")

    assert done.returncode == 2
    assert "with --auth-method; one of: password" in done.stderr


def test_a_name_that_is_taken_asks_for_another(place: Place) -> None:
    done = place(*NEW_TARGET[:3], "twin", *NEW_TARGET[4:], "--scope", "lab/blue")

    assert done.returncode == Code.CONFLICT.exit_status
    assert "choose another name" in done.stderr


def test_a_scope_of_two_meanings_is_ambiguous_and_both_paths_are_said(place: Place) -> None:
    place.id("scopes", "create", "--scope", "global", "--name", "annex")
    place.id("scopes", "create", "--scope", "annex", "--name", "blue")
    done = place(*NEW_TARGET, "--scope", "blue")
    place("scopes", "delete", "annex", "--yes")

    assert done.returncode == Code.AMBIGUOUS.exit_status
    assert "2 scopes are called blue" in done.stderr
    assert "in lab" in done.stderr
    assert "in annex" in done.stderr


@pytest.mark.parametrize("name", ["", "blue/", "a\nb", "ttcp_/../users", "x" * 600])
def test_what_can_be_no_name_is_not_asked_for(place: Place, name: str) -> None:
    assert place("targets", "read", name).returncode == Code.BAD_NAME.exit_status
