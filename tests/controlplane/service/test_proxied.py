"""Behind a load balancer: who the client is, and that nobody else can say it."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from acc.controlplane.store.db import Sql
from acc.wire.errors import Code
from tests.controlplane.service.test_proxyheader import header, tcp4
from tests.controlplane.system import Controller, in_database, run, running_controller, wait_until

PROGRAM = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") or "haproxy"
PROXY, OTHER = "127.0.0.1", "127.0.0.2"
HAPROXY = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen acc
    bind fd@{descriptor}
    server a {api} send-proxy-v2
"""


@pytest.fixture(scope="module")
def behind(database: str) -> Generator[Controller]:
    """A controller that trusts what stands at one address."""
    with running_controller(database, ACC_API_TRUSTED_PROXIES=f"{PROXY}/32") as running:
        yield running


@contextmanager
def haproxy(controller: Controller, folder: Path) -> Generator[str]:
    """A load balancer before the controller: where it listens."""
    with socket.create_server((PROXY, 0)) as door:
        config = folder / "haproxy.cfg"
        config.write_text(HAPROXY.format(descriptor=door.fileno(), api=controller.api))
        with subprocess.Popen([PROGRAM, "-db", "-f", config], pass_fds=[door.fileno()]) as process:
            try:
                yield f"{PROXY}:{door.getsockname()[1]}"
            finally:
                process.terminate()


def client(controller: Controller, address: str, source: str) -> httpx.Client:
    """A client with an address of its own."""
    context = ssl.create_default_context(cadata=controller.ca)
    transport = httpx.HTTPTransport(verify=context, local_address=source)
    return httpx.Client(base_url=f"https://{address}", transport=transport, timeout=20)


def connect(controller: Controller, source: str) -> socket.socket:
    host, _, port = controller.api.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=8, source_address=(source, 0))


def handshake(controller: Controller, sock: socket.socket) -> str | None:
    """The version of TLS that is agreed on."""
    context = ssl.create_default_context(cadata=controller.ca)
    with context.wrap_socket(sock, server_hostname="localhost") as tls:
        return tls.version()


def addresses(controller: Controller, request_id: str) -> list[str]:
    """From where the record says that a request came."""

    async def work(sql: Sql) -> list[str]:
        rows = await sql.fetch("select client_address from audit_events where request_id = $1", request_id)
        return [row["client_address"] for row in rows]

    return in_database(controller, work)


def test_the_record_has_the_address_of_the_client_and_not_of_the_balancer(behind: Controller, tmp_path: Path) -> None:
    with haproxy(behind, tmp_path) as balancer, client(behind, balancer, "127.0.0.9") as through:
        answer = through.get("/v1/auth-methods", headers={"x-request-id": "through"})

    assert answer.status_code == 200
    assert addresses(behind, "through") == ["127.0.0.9"]


def test_who_is_no_balancer_is_who_they_are(behind: Controller) -> None:
    with client(behind, behind.api, OTHER) as direct:
        answer = direct.get("/v1/auth-methods", headers={"x-request-id": "direct"})

    assert answer.status_code == 200
    assert addresses(behind, "direct") == [OTHER]


def test_who_is_no_balancer_cannot_say_who_they_are(behind: Controller) -> None:
    with connect(behind, OTHER) as sock:
        sock.sendall(header(tcp4("192.0.2.7")))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(behind, sock)


def test_a_balancer_that_says_nothing_of_its_client_is_refused(behind: Controller) -> None:
    with connect(behind, PROXY) as sock, pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(behind, sock)

    refused = wait_until(lambda: [line for line in behind.log if "proxy header refused" in line])
    assert "it does not begin as one" in refused[0]


def test_a_header_may_come_byte_by_byte_and_with_what_follows_it(behind: Controller) -> None:
    with connect(behind, PROXY) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in header(tcp4("192.0.2.7")):
            sock.sendall(bytes([byte]))
        assert handshake(behind, sock) == "TLSv1.3"


def test_a_balancer_that_stays_silent_is_left(behind: Controller) -> None:
    began = time.monotonic()
    with connect(behind, PROXY) as sock:
        sock.sendall(header(tcp4("192.0.2.7"))[:20])
        assert sock.recv(1) == b""

    assert 2 < time.monotonic() - began < 6


def test_it_stops_as_soon_as_any_other(database: str) -> None:
    with running_controller(database, ACC_API_TRUSTED_PROXIES=f"{PROXY}/32") as running:
        silent = connect(running, PROXY)

    with closing(silent):
        assert silent.recv(1) == b""


@pytest.mark.parametrize("networks", ["here", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8,"])
def test_a_network_that_is_none_stops_it(networks: str) -> None:
    done = run("postgresql://127.0.0.1:1/acc", "config", "check", ACC_API_TRUSTED_PROXIES=networks)

    assert done.returncode == Code.CONFIG.exit_status
    assert "api.trusted_proxies (ACC_API_TRUSTED_PROXIES) must be" in done.stderr
