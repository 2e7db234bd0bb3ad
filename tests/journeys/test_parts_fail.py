"""A part of the system dies: what can go on goes on, what cannot says so at once, and the server hears of it.

The parts are started one by one here, because `acc dev` ends with any of its children. The worker holds a broken
tunnel for HOLD seconds instead of a minute.
"""

import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from acc.wire.errors import Code
from tests.conftest import clean_environment, wait_until
from tests.journeys.api import Api, opened
from tests.journeys.backends import LOOPBACK, echo, read_all, serving
from tests.journeys.client import ACC, Client, Process, assert_failed, await_exit, finish, read_exactly_from, write
from tests.journeys.connecting import connecting
from tests.journeys.network import between
from tests.journeys.terminal import on_terminal
from tests.worker.conftest import ADMIN, PASSWORD, Cluster, enrol, postgres
from tests.worker.conftest import Process as Program

__all__ = ["postgres"]

HOLD = 2.0
LATE = 3.0
"""Seconds that a sweep of the worker, and a busy machine, may add to the hold."""


@dataclass(slots=True)
class Parts:
    """A cluster whose programs can be ended and started again one by one."""

    cluster: Cluster
    env: dict[str, str]
    state: Path
    controller: Program
    worker: Program

    def start_controller(self) -> None:
        self.controller = self.cluster.serve()

    def start_worker(self) -> None:
        self.worker = start_worker(self.cluster, self.state)


def start_worker(cluster: Cluster, state: Path) -> Program:
    where = ("--listen", f"{LOOPBACK}:0", "--health", f"{LOOPBACK}:0")
    arguments = ("serve", "--state", str(state), "--hold", str(int(HOLD)), *where)
    program = Program("acc-worker", *arguments, env=cluster.env)
    program.wait_event("ready")
    return program


def log_in(cluster: Cluster, ca: Path) -> str:
    """A token of the administrator's."""
    ca.write_text(cluster.run("ca"))
    with opened_anonymously(cluster, ca) as http:
        method = http.get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"command": "login", "attributes": {"login_name": ADMIN, "password": PASSWORD}}
        return str(http.post(f"/v1/auth-methods/{method}:authenticate", json=body).json()["attributes"]["token"])


@contextmanager
def opened_anonymously(cluster: Cluster, ca: Path) -> Iterator[httpx.Client]:

    context = ssl.create_default_context(cafile=ca)
    with httpx.Client(base_url=f"https://{cluster.api}", verify=context, timeout=20, trust_env=False) as http:
        yield http


