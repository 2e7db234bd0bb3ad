"""Secrets and rights in the commands of resources: never in the arguments, never shown."""

from pathlib import Path

import pytest

from acc.wire.errors import Code
from tests.cli.places import PASSWORD, Place, login, logs_in, person


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
