"""Each direction of the pipe ends by itself, in either order, and nothing is lost."""

import hashlib
import itertools
import os
import random
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.api import Api
from tests.journeys.backends import BLOCK, read_all, read_exactly, serving, token
from tests.journeys.client import Client, finish

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
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(key)
        process.stdin.flush()
        answer = process.stdout.read()  # to its end
        ended = finish_with(process, upload)
        arrived = done[key].wait(30) and uploads[key] == hashlib.sha256(upload).hexdigest()
        return arrived and answer == answer_of(key, sizes[key]) and ended == (0, b"")

    done: dict[bytes, threading.Event] = {}
    with serving(serve) as backend, ThreadPoolExecutor(PARALLEL) as threads:
        name = api.target(backend.port)
        lost = [number for number, whole in enumerate(threads.map(once, range(TIMES))) if not whole]
    assert lost == [], f"seed {SEED}"


def finish_with(process: subprocess.Popen[bytes], upload: bytes) -> tuple[int, bytes]:
    """Exit status and stderr, after `upload` and its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdin, process.stdout, process.stderr:
        process.stdin.write(upload)
        process.stdin.close()
        return process.wait(30), process.stderr.read()
