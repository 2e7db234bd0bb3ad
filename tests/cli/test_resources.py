"""The commands of resources, on a running system: one shape for all of them."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from acc.wire.directory.index import RESOURCES
from acc.wire.errors import Code
from tests.conftest import PROGRAMS, Completed, System
from tests.journeys.terminal import Terminal, on_terminal

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Place:
    """A system with the projects `lab/blue` and `lab/green`, in each of which is a target `twin`."""

    system: System

    def __call__(self, *arguments: str, text: str = "", **env: str) -> Completed:
        return self.system.acc(*arguments, text=text, **env)

    def id(self, *arguments: str) -> str:
        done = self(*arguments, "-o", "id")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def json(self, *arguments: str) -> dict[str, object]:
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer


@pytest.fixture(scope="module")
def place(system: System) -> Place:
    place = Place(system)
    place.id("scopes", "create", "--scope", "global", "--name", "lab")
    place.id("scopes", "create", "--scope", "lab", "--name", "blue")
    place.id("scopes", "create", "--scope", "lab", "--name", "green")
    twin = ("--name", "twin", "--address", "127.0.0.1", "--default-port", "1")
    place.id("targets", "create", "--scope", "blue", *twin)
    place.id("targets", "create", "--scope", "green", *twin)
    return place


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


NEW_TARGET = ("targets", "create", "--name", "misplaced", "--address", "127.0.0.1", "--default-port", "1")


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


def logs_in(place: Place, name: str, *password: str) -> str:
    """The id of a new account of a new user."""
    account = place.id("accounts", "create", "--auth-method", "password", "--login-name", name, *password)
    place.id("users", "create", "--scope", "global", "--name", name)
    place.id("users", "add-accounts", name, account)
    return account


def login(place: Place, name: str) -> Completed:
    home = place.system.acc.home / f"home-{name}"
    home.mkdir()
    return place("login", "--login-name", name, "--password-stdin", text=PASSWORD, HOME=str(home))


def test_a_secret_comes_from_the_environment_and_is_not_shown(place: Place) -> None:
    account = logs_in(place, "eve-env")
    done = place("accounts", "set-password", account, "--password-env", "PW", PW=PASSWORD)

    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert login(place, "eve-env").returncode == 0


def test_a_secret_comes_from_a_file(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    logs_in(place, "eve-file", "--password-file", str(tmp_path / "secret"))

    assert login(place, "eve-file").returncode == 0


def test_a_secret_comes_from_stdin(place: Place) -> None:
    logs_in(place, "eve-stdin")
    done = place("accounts", "set-password", "eve-stdin", "--password-file", "-", text=f"{PASSWORD}\n")

    assert done.returncode == 0, done.stderr
    assert login(place, "eve-stdin").returncode == 0


def test_a_secret_that_is_needed_is_asked_for_on_a_terminal_only(place: Place) -> None:
    place.id("accounts", "create", "--auth-method", "password", "--login-name", "eve-none")
    done = place("accounts", "set-password", "eve-none")

    assert done.returncode == 2
    assert "--password-file or --password-env" in done.stderr


@pytest.mark.parametrize("text", ["", "\n", "two\nlines\n"])
def test_what_is_no_secret_is_refused(place: Place, text: str) -> None:
    assert place("accounts", "set-password", "x", "--password-env", "PW", PW=text).returncode == 2


def test_a_delete_without_a_terminal_wants_yes(place: Place) -> None:
    group = place.id("groups", "create", "--scope", "blue", "--name", "doomed")

    assert place("groups", "delete", "doomed").returncode == 2
    assert place("groups", "delete", "doomed", "--yes").returncode == 0
    assert place("groups", "read", group).returncode == Code.NOT_FOUND.exit_status


def test_several_are_deleted_or_none(place: Place) -> None:
    one = place.id("groups", "create", "--scope", "blue", "--name", "one-of-two")

    assert place("groups", "delete", "one-of-two", "no-such", "--yes").returncode == Code.NOT_FOUND.exit_status
    assert place.id("groups", "read", one) == one


def person(place: Place, *arguments: str) -> AbstractContextManager[Terminal]:
    """Somebody runs `acc` on a terminal."""
    return on_terminal([str(PROGRAMS / "acc"), *arguments], place.system.acc.env, columns=120)


@pytest.mark.parametrize(("answer", "status", "after"), [("n", 1, 0), ("y", 0, Code.NOT_FOUND.exit_status)])
def test_a_delete_on_a_terminal_asks_first(place: Place, answer: str, status: int, after: int) -> None:
    group = place.id("groups", "create", "--scope", "blue", "--name", f"asked-{answer}")
    with person(place, "groups", "delete", f"asked-{answer}") as terminal:
        terminal.wait_for(f"group asked-{answer} ({group})")
        terminal.wait_for("Delete it?")
        terminal.type(f"{answer}\n")

        assert terminal.wait() == status
    assert place("groups", "read", group).returncode == after


def test_a_secret_on_a_terminal_is_typed_twice_and_not_echoed(place: Place) -> None:
    logs_in(place, "eve-tty")
    with person(place, "accounts", "set-password", "eve-tty") as terminal:
        terminal.wait_for("Password:")
        terminal.type(f"{PASSWORD}\n")
        terminal.wait_for("Password again:")
        terminal.type(f"{PASSWORD}\n")

        terminal.wait_for("eve-tty")
        assert terminal.wait() == 0
        assert PASSWORD.encode() not in terminal.written()
    assert login(place, "eve-tty").returncode == 0


def test_on_a_terminal_times_are_distances(place: Place) -> None:
    with person(place, "auth-tokens", "list") as terminal:
        assert " ago " in terminal.wait_for("in 6d")


def test_on_a_terminal_scopes_have_names(place: Place) -> None:
    with person(place, "targets", "list", "--scope", "lab/green") as terminal:
        assert terminal.wait_for("twin").endswith("green")


def test_who_may_change_a_thing_but_not_read_it_is_told_to_say_the_version(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    logs_in(place, "writer", "--password-file", str(tmp_path / "secret"))
    login(place, "writer")
    home = str(place.system.acc.home / "home-writer")
    place.id("groups", "create", "--scope", "green", "--name", "unread")
    place.id("roles", "create", "--scope", "green", "--name", "writes")
    place.id("roles", "add-grants", "writes", "ids=*;type=group;actions=update")
    place.id("roles", "add-principals", "writes", "writer")
    change = ("groups", "update", "unread", "--description", "changed")

    refused = place(*change, HOME=home, ACC_TOKEN="")
    assert refused.returncode == Code.NOT_ALLOWED.exit_status
    assert "--version N" in refused.stderr
    assert place(*change, "--version", "1", HOME=home, ACC_TOKEN="").returncode == 0
