"""`acc sessions`: seeing and ending them."""

import json

import pytest

from acc.wire.errors import Code
from tests.conftest import System, wait_until

Item = dict[str, object]


@pytest.fixture
def session(system: System) -> str:
    """The id of a live session of the target `closed`."""
    return new_session(system)


def new_session(system: System) -> str:
    """One more session of the target `closed`: it lives on, though nothing listens there."""
    before = ids(system)
    system.acc("proxy", "closed", XDG_STATE_HOME=fresh(system))
    (only,) = ids(system) - before
    return only


def fresh(system: System) -> str:
    """A state directory without a cached ticket, so that the next connection makes a session."""
    folder = system.acc.home / f"state-{len(list(system.acc.home.iterdir()))}"
    folder.mkdir()
    return str(folder)


def listed(system: System, *arguments: str) -> list[Item]:
    items = json.loads(system.acc("sessions", "list", "--json", *arguments).stdout)["items"]
    assert isinstance(items, list)
    return items


def ids(system: System) -> set[str]:
    return {str(item["id"]) for item in listed(system)}


def test_the_list_shows_target_user_and_status(system: System, session: str) -> None:
    heading, *rows = system.acc("sessions", "list").stdout.splitlines()
    (row,) = [row for row in rows if row.startswith(session)]

    assert heading.split() == ["ID", "TARGET", "USER", "STATUS", "CREATED", "UNTIL", "ENDED"]
    assert row.split()[1:3] == ["closed", system.login_name]


def test_a_cancelled_session_leaves_the_list(system: System, session: str) -> None:
    done = system.acc("sessions", "cancel", session)

    assert done.returncode == 0
    assert done.stdout.startswith(f"session {session} is ")
    wait_until(lambda: session not in ids(system))
    assert session in {str(item["id"]) for item in listed(system, "--all")}


def test_cancel_as_json_is_the_session(system: System, session: str) -> None:
    answer = json.loads(system.acc("sessions", "cancel", session, "--json").stdout)

    assert answer["id"] == session
    assert answer["status"] in {"canceling", "terminated"}


def test_several_sessions_of_a_target_are_ambiguous_and_none_ends(system: System, session: str) -> None:
    other = new_session(system)
    done = system.acc("sessions", "cancel", "closed")

    assert done.returncode == Code.AMBIGUOUS.exit_status
    assert session in done.stderr or other in done.stderr
    assert {session, other} <= ids(system)


def test_all_sessions_of_a_target_end_where_that_is_asked_for(system: System, session: str) -> None:
    other = new_session(system)
    done = system.acc("sessions", "cancel", "closed", "--all")

    assert done.returncode == 0
    assert session in done.stdout
    assert other in done.stdout
    wait_until(lambda: not {session, other} & ids(system))


def test_the_only_session_of_a_target_may_be_named_by_it(system: System, session: str) -> None:
    for item in listed(system):
        if item["target_name"] == "closed" and item["id"] != session:
            system.acc("sessions", "cancel", str(item["id"]))
    wait_until(lambda: [item["id"] for item in listed(system) if item["target_name"] == "closed"] == [session])

    assert system.acc("sessions", "cancel", "closed").stdout.startswith(f"session {session} is ")


def test_a_target_that_is_nearly_right_is_answered_with_the_right_one(system: System, session: str) -> None:
    done = system.acc("sessions", "cancel", "closde")

    assert session in ids(system)
    assert "no live session of closde; did you mean closed?" in done.stderr


@pytest.mark.parametrize("name", ["s_0000000000", "no-such-target"])
def test_an_unknown_session_is_not_found(system: System, name: str) -> None:
    done = system.acc("sessions", "cancel", name)

    assert done.returncode == Code.NOT_FOUND.exit_status
    assert "(not_found)" in done.stderr


@pytest.mark.parametrize("name", ["a b", "../targets", "s_1:cancel", "x" * 64])
def test_what_is_no_name_is_not_asked_for(system: System, name: str) -> None:
    assert system.acc("sessions", "cancel", name).returncode == Code.BAD_NAME.exit_status


def test_watching_without_a_terminal_is_refused_and_names_what_a_program_uses(system: System) -> None:
    done = system.acc("sessions", "watch")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "acc sessions list --json" in done.stderr


@pytest.mark.parametrize("interval", ["0", "-1", "61", "0.5", "nan", "soon"])
def test_an_interval_beyond_reason_is_a_usage_error(system: System, interval: str) -> None:
    done = system.acc("sessions", "watch", "--interval", interval)

    assert done.returncode == 2
    assert "--interval" in done.stderr
