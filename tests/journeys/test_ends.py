"""Each direction of the pipe ends by itself, in either order, and nothing is lost."""

import hashlib
import os
import random
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from acc.wire.errors import Code
from tests.journeys.api import Api
from tests.journeys.backends import BLOCK, read_all, read_exactly, reset, serving
from tests.journeys.client import ACC, Client, await_exit, finish, read_exactly_from, read_to_end, write

TIMES = int(os.environ.get("ACC_JOURNEYS_TIMES", "1000"))
"""How often each order of EOF is tried."""

PARALLEL = 4
SIZES = (0, 1, 100, 4096, 65536, 1 << 20, 3 << 20)
"""Random sizes lie between two of these: most streams are short, some are longer than a window."""

SEED = random.SystemRandom().getrandbits(32)


def random_size(rng: random.Random) -> int:
    index = rng.randrange(len(SIZES) - 1)
    return rng.randint(SIZES[index], SIZES[index + 1])


def answer_of(request: bytes, size: int) -> bytes:
    """What a server of these tests answers: `size` bytes that follow from the whole request."""
    return hashlib.shake_128(request).digest(size)


def test_a_request_is_answered_by_a_server_that_waits_for_its_end(api: Api, client: Client) -> None:
    with serving(lambda connection: connection.sendall(answer_of(read_all(connection), 1000))) as backend:
        assert client.exchange(api.target(backend.port), b"req") == answer_of(b"req", 1000)


@pytest.mark.timeout(300)
def test_the_client_ends_first_a_thousand_times_and_gets_every_answer(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        size = int.from_bytes(read_exactly(connection, 4), "big")
        connection.sendall(answer_of(read_all(connection), size))

    def once(number: int) -> bool:
        rng = random.Random(f"{SEED} {number}")
        request, size = rng.randbytes(random_size(rng)), random_size(rng)
        return client.exchange(name, size.to_bytes(4, "big") + request) == answer_of(request, size)

    with serving(serve) as backend, ThreadPoolExecutor(PARALLEL) as threads:
        name = api.target(backend.port)
        lost = [number for number, whole in enumerate(threads.map(once, range(TIMES))) if not whole]
    assert lost == [], f"seed {SEED}"


@pytest.mark.timeout(300)
def test_the_server_ends_first_a_thousand_times_and_gets_every_upload(api: Api, client: Client) -> None:
    """The answer ends before the upload has begun; the upload, and its end, still arrive."""
    sizes: dict[bytes, int] = {}
    uploads: dict[bytes, str] = {}

    def serve(connection: socket.socket) -> None:
        key = read_exactly(connection, 8)
        connection.sendall(answer_of(key, sizes[key]))
        connection.shutdown(socket.SHUT_WR)
        uploads[key] = hashlib.sha256(read_all(connection)).hexdigest()
        done[key].set()

    def once(number: int) -> bool:
        rng = random.Random(f"{SEED} {number}")
        key = number.to_bytes(8, "big")
        upload = rng.randbytes(random_size(rng))
        sizes[key], done[key] = random_size(rng), threading.Event()
        process = client.proxy(name, "--linger", "60")
        write(process, key)
        answer = read_to_end(process)
        ended = finish(process, upload, 30)
        arrived = done[key].wait(30) and uploads[key] == hashlib.sha256(upload).hexdigest()
        return arrived and answer == answer_of(key, sizes[key]) and (ended.returncode, ended.stderr) == (0, b"")

    done: dict[bytes, threading.Event] = {}
    with serving(serve) as backend, ThreadPoolExecutor(PARALLEL) as threads:
        name = api.target(backend.port)
        lost = [number for number, whole in enumerate(threads.map(once, range(TIMES))) if not whole]
    assert lost == [], f"seed {SEED}"


def test_a_server_that_ends_first_ends_acc_proxy_though_stdin_stays_open(api: Api, client: Client) -> None:
    ended = threading.Event()

    def serve(connection: socket.socket) -> float:
        connection.sendall(b"bye")
        ended.wait(30)
        connection.shutdown(socket.SHUT_WR)
        at = time.monotonic()
        read_all(connection)
        return at

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        assert read_exactly_from(process, 3) == b"bye"
        ended.set()
        done = await_exit(process, 10)
        took = time.monotonic() - float(str(backend.outcome()))
    print(f"acc proxy left {took * 1000:.0f} ms after the server's end")
    assert done.returncode == 0
    assert done.stderr == b""
    assert took < 1.0


def test_an_upload_goes_on_after_the_server_has_ended(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> str:
        connection.shutdown(socket.SHUT_WR)
        return hashlib.sha256(read_all(connection)).hexdigest()

    upload = random.Random(SEED).randbytes(24 << 20)
    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port), "--linger", "60")
        assert read_to_end(process) == b""
        done = finish(process, upload)
        assert backend.outcome() == hashlib.sha256(upload).hexdigest(), f"seed {SEED}"
    assert done.returncode == 0


