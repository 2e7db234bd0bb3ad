"""The worker as an operator runs it: enrolled, linked to a controller, drained."""

import signal
import socket
from pathlib import Path

import httpx

from tests.worker.conftest import Cluster, Process, ended, enrol


def serve(cluster: Cluster, directory: Path) -> Process:
    options = ("--state", str(directory), "--listen", "127.0.0.1:0", "--health", "127.0.0.1:0")
    return Process("acc-worker", "serve", *options, env=cluster.env)


def test_an_enrolled_worker_serves_and_drains(cluster: Cluster, controller: Process, tmp_path: Path) -> None:
    enrol(cluster, tmp_path / "state", "serves")
    with ended(serve(cluster, tmp_path / "state")) as worker:
        ready = worker.wait_event("ready")
        assert ready["pid"] == worker.process.pid
        assert worker.kill(signal.SIGTERM) == 0


def status(worker_ready: dict[str, object], path: str, method: str = "GET") -> int:
    return httpx.request(method, f"http://{worker_ready['health']}{path}", trust_env=False).status_code


def test_its_operators_see_that_it_lives_and_whether_it_is_ready(
    cluster: Cluster, controller: Process, tmp_path: Path
) -> None:
    enrol(cluster, tmp_path / "state", "watched")
    with ended(serve(cluster, tmp_path / "state")) as worker:
        ready = worker.wait_event("ready")
        assert [status(ready, path) for path in ("/health", "/ready", "/metrics", "/other")] == [200, 200, 200, 404]
        assert status(ready, "/health", "POST") == 405

        controller.kill(signal.SIGTERM)
        worker.wait_event("link down")
        assert [status(ready, path) for path in ("/health", "/ready")] == [200, 503]


def test_the_operators_listener_survives_those_who_never_ask(
    cluster: Cluster, controller: Process, tmp_path: Path
) -> None:
    enrol(cluster, tmp_path / "state", "patient")
    with ended(serve(cluster, tmp_path / "state")) as worker:
        ready = worker.wait_event("ready")
        host, port = str(ready["health"]).rsplit(":", 1)
        with socket.create_connection((host, int(port))) as silent, socket.create_connection((host, int(port))) as long:
            long.sendall(b"GET /" + b"a" * 20_000)
            assert status(ready, "/health") == 200
            assert silent.fileno() >= 0
