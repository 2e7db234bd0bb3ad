"""`acc sessions watch` on a real terminal, over a real session: it is seen, it grows, it is ended from the keyboard."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from acc.wire.errors import Code
from tests.conftest import System, wait_until
from tests.journeys.api import Api, Json, opened
from tests.journeys.backends import echo, serving
from tests.journeys.client import ACC, Client, Process, await_exit, read_exactly_from, write
from tests.journeys.terminal import CURSOR, RESTORED, Terminal, on_terminal

HALF = 50_000
KEYS = "q quit"
"""Is at the foot of the view, and in no other words of acc."""


@pytest.fixture
def target(api: Api) -> Iterator[str]:
    """A target that sends back what it gets."""
    with serving(echo) as backend:
        yield api.target(backend.port)


@pytest.fixture
def stream(client: Client, target: str) -> Iterator[Process]:
    """An open connection to it that has carried 50 kB each way."""
    process = client.proxy(target)
    carry(process)
    yield process
    process.kill()
    process.communicate()


def carry(stream: Process) -> None:
    write(stream, b"x" * HALF)
    assert len(read_exactly_from(stream, HALF)) == HALF


@contextmanager
def watching(client: Client, *arguments: str, columns: int = 80, rows: int = 24, **env: str) -> Iterator[Terminal]:
    with on_terminal([ACC, "sessions", "watch", *arguments], client.env | env, columns, rows) as terminal:
        terminal.wait_for(KEYS)
        yield terminal


def test_the_keys_are_shown_when_asked_for(client: Client) -> None:
    with watching(client) as terminal:
        terminal.type("?")
        terminal.wait_for("leaves this help")
        terminal.type("q")
        terminal.wait_for("ended too")
        terminal.type("q")

        assert terminal.wait() == 0


def log_in(api: Api, system: System) -> str:
    method = api.http.get("/v1/auth-methods").json()["items"][0]["id"]
    attributes = {"login_name": system.login_name, "password": system.password}
    answer: Json = api.http.post(
        f"/v1/auth-methods/{method}:authenticate", json={"command": "login", "attributes": attributes}
    ).json()["attributes"]
    return str(answer["token"])


def test_a_session_is_seen_and_its_bytes_grow_while_it_is_open(client: Client, target: str, stream: Process) -> None:
    with watching(client, "--filter", target, columns=120) as terminal:
        terminal.wait_for(" 50K ")
        user, name, host, worker, _, up, _, down, _, state, count, session = terminal.row("active").split()
        assert (user, name, worker, up, down, state, count) == ("admin", target, "dev", "50K", "50K", "active", "1")
        assert host.startswith("127.0.0.1:")
        assert session == client.ticket(target)["session_id"]

        carry(stream)
        terminal.wait_for(" 100K ")


def test_a_session_is_ended_from_the_keyboard(client: Client, target: str, stream: Process) -> None:
    session = str(client.ticket(target)["session_id"])
    with watching(client, "--filter", target) as terminal:
        terminal.wait_for("active")
        terminal.type("c")
        assert terminal.wait_for("y/n") == f"Cancel {session}, admin on {target}? y/n"
        terminal.type("y")

        assert await_exit(stream, 10).returncode == Code.SESSION_CANCELLED.exit_status
        terminal.wait_for("No session")
        terminal.type("a")
        terminal.wait_for("terminated")


def test_no_is_no(client: Client, api: Api, target: str, stream: Process) -> None:
    with watching(client, "--filter", target) as terminal:
        terminal.wait_for("active")
        terminal.type("c")
        terminal.wait_for("y/n")
        terminal.type("n")
        wait_until(lambda: not terminal.row("y/n"))

    assert api.session(client.ticket(target)["session_id"])["status"] == "active"


def test_the_filter_is_typed(client: Client, target: str, stream: Process) -> None:
    with watching(client) as terminal:
        terminal.wait_for("active")
        terminal.type("/no such thing")
        terminal.wait_for("No session matches the filter.")
        terminal.type(f"\x15{target.upper()}\r")
        terminal.wait_for(f"filter: {target.upper()}")
        assert terminal.wait_for("active").split()[0] == "admin"


@pytest.mark.parametrize("leave", ["q", "\x03", "\x04"])
def test_a_key_that_leaves_puts_the_terminal_back(client: Client, leave: str) -> None:
    with watching(client) as terminal:
        assert terminal.settings() != terminal.before
        terminal.type(leave)

        assert terminal.wait() == 0
        assert_restored(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_puts_the_terminal_back(client: Client, number: signal.Signals) -> None:
    with watching(client) as terminal:
        terminal.process.send_signal(number)

        assert terminal.wait() == 0
        assert_restored(terminal)


def test_a_login_that_is_over_ends_it_with_words_on_the_old_screen(client: Client, api: Api, system: System) -> None:
    token = log_in(api, system)
    with watching(client, ACC_TOKEN=token) as terminal, opened(client.env | {"ACC_TOKEN": token}) as theirs:
        assert theirs.http.delete("/v1/auth-tokens/self").status_code == 204

        assert terminal.wait() == Code.LOGIN_REQUIRED.exit_status
        assert_restored(terminal)
        wait_until(lambda: b"(login_required)" in terminal.written().partition(RESTORED)[2])


def test_a_narrow_terminal_keeps_the_columns_that_matter(client: Client, target: str, stream: Process) -> None:
    with watching(client, "--filter", target, columns=120) as terminal:
        terminal.wait_for("active")
        assert "HOST" in terminal.row("TARGET")
        terminal.resize(50, 10)

        wait_until(lambda: "HOST" not in terminal.row("TARGET"))
        assert terminal.wait_for("USER").split() == ["USER", "TARGET", "SINCE", "UP/S", "DOWN/S", "STATE"]
        assert terminal.lines()[9].startswith(KEYS)


def test_80_by_24_has_room_for_all_that_matters(client: Client, target: str, stream: Process) -> None:
    with watching(client, "--filter", target) as terminal:
        titles = terminal.wait_for("USER").split()

    assert titles == ["USER", "TARGET", "HOST", "WORKER", "SINCE", "UP", "UP/S", "DOWN", "DOWN/S", "STATE"]


def test_colour_is_left_out_where_nobody_wants_it(client: Client, target: str, stream: Process) -> None:
    with watching(client, "--filter", target) as terminal:
        terminal.wait_for("active")
        assert terminal.colours() == {"default", "green"}
    with watching(client, "--filter", target, NO_COLOR="1") as plain:
        plain.wait_for("active")
        assert plain.colours() == {"default"}


def test_a_terminal_that_goes_away_takes_it_along(client: Client) -> None:
    with watching(client) as terminal:
        terminal.hang_up()

        terminal.wait(5)


def assert_restored(terminal: Terminal) -> None:
    wait_until(lambda: RESTORED in terminal.written())
    assert CURSOR in terminal.written()
    assert terminal.settings() == terminal.before
