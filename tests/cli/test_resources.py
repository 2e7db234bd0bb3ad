"""The commands of resources, on a running system: one shape for all of them."""

import pytest

from acc.wire.directory.index import RESOURCES
from acc.wire.errors import Code
from tests.cli.places import Place, person
from tests.conftest import System


@pytest.mark.parametrize("plural", [resource.plural for resource in RESOURCES])
def test_every_resource_explains_itself(system: System, plural: str) -> None:
    done = system.acc(plural, "list", "--help")

    assert done.returncode == 0
    assert "--filter EXPR" in done.stdout


def test_what_is_created_is_shown_and_can_be_read(place: Place) -> None:
    made = place.json("groups", "create", "--scope", "lab/blue", "--name", "readers", "--description", "who reads")

    assert made["description"] == "who reads"
    assert place.json("groups", "read", "readers") == made


def test_an_update_keeps_what_it_does_not_name(place: Place) -> None:
    place.id("roles", "create", "--scope", "blue", "--name", "keeper", "--description", "old")
    changed = place.json("roles", "update", "keeper", "--name", "keepers")

    assert (changed["name"], changed["description"], changed["version"]) == ("keepers", "old", 2)


def test_a_field_is_reset_by_clearing_it(place: Place) -> None:
    place.id("roles", "create", "--scope", "blue", "--name", "cleared", "--description", "old")

    assert "description" not in place.json("roles", "update", "cleared", "--clear", "description")


def test_a_stale_version_is_a_conflict_and_changes_nothing(place: Place) -> None:
    place.id("roles", "create", "--scope", "blue", "--name", "stale")
    place.id("roles", "update", "stale", "--description", "theirs")
    done = place("roles", "update", "stale", "--description", "mine", "--version", "1")

    assert done.returncode == Code.CONFLICT.exit_status
    assert "(conflict)" in done.stderr
    assert place.json("roles", "read", "stale")["description"] == "theirs"


def test_an_update_of_nothing_is_a_usage_error(place: Place) -> None:
    assert place("targets", "update", "lab/blue/twin").returncode == 2


def test_members_are_named_and_listed_by_id(place: Place) -> None:
    user = place.id("users", "create", "--scope", "global", "--name", "ann")
    place.id("groups", "create", "--scope", "blue", "--name", "ops")

    assert place.json("groups", "add-members", "ops", "ann")["member_ids"] == [user]
    assert place("groups", "set-members", "ops").returncode == 2
    assert place.json("groups", "set-members", "ops", "--none").get("member_ids", []) == []


def test_a_role_takes_users_and_groups_by_name(place: Place) -> None:
    user = place.id("users", "create", "--scope", "global", "--name", "bea")
    group = place.id("groups", "create", "--scope", "blue", "--name", "crew")
    place.id("roles", "create", "--scope", "blue", "--name", "crew-role")
    ids = place.json("roles", "add-principals", "crew-role", "bea", "crew")["principal_ids"]

    assert isinstance(ids, list)
    assert set(ids) == {user, group}


def test_children_live_in_their_parent_and_are_listed_from_everywhere(place: Place) -> None:
    catalog = place.id("host-catalogs", "create", "--scope", "blue", "--name", "rack")
    host = place.json("hosts", "create", "--host-catalog", "rack", "--name", "h1", "--address", "10.0.0.1")

    assert (host["host_catalog_id"], host["attributes"]) == (catalog, {"address": "10.0.0.1"})
    assert str(host["id"]) in place("hosts", "list", "-o", "id").stdout.split()
    assert place("hosts", "list", "--host-catalog", "rack", "-o", "name").stdout == "h1\n"
    assert place.id("hosts", "read", "lab/blue/rack/h1") == host["id"]


def test_tags_are_keys_with_values(place: Place) -> None:
    place.id("workers", "create-controller-led", "--name", "tagged")
    worker = place.json("workers", "set-worker-tags", "tagged", "region=eu", "region=us", "type=db")

    assert worker["api_tags"] == {"region": ["eu", "us"], "type": ["db"]}


def test_a_filter_narrows_a_list(place: Place) -> None:
    done = place("targets", "list", "--filter", '"/item/name" == "twin"', "-o", "name")

    assert done.stdout == "twin\ntwin\n"


def test_a_filter_that_makes_no_sense_is_a_bad_request(place: Place) -> None:
    assert place("targets", "list", "--filter", "oops").returncode == Code.BAD_REQUEST.exit_status


def test_a_scope_narrows_a_list_to_what_is_below_it(place: Place) -> None:
    assert place("targets", "list", "--scope", "lab", "-o", "name").stdout == "twin\ntwin\n"
    assert place("targets", "list", "--scope", "lab/blue", "-o", "name").stdout == "twin\n"


def test_small_pages_give_the_same_list(place: Place) -> None:
    whole = place("targets", "list")

    assert (
        place("targets", "list", "--page-size", "1", "-o", "id").stdout == place("targets", "list", "-o", "id").stdout
    )
    assert len(whole.stdout.splitlines()) > 3


def test_a_limit_ends_a_list(place: Place) -> None:
    assert len(place("targets", "list", "--limit", "2", "--page-size", "1", "-o", "id").stdout.split()) == 2


def test_a_list_of_nothing_has_headings(place: Place) -> None:
    done = place("targets", "list", "--filter", '"/item/name" == "nothing"')

    assert done.stdout.split() == ["NAME", "ADDRESS", "PORT", "ID", "SCOPE"]


def test_wide_shows_every_field(place: Place) -> None:
    heading = place("targets", "list", "--wide").stdout.splitlines()[0]

    assert "SESSION CONNECTION LIMIT" in heading


def test_read_is_a_block_of_labels_and_values(place: Place) -> None:
    lines = place("targets", "read", "blue/twin").stdout.splitlines()

    assert "name:                      twin" in lines
    assert any(line.startswith("scope:  ") and "blue (p_" in line for line in lines)


def test_a_delete_without_a_terminal_wants_yes(place: Place) -> None:
    group = place.id("groups", "create", "--scope", "blue", "--name", "doomed")

    assert place("groups", "delete", "doomed").returncode == 2
    assert place("groups", "delete", "doomed", "--yes").returncode == 0
    assert place("groups", "read", group).returncode == Code.NOT_FOUND.exit_status


def test_several_are_deleted_or_none(place: Place) -> None:
    one = place.id("groups", "create", "--scope", "blue", "--name", "one-of-two")

    assert place("groups", "delete", "one-of-two", "no-such", "--yes").returncode == Code.NOT_FOUND.exit_status
    assert place.id("groups", "read", one) == one


@pytest.mark.parametrize(("answer", "status", "after"), [("n", 1, 0), ("y", 0, Code.NOT_FOUND.exit_status)])
def test_a_delete_on_a_terminal_asks_first(place: Place, answer: str, status: int, after: int) -> None:
    group = place.id("groups", "create", "--scope", "blue", "--name", f"asked-{answer}")
    with person(place, "groups", "delete", f"asked-{answer}") as terminal:
        terminal.wait_for(f"group asked-{answer} ({group})")
        terminal.wait_for("Delete it?")
        terminal.type(f"{answer}\n")

        assert terminal.wait() == status
    assert place("groups", "read", group).returncode == after


def test_on_a_terminal_times_are_distances(place: Place) -> None:
    with person(place, "auth-tokens", "list") as terminal:
        assert " ago " in terminal.wait_for("in 6d")


def test_on_a_terminal_scopes_have_names(place: Place) -> None:
    with person(place, "targets", "list", "--scope", "lab/green") as terminal:
        assert terminal.wait_for("twin").endswith("green")
