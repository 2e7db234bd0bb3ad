"""The worker as an operator runs it: enrolled, linked to a controller, drained."""

import signal
from pathlib import Path

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
