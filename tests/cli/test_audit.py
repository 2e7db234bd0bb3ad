"""`acc audit events`: what narrows it, and following it."""

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from acc.wire.errors import Code
from acc.wire.names import split_address
from tests.conftest import PROGRAMS, System, wait_until
from tests.journeys.network import Network, keep

Event = dict[str, object]


def events(system: System, *arguments: str) -> list[Event]:
    done = system.acc("audit", "events", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    items = json.loads(done.stdout)["items"]
    assert isinstance(items, list)
    return items


def actions(found: list[Event]) -> list[tuple[object, object]]:
    return [(event["resource_type"], event["action"]) for event in found]


def make_group(system: System, name: str) -> str:
    made = system.acc("groups", "create", "--scope", "global", "--name", name, "-o", "id")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_a_resource_narrows_to_what_was_asked_of_it(system: System) -> None:
    group = make_group(system, "narrowed")
    system.acc("groups", "update", group, "--description", "again")

    assert actions(events(system, "--resource", group)) == [("group", "update"), ("group", "read"), ("group", "create")]


def test_what_is_no_id_is_not_asked_for(system: System) -> None:
    assert system.acc("audit", "events", "--resource", "a b").returncode == Code.BAD_NAME.exit_status


def test_two_times_are_a_beginning_and_an_end(system: System) -> None:
    group = make_group(system, "timed")
    system.acc("groups", "update", group, "--description", "again")
    last, read, first = events(system, "--resource", group)
    between = ("--since", str(first["created_time"]), "--until", str(last["created_time"]))

    assert [event["id"] for event in events(system, "--resource", group, *between)] == [read["id"], first["id"]]


def test_a_user_narrows_to_what_they_asked(system: System) -> None:
    assert {event["user_name"] for event in events(system, "--user", system.login_name)} == {system.login_name}


def test_a_target_has_its_sessions_and_their_connections(system: System) -> None:
    system.acc("proxy", "closed", XDG_STATE_HOME=str(system.acc.home / "audited"))
    system.acc("sessions", "cancel", "closed", "--all")

    assert {
        ("target", "create"),
        ("target", "authorize-session"),
        ("session", "authorize-connection"),
        ("session", "cancel"),
    } <= set(actions(events(system, "--target", "closed")))


def test_of_another_target_nothing_is_shown(system: System) -> None:
    system.acc("proxy", "closed", XDG_STATE_HOME=str(system.acc.home / "audited-too"))

    assert "closed" not in {event["resource_name"] for event in events(system, "--target", "echo")}


@pytest.mark.parametrize("arguments", [("--follow", "--until", "1m"), ("--interval", "3"), ("--interval", "0", "-f")])
def test_what_makes_no_sense_is_a_usage_error(system: System, arguments: tuple[str, ...]) -> None:
    assert system.acc("audit", "events", *arguments).returncode == 2


class Follower:
    """`acc audit events --follow`, and what it has printed. Made by `following`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.stdout = process.stdout
        self._stderr = process.stderr
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, words: str) -> None:
        wait_until(lambda: any(words in line for line in [*self.lines, *self.errors]), 20)

    def count(self, words: str) -> int:
        return sum(words in line for line in self.lines)

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(10)
        for thread in self._threads:
            thread.join(10)
        return status

    def _read(self) -> None:
        self.lines.extend(self.stdout)

    def _read_errors(self) -> None:
        self.errors.extend(self._stderr)


@contextmanager
def running(system: System, *arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [PROGRAMS / "acc", "audit", "events", "--follow", "--interval", "1", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=system.acc.env | env,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def following(system: System, *arguments: str, **env: str) -> Iterator[Follower]:
    with running(system, *arguments, **env) as process:
        follower = Follower(process)
        follower.start()
        yield follower
        follower.end()


def test_following_shows_what_was_and_then_what_comes_each_once(system: System) -> None:
    make_group(system, "before-following")
    with following(system) as follower:
        follower.wait_for("before-following")
        make_group(system, "while-following")
        follower.wait_for("while-following")
        make_group(system, "still-following")
        follower.wait_for("still-following")

        assert [follower.count(f"{when}-following") for when in ("before", "while", "still")] == [1, 1, 1]
        assert follower.lines[0].split()[0] == "CREATED"
        assert follower.lines[1:] == sorted(follower.lines[1:])


def test_following_does_not_show_itself(system: System) -> None:
    with following(system, "--json", "--limit", "1") as follower:
        wait_until(lambda: follower.lines)
        make_group(system, "not-itself")
        follower.wait_for("not-itself")
        make_group(system, "not-itself-either")
        follower.wait_for("not-itself-either")

        assert ("audit-event", "list") not in actions([json.loads(line) for line in follower.lines])


def test_following_json_is_a_line_for_each(system: System) -> None:
    with following(system, "--json", "--target", "echo") as follower:
        wait_until(lambda: follower.lines)

        assert json.loads(follower.lines[0])["resource_name"] == "echo"


def test_ctrl_c_ends_it_without_a_word(system: System) -> None:
    with following(system) as follower:
        wait_until(lambda: follower.lines)

        assert follower.end() == 0
        assert follower.errors == []


def test_a_reader_that_leaves_ends_it_without_a_word(system: System) -> None:
    with running(system) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()

        assert process.wait(10) == 0
        assert process.stderr.read() == ""


@pytest.fixture
def network(system: System) -> Iterator[Network]:
    """The network between acc and the controller."""
    controller = split_address(system.api.removeprefix("https://"))
    assert controller is not None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        network = Network(listener, controller, keep)
        thread = threading.Thread(target=network.accept)
        thread.start()
        yield network
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        network.end()


def test_an_outage_is_told_of_once_and_nothing_of_it_is_missed(system: System, network: Network) -> None:
    with following(system, ACC_ADDR=f"https://{network.address}") as follower:
        wait_until(lambda: follower.lines)
        network.go_down()
        follower.wait_for("(controller_unreachable)")
        make_group(system, "in-the-dark")
        refused = network.refused
        wait_until(lambda: network.refused > refused + 1)
        network.come_back()
        follower.wait_for("answers again")
        follower.wait_for("in-the-dark")

        assert sum("(controller_unreachable)" in line for line in follower.errors) == 1
        assert follower.count("in-the-dark") == 1


def test_a_login_that_ends_ends_it(system: System) -> None:
    done = system.acc("audit", "events", "--follow", ACC_TOKEN="at_0000000000_nothing")

    assert done.returncode == Code.LOGIN_REQUIRED.exit_status
