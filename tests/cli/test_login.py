"""`acc login`, `acc logout`, `acc whoami` against a real controller."""

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from acc.wire.errors import Code
from tests.conftest import PROGRAMS, Acc, Completed, System


def log_in(acc: Acc, system: System, *arguments: str, text: str | None = None) -> Completed:
    return acc(
        "login",
        *("--addr", system.api, "--cacert", system.env["ACC_CACERT"]),
        *("--login-name", system.login_name, "--password-stdin"),
        *arguments,
        text=f"{system.password}\n" if text is None else text,
    )


@pytest.fixture
def logged_in(acc: Acc, system: System) -> Acc:
    """`acc` after a login, with no ACC_ variable."""
    assert log_in(acc, system).returncode == 0
    return acc


def token_file(acc: Acc) -> Path:
    return acc.home / ".local/state/acc/token"


def files(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def test_a_login_leaves_a_profile_a_ca_and_a_token(logged_in: Acc) -> None:
    assert files(logged_in.home) == {
        ".config/acc/profile.json",
        ".config/acc/ca.pem",
        ".local/state/acc/token",
    }
    assert [path for path in logged_in.home.rglob("*") if path.is_file() and path.stat().st_mode & 0o077] == []


def test_a_login_needs_no_variable_afterwards(logged_in: Acc, system: System) -> None:
    assert system.login_name in logged_in("whoami").stdout


def test_without_a_keyring_the_login_says_once_where_the_token_is(acc: Acc, system: System) -> None:
    done = log_in(acc, system)

    assert done.stderr.count("no keyring can be used here") == 1
    assert str(token_file(acc)) in done.stderr
    assert acc("whoami").stderr == ""


def test_the_token_is_shown_nowhere(acc: Acc, system: System) -> None:
    done = log_in(acc, system)
    token = token_file(acc).read_text().strip()

    assert token not in done.stdout + done.stderr
    assert system.password not in done.stdout + done.stderr


def test_a_second_login_needs_no_address(logged_in: Acc, system: System) -> None:
    done = logged_in("login", "--login-name", system.login_name, "--password-stdin", text=f"{system.password}\n")

    assert done.returncode == 0
    assert logged_in("whoami").returncode == 0


def test_a_wrong_password_is_refused_and_stores_nothing(acc: Acc, system: System) -> None:
    done = log_in(acc, system, text="wrong\n")

    assert done.returncode == Code.LOGIN_FAILED.exit_status
    assert files(acc.home) == set()


def test_a_wrong_password_keeps_the_login_before_it(logged_in: Acc, system: System) -> None:
    log_in(logged_in, system, text="wrong\n")

    assert logged_in("whoami").returncode == 0


def test_without_a_terminal_the_password_must_come_from_stdin(acc: Acc, system: System) -> None:
    done = acc("login", "--addr", system.api, "--login-name", "ada")

    assert done.returncode == 2
    assert "--password-stdin" in done.stderr


def log_in_with(acc: Acc, system: System, *arguments: str, text: str = "", **env: str) -> Completed:
    place = ("--addr", system.api, "--cacert", system.env["ACC_CACERT"])
    return acc("login", *place, "--login-name", system.login_name, *arguments, text=text, **env)


def test_a_password_comes_from_a_file(acc: Acc, system: System, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{system.password}\n")
    done = log_in_with(acc, system, "--password-file", str(tmp_path / "password"))

    assert done.returncode == 0, done.stderr
    assert acc("whoami").returncode == 0


def test_a_dash_is_stdin(acc: Acc, system: System) -> None:
    assert log_in_with(acc, system, "--password-file", "-", text=f"{system.password}\n").returncode == 0


def test_a_password_comes_from_a_variable_that_is_named(acc: Acc, system: System) -> None:
    assert log_in_with(acc, system, "--password-env", "MINE", MINE=system.password).returncode == 0


def test_a_password_in_two_places_is_a_usage_error(acc: Acc, system: System) -> None:
    assert log_in_with(acc, system, "--password-env", "MINE", "--password-stdin", MINE="x", text="y\n").returncode == 2
    assert log_in_with(acc, system, "--password-file", "/dev/null", "--password-stdin").returncode == 2


def test_a_password_file_that_is_not_there_is_named(acc: Acc, system: System) -> None:
    done = log_in_with(acc, system, "--password-file", "/nowhere/password")

    assert done.returncode == 2
    assert "/nowhere/password cannot be read" in done.stderr


def test_an_empty_password_is_a_usage_error(acc: Acc, system: System) -> None:
    assert log_in(acc, system, text="\n").returncode == 2


def test_a_password_is_typed_without_echo(acc: Acc, system: System) -> None:
    ours, theirs = pty.openpty()
    arguments = ["login", "--addr", system.api, "--cacert", system.env["ACC_CACERT"]]
    with subprocess.Popen(
        [PROGRAMS / "acc", *arguments, "--login-name", system.login_name],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=acc.env,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = read_until(ours, "Password")
        os.write(ours, f"{system.password}\n".encode())
        shown += read_until(ours, "logged in to")
        assert process.wait(30) == 0
    os.close(ours)

    assert system.password not in shown


def read_until(terminal: int, wanted: str) -> str:
    shown = ""
    while wanted not in shown:
        shown += os.read(terminal, 4096).decode()
    return shown


def test_whoami_as_json_is_the_user(system: System) -> None:
    user = json.loads(system.acc("whoami", "--json").stdout)

    assert user["login_name"] == system.login_name
    assert user["id"].startswith("u_")


def test_a_logout_leaves_nothing(logged_in: Acc) -> None:
    logged_in("proxy", "closed")
    cached = tickets(logged_in)
    done = logged_in("logout")

    assert cached
    assert done.returncode == 0
    assert {name for name in files(logged_in.home) if not name.endswith("acc.log")} == set()


def tickets(acc: Acc) -> set[str]:
    return {name for name in files(acc.home) if "/acc/run/" in name}


def test_a_logout_forgets_the_tickets_of_its_controller_only(logged_in: Acc) -> None:
    logged_in("proxy", "closed")
    other = logged_in.home / ".local/state/acc/run/127.0.0.1_1/u_somebody"
    other.mkdir(parents=True)
    (other / "closed.json").touch()
    assert len(tickets(logged_in)) == 2

    assert logged_in("logout").returncode == 0
    assert tickets(logged_in) == {".local/state/acc/run/127.0.0.1_1/u_somebody/closed.json"}


def test_a_logout_of_another_controller_keeps_the_login(logged_in: Acc) -> None:
    logged_in("proxy", "closed")
    before = files(logged_in.home)
    done = logged_in("logout", ACC_ADDR="https://127.0.0.1:1", ACC_TOKEN="at_1_x")

    assert done.returncode == Code.CONTROLLER_UNREACHABLE.exit_status
    assert files(logged_in.home) == before
    assert logged_in("whoami").returncode == 0


def test_a_logout_without_a_login_says_that_there_was_none(logged_in: Acc, system: System) -> None:
    logged_in("logout")
    done = logged_in("logout", ACC_ADDR=system.api, ACC_CACERT=system.env["ACC_CACERT"])

    assert done.returncode == 0
    assert done.stdout == f"there was no login to {system.api}\n"


def test_whoami_in_a_pipe_says_when_the_login_ends(logged_in: Acc) -> None:
    assert re.search(r" 20\d\d-\d\d-\d\dT[0-9:.]+Z\n$", logged_in("whoami").stdout)


def test_a_logout_revokes_the_token(logged_in: Acc, system: System) -> None:
    token = token_file(logged_in).read_text().strip()
    logged_in("logout")

    assert system.acc("whoami", ACC_TOKEN=token).returncode == Code.LOGIN_REQUIRED.exit_status


def test_a_logout_without_a_controller_forgets_and_says_that_it_did_not_revoke(logged_in: Acc) -> None:
    profile = logged_in.home / ".config/acc/profile.json"
    profile.write_text(re.sub(r"127.0.0.1:\d+", "127.0.0.1:1", profile.read_text()))
    done = logged_in("logout")

    assert done.returncode == Code.CONTROLLER_UNREACHABLE.exit_status
    assert "not revoked" in done.stderr
    assert files(logged_in.home) == set()


def test_a_token_file_that_others_can_read_is_refused(logged_in: Acc) -> None:
    token_file(logged_in).chmod(0o644)
    done = logged_in("whoami")

    assert done.returncode == Code.CONFIG.exit_status
    assert "chmod" in done.stderr
