"""`acc proxy` on every kind of stdin and stdout that it may inherit: the stream and nothing else, and no trace left."""

import fcntl
import os
import random
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.api import Api
from tests.journeys.backends import Backend, echo, read_all, serving
from tests.journeys.client import ACC, Client, await_exit, finish, read_exactly_from, write

DATA = random.Random(3).randbytes(3 << 20)


@pytest.fixture
def echoing() -> Iterator[Backend]:
    with serving(echo) as backend:
        yield backend


@pytest.fixture
def target(api: Api, echoing: Backend) -> str:
    return api.target(echoing.port)


def assert_blocking(descriptor: int) -> None:
    assert not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_NONBLOCK


def test_pipes_stay_in_blocking_mode_while_it_runs_and_after_it(client: Client, target: str) -> None:
    inner_in, outer_in = os.pipe()
    outer_out, inner_out = os.pipe()
    process = client.proxy(target, stdin=inner_in, stdout=inner_out)
    with os.fdopen(outer_in, "wb") as feeding, os.fdopen(outer_out, "rb") as reading:
        feeding.write(b"ping")
        feeding.flush()
        assert reading.read(4) == b"ping"
        assert_blocking(inner_in)
        assert_blocking(inner_out)
        feeding.close()
        assert await_exit(process, 10).returncode == 0
        assert_blocking(inner_in)
        assert_blocking(inner_out)
        os.close(inner_out)
        assert reading.read() == b""
    os.close(inner_in)


def test_a_socket_as_both_carries_the_stream_and_both_ends(client: Client, target: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(30)
        process = client.proxy(target, stdin=theirs, stdout=theirs)
        ours.sendall(DATA[:1000])
        ours.shutdown(socket.SHUT_WR)
        assert read_all(ours) == DATA[:1000]
        assert await_exit(process, 10).returncode == 0
        assert_blocking(theirs.fileno())


def test_a_socket_that_is_full_loses_nothing(client: Client, api: Api) -> None:
    ours, theirs = socket.socketpair()
    with serving(lambda connection: connection.sendall(DATA)) as backend, ours, theirs:
        ours.settimeout(30)
        process = client.proxy(api.target(backend.port), stdin=subprocess.DEVNULL, stdout=theirs)
        assert read_all(ours) == DATA
        assert await_exit(process, 10).returncode == 0


def test_files_are_read_to_their_end_and_written(client: Client, target: str, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(DATA)
    with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as sink:
        done = await_exit(client.proxy(target, stdin=source, stdout=sink), 30)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out").read_bytes() == DATA


def test_a_file_that_is_appended_to_keeps_what_it_had(client: Client, target: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"before ")
    with (tmp_path / "out").open("ab") as sink:
        finish(client.proxy(target, stdout=sink), b"after")
    assert (tmp_path / "out").read_bytes() == b"before after"


def test_dev_null_as_stdin_is_an_end(client: Client, target: str) -> None:
    done = await_exit(client.proxy(target, stdin=subprocess.DEVNULL), 10)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_dev_null_as_stdout_takes_everything(client: Client, target: str, echoing: Backend) -> None:
    done = finish(client.proxy(target, stdout=subprocess.DEVNULL), DATA)
    assert (done.returncode, done.stderr) == (0, b"")
    assert echoing.outcome() == len(DATA)


def test_a_closed_stdin_is_an_end(client: Client, target: str, echoing: Backend) -> None:
    done = shell(client, f"exec {ACC} proxy {target} <&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert echoing.outcome() == 0


def test_a_closed_stdout_ends_it_at_once_and_the_stream_goes_nowhere(client: Client, target: str) -> None:
    done = shell(client, f"exec {ACC} proxy {target} >&-", b"secret")
    assert done.returncode != 0
    assert b"secret" not in done.stderr


def test_a_closed_stderr_changes_nothing(client: Client, target: str) -> None:
    done = shell(client, f"exec {ACC} proxy {target} 2>&-", DATA)
    assert (done.returncode, done.stdout) == (0, DATA)


def test_an_error_writes_nothing_to_stdout(client: Client) -> None:
    done = client.attempt("no-such-target")
    assert done.stdout == b""
    assert done.stderr != b""


def test_a_reader_that_leaves_ends_it_and_the_server_hears_an_abort(client: Client, api: Api) -> None:
    def serve(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(65536))

    with serving(serve) as backend:
        target = api.target(backend.port)
        for _ in range(20):
            process = client.proxy(target)
            assert len(read_exactly_from(process, 100_000)) == 100_000
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            with process.stdin, process.stderr:
                process.stdout.close()
                process.wait(2)
            assert isinstance(backend.outcome(5), ConnectionResetError | BrokenPipeError)


def test_many_small_writes_arrive_in_order(client: Client, target: str) -> None:
    process = client.proxy(target)
    for number in range(2000):
        write(process, number.to_bytes(2, "big"))
    done = finish(process)
    assert done.stdout == b"".join(number.to_bytes(2, "big") for number in range(2000))


def shell(client: Client, command: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", command], input=data, env=client.env, capture_output=True, timeout=30, check=False
    )
