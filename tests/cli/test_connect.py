"""`acc connect`: a local port, many connections, and a command's status."""

import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from acc.wire.errors import Code
from tests.conftest import PROGRAMS, System, wait_until

SIZE = 8 << 20

CONNECT_AND_SAY = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as peer:
    peer.sendall(b"hello")
    peer.shutdown(socket.SHUT_WR)
    print(peer.makefile().read())
"""

CONNECT_SAY_AND_LEAVE = """
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
peer.sendall(b"x" * 1_000_000)
"""


@contextmanager
def listening(system: System, *arguments: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`acc connect` without a command, and its port."""
    with subprocess.Popen(
        [PROGRAMS / "acc", "connect", *arguments], env=system.acc.env | env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        assert found is not None, line
        try:
            yield process, int(found[1])
        finally:
            process.kill()


def dial(port: int) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", port), timeout=20)
    peer.settimeout(20)
    return peer


def read_all(peer: socket.socket) -> bytes:
    parts = bytearray()
    while part := peer.recv(1 << 16):
        parts += part
    return bytes(parts)


def read_one(listener: socket.socket) -> bytes:
    peer, _ = listener.accept()
    with peer:
        return read_all(peer)


def echo_survives(port: int, size: int) -> bool:
    """True if random bytes come back as they were sent, and end when they ended."""
    data = os.urandom(size)
    with dial(port) as peer:
        writer = threading.Thread(target=lambda: (peer.sendall(data), peer.shutdown(socket.SHUT_WR)))
        writer.start()
        answer = read_all(peer)
        writer.join()
    return hashlib.sha256(answer).digest() == hashlib.sha256(data).digest()


def test_both_directions_arrive_whole_and_end_by_themselves(system: System) -> None:
    with listening(system, "echo") as (_, port):
        assert echo_survives(port, SIZE)


def test_a_port_serves_many_connections_at_once(system: System) -> None:
    results: list[bool] = []
    with listening(system, "echo") as (_, port):
        threads = [threading.Thread(target=lambda: results.append(echo_survives(port, 300_000))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert results == [True] * 8


def test_an_id_names_a_target_as_its_name_does(system: System) -> None:
    (row,) = [row for row in system.acc("targets", "list").stdout.splitlines() if row.startswith("echo ")]

    with listening(system, row.split()[3]) as (_, port):
        assert echo_survives(port, 100)


def test_a_given_port_is_used(system: System) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        wanted = free.getsockname()[1]

    with listening(system, "echo", "--listen", f"localhost:{wanted}") as (_, port):
        assert port == wanted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_at_once_and_resets_what_is_open(system: System, number: signal.Signals) -> None:
    with listening(system, "echo") as (process, port), dial(port) as peer:
        peer.sendall(b"x")
        assert peer.recv(1) == b"x"
        process.send_signal(number)
        assert process.wait(3) == 0
        with pytest.raises(ConnectionResetError):
            peer.recv(1)


def test_being_killed_looks_like_no_end(system: System) -> None:
    with listening(system, "echo") as (process, port), dial(port) as peer:
        peer.sendall(b"x")
        assert peer.recv(1) == b"x"
        process.kill()
        with pytest.raises(ConnectionResetError):
            peer.recv(1)


def test_a_refused_backend_resets_one_connection_and_keeps_the_port(system: System) -> None:
    with listening(system, "closed") as (process, port):
        for _ in range(2):
            with dial(port) as peer, pytest.raises(ConnectionResetError):
                peer.recv(1)
        assert process.poll() is None


def test_a_command_runs_against_the_port(system: System) -> None:
    done = system.acc("connect", "echo", "--", sys.executable, "-c", CONNECT_AND_SAY, "{host}", "{port}")

    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


def test_what_a_command_sent_before_it_left_arrives(system: System) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sink:
        system.add_target("sink", sink.getsockname()[1])
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.append(read_one(sink)))
        reader.start()
        done = system.acc("connect", "sink", "--", sys.executable, "-c", CONNECT_SAY_AND_LEAVE, "{host}", "{port}")
        reader.join(20)

    assert done.returncode == 0
    assert received == [b"x" * 1_000_000]


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill $$", 143)])
def test_the_commands_status_is_ours(system: System, script: str, status: int) -> None:
    assert system.acc("connect", "echo", "--", "sh", "-c", script).returncode == status


def test_ctrl_c_is_the_commands_to_handle(system: System) -> None:
    done = system.acc("connect", "echo", "--", "sh", "-c", "trap 'exit 5' INT; kill -INT $PPID; kill -INT $$; exit 6")

    assert done.returncode == 5


def test_a_command_that_is_not_there_is_named(system: System) -> None:
    done = system.acc("connect", "echo", "--", "no-such-command")

    assert done.returncode == Code.CONFIG.exit_status
    assert "no-such-command" in done.stderr


@pytest.mark.parametrize("command", ["connect", "proxy"])
def test_a_target_that_is_nearly_right_is_answered_with_one_that_was_shown(system: System, command: str) -> None:
    system.acc("targets", "list")
    done = system.acc(command, "ehco")

    assert done.returncode == Code.NOT_FOUND.exit_status
    assert "target ehco; did you mean echo? (not_found)" in done.stderr


@pytest.mark.parametrize("command", ["connect", "proxy"])
def test_a_target_like_none_is_named_and_nothing_guessed(system: System, command: str) -> None:
    assert "you may not see it: target xyzzy (not_found)" in system.acc(command, "xyzzy").stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["no-such-target"], Code.NOT_FOUND),
        (["echo", "99"], Code.PORT_NOT_ALLOWED),
        (["bad name"], Code.BAD_NAME),
        (["echo", "--listen", "0.0.0.0:0"], Code.CONFIG),
        (["echo", "--listen", "[::]:0"], Code.CONFIG),
        (["echo", "--listen", "example.org:0"], Code.CONFIG),
        (["echo", "--listen", "127.0.0.1"], Code.CONFIG),
    ],
)
def test_what_cannot_be_is_refused_at_once(system: System, arguments: list[str], code: Code) -> None:
    done = system.acc("connect", *arguments)

    assert (done.returncode, done.stdout) == (code.exit_status, "")
    assert f"({code.value})" in done.stderr


