"""What tests of several packages share: the `acc` command on an empty home, and one running system.

Rule: everything here is a real process. The system is started once, and at its end it must leave nothing behind.
"""

import json
import os
import resource
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from acc.cli.controller import Controller
from acc.cli.dev.targets import DevTarget, make
from acc.cli.profile import Profile

PROGRAMS = Path(sys.executable).parent
START_SECONDS = 90.0
STOP_SECONDS = 3.0
CLEANUP_SECONDS = 20.0
"""For what is ended after a test, which is not about how fast it ends."""

# Whoever starts the tests in the background of a script has them ignore these, and every program that they start too.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

Completed = subprocess.CompletedProcess[str]


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Return once `condition` holds; fail the test if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        threading.Event().wait(0.01)


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a newcomer: a home, a PATH, and no keyring of the person who runs the tests."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


@dataclass(frozen=True, slots=True)
class Acc:
    """The `acc` command with the environment `env`."""

    env: dict[str, str]

    @property
    def home(self) -> Path:
        return Path(self.env["HOME"])

    def __call__(self, *arguments: str, text: str = "", **env: str) -> Completed:
        """Run it to its end, with `text` on stdin and `env` added to the environment."""
        return subprocess.run(
            [PROGRAMS / "acc", *arguments],
            input=text,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def acc(tmp_path: Path) -> Acc:
    """`acc` as a newcomer has it: no profile, no token, no system."""
    home = tmp_path / "home"
    home.mkdir()
    return Acc(clean_environment(home))


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with suppress(ConnectionResetError, BrokenPipeError):
            while part := self.request.recv(65536):
                self.request.sendall(part)


class _EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@pytest.fixture(scope="session")
def echo_port() -> Iterator[int]:
    """A TCP service that sends back what it gets and ends when its client does."""
    with _EchoServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def open_tmp() -> Iterator[Path]:
    """A temporary directory that every user may pass, as /tmp is: Postgres runs as another user where we are root."""
    path = Path(tempfile.mkdtemp(prefix="acc-tests-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


class Dev:
    """An `acc dev --json` process and what it said."""

    def __init__(self, env: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [PROGRAMS / "acc", "dev", "--json", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._stdout = self.process.stdout
        self._stderr = self.process.stderr
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors)
        self._reader.start()

    def wait_ready(self) -> dict[str, object]:
        """What its one line says."""
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        line = self._stdout.readline()
        timer.cancel()
        assert line, "acc dev ended: " + "".join(self.errors)
        fields = json.loads(line)
        assert isinstance(fields, dict)
        return fields

    def children(self) -> list[psutil.Process]:
        """Every process below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, how: signal.Signals) -> int:
        """Send it the signal `how`, and return its exit status; it must have left within 3 s."""
        self.process.send_signal(how)
        return self.wait_end(STOP_SECONDS)

    def wait_end(self, seconds: float) -> int:
        """Its exit status, once it has left."""
        status = self.process.wait(seconds)
        self._reader.join(seconds)
        self._stdout.close()
        self._stderr.close()
        return status

    def __enter__(self) -> "Dev":
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no process, whatever the test has found."""
        self.process.terminate()
        try:
            self.wait_end(CLEANUP_SECONDS)
        finally:
            self.process.kill()

    def _read_errors(self) -> None:
        self.errors.extend(self._stderr)


@dataclass(frozen=True, slots=True)
class System:
    """A running system: what `acc dev --json` said, and `acc` logged in to it as its administrator."""

    api: str
    worker: str
    login_name: str
    password: str
    env: dict[str, str]
    acc: Acc
    dev: Dev

    def add_target(self, name: str, port: int) -> None:
        """Make a target for a port on loopback, as an administrator does, through the API."""
        profile = Profile(self.api, self.env["ACC_CACERT"])
        with Controller(profile, self.env["ACC_TOKEN"]) as controller:
            make(controller, (DevTarget(name, "127.0.0.1", port),))


@pytest.fixture(scope="session")
def system(open_tmp: Path, echo_port: int) -> Iterator[System]:
    """One system for all tests, with the targets `echo` and `closed` (where nothing listens)."""
    place = open_tmp / "system"
    for name in ("home", "tmp"):
        (place / name).mkdir(parents=True)
    for path in (place, place / "tmp"):
        path.chmod(0o711)
    env = clean_environment(place / "home") | {"TMPDIR": str(place / "tmp")}
    with Dev(env, "--target", f"echo=127.0.0.1:{echo_port}", "--target", "closed=127.0.0.1:1") as dev:
        said = dev.wait_ready()
        client_env = said["env"]
        assert isinstance(client_env, dict)
        children = dev.children()
        yield System(
            api=str(said["api"]),
            worker=str(said["worker"]),
            login_name=str(said["login_name"]),
            password=str(said["password"]),
            env=client_env,
            acc=Acc(env | client_env),
            dev=dev,
        )
        assert dev.end(signal.SIGTERM) == 0, "".join(dev.errors)
    assert [child for child in children if child.is_running()] == []
    assert list((place / "tmp").iterdir()) == []


@contextmanager
def many_descriptors(count: int) -> Iterator[None]:
    """Lets this process open `count` descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= count, f"the limit of open files is {hard}; {count} are needed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
