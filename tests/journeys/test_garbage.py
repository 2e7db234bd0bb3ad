"""Strangers at the worker's door: whatever they send or do not send, it is over soon, and real connections go on."""

import random
import selectors
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from acc.wire.names import split_address
from acc.wire.upgrade import MAX_HEAD
from tests.conftest import System, many_descriptors, wait_until
from tests.journeys.api import Api
from tests.journeys.backends import Backend, echo, serving
from tests.journeys.client import Client

OPENING_SECONDS = 10.0
"""What a stranger has from its connection to a complete request."""

LATE = 4.0
IDLE = 10_000

Address = tuple[str, int]


@pytest.fixture
def address(system: System) -> Address:
    """Where the worker takes tunnels."""
    parts = split_address(system.worker)
    assert parts is not None
    return parts


@pytest.fixture
def echoing(api: Api) -> Iterator[tuple[str, Backend]]:
    with serving(echo) as backend:
        yield api.target(backend.port), backend


def secured(address: Address) -> ssl.SSLSocket:
    """TLS to the worker, by somebody who verifies nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(address, 30))


def heard(connection: socket.socket) -> bytes:
    """What the worker says until it closes."""
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
    except ConnectionResetError:
        return data
    return data


def client_hello(address: Address) -> bytes:
    """The first bytes of a TLS handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    half = context.wrap_bio(incoming, outgoing, server_hostname=address[0])
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


GARBAGE: dict[str, bytes] = {
    "zeroes": bytes(10_000),
    "plain HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an ssh banner": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a TLS record that is too long": b"\x16\x03\x01\xff\xff" + bytes(65535),
    "noise": random.Random(7).randbytes(5000),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_instead_of_tls_is_hung_up_on(address: Address, name: str) -> None:
    with socket.create_connection(address, 5) as connection:
        connection.sendall(GARBAGE[name])
        assert len(heard(connection)) < 100


REQUESTS: dict[str, bytes] = {
    "noise": random.Random(8).randbytes(3000) + b"\r\n\r\n",
    "another path": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a head that is too long": b"GET /v1/tunnel HTTP/1.1\r\nX: " + b"a" * MAX_HEAD,
    "too many headers": b"GET /v1/tunnel HTTP/1.1\r\n" + b"A: b\r\n" * 3000,
    "a header twice": b"GET /v1/tunnel HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a bare line feed": b"GET /v1/tunnel HTTP/1.1\nHost: a\n\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_is_none_is_answered_with_a_problem(address: Address, name: str) -> None:
    with secured(address) as connection:
        connection.sendall(REQUESTS[name])
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 400 bad_request\r\n")
    assert b"application/problem+json" in answer


def test_a_thousand_random_strangers_disturb_nobody(
    address: Address, client: Client, echoing: tuple[str, Backend]
) -> None:
    target, _ = echoing

    def bother(number: int) -> None:
        rng = random.Random(number)
        try:
            with secured(address) if number % 4 == 0 else socket.create_connection(address, 5) as connection:
                connection.sendall(rng.randbytes(rng.randrange(1, 20_000)))
        except OSError:
            return  # hung up on, as it should be

    with ThreadPoolExecutor(8) as threads:
        bothering = [threads.submit(bother, number) for number in range(1000)]
        for _ in range(10):
            assert client.exchange(target, b"x" * 100_000) == b"x" * 100_000
        for one in bothering:
            one.result(60)


def test_the_silent_and_the_slow_are_hung_up_on_in_time(address: Address) -> None:
    hello = client_hello(address)
    began = time.monotonic()
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(address, 30)) for _ in range(50)]
        half_hello = stack.enter_context(socket.create_connection(address, 30))
        half_hello.sendall(hello[:100])
        unfinished = stack.enter_context(socket.create_connection(address, 30))
        unfinished.sendall(hello)
        silent_after_tls = stack.enter_context(secured(address))
        half_a_request = stack.enter_context(secured(address))
        half_a_request.sendall(b"GET /v1/tunnel HTTP/1.1\r\nHost: ")
        dripping = stack.enter_context(socket.create_connection(address, 30))
        for byte in hello:
            if not drip(dripping, byte):
                break
        for connection in (*silent, half_hello, unfinished, silent_after_tls, half_a_request, dripping):
            heard(connection)
    took = time.monotonic() - began
    print(f"the last one was hung up on after {took:.1f} s")
    assert took < OPENING_SECONDS + LATE


def drip(connection: socket.socket, byte: int) -> bool:
    """One byte, and then a tenth of a second of silence; False once the worker has hung up."""
    try:
        connection.sendall(bytes((byte,)))
        connection.settimeout(0.1)
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(30)


@pytest.mark.heavy
def test_ten_thousand_idle_sockets_end_in_time_while_real_connections_go_on(
    system: System, address: Address, client: Client, echoing: tuple[str, Backend]
) -> None:
    target, _ = echoing
    worker = next(child for child in system.dev.children() if any("acc-worker" in word for word in child.cmdline()))
    before = worker.num_fds()
    with many_descriptors(IDLE + 1000), ExitStack() as stack, ThreadPoolExecutor(1) as thread:
        flooding = thread.submit(open_many, stack, address)
        slowest = 0.0
        while not flooding.done():
            slowest = max(slowest, exchange(client, target))
        idle = flooding.result()
        for _ in range(10):
            slowest = max(slowest, exchange(client, target))
        assert worker.num_fds() < before + 1500
        began = time.monotonic()
        hung_up = wait_all(idle, OPENING_SECONDS + LATE)
        print(f"slowest exchange {slowest:.2f} s; all hung up on {time.monotonic() - began:.1f} s after the last")
    assert hung_up == IDLE
    wait_until(lambda: worker.num_fds() < before + 10)
    print(f"worker: {worker.memory_info().rss >> 20} MiB")


def exchange(client: Client, target: str) -> float:
    began = time.monotonic()
    assert client.exchange(target, b"x") == b"x"
    return time.monotonic() - began


def open_many(stack: ExitStack, address: Address) -> list[socket.socket]:
    found = []
    for _ in range(IDLE):
        connection = socket.create_connection(address, 30)
        stack.enter_context(connection)
        connection.setblocking(False)
        found.append(connection)
    return found


def wait_all(connections: list[socket.socket], seconds: float) -> int:
    """How many of `connections` the other side ends within `seconds`."""
    deadline = time.monotonic() + seconds
    ended = 0
    with selectors.EpollSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(1.0):
                selector.unregister(key.fileobj)
                ended += 1
    return ended
