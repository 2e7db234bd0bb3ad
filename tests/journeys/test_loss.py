"""The transport between client and worker is lost, again and again: neither end of the stream notices."""

import itertools
import os
import random
import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from acc.cli.resume import BACKOFF, FLAPPING
from tests.conftest import System, wait_until
from tests.journeys.api import Api
from tests.journeys.backends import LOOPBACK, Serve, echo, read_all, read_exactly, serving
from tests.journeys.client import Client, Process, await_exit, finish, read_exactly_from, write
from tests.journeys.network import DOWN, UP, Passes, Plan, between, keep
from tests.journeys.sshd import Ssh
from tests.journeys.streams import blocks, digest_from, digest_of

SILENT = 35.0
"""Seconds: a ping after 20 s of silence, loss after 10 s more, and what a busy machine adds."""

GIB = 1 << 30
MIB = 1 << 20
SEED = random.SystemRandom().getrandbits(32)


def both_ways(size: int) -> Serve:
    """A server that sends `size` bytes and takes what comes, at once; its outcome is the digest of what came."""

    def serve(connection: socket.socket) -> tuple[int, str]:
        def send() -> None:
            for block in blocks(2, size):
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)

        with ThreadPoolExecutor(1) as thread:
            sending = thread.submit(send)
            received = digest_from(connection.recv)
            sending.result(60)
        return received

    return serve


def feed(process: Process, size: int) -> None:
    assert process.stdin is not None
    with process.stdin as stdin:
        for block in blocks(1, size):
            stdin.write(block)


def carry(process: Process, size: int) -> tuple[int, str]:
    """Sends `size` bytes into a process, and returns the digest of what comes out; both at once."""
    assert process.stdout is not None
    with ThreadPoolExecutor(1) as thread:
        feeding = thread.submit(feed, process, size)
        received = digest_from(process.stdout.read1)
        feeding.result(60)
    return received


def ended_well(process: Process) -> bool:
    process.wait(20)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        return (process.returncode, process.stderr.read()) == (0, b"")


def cut_after(low: int, high: int, times: int, first: int = 0) -> Plan:
    """Breaks the first `times` connections, each at a random byte of its directions; the first not before `first`."""

    def plan(number: int) -> Passes:
        left = random.Random(f"{SEED} {number}").randrange(low, high) if number < times else 1 << 62
        left += first if number == 0 else 0

        def passes(_direction: str, size: int) -> int:
            nonlocal left
            passed = min(left, size)
            left -= passed
            return passed

        return passes

    return plan


@pytest.mark.heavy
@pytest.mark.timeout(280)
def test_a_gibibyte_each_way_is_exact_though_the_transport_breaks_thirty_times(api: Api, client: Client) -> None:
    with serving(both_ways(GIB)) as backend:
        target = api.target(backend.port)
        with between(api, client, target, cut_after(16 * MIB, 80 * MIB, 30)) as network:
            process = client.proxy(target)
            assert carry(process, GIB) == digest_of(2, GIB), f"seed {SEED}"
            assert backend.outcome() == digest_of(1, GIB), f"seed {SEED}"
            assert ended_well(process)
            assert network.cuts == 30


def test_transports_that_break_after_a_few_bytes_lose_nothing(api: Api, client: Client) -> None:
    """Breaks fall into handshakes, upgrades, acknowledgements and ends."""
    with serving(both_ways(MIB)) as backend:
        target = api.target(backend.port)
        with between(api, client, target, cut_after(1, 60_000, 60, first=20_000)) as network:
            process = client.proxy(target)
            assert carry(process, MIB) == digest_of(2, MIB), f"seed {SEED}"
            assert backend.outcome() == digest_of(1, MIB), f"seed {SEED}"
            assert ended_well(process)
            assert network.cuts > 10


def test_a_loss_while_stdin_has_more_is_not_its_end(api: Api, client: Client) -> None:
    """Loss and stdin are ready in the same turn, and the replay fills the new transport."""
    size = 400_000
    with serving(both_ways(0)) as backend:
        target = api.target(backend.port)
        for _ in range(10):
            with between(api, client, target, cut_after(30_000, 200_000, 20)):
                process = client.proxy(target)
                assert carry(process, size) == digest_of(2, 0), f"seed {SEED}"
                assert backend.outcome() == digest_of(1, size), f"seed {SEED}"
                assert ended_well(process)