def test_a_taken_port_is_named(system: System) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = system.acc("connect", "echo", "--listen", f"127.0.0.1:{port}")

    assert done.returncode == Code.CONFIG.exit_status
    assert str(port) in done.stderr


def test_nothing_behind_the_dashes_is_a_usage_error(system: System) -> None:
    assert system.acc("connect", "echo", "--").returncode == 2


def test_a_cancelled_session_ends_its_connections_and_the_port_goes_on(system: System, tmp_path: Path) -> None:
    with listening(system, "echo", XDG_STATE_HOME=str(tmp_path)) as (_, port), dial(port) as peer:
        peer.sendall(b"x")
        assert peer.recv(1) == b"x"
        newest = system.acc("sessions", "list").stdout.splitlines()[1]
        system.acc("sessions", "cancel", newest.split()[0])
        with pytest.raises(ConnectionResetError):
            peer.recv(1)

        assert echo_survives(port, 100)


class Relay:
    """A TCP relay in front of the worker, whose connections can be cut as a network does."""

    def __init__(self, port: int) -> None:
        self._worker_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.carried = 0
        self.accepted = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def cut(self) -> None:
        """Break every connection, without a word to either end."""
        while self._open:
            with self._open.pop() as broken, suppress(OSError):
                broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                broken.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._worker_port))
                self.accepted += 1
                self._open += [near, far]
                self._start(partial(self._carry, near, far))
                self._start(partial(self._carry, far, near))

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(1 << 16):
                sink.sendall(part)
                self.carried += len(part)


@pytest.fixture
def relay(system: System) -> Iterator[Relay]:
    """A relay in front of the system's worker."""
    relay = Relay(int(system.worker.rpartition(":")[2]))
    yield relay
    relay.close()


def behind(relay: Relay, system: System, state: Path) -> dict[str, str]:
    """The environment of an `acc` that reaches the worker through `relay`: its kept ticket names the relay."""
    env = {"XDG_STATE_HOME": str(state)}
    system.acc("proxy", "echo", **env)
    (kept,) = (state / "acc" / "run").glob("*/*/echo.json")
    grant = json.loads(kept.read_text())
    kept.write_text(json.dumps(grant | {"workers": [grant["workers"][0] | {"address": f"127.0.0.1:{relay.port}"}]}))
    return env


def test_the_loss_of_the_transport_is_not_noticed(system: System, relay: Relay, tmp_path: Path) -> None:
    env = behind(relay, system, tmp_path)
    results: list[bool] = []
    with listening(system, "echo", **env) as (_, port):
        carrying = threading.Thread(target=lambda: results.append(echo_survives(port, SIZE)))
        carrying.start()
        for cut in range(1, 5):
            wait_until(lambda wanted=cut: relay.carried > wanted * (SIZE // 4), 20)
            relay.cut()
            wait_until(lambda came=cut + 1: relay.accepted == came, 20)  # or the next cut would find nothing to cut
        carrying.join(30)

    assert results == [True]
    assert relay.accepted == 5
