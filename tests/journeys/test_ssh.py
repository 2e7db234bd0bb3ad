"""OpenSSH, and what runs over it, through `acc proxy %h`: nothing is different from no proxy at all."""

import hashlib
import os
import random
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.journeys.api import Api
from tests.journeys.backends import LOOPBACK, read_exactly
from tests.journeys.client import Client
from tests.journeys.sshd import Ssh

MIB = 1 << 20


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with files of many sizes."""
    place = tmp_path / "tree"
    place.mkdir()
    for number, size in enumerate((0, 1, 1000, 65536, 3 * MIB, 20 * MIB)):
        (place / f"file-{number}").write_bytes(random.Random(number).randbytes(size))
    return place


def contents(place: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in place.iterdir() if file.is_file()}


def test_a_command_s_output_errors_and_status_come_back(ssh: Ssh, web: str) -> None:
    done = ssh(web, "echo out; echo err >&2; exit 7")
    assert (done.stdout, done.stderr, done.returncode) == (b"out\n", b"err\n", 7)


def test_stdin_goes_through_and_its_end_too(ssh: Ssh, web: str) -> None:
    data = random.Random(1).randbytes(8 * MIB)
    done = ssh(web, "sha256sum; printf done", data=data)
    assert done.stdout == hashlib.sha256(data).hexdigest().encode() + b"  -\ndone"
    assert done.returncode == 0


def test_a_large_output_comes_back_whole(ssh: Ssh, web: str) -> None:
    done = ssh(web, f"head -c {64 * MIB} /dev/zero")
    assert done.stdout == bytes(64 * MIB)


def test_twenty_at_once_all_succeed(ssh: Ssh, web: str) -> None:
    with ThreadPoolExecutor(20) as threads:
        done = list(threads.map(lambda number: ssh(web, f"echo {number}; exit {number}"), range(20)))
    assert [(one.stdout, one.stderr, one.returncode) for one in done] == [
        (f"{number}\n".encode(), b"", number) for number in range(20)
    ]


def test_ssh_leaves_no_acc_process_behind(ssh: Ssh, web: str, client: Client) -> None:
    assert ssh(web, "true").returncode == 0
    wait_until(lambda: client.running() == [], 2)


def test_a_killed_ssh_leaves_no_acc_process_behind(ssh: Ssh, web: str, client: Client) -> None:
    running = ssh.start(web, "echo up; sleep 60")
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    assert len(client.running()) == 1
    running.kill()
    running.communicate(timeout=10)
    wait_until(lambda: client.running() == [], 2)


def test_a_name_that_is_none_fails_with_our_words(ssh: Ssh) -> None:
    done = ssh("no-such-target", "true")
    assert done.returncode == 255
    assert b"(not_found)" in done.stderr
    assert b"list what you may see: acc targets list" in done.stderr


def test_scp_copies_both_ways(ssh: Ssh, web: str, tree: Path, tmp_path: Path) -> None:
    up, down = tmp_path / "up", tmp_path / "down"
    assert ssh.run("scp", "-q", "-r", "-F", str(ssh.config), str(tree), f"{web}:{up}").returncode == 0
    assert ssh.run("scp", "-q", "-r", "-F", str(ssh.config), f"{web}:{up}", str(down)).returncode == 0
    assert contents(up) == contents(down) == contents(tree)


def test_sftp_puts_and_gets(ssh: Ssh, web: str, tree: Path, tmp_path: Path) -> None:
    batch = f"put {tree}/file-5 {tmp_path}/up\nget {tmp_path}/up {tmp_path}/down\n"
    done = ssh.run("sftp", "-q", "-b", "-", "-F", str(ssh.config), web, data=batch.encode())
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "down").read_bytes() == (tree / "file-5").read_bytes()


def test_rsync_copies_and_then_finds_nothing_to_do(ssh: Ssh, web: str, tree: Path, tmp_path: Path) -> None:
    command = ["rsync", "-a", "--stats", "-e", ssh.shell_words(), f"{tree}/", f"{web}:{tmp_path}/mirror/"]
    first, second = ssh.run(*command), ssh.run(*command)
    assert first.returncode == second.returncode == 0, first.stderr
    assert contents(tmp_path / "mirror") == contents(tree)
    assert b"Number of regular files transferred: 0" in second.stdout


@pytest.fixture
def repository(tmp_path: Path, tree: Path) -> Path:
    """A git repository with one commit."""
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", tree, *command], check=True, env=git_environment(tmp_path))
    return tree


def git_environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_GLOBAL": "/dev/null"}


def test_git_clones_and_pushes_over_ssh(ssh: Ssh, web: str, repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    env = {"GIT_SSH_COMMAND": ssh.shell_words(), "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = ssh.run("git", "clone", "-q", f"ssh://{web}{repository}", str(clone), **env)
    assert done.returncode == 0, done.stderr
    assert contents(clone) == contents(repository)
    pushed = ssh.run("git", "-C", str(clone), "push", "-q", "origin", "HEAD:refs/heads/other", **env)
    assert pushed.returncode == 0, pushed.stderr


def test_a_forwarded_port_carries_a_service(ssh: Ssh, web: str, echo_port: int) -> None:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    running = ssh.start("-L", f"{port}:{LOOPBACK}:{echo_port}", "-o", "ExitOnForwardFailure=yes", web, "echo up; cat")
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    data = random.Random(2).randbytes(MIB)
    with ThreadPoolExecutor(1) as thread, socket.create_connection((LOOPBACK, port), 30) as connection:
        sending = thread.submit(connection.sendall, data)
        assert read_exactly(connection, len(data)) == data
        sending.result(30)
    running.communicate(timeout=30)
    assert running.returncode == 0


def test_many_sessions_share_one_master_s_connection(ssh: Ssh, web: str, client: Client, tmp_path: Path) -> None:
    sharing = ("-o", f"ControlPath={tmp_path}/master", "-o", "ControlMaster=auto", "-o", "ControlPersist=60")
    for number in range(5):
        assert ssh(*sharing, web, f"echo {number}").stdout == f"{number}\n".encode()
    assert len(client.running()) == 1
    assert ssh(*sharing, "-O", "exit", web).returncode == 0
    wait_until(lambda: client.running() == [], 2)


def test_the_cause_of_a_background_master_s_end_is_in_the_log(
    ssh: Ssh, web: str, api: Api, client: Client, tmp_path: Path
) -> None:
    """Its stderr is /dev/null, so there is no other place to read it."""
    sharing = ("-o", f"ControlPath={tmp_path}/master", "-o", "ControlMaster=auto", "-o", "ControlPersist=60")
    assert ssh(*sharing, web, "true").returncode == 0
    api.cancel(client.ticket(web)["session_id"])
    wait_until(lambda: "(session_cancelled)" in client.log())
    wait_until(lambda: client.running() == [], 2)
