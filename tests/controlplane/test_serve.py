"""The process: ready, healthy, patient with its database, quick to stop, deaf to those who dawdle."""

import contextlib
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from acc.controlplane.link.ca import Authority, make_authority
from acc.controlplane.service.httpd import HANDSHAKE_SECONDS, MAX_CONNECTIONS, REQUEST_SECONDS
from tests.conftest import many_descriptors
from tests.controlplane.conftest import run_sql
from tests.controlplane.system import Controller, read_event, running_controller, start, wait_until


@pytest.fixture
def own_controller(cluster_database: str) -> Generator[Controller]:
    """A controller of this test's own."""
    with running_controller(cluster_database) as running:
        yield running


@dataclass(frozen=True, slots=True)
class Waiting:
    """A controller that waits for its database."""

    process: subprocess.Popen[str]
    give_database: Callable[[], None]


@pytest.fixture
def waiting(cluster_database: str, postgres: str) -> Generator[Waiting]:
    """A controller that waits for its database, and must end well."""
    name = cluster_database.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
    server = postgres.format("postgres")
    run_sql(server, f"alter database {name} allow_connections false")
    process = start(cluster_database)
    try:
        read_event(process, "waiting for the database")
        yield Waiting(process, lambda: run_sql(server, f"alter database {name} allow_connections true"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=5)
    assert process.returncode == 0


def readiness(controller: Controller) -> int:
    return controller.get_health("/ready").status_code


def connect(address: str) -> socket.socket:
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=REQUEST_SECONDS + 5)


def test_it_is_alive_and_ready_while_it_serves(own_controller: Controller) -> None:
    assert own_controller.get_health("/health").status_code == 200
    assert readiness(own_controller) == 200
    assert own_controller.get_health("/other").status_code == 404


def test_sigterm_ends_it_within_three_seconds_though_clients_stay_connected(own_controller: Controller) -> None:
    with own_controller.client() as client, connect(own_controller.api), connect(own_controller.worker_link):
        client.get("/v1/auth-methods")
        began = time.monotonic()
        own_controller.process.send_signal(signal.SIGTERM)

        assert own_controller.process.wait(5) == 0
        assert time.monotonic() - began < 3


def test_it_serves_on_but_is_not_ready_while_it_drains(cluster_database: str) -> None:
    with running_controller(cluster_database, ACC_DRAIN_SECONDS="2") as draining, draining.client() as client:
        draining.process.send_signal(signal.SIGTERM)

        wait_until(lambda: readiness(draining) == 503)
        assert client.get("/v1/auth-methods").status_code == 200
        assert draining.process.wait(10) == 0


def test_sigint_ends_it_too(own_controller: Controller) -> None:
    own_controller.process.send_signal(signal.SIGINT)
    assert own_controller.process.wait(5) == 0


def test_a_database_that_goes_away_makes_it_unhealthy_and_unavailable_until_it_is_back(
    own_controller: Controller, postgres: str
) -> None:
    name = own_controller.database.split("?")[0].rsplit("/", 1)[1]
    elsewhere = postgres.format("postgres")
    with own_controller.client() as client:
        run_sql(elsewhere, f"alter database {name} allow_connections false")
        run_sql(elsewhere, "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)

        wait_until(lambda: readiness(own_controller) == 503)
        assert own_controller.get_health("/health").status_code == 200
        answer = client.get("/v1/auth-methods")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")

        run_sql(elsewhere, f"alter database {name} allow_connections true")
        wait_until(lambda: readiness(own_controller) == 200)
        assert client.get("/v1/auth-methods").status_code == 200


def test_it_waits_for_a_database_that_is_not_there_yet(waiting: Waiting) -> None:
    waiting.give_database()

    read_event(waiting.process, "ready")


def test_a_sighup_before_it_is_ready_does_not_end_it(waiting: Waiting) -> None:
    waiting.process.send_signal(signal.SIGHUP)
    waiting.give_database()

    read_event(waiting.process, "ready")


def test_a_taken_port_is_named(controller: Controller) -> None:
    process = start(controller.database, ACC_API_LISTEN=controller.api)
    _, said = process.communicate(timeout=10)

    assert process.returncode == 5
    assert "ACC_API_LISTEN" in said
    assert controller.api in said


def test_plain_tls_1_2_is_refused(controller: Controller) -> None:
    context = ssl.create_default_context(cadata=controller.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    for address in (controller.api, controller.worker_link):
        with connect(address) as sock, pytest.raises(ssl.SSLError):
            context.wrap_socket(sock, server_hostname="localhost")


def test_the_certificate_names_every_public_name(cluster_database: str) -> None:
    with running_controller(cluster_database, ACC_PUBLIC_NAMES="acc.example,127.0.0.1") as running:
        context = ssl.create_default_context(cadata=running.ca)
        for name in ("acc.example", "127.0.0.1"):
            with connect(running.api) as sock, context.wrap_socket(sock, server_hostname=name) as tls:
                assert tls.version() == "TLSv1.3"
        with connect(running.api) as sock, pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(sock, server_hostname="localhost")


def test_the_api_has_the_operator_s_certificate_and_takes_a_new_one_at_sighup(
    cluster_database: str, tmp_path: Path
) -> None:
    first, second = make_authority("first"), make_authority("second")
    put_certificate(tmp_path, first)
    files = {"ACC_TLS_CERTIFICATE": str(tmp_path / "api.pem"), "ACC_TLS_KEY": str(tmp_path / "api.key")}
    with running_controller(cluster_database, **files) as running:
        assert version_at(running.api, first.pem) == "TLSv1.3"
        assert version_at(running.worker_link, running.ca) == "TLSv1.3"

        (tmp_path / "api.key").write_text("nonsense")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("certificate not reloaded" in line for line in running.log))
        assert version_at(running.api, first.pem) == "TLSv1.3"

        put_certificate(tmp_path, second)
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("certificate reloaded" in line for line in running.log))
        assert version_at(running.api, second.pem) == "TLSv1.3"


