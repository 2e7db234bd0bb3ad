"""Where one `acc dev` lives: its directories, its lock, its ports.

Two directories. `run` is always temporary: sockets and logs. `data` outlives us where --state names it, and is
inside `run` where it does not.

Rule: one state has one `acc dev`, held by a lock that ends with the process. The default ports belong to the first
`acc dev` of the machine; the others take free ones. A state remembers its ports, because its worker does.

Refuses a directory that holds something else, and says which port is taken where a state needs that one.
"""

import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from acc.wire.errors import AccError, Code

HOST = "127.0.0.1"

MAX_PARENT = 64
"""A UNIX socket's path has at most 107 bytes, and Postgres' is to lie some way below the temporary directory."""

_LOCK = "acc-dev.lock"
_RECORD = "acc-dev.json"
_NEW_RECORD = "acc-dev.json.new"
_DATABASE = "postgres"
_WORKER = "worker"
_CACERT = "ca.pem"
_MADE = (_DATABASE, _WORKER, _CACERT, _NEW_RECORD)
"""All that is in a state which has no record yet."""

_PREFIX = "acc-dev-"
_ALIVE = "alive"
_FIRST_ON_THIS_MACHINE = "\0acc-dev"
"""An abstract socket: like a port it belongs to the network namespace, and the kernel frees it."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The four ports of a system."""

    api: int = 9200
    worker_link: int = 9201
    tunnels: int = 9202
    health: int = 9203


@dataclass(frozen=True, slots=True)
class Place:
    """The directories and ports of one `acc dev`. `password` is None where the system has yet to be made."""

    run: Path
    data: Path
    ports: Ports
    password: str | None

    def __repr__(self) -> str:
        return f"Place({self.run}, {self.data})"

    @property
    def lasting(self) -> bool:
        """True where the data outlives us."""
        return not self.data.is_relative_to(self.run)

    @property
    def database(self) -> Path:
        """The directory of Postgres' data."""
        return self.data / _DATABASE

    @property
    def worker(self) -> Path:
        """The directory of the worker's state."""
        return self.data / _WORKER

    @property
    def cacert(self) -> Path:
        """The file of the CA that signs the controller's certificate."""
        return self.data / _CACERT

    def remember(self, password: str) -> None:
        """Record that the system is made, for the next start on the same state."""
        text = json.dumps({"password": password, "ports": asdict(self.ports)})
        new = self.data / _NEW_RECORD
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        new.rename(self.data / _RECORD)


@contextmanager
def claimed(state: str | None) -> Generator[Place]:
    """A place that is ours until the end of the block; what is temporary in it is removed then."""
    with ExitStack() as stack:
        run = _temporary(stack)
        data = run / "data" if state is None else Path(state).absolute()
        _own(data, stack)
        record = _record(data)
        if record is None:
            _clear(data)
            yield Place(run, data, _free_ports(stack), None)
        else:
            ports, password = record
            _require(ports)
            yield Place(run, data, ports, password)


def _temporary(stack: ExitStack) -> Path:
    """A directory that goes with us. Those of earlier ones, which were killed, are removed too."""
    parent = tempfile.gettempdir()
    if len(parent) > MAX_PARENT:
        parent = "/tmp"  # noqa: S108  mkdtemp makes a private directory in it
    run = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    stack.callback(shutil.rmtree, run)
    run.chmod(0o711)  # Postgres, under another user, must be able to pass
    for left in run.parent.glob(f"{_PREFIX}*/{_ALIVE}"):
        _remove_left(left)
    # Locked before it has the name that others look for.
    new = run / "new"
    alive = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, alive)
    fcntl.flock(alive, fcntl.LOCK_EX)
    new.rename(run / _ALIVE)
    return run


def _remove_left(alive: Path) -> None:
    try:
        lock = os.open(alive, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return  # another user's, or gone by now
    try:
        if os.fstat(lock).st_uid == os.geteuid() == alive.parent.lstat().st_uid:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(alive.parent)
    except (BlockingIOError, FileNotFoundError):
        return  # in use, or just now removed by its owner
    finally:
        os.close(lock)


def _own(data: Path, stack: ExitStack) -> None:
    """Take the lock of `data`, which is ours, empty or yet to be made."""
    try:
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        if any(data.iterdir()) and not (data / _LOCK).exists():
            raise AccError(Code.CONFIG, f"{data} is neither empty nor a state of acc dev")
        lock = os.open(data / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AccError(Code.CONFIG, f"{data}: {error.strerror}") from None
    stack.callback(os.close, lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AccError(Code.CONFIG, f"the state in {data} is in use by another acc dev") from None


def _record(data: Path) -> tuple[Ports, str] | None:
    try:
        text = (data / _RECORD).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(text)
        return Ports(**fields["ports"]), str(fields["password"])
    except (ValueError, KeyError, TypeError):
        raise AccError(Code.CONFIG, f"{data / _RECORD} is damaged; remove {data} to begin again") from None


def _clear(data: Path) -> None:
    """Remove what a start that did not come to its end has left, unless something else was put there since."""
    left = [entry for entry in data.iterdir() if entry.name != _LOCK]
    for entry in left:
        if entry.name not in _MADE:
            raise AccError(Code.CONFIG, f"{data} holds no finished state, and {entry.name} is not of acc dev")
    for entry in left:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _free_ports(stack: ExitStack) -> Ports:
    first = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    try:
        first.bind(_FIRST_ON_THIS_MACHINE)
    except OSError:
        return _any_ports()
    return Ports() if not _taken(Ports()) else _any_ports()


def _any_ports() -> Ports:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(4)]
        for listener in listeners:
            listener.bind((HOST, 0))
        return Ports(*(int(listener.getsockname()[1]) for listener in listeners))


def _require(ports: Ports) -> None:
    taken = _taken(ports)
    if taken:
        raise AccError(Code.CONFIG, f"port {taken[0]} is taken, and this state needs it")


def _taken(ports: Ports) -> list[int]:
    return [port for port in asdict(ports).values() if not _is_free(port)]


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return True