def test_an_upload_that_never_pauses_outlives_the_server_s_end_without_a_longer_linger(
    api: Api, client: Client
) -> None:
    started = threading.Event()

    def serve(connection: socket.socket) -> int:
        read_exactly(connection, 1)
        connection.shutdown(socket.SHUT_WR)
        started.set()
        return 1 + len(read_all(connection))

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        done = finish(process, bytes(64 << 20))
        assert started.is_set()
        assert backend.outcome() == 64 << 20
    assert done.returncode == 0


def test_a_download_goes_on_after_the_upload_has_ended(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        request = read_all(connection)
        for block in range(96):
            connection.sendall(answer_of(request + bytes((block,)), BLOCK))

    with serving(serve) as backend:
        answer = client.exchange(api.target(backend.port), b"go")
    assert answer == b"".join(answer_of(b"go" + bytes((block,)), BLOCK) for block in range(96))


def test_both_ends_at_once_lose_nothing(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> int:
        connection.sendall(bytes(100_000))
        connection.shutdown(socket.SHUT_WR)
        return len(read_all(connection))

    with serving(serve) as backend:
        name = api.target(backend.port)
        for _ in range(20):
            assert len(client.exchange(name, bytes(100_000))) == 100_000
            assert backend.outcome() == 100_000


def test_an_empty_connection_ends_well(api: Api, client: Client) -> None:
    with serving(lambda connection: len(read_all(connection))) as backend:
        assert client.exchange(api.target(backend.port), b"") == b""
        assert backend.outcome() == 0


def test_the_answer_of_a_server_that_closes_on_an_upload_arrives_whole(api: Api, client: Client) -> None:
    """As an HTTP server does that refuses a body: it answers, closes, and resets what still comes."""
    answer = answer_of(b"413", 50_000)

    def serve(connection: socket.socket) -> None:
        read_exactly(connection, 1000)
        connection.sendall(answer)

    with serving(serve) as backend:
        name = api.target(backend.port)
        answers = [client.attempt(name, bytes(32 << 20)).stdout for _ in range(20)]
    assert [len(one) for one in answers] == [len(answer)] * 20
    assert set(answers) == {answer}


def test_a_reset_by_the_server_is_not_an_end(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"half an ans")
        read_exactly(connection, 1)
        reset(connection)

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        assert read_exactly_from(process, 11) == b"half an ans"
        write(process, b"x")
        done = await_exit(process, 10)
    assert done.returncode == Code.BACKEND_RESET.exit_status
    assert b"(backend_reset)" in done.stderr


def test_what_was_sent_before_the_client_left_arrives_though_the_server_talks_on(api: Api, client: Client) -> None:
    """Closing a socket with unread bytes resets it, and takes back what its other end has not read."""
    left = threading.Event()

    def serve(connection: socket.socket) -> int:
        connection.setblocking(False)
        talked = 0
        while talked < 100_000 or not left.is_set():
            try:
                talked += connection.send(bytes(BLOCK))
            except BlockingIOError:
                left.wait(0.05)
        connection.setblocking(True)
        return len(read_all(connection))

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        read_exactly_from(process, 1)
        write(process, bytes(900_000))
        assert process.stdin is not None
        process.stdin.close()
        assert process.stdout is not None
        process.stdout.close()
        process.wait(20)
        left.set()
        assert backend.outcome() == 900_000
    assert process.stderr is not None
    process.stderr.close()


def test_a_signal_that_was_ignored_when_it_was_started_stays_ignored(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"hello ")
        connection.sendall(read_all(connection))

    with serving(serve) as backend:
        argv = ["nohup", ACC, "proxy", api.target(backend.port)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=client.env)
        assert read_exactly_from(process, 6) == b"hello "
        process.send_signal(signal.SIGHUP)
        done = finish(process, b"after")
    assert (done.stdout, done.returncode) == (b"after", 0)
