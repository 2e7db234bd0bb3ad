"""One side stops reading: the other direction goes on, memory stays within the window, and nothing spins."""

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from acc.wire.errors import Code
from tests.conftest import System, wait_until
from tests.journeys.api import Api
from tests.journeys.backends import Backend, read_all, read_exactly, reset, serving
from tests.journeys.client import Client, Process, await_exit, finish, read_exactly_from, read_to_end, write
from tests.journeys.network import between
from tests.journeys.streams import blocks, digest_from, digest_of

MIB = 1 << 20
CLIENT_MEMORY = 64 * MIB
"""An interpreter, and a window of at most 16 MiB each way."""

WORKER_GROWTH = 48 * MIB
BUSY = 0.5
"""Seconds of CPU that count as spinning, in WATCHED seconds."""

WATCHED = 2.0


@pytest.fixture(scope="module")
def worker(system: System) -> psutil.Process:
    """The process of the running system's worker."""
    return next(child for child in system.dev.children() if any("acc-worker" in word for word in child.cmdline()))


def peak(process: Process) -> int:
    """The most memory that a process ever had, in bytes."""
    with open(f"/proc/{process.pid}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def grown(worker: psutil.Process, before: int) -> int:
    return worker.memory_info().rss - before


@contextmanager
def feeding(process: Process) -> Iterator[None]:
    """Something that never stops writing to the process's stdin."""

    def feed() -> None:
        assert process.stdin is not None
        try:
            while True:
                process.stdin.write(bytes(65536))
        except OSError:
            return

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        process.kill()
        thread.join(10)
        assert process.stdin is not None
        try:
            process.stdin.close()
        except OSError:
            pass


def stuck(progress: Callable[[], int]) -> None:
    """Waits until `progress` has not changed for half a second."""
    last, since = -1, time.monotonic()

    def still() -> bool:
        nonlocal last, since
        now = progress()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 0.5

    wait_until(still, 30)


def cpu(*processes: psutil.Process) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)


def assert_idle(*processes: psutil.Process) -> None:
    """None of them does anything, for WATCHED seconds."""
    before = cpu(*processes)
    threading.Event().wait(WATCHED)
    assert cpu(*processes) - before < BUSY


class Counted:
    """Sends without end, and counts; takes what comes in another thread if `takes`."""

    def __init__(self) -> None:
        self.sent = 0

    def flood(self, connection: socket.socket) -> None:
        try:
            while True:
                self.sent += connection.send(bytes(65536))
        except OSError:
            return


def test_an_upload_goes_on_while_nobody_reads_stdout(api: Api, client: Client, worker: psutil.Process) -> None:
    size, flooding = 96 * MIB, Counted()

    def serve(connection: socket.socket) -> tuple[int, str]:
        thread = threading.Thread(target=flooding.flood, args=(connection,))
        thread.start()
        received = digest_from(connection.recv)
        results.append(received)
        thread.join(60)
        return received

    results: list[tuple[int, str]] = []
    before = worker.memory_info().rss
    with serving(serve) as backend:
        target = api.target(backend.port)
        process = client.proxy(target)
        stuck(lambda: flooding.sent)
        assert process.stdin is not None
        for block in blocks(1, size):
            process.stdin.write(block)
        process.stdin.close()
        wait_until(lambda: results == [digest_of(1, size)], 30)
        print(f"client {peak(process) >> 20} MiB, worker grew {grown(worker, before) >> 20} MiB")
        assert peak(process) < CLIENT_MEMORY
        assert grown(worker, before) < WORKER_GROWTH
        assert_idle(worker, psutil.Process(process.pid))
        api.cancel(client.ticket(target)["session_id"])
        done = await_exit(process, 10)
        assert done.returncode == Code.SESSION_CANCELLED.exit_status


def test_a_download_goes_on_while_the_server_does_not_read(api: Api, client: Client, worker: psutil.Process) -> None:
    size, over = 96 * MIB, threading.Event()

    def serve(connection: socket.socket) -> None:
        read_exactly(connection, 1)
        for block in blocks(2, size):
            connection.sendall(block)
        connection.shutdown(socket.SHUT_WR)
        over.wait(60)

    before = worker.memory_info().rss
    with serving(serve) as backend:
        target = api.target(backend.port)
        process = client.proxy(target, "--linger", "60")
        with feeding(process):
            assert process.stdout is not None
            assert digest_from(process.stdout.read1) == digest_of(2, size)
            print(f"client {peak(process) >> 20} MiB, worker grew {grown(worker, before) >> 20} MiB")
            assert peak(process) < CLIENT_MEMORY
            assert grown(worker, before) < WORKER_GROWTH
            assert_idle(worker, psutil.Process(process.pid))
            api.cancel(client.ticket(target)["session_id"])
            process.wait(10)
            assert process.returncode == Code.SESSION_CANCELLED.exit_status
        over.set()
        finish_quietly(process)


