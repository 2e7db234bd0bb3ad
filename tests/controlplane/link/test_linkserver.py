"""The door of the worker link: how many it lets in, and who makes room."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from acc.controlplane.link import linkserver
from acc.controlplane.link.ca import make_authority
from acc.controlplane.link.linkserver import LinkServer
from acc.controlplane.service.httpd import bind
from acc.controlplane.tls import ServerTls
from tests.controlplane.peer import make_csr

pytestmark = pytest.mark.asyncio

PLACES = 3
AUTHORITY = make_authority("c_1")


def anonymous() -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=AUTHORITY.pem)
    context.set_alpn_protocols(["h2"])
    return context


def certified(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    path = folder / "worker.pem"
    path.write_bytes(
        AUTHORITY.issue_worker("w_1", make_csr(key)).pem
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = anonymous()
    context.load_cert_chain(path)
    return context


class Peers:
    """Connections of this process, which are closed at the end of the block."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stack = ExitStack()

    async def enter(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """A connection after its handshake."""
        return await asyncio.to_thread(self._enter, context)

    async def greeted(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """A connection that the server lets in: it speaks first, in HTTP/2."""
        link = await self.enter(context)
        assert await asyncio.to_thread(link.recv, 9)
        return link

    def close(self) -> None:
        self._stack.close()

    def _enter(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        tcp = self._stack.enter_context(socket.create_connection(("127.0.0.1", self._port), 10))
        return self._stack.enter_context(context.wrap_socket(tcp, server_hostname="127.0.0.1"))


@pytest_asyncio.fixture
async def peers(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Peers]:
    """Peers of a link server with PLACES places."""
    monkeypatch.setattr(linkserver, "MAX_CONNECTIONS", PLACES)
    server = LinkServer([])
    sock = bind("127.0.0.1", 0)
    await server.listen(sock, ServerTls(AUTHORITY, ["127.0.0.1"], None).worker_link)
    peers = Peers(sock.getsockname()[1])
    try:
        yield peers
    finally:
        peers.close()
        server.close()
        await server.wait_closed()


async def hung_up_on(links: list[ssl.SSLSocket]) -> list[bool]:
    """For each, whether the server has ended it."""
    return [await asyncio.to_thread(_ends, link) for link in links]


def _ends(link: ssl.SSLSocket) -> bool:
    link.settimeout(0.5)
    try:
        while link.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


async def test_workers_take_the_places_of_strangers(peers: Peers, tmp_path: Path) -> None:
    strangers = [await peers.greeted(anonymous()) for _ in range(PLACES)]
    workers = [await peers.greeted(certified(tmp_path)) for _ in range(PLACES)]

    assert await hung_up_on(strangers) == [True] * PLACES
    assert await hung_up_on(workers) == [False] * PLACES


async def test_of_the_strangers_the_first_one_goes(peers: Peers) -> None:
    strangers = [await peers.greeted(anonymous()) for _ in range(PLACES + 1)]

    assert await hung_up_on(strangers) == [True] + [False] * PLACES


async def test_nobody_takes_the_place_of_a_worker(peers: Peers, tmp_path: Path) -> None:
    workers = [await peers.greeted(certified(tmp_path)) for _ in range(PLACES)]
    stranger = await peers.enter(anonymous())

    assert await hung_up_on([stranger]) == [True]
    assert await hung_up_on(workers) == [False] * PLACES


async def test_a_place_that_was_left_is_free(peers: Peers, tmp_path: Path) -> None:
    first = [await peers.greeted(certified(tmp_path)) for _ in range(PLACES)]
    first[0].close()
    stranger = await peers.enter(anonymous())

    assert await hung_up_on([stranger]) == [False]
