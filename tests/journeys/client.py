"""`acc` as one person uses it on one machine: a home of their own, pipes, exit statuses, the log."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from acc.wire.errors import Code
from tests.conftest import PROGRAMS

ACC = str(PROGRAMS / "acc")

Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Client:
    """A home directory, and the environment that leads to a system."""

    env: dict[str, str]

    @property
    def home(self) -> Path:
        return Path(self.env["HOME"])

    @property
    def tickets(self) -> Path:
        """Where the tickets of this login on this system are kept."""
        authority = urlsplit(self.env["ACC_ADDR"]).netloc.replace(":", "_")
        login = self.env["ACC_TOKEN"].rpartition("_")[0]
        return self.home / ".local/state/acc/run" / authority / login

    def log(self) -> str:
        """What `acc proxy` has written to its log."""
        path = self.home / ".local/state/acc/acc.log"
        return path.read_text() if path.exists() else ""

    def running(self) -> list[psutil.Process]:
        """The `acc proxy` processes of this home that run now."""
        found = []
        for process in psutil.process_iter():
            try:
                if "proxy" in process.cmdline() and process.environ().get("HOME") == str(self.home):
                    found.append(process)
            except psutil.Error:
                continue  # it has ended
        return found

    def proxy(self, *arguments: str, stdin: object = subprocess.PIPE, stdout: object = subprocess.PIPE) -> Process:
        """`acc proxy` with pipes, running."""
        return subprocess.Popen(
            [ACC, "proxy", *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=self.env,
        )

    def exchange(self, target: str, data: bytes, seconds: float = 60.0) -> bytes:
        """What comes back for `data` and its end; it must end well."""
        done = self.attempt(target, data, seconds)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stderr == b""
        return done.stdout

    def attempt(self, target: str, data: bytes = b"", seconds: float = 60.0) -> subprocess.CompletedProcess[bytes]:
        """`acc proxy` with `data` on stdin, to its end."""
        return subprocess.run(
            [ACC, "proxy", target], input=data, env=self.env, capture_output=True, timeout=seconds, check=False
        )

    def ticket(self, target: str) -> dict[str, object]:
        """The ticket that is kept for `target`."""
        fields = json.loads((self.tickets / f"{target}.json").read_text())
        assert isinstance(fields, dict)
        return fields

    def keep_ticket(self, target: str, fields: dict[str, object], **changes: object) -> None:
        """Puts a ticket where `acc proxy` looks for the one to `target`."""
        self.tickets.mkdir(parents=True, exist_ok=True, mode=0o700)
        for directory in (self.tickets, *list(self.tickets.parents)[:3]):
            directory.chmod(0o700)
        path = self.tickets / f"{target}.json"
        path.write_text(json.dumps(fields | changes))
        path.chmod(0o600)


def assert_failed(done: subprocess.CompletedProcess[bytes], code: Code, hint: str = "") -> None:
    """`acc proxy` said what went wrong with its code, what to do next, and left with the code's status."""
    words = done.stderr.decode()
    assert f"({code.value})" in words, words
    assert code.title in words
    assert (hint or code.hint.partition("{")[0]) in words
    assert done.returncode == code.exit_status
    assert done.stdout == b""


def finish(process: Process, data: bytes = b"", seconds: float = 60.0) -> subprocess.CompletedProcess[bytes]:
    """What is left of a process that is running, after `data` and the end of its stdin."""
    try:
        stdout, stderr = process.communicate(data, timeout=seconds)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def await_exit(process: Process, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """The end of a process whose stdin is left as it is; what it wrote last."""
    try:
        process.wait(seconds)
    finally:
        process.kill()
    if process.stdin is not None and process.stdin.closed:
        process.stdin = None
    return finish(process)


def write(process: Process, data: bytes) -> None:
    """Give `data` to its stdin, now."""
    assert process.stdin is not None
    process.stdin.write(data)
    process.stdin.flush()


def read_exactly_from(process: Process, size: int) -> bytes:
    """The next `size` bytes of its stdout, or fewer where that ends before."""
    assert process.stdout is not None
    return process.stdout.read(size)


def read_to_end(process: Process) -> bytes:
    """Its stdout, to the end of that."""
    assert process.stdout is not None
    return process.stdout.read()
