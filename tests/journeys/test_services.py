"""Programs that people run every day, on both ends of the pipe: netcat, socat, rsync's and git's own daemons."""

import hashlib
import os
import random
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.conftest import wait_until
from tests.journeys.api import Api
from tests.journeys.backends import LOOPBACK, read_all, serving
from tests.journeys.client import ACC, Client, await_exit, read_to_end

MIB = 1 << 20
SECONDS = 60
DATA = random.Random(11).randbytes(12 * MIB)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """True if something listens there; asked of the kernel, so that a server for one connection keeps that one."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in rows)


@contextmanager
def running(
    port: int, *command: str, stdin: int | IO[bytes] = subprocess.DEVNULL, stdout: int | IO[bytes] = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """A server program that listens on `port`."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null"}
    server = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env=env)
    try:
        wait_until(lambda: listens(port))
        yield server
    finally:
        server.terminate()
        server.wait(10)


def run(client: Client, *command: str, data: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=data, env=client.env | env, capture_output=True, timeout=SECONDS, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    place = tmp_path / "tree"
    place.mkdir()
    for number, size in enumerate((0, 1, 70_000, 5 * MIB)):
        (place / f"file-{number}").write_bytes(random.Random(number).randbytes(size))
    return place


def contents(place: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in place.iterdir() if file.is_file()}


def test_netcat_receives_an_upload_and_its_end(api: Api, client: Client, tmp_path: Path) -> None:
    port = free_port()
    with (tmp_path / "got").open("wb") as got, running(port, "nc", "-l", LOOPBACK, str(port), stdout=got) as server:
        assert client.exchange(api.target(port), DATA) == b""
        server.wait(SECONDS)
    assert (tmp_path / "got").read_bytes() == DATA


def test_netcat_that_sends_and_ends_is_heard_whole(api: Api, client: Client, tmp_path: Path) -> None:
    """It leaves at the other side's end, so our stdin stays open."""
    port = free_port()
    (tmp_path / "data").write_bytes(DATA)
    with (tmp_path / "data").open("rb") as data, running(port, "nc", "-N", "-l", LOOPBACK, str(port), stdin=data):
        process = client.proxy(api.target(port))
        assert read_to_end(process) == DATA
        assert await_exit(process, 10).returncode == 0


def test_socat_runs_the_pipe_as_its_other_end(api: Api, client: Client) -> None:
    with serving(lambda connection: connection.sendall(read_all(connection))) as backend:
        command = f"EXEC:{ACC} proxy {api.target(backend.port)}"
        done = run(client, "socat", "-t", "30", "-", command, data=DATA)
    assert done.stdout == DATA
    assert done.returncode == 0


def test_socat_answers_when_the_request_has_ended(api: Api, client: Client) -> None:
    port = free_port()
    with running(port, "socat", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork", "EXEC:sha256sum"):
        answer = client.exchange(api.target(port), DATA)
    assert answer == hashlib.sha256(DATA).hexdigest().encode() + b"  -\n"


def test_rsync_speaks_to_its_daemon_through_the_pipe(api: Api, client: Client, tree: Path, tmp_path: Path) -> None:
    port = free_port()
    settings = tmp_path / "rsyncd.conf"
    settings.write_text(f"use chroot = no\n[tree]\n  path = {tree}\n  uid = {os.getuid()}\n  gid = {os.getgid()}\n")
    daemon = ("rsync", "--daemon", "--no-detach", f"--address={LOOPBACK}", f"--port={port}", f"--config={settings}")
    with running(port, *daemon):
        program = f"{shlex.quote(ACC)} proxy %H"
        source = f"rsync://{api.target(port)}/tree/"
        done = run(client, "rsync", "-a", source, f"{tmp_path}/copy/", RSYNC_CONNECT_PROG=program)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "copy") == contents(tree)


def test_git_clones_from_its_daemon_through_the_pipe(api: Api, client: Client, tree: Path, tmp_path: Path) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "one")):
        subprocess.run(["git", "-C", tree, *command], check=True)
    port = free_port()
    daemon = ("git", "daemon", "--export-all", f"--listen={LOOPBACK}", f"--port={port}", f"--base-path={tmp_path}")
    wrapper = tmp_path / "proxy"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(ACC)} proxy "$1"\n')
    wrapper.chmod(0o755)
    with running(port, *daemon, str(tree)):
        url = f"git://{api.target(port)}/tree"
        done = run(client, "git", "clone", "-q", url, f"{tmp_path}/clone", GIT_PROXY_COMMAND=str(wrapper))
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "clone") == contents(tree)