def finish_quietly(process: Process) -> None:
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


def test_both_directions_stuck_still_hear_a_cancel(api: Api, client: Client, worker: psutil.Process) -> None:
    flooding = Counted()
    with serving(flooding.flood) as backend:
        target = api.target(backend.port)
        process = client.proxy(target)
        with feeding(process):
            stuck(lambda: flooding.sent)
            assert_idle(worker, psutil.Process(process.pid))
            began = time.monotonic()
            api.cancel(client.ticket(target)["session_id"])
            backend.outcome(5)
            assert time.monotonic() - began < 1.0
            process.wait(10)
            assert process.returncode == Code.SESSION_CANCELLED.exit_status
        finish_quietly(process)


def test_a_stuck_reader_that_goes_on_gets_everything(api: Api, client: Client) -> None:
    size, sent = 64 * MIB, 0

    def serve(connection: socket.socket) -> None:
        nonlocal sent
        for block in blocks(2, size):
            connection.sendall(block)
            sent += len(block)

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        stuck(lambda: sent)
        assert sent < size
        assert process.stdout is not None
        assert digest_from(process.stdout.read1) == digest_of(2, size)
        assert finish(process).returncode == 0


def test_nothing_spins_when_the_server_has_left_and_nobody_reads(
    api: Api, client: Client, worker: psutil.Process
) -> None:
    """Its close is a hang-up that the kernel reports for as long as the descriptor is watched."""
    with serving(lambda connection: connection.sendall(bytes(3 * MIB))) as backend:
        process = client.proxy(api.target(backend.port), stdin=subprocess.DEVNULL)
        backend.outcome()
        assert_idle(worker, psutil.Process(process.pid))
        assert read_to_end(process) == bytes(3 * MIB)
        assert finish(process).returncode == 0


def test_nothing_spins_when_the_server_has_reset_and_nobody_reads(
    api: Api, client: Client, worker: psutil.Process
) -> None:
    flooding = Counted()

    def serve(connection: socket.socket) -> None:
        thread = threading.Thread(target=flooding.flood, args=(connection,))
        thread.start()
        over.wait(30)
        connection.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        reset(connection)

    over = threading.Event()
    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        stuck(lambda: flooding.sent)
        over.set()
        backend.outcome()
        assert_idle(worker, psutil.Process(process.pid))
        process.kill()
        finish(process)


def test_nothing_spins_while_a_tunnel_is_held_whose_server_has_left(
    api: Api, client: Client, worker: psutil.Process
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"x")
        over.wait(30)
        reset(connection)

    over = threading.Event()
    with serving(serve) as backend:
        target = api.target(backend.port)
        with between(api, client, target) as network:
            process = client.proxy(target)
            assert read_exactly_from(process, 1) == b"x"
            network.go_down()
            over.set()
            backend.outcome()
            assert_idle(worker)
            network.come_back()
            done = await_exit(process, 10)
            assert done.returncode == Code.BACKEND_RESET.exit_status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_even_when_both_directions_are_stuck(api: Api, client: Client, number: signal.Signals) -> None:
    flooding = Counted()
    with serving(flooding.flood) as backend:
        process = client.proxy(api.target(backend.port))
        with feeding(process):
            stuck(lambda: flooding.sent)
            assert_leaves(process, backend, number)
        finish_quietly(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_an_idle_pipe_and_the_server_hears_an_abort(
    api: Api, client: Client, number: signal.Signals
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"x")
        read_all(connection)

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        assert read_exactly_from(process, 1) == b"x"
        assert_leaves(process, backend, number)
        done = finish(process)
        assert done.stderr == b""


def assert_leaves(process: Process, backend: Backend, number: signal.Signals) -> None:
    began = time.monotonic()
    process.send_signal(number)
    process.wait(5)
    took = time.monotonic() - began
    print(f"left {took * 1000:.0f} ms after {number.name}")
    assert took < 1.0
    assert process.returncode == Code.CLIENT_GONE.exit_status
    outcome = backend.outcome(2)
    assert outcome is None or isinstance(outcome, OSError)


def test_a_message_after_the_pressure_still_comes_through(api: Api, client: Client) -> None:
    """The window opens again: a slow reader gets a stream that goes on after it was full."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(bytes(20 * MIB))
        connection.sendall(read_exactly(connection, 4))

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        write(process, b"last")
        assert read_exactly_from(process, 20 * MIB) == bytes(20 * MIB)
        assert read_exactly_from(process, 4) == b"last"
        assert finish(process).returncode == 0