def test_a_certificate_that_cannot_be_used_is_named(cluster_database: str, tmp_path: Path) -> None:
    put_certificate(tmp_path, make_authority("one"))
    _, key = make_authority("another").issue_server(["localhost"])
    (tmp_path / "api.key").write_bytes(key)
    process = start(
        cluster_database,
        ACC_TLS_CERTIFICATE=str(tmp_path / "api.pem"),
        ACC_TLS_KEY=str(tmp_path / "api.key"),
    )
    _, said = process.communicate(timeout=10)

    assert process.returncode == 5
    assert str(tmp_path / "api.key") in said


def put_certificate(folder: Path, authority: Authority) -> None:
    issued, key = authority.issue_server(["localhost"])
    (folder / "api.pem").write_bytes(issued.pem)
    (folder / "api.key").write_bytes(key)


def version_at(address: str, ca: str) -> str | None:
    """The TLS version there, for whoever trusts that authority alone."""
    context = ssl.create_default_context(cadata=ca)
    with connect(address) as sock, context.wrap_socket(sock, server_hostname="localhost") as tls:
        return tls.version()


def seconds_until_closed(sock: socket.socket) -> float:
    began = time.monotonic()
    try:
        while sock.recv(4096):
            pass
    except (ConnectionResetError, ssl.SSLError):
        pass
    return time.monotonic() - began


def test_a_thousand_silent_connections_keep_nobody_out(controller: Controller) -> None:
    context = ssl.create_default_context(cadata=controller.ca)
    with many_descriptors(MAX_CONNECTIONS + 500), contextlib.ExitStack() as silent:
        for _ in range(MAX_CONNECTIONS + 50):
            raw = silent.enter_context(connect(controller.api))
            silent.enter_context(context.wrap_socket(raw, server_hostname="localhost"))

        with controller.client() as client:
            assert client.get("/v1/auth-methods?scope_id=global").status_code == 200


def test_whoever_dawdles_is_cut_off_while_others_are_served(controller: Controller) -> None:
    context = ssl.create_default_context(cadata=controller.ca)
    with (
        connect(controller.worker_link) as silent_at_link,
        connect(controller.worker_link) as raw_at_link,
        context.wrap_socket(raw_at_link, server_hostname="localhost") as anonymous,
        connect(controller.api) as silent,
        connect(controller.api) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as half,
        controller.client() as client,
    ):
        half.sendall(b"POST /v1/auth-methods/x:authenticate HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
        assert client.get("/v1/auth-methods").status_code == 200

        assert seconds_until_closed(half) < REQUEST_SECONDS + 2
        for dawdler in (silent, silent_at_link, anonymous):
            assert seconds_until_closed(dawdler) < HANDSHAKE_SECONDS + 2


def test_a_request_line_without_end_is_cut_off(controller: Controller) -> None:
    context = ssl.create_default_context(cadata=controller.ca)
    with connect(controller.api) as raw, context.wrap_socket(raw, server_hostname="localhost") as tls:
        tls.sendall(b"GET /" + b"a" * 100_000)
        assert tls.recv(64).startswith(b"HTTP/1.1 400")


def test_what_is_no_http_is_answered_and_closed(controller: Controller) -> None:
    context = ssl.create_default_context(cadata=controller.ca)
    with connect(controller.api) as raw, context.wrap_socket(raw, server_hostname="localhost") as tls:
        tls.sendall(b"\x00\x01\x02\r\n\r\n")
        assert tls.recv(64).startswith(b"HTTP/1.1 400")
        assert seconds_until_closed(tls) < 5


def test_no_secret_is_in_the_log(cluster_database: str) -> None:
    process = start(cluster_database)
    ready = read_event(process, "ready")
    with httpx.Client(base_url=f"https://{ready['api']}", verify=False, trust_env=False) as client:  # noqa: S501
        method = client.get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"command": "login", "attributes": {"login_name": "admin", "password": "correct horse battery"}}
        token = client.post(f"/v1/auth-methods/{method}:authenticate", json=body).json()["attributes"]["token"]
        client.get("/v1/users/self", headers={"authorization": f"Bearer {token}"})
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=5)

    assert '"login"' in log
    assert "correct horse battery" not in log
    assert token.rsplit("_", 1)[1] not in log