@pytest.fixture(scope="module")
def parts(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Controller and worker as processes of their own."""
    place = tmp_path_factory.mktemp("parts")
    cluster = Cluster(f"{postgres}/postgres")
    cluster.run("init", "--admin", ADMIN)
    controller = cluster.serve()
    try:
        enrol(cluster, place / "worker", "journeys")
        worker = start_worker(cluster, place / "worker")
        env = {
            "ACC_ADDR": f"https://{cluster.api}",
            "ACC_CACERT": str(place / "ca.pem"),
            "ACC_TOKEN": log_in(cluster, place / "ca.pem"),
        }
        running = Parts(cluster, env, place / "worker", controller, worker)
        yield running
        running.worker.end()
        running.controller.end()
    finally:
        controller.end()


@pytest.fixture(scope="module")
def api(parts: Parts) -> Iterator[Api]:
    with opened(parts.env) as opened_api:
        yield opened_api


@pytest.fixture
def client(parts: Parts, tmp_path: Path) -> Iterator[Client]:
    home = tmp_path / "home"
    home.mkdir()
    person = Client(clean_environment(home) | parts.env)
    yield person
    for process in person.running():
        process.kill()


def greet(connection: socket.socket) -> float:
    """Says hello and waits for an end; raises if that is an abort."""
    connection.sendall(b"hello")
    read_all(connection)
    return time.monotonic()


def greeted(client: Client, target: str) -> Process:
    process = client.proxy(target)
    assert read_exactly_from(process, 5) == b"hello"
    return process


def test_a_client_that_is_killed_leaves_the_server_an_abort_when_the_hold_is_over(api: Api, client: Client) -> None:
    with serving(greet) as backend:
        process = greeted(client, api.target(backend.port))
        began = time.monotonic()
        process.kill()
        finish(process)
        outcome = backend.outcome(HOLD + LATE)
        took = time.monotonic() - began
    print(f"the server heard of it after {took:.1f} s; the hold is {HOLD:.0f} s")
    assert isinstance(outcome, ConnectionResetError)
    assert took > HOLD / 2


def test_a_killed_client_s_upload_is_not_an_end_for_the_server(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> int:
        connection.sendall(b"hello")
        return len(read_all(connection))

    with serving(serve) as backend:
        process = greeted(client, api.target(backend.port))
        write(process, bytes(100_000))
        process.kill()
        finish(process)
        assert isinstance(backend.outcome(HOLD + LATE), ConnectionResetError)


def test_a_loss_longer_than_the_hold_is_an_error_here_and_an_abort_there(api: Api, client: Client) -> None:
    with serving(greet) as backend:
        target = api.target(backend.port)
        with between(api, client, target) as network:
            process = greeted(client, target)
            network.go_down()
            done = await_exit(process, HOLD + LATE + 5)
            assert_failed(done, Code.TUNNEL_LOST)
            assert isinstance(backend.outcome(HOLD + LATE), ConnectionResetError)
    assert "(tunnel_lost)" in client.log()


def test_a_stuck_client_that_is_killed_is_ended_too(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(65536))

    with serving(serve) as backend:
        process = client.proxy(api.target(backend.port))
        assert len(read_exactly_from(process, 100_000)) == 100_000
        process.kill()
        finish(process)
        assert isinstance(backend.outcome(HOLD + LATE), ConnectionResetError | BrokenPipeError)


def test_the_session_tells_who_closed_first_and_how_much_was_carried(api: Api, client: Client) -> None:
    with serving(lambda connection: connection.sendall(read_all(connection)[:10])) as backend:
        target = api.target(backend.port)
        assert client.exchange(target, bytes(1000)) == bytes(10)
    session_id = client.ticket(target)["session_id"]
    wait_until(lambda: connections(api, session_id)[0].get("closed_by"))
    (connection,) = connections(api, session_id)
    assert (connection["bytes_up"], connection["bytes_down"]) == ("1000", "10")
    assert connection["closed_by"] == "client"


def test_the_worker_s_metrics_tell_what_its_tunnels_are_and_carried(parts: Parts, api: Api, client: Client) -> None:
    before = metrics(parts)
    with serving(echo) as backend:
        process = client.proxy(api.target(backend.port))
        write(process, b"12345")
        assert read_exactly_from(process, 5) == b"12345"
        meanwhile = metrics(parts)
        assert finish(process).returncode == 0
    assert_failed(client.attempt(api.target(1)), Code.BACKEND_REFUSED)
    wait_until(lambda: metrics(parts)['acc_worker_tunnels{state="open"}'] == 0)
    after = metrics(parts)

    assert meanwhile['acc_worker_tunnels{state="open"}'] == 1
    assert meanwhile["acc_worker_link_up"] == 1
    for direction in ("up", "down"):
        name = f'acc_worker_bytes_total{{direction="{direction}"}}'
        assert meanwhile[name] == after[name] == before[name] + 5
    opened_before = before.get('acc_worker_openings_total{outcome="ok"}', 0)
    assert after['acc_worker_openings_total{outcome="ok"}'] == opened_before + 1
    assert after['acc_worker_openings_total{outcome="backend_refused"}'] >= 1


def test_the_controller_counts_what_workers_ask_and_report(parts: Parts, api: Api, client: Client) -> None:
    names = (
        'acc_connection_authorizations_total{outcome="ok"}',
        'acc_connection_reports_total{kind="opened"}',
        'acc_connection_reports_total{kind="closed"}',
    )
    before = metrics_at(parts.cluster.env["ACC_HEALTH_LISTEN"])
    with serving(echo) as backend:
        assert client.exchange(api.target(backend.port), b"x") == b"x"
    wait_until(
        lambda: (
            [metrics_at(parts.cluster.env["ACC_HEALTH_LISTEN"]).get(name, 0) for name in names]
            == [before.get(name, 0) + 1 for name in names]
        )
    )

    assert before["acc_control_streams"] == 1


def metrics(parts: Parts) -> dict[str, float]:
    ready = next(line for line in parts.worker.lines if line["event"] == "ready")
    return metrics_at(str(ready["health"]))


def metrics_at(address: str) -> dict[str, float]:
    text = httpx.get(f"http://{address}/metrics", trust_env=False).text
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def connections(api: Api, session_id: object) -> list[dict[str, object]]:
    found = api.session(session_id)["connections"]
    assert isinstance(found, list)
    return found


def test_a_stream_goes_on_without_a_controller_and_new_ones_follow_their_target_s_policy(
    parts: Parts, api: Api, client: Client
) -> None:
    with serving(echo) as backend:
        may, may_not = (api.target(backend.port, outage=policy) for policy in ("allow", "deny"))
        for target in (may, may_not):
            assert client.exchange(target, b"x") == b"x"
        process = client.proxy(may)
        write(process, b"before")
        assert read_exactly_from(process, 6) == b"before"
        parts.controller.kill()
        try:
            write(process, b" while")
            assert read_exactly_from(process, 6) == b" while"
            assert client.exchange(may, b"new") == b"new"
            assert_failed(client.attempt(may_not), Code.CONTROLLER_UNREACHABLE)
            assert_failed(client.attempt("another"), Code.CONTROLLER_UNREACHABLE)
        finally:
            parts.start_controller()
        write(process, b" after")
        assert read_exactly_from(process, 6) == b" after"
        assert finish(process).returncode == 0
        wait_until(lambda: all(one.get("closed_by") for one in connections(api, client.ticket(may)["session_id"])), 20)
        assert len(connections(api, client.ticket(may)["session_id"])) == 3


def test_a_worker_that_drains_says_so(parts: Parts, api: Api, client: Client) -> None:
    with serving(greet) as backend:
        process = greeted(client, api.target(backend.port))
        parts.worker.process.send_signal(signal.SIGTERM)
        done = await_exit(process, 5)
        outcome = backend.outcome(5)
        parts.worker.wait()
    parts.start_worker()
    assert_failed(done, Code.DRAINING)
    assert isinstance(outcome, ConnectionResetError)


def test_a_worker_that_is_killed_ends_the_client_with_its_reason(parts: Parts, api: Api, client: Client) -> None:
    with serving(greet) as backend:
        process = greeted(client, api.target(backend.port))
        began = time.monotonic()
        parts.worker.kill()
        done = await_exit(process, 10)
        took = time.monotonic() - began
    parts.start_worker()
    print(f"the client left {took:.1f} s after the worker was killed")
    assert_failed(done, Code.TUNNEL_LOST)
    assert took < 6


def test_what_a_killed_worker_had_open_is_closed_in_the_books_when_it_is_back(
    parts: Parts, api: Api, client: Client
) -> None:
    with serving(greet) as backend:
        target = api.target(backend.port)
        process = greeted(client, target)
        session = client.ticket(target)["session_id"]
        parts.worker.kill()
        await_exit(process, 10)
    parts.start_worker()
    wait_until(lambda: all(one.get("closed_reason") for one in connections(api, session)), 10)

    assert [(one["closed_by"], one["closed_reason"]) for one in connections(api, session)] == [
        ("worker", Code.WORKER_UNREACHABLE.value)
    ]


def test_a_connection_through_acc_connect_is_given_up_soon_after_its_worker_was_killed(
    parts: Parts, api: Api, client: Client
) -> None:
    with (
        serving(greet) as backend,
        connecting(client, api.target(backend.port)) as port,
        socket.create_connection((LOOPBACK, port), timeout=20) as local,
    ):
        assert local.recv(5) == b"hello"
        began = time.monotonic()
        parts.worker.kill()
        with pytest.raises(ConnectionResetError):
            local.recv(1)
        took = time.monotonic() - began
    parts.start_worker()
    print(f"the connection was given up {took:.1f} s after the worker was killed")
    assert took < 6


def test_a_worker_without_descriptors_hangs_up_on_who_owes_a_request(parts: Parts, api: Api, client: Client) -> None:
    worker = psutil.Process(parts.worker.process.pid)
    ready = next(line for line in parts.worker.lines if line["event"] == "ready")
    listening = (LOOPBACK, int(str(ready["tunnels"]).rpartition(":")[2]))
    with serving(echo) as backend, ExitStack() as stack:
        target = api.target(backend.port)
        for _ in range(200):
            stack.enter_context(socket.create_connection(listening, 20))
        wait_until(lambda: worker.num_fds() > 200)
        worker.rlimit(psutil.RLIMIT_NOFILE, (100, 100))
        began = time.monotonic()
        assert client.exchange(target, b"x") == b"x"
        took = time.monotonic() - began
    parts.worker.kill()
    parts.start_worker()
    assert took < 5


def test_a_worker_that_comes_back_at_another_port_is_found(parts: Parts, api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        assert client.exchange(target, b"x") == b"x"
        parts.worker.kill()
        parts.start_worker()
        assert client.exchange(target, b"y") == b"y"


def test_a_worker_that_is_stopped_is_noticed_and_its_tunnel_goes_on_when_it_wakes(
    parts: Parts, api: Api, client: Client
) -> None:
    with serving(echo) as backend:
        process = client.proxy(api.target(backend.port))
        write(process, b"x")
        assert read_exactly_from(process, 1) == b"x"
        parts.worker.process.send_signal(signal.SIGSTOP)
        write(process, b"y")
        parts.worker.process.send_signal(signal.SIGCONT)
        assert read_exactly_from(process, 1) == b"y"
        assert finish(process).returncode == 0


def test_a_watch_outlives_the_controller_and_says_how_old_its_rows_are(parts: Parts, api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        stream = client.proxy(target)
        write(stream, b"x")
        assert read_exactly_from(stream, 1) == b"x"
        with on_terminal([ACC, "sessions", "watch", "--filter", target], client.env) as terminal:
            terminal.wait_for("active")
            parts.controller.kill()
            assert " old: the controller does not answer" in terminal.wait_for(" old: ")
            assert terminal.row("active").split()[0] == "admin"

            parts.start_controller()
            wait_until(lambda: not terminal.row(" old: "), 20)
            terminal.type("q")
            assert terminal.wait() == 0
        finish(stream)