@pytest.mark.heavy
@pytest.mark.skipif(os.geteuid() != 0, reason="ss -K needs root")
@pytest.mark.timeout(280)
def test_sockets_that_the_kernel_kills_lose_nothing(system: System, api: Api, client: Client) -> None:
    with serving(both_ways(GIB)) as backend:
        process = client.proxy(api.target(backend.port))
        over = threading.Event()
        killer = threading.Thread(target=kill_sockets, args=(system.worker.rpartition(":")[2], over))
        killer.start()
        try:
            assert carry(process, GIB) == digest_of(2, GIB)
        finally:
            over.set()
            killer.join(10)
        assert backend.outcome() == digest_of(1, GIB)
        assert ended_well(process)
    print(f"resumed {client.log().count('resumed')} times")
    assert client.log().count("resumed") > 5


def kill_sockets(port: str, over: threading.Event) -> None:
    """Kills the sockets of clients at the worker's port, of one side and then of the other, again and again."""
    program = shutil.which("ss")
    assert program is not None, "install iproute2"
    for side in itertools.cycle(("dport", "sport")):
        if over.wait(0.3):
            return
        subprocess.run([program, "-K", "dst", LOOPBACK, side, "=", f":{port}"], capture_output=True, check=True)


@pytest.mark.heavy
@pytest.mark.timeout(280)
def test_ssh_notices_nothing(api: Api, client: Client, ssh: Ssh, web: str) -> None:
    size = 256 * MIB
    with between(api, client, web, cut_after(8 * MIB, 40 * MIB, 12)) as network:
        process = ssh.start(web, "cat")
        assert carry(process, size) == digest_of(1, size), f"seed {SEED}"
        assert ended_well(process)
        assert network.cuts == 12


class Trap:
    """Loses what comes next in a direction, once it is armed."""

    def __init__(self, direction: str) -> None:
        self.armed = False
        self._direction = direction

    def __call__(self, direction: str, size: int) -> int:
        if self.armed and direction == self._direction:
            self.armed = False
            return 0
        return size


def test_the_end_of_an_upload_survives_its_loss(api: Api, client: Client) -> None:
    trap = Trap(UP)

    def serve(connection: socket.socket) -> None:
        connection.sendall(read_exactly(connection, 7))
        connection.sendall(b"the end" + read_all(connection))

    with serving(serve) as backend:
        target = api.target(backend.port)
        with between(api, client, target, lambda _number: trap) as network:
            process = client.proxy(target)
            write(process, b"request")
            assert read_exactly_from(process, 7) == b"request"
            wait_until(network.quiet)
            trap.armed = True
            done = finish(process)
            assert (done.stdout, done.returncode, done.stderr) == (b"the end", 0, b"")
            assert (network.cuts, network.connections) == (1, 2)


def test_the_end_of_a_download_survives_its_loss(api: Api, client: Client) -> None:
    trap, end = Trap(DOWN), threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"answer")
        end.wait(30)

    with serving(serve) as backend:
        target = api.target(backend.port)
        with between(api, client, target, lambda _number: trap) as network:
            process = client.proxy(target)
            assert read_exactly_from(process, 6) == b"answer"
            wait_until(network.quiet)
            trap.armed = True
            end.set()
            done = await_exit(process, 20)
            assert (done.stdout, done.returncode, done.stderr) == (b"", 0, b"")
            assert network.cuts == 1


def test_the_last_words_of_the_worker_survive_their_loss(api: Api, client: Client) -> None:
    """All was delivered and the worker has let go of it, but the client cannot know."""
    trap = Trap(DOWN)

    def serve(connection: socket.socket) -> bytes:
        connection.sendall(b"answer")
        connection.shutdown(socket.SHUT_WR)
        return read_all(connection)

    with serving(serve) as backend:
        target = api.target(backend.port)
        with between(api, client, target, lambda _number: trap) as network:
            process = client.proxy(target, "--linger", "30")
            assert read_exactly_from(process, 6) == b"answer"
            write(process, b"more")
            wait_until(network.quiet)
            trap.armed = True
            done = finish(process)
            assert (done.returncode, done.stderr, backend.outcome()) == (0, b"", b"more")
            assert (network.cuts, network.connections) == (1, 2)


class LostAnswer:
    """Passes the handshake and the request, and loses the worker's answer to it."""

    def __init__(self) -> None:
        self._asked = False
        self._heard = False

    def __call__(self, direction: str, size: int) -> int:
        if direction == UP:
            self._asked = self._heard
            return size
        self._heard = True
        return 0 if self._asked else size


