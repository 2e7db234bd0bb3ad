"""Dialling: each way to fail has its own code, within its bound."""

import asyncio
import errno
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from acc.wire.errors import AccError, Code
from acc.worker.dial import _failure as failure_of
from acc.worker.dial import dial, is_forbidden, parse_endpoint
from tests.worker.conftest import free_port

pytestmark = pytest.mark.asyncio

DIALLER = """
import uvloop
from acc.wire.errors import AccError
from acc.worker.dial import dial
try:
    uvloop.run(dial([("192.0.2.1", 22)]))
except AccError as error:
    print(error.code.value)
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue is full: the kernel drops what knocks, as a firewall would."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, socket.socket() as first:
        port: int = server.getsockname()[1]
        first.connect(("127.0.0.1", port))
        second = socket.socket()
        second.setblocking(False)
        second.connect_ex(("127.0.0.1", port))
        yield port
        second.close()


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


async def test_a_backend_is_connected_and_never_delays(listener: socket.socket) -> None:
    backend = await dial([("127.0.0.1", port_of(listener))])
    with backend.socket:
        assert backend.address == f"127.0.0.1:{port_of(listener)}"
        assert backend.local_address == f"127.0.0.1:{backend.socket.getsockname()[1]}"
        assert not backend.socket.getblocking()
        assert backend.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert backend.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_a_name_is_resolved(listener: socket.socket) -> None:
    backend = await dial([("localhost", port_of(listener))])
    backend.socket.close()
    assert backend.address == f"127.0.0.1:{port_of(listener)}"


async def test_the_next_endpoint_is_tried_after_one_that_refuses(listener: socket.socket) -> None:
    backend = await dial([("127.0.0.1", free_port()), ("127.0.0.1", port_of(listener))])
    backend.socket.close()


async def failure(*endpoints: tuple[str, int], timeout: float = 5.0) -> tuple[Code, float]:
    began = time.monotonic()
    with pytest.raises(AccError) as caught:
        await dial(endpoints, timeout)
    return caught.value.code, time.monotonic() - began


async def test_a_refusal_is_said_at_once() -> None:
    code, took = await failure(("127.0.0.1", free_port()))
    assert code is Code.BACKEND_REFUSED
    assert took < 1


async def test_silence_ends_at_the_deadline(silent_port: int) -> None:
    code, took = await failure(("127.0.0.1", silent_port), timeout=0.3)
    assert code is Code.BACKEND_TIMEOUT
    assert 0.3 <= took < 1


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EHOSTUNREACH, Code.BACKEND_UNREACHABLE),
        (errno.ENETUNREACH, Code.BACKEND_UNREACHABLE),
        (errno.ETIMEDOUT, Code.BACKEND_TIMEOUT),
        (errno.ECONNREFUSED, Code.BACKEND_REFUSED),
        (errno.EMFILE, Code.WORKER_BUSY),
    ],
)
async def test_what_the_kernel_says_has_a_code(number: int, code: Code) -> None:
    assert failure_of(OSError(number, "why")).code is code


async def test_a_host_without_a_route_is_unreachable() -> None:
    # A network namespace of its own has no route to anywhere.
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", DIALLER]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), 10)
    assert said.decode().strip() == Code.BACKEND_UNREACHABLE.value


async def test_a_name_that_nobody_has_is_unresolved() -> None:
    # RFC 6761 section 6.4: .invalid never exists.
    code, took = await failure(("host.invalid", 22), timeout=9.0)
    assert code is Code.BACKEND_UNRESOLVED
    assert took < 9


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "\u00fc" * 64])
async def test_a_name_that_is_none_is_unresolved(host: str) -> None:
    assert (await failure((host, 22)))[0] is Code.BACKEND_UNRESOLVED


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104  dialled, not bound
        "224.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "::",
        "ff02::1",
        "::ffff:169.254.169.254",
    ],
)
async def test_addresses_of_the_link_and_the_cloud_are_never_dialled(host: str) -> None:
    code, took = await failure((host, 80))
    assert code is Code.BACKEND_UNREACHABLE
    assert took < 0.2


async def test_a_name_for_a_forbidden_address_is_not_dialled() -> None:
    # getaddrinfo takes this spelling for 169.254.169.254, and ipaddress does not.
    code, _ = await failure(("0xa9fea9fe", 80))
    assert code is Code.BACKEND_UNREACHABLE


async def test_a_cancelled_dial_leaves_no_socket(silent_port: int) -> None:
    task = asyncio.create_task(dial([("127.0.0.1", silent_port)]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("64:ff9b::a9fe:a9fe", True),
        ("fd00:ec2::254", True),
        ("fe80::1%eth0", True),
        ("10.0.0.5", False),
        ("127.0.0.1", False),
        ("fd00::1", False),
        ("2001:db8::1", False),
    ],
)
async def test_what_is_forbidden_does_not_depend_on_its_spelling(text: str, forbidden: bool) -> None:
    assert is_forbidden(text) is forbidden


@pytest.mark.parametrize("text", ["tcp://h:22", "h", "h:0", "h:65536", ":22", "h:22\n", "2001:db8::1:22"])
async def test_an_endpoint_is_host_and_port(text: str) -> None:
    with pytest.raises(AccError) as caught:
        parse_endpoint(text)
    assert caught.value.code is Code.TICKET_MALFORMED