def test_a_resume_whose_answer_is_lost_is_tried_again(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        with between(api, client, target, lambda number: LostAnswer() if 0 < number < 4 else keep(number)) as network:
            process = client.proxy(target)
            write(process, b"one")
            assert read_exactly_from(process, 3) == b"one"
            network.cut()
            write(process, b"two")
            done = finish(process)
            assert (done.stdout, done.returncode, done.stderr) == (b"two", 0, b"")
            assert (network.cuts, network.connections) == (3, 5)


def test_an_idle_tunnel_is_resumed_too(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        with between(api, client, target) as network:
            process = client.proxy(target)
            for number in range(5):
                write(process, bytes((number,)))
                assert read_exactly_from(process, 1) == bytes((number,))
                network.cut()
                wait_until(lambda wanted=number + 2: network.connections == wanted)
            assert finish(process).returncode == 0


class Flapping:
    """A plan that breaks each connection when it has carried little more than its opening; the first a little later,
    for what is lost of that is no tunnel yet."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        """Seconds from each break to the next connection."""
        self._broken: float | None = None

    def __call__(self, number: int) -> Passes:
        if self._broken is not None:
            self.pauses.append(time.monotonic() - self._broken)
        left = {UP: 1 << 30, DOWN: 20_000 if number else 400_000}

        def passes(direction: str, size: int) -> int:
            left[direction] -= size
            if left[direction] > 0:
                return size
            self._broken = time.monotonic()
            return 0

        return passes


def test_a_path_that_works_but_never_for_long_is_tried_with_pauses(api: Api, client: Client) -> None:
    enough = threading.Event()

    def pour(connection: socket.socket) -> None:
        while not enough.is_set():
            connection.sendall(bytes(4096))

    flapping = Flapping()
    with serving(pour) as backend:
        target = api.target(backend.port)
        with between(api, client, target, flapping) as network:
            process = client.proxy(target, stdout=subprocess.DEVNULL)
            wait_until(lambda: len(flapping.pauses) >= 12, 60)
            network.plan = keep
            enough.set()
            assert finish(process).returncode == 0
    assert min(flapping.pauses[FLAPPING:12]) >= BACKOFF[FLAPPING]


def test_an_outage_of_some_seconds_is_survived(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        with between(api, client, target) as network:
            process = client.proxy(target)
            write(process, b"before")
            assert read_exactly_from(process, 6) == b"before"
            network.go_down()
            write(process, b" after")
            wait_until(lambda: network.refused > 3)
            network.come_back()
            done = finish(process)
            assert (done.stdout, done.returncode, done.stderr) == (b" after", 0, b"")


def test_the_cause_of_a_resume_is_in_the_log_and_not_on_stderr(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        with between(api, client, target) as network:
            process = client.proxy(target)
            write(process, b"x")
            assert read_exactly_from(process, 1) == b"x"
            network.cut()
            wait_until(lambda: "resumed" in client.log())
            assert finish(process).stderr == b""
            assert f"lost {network.address}" in client.log()


def test_a_network_that_falls_silent_is_noticed_within_half_a_minute(api: Api, client: Client) -> None:
    """No RST and no FIN tells it: an idle tunnel, one that is typed into and one that is sent to all notice."""

    def serve(connection: socket.socket) -> None:
        kind = read_exactly(connection, 4)
        connection.sendall(kind)
        while not over.is_set() and kind == b"send":
            connection.sendall(b".")
            over.wait(0.05)
        uploads[kind] = read_all(connection)

    over, uploads, typed = threading.Event(), dict[bytes, bytes](), bytearray()
    with serving(serve) as backend:
        target = api.target(backend.port)
        with between(api, client, target) as network:
            processes = {kind: client.proxy(target) for kind in (b"idle", b"type", b"send")}
            for kind, process in processes.items():
                write(process, kind)
                assert read_exactly_from(process, 4) == kind
            network.plan = slow_at_first
            network.fall_silent()
            typing = threading.Thread(target=type_fast, args=(processes[b"type"], typed, over))
            typing.start()
            try:
                wait_until(lambda: client.log().count("resumed") == 3, SILENT)
            finally:
                over.set()
                typing.join(10)
            for process in processes.values():
                assert finish(process).returncode == 0
    assert uploads == {b"idle": b"", b"type": bytes(typed), b"send": b""}


def type_fast(process: Process, typed: bytearray, over: threading.Event) -> None:
    """Half a window at once, which the silent network swallows, and then number after number without a pause."""
    for part in itertools.chain([random.Random(4).randbytes(600_000)], itertools.count()):
        data = part if isinstance(part, bytes) else f"{part % 1000:03} ".encode()
        typed += data
        write(process, data)
        if over.wait(0.0005):
            return


def slow_at_first(_number: int) -> Passes:
    """Takes its time with the first large piece, so that the sender's buffer is full meanwhile."""
    waited = threading.Event()

    def passes(direction: str, size: int) -> int:
        if direction == UP and size > 2000 and not waited.is_set():
            waited.wait(0.5)
            waited.set()
        return size

    return passes
