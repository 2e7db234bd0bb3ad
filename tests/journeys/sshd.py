"""A real sshd on loopback with keys of its own, and the real ssh that reaches it through `acc proxy`."""

import getpass
import os
import shlex
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import wait_until
from tests.journeys.backends import LOOPBACK
from tests.journeys.client import ACC, Client

Completed = subprocess.CompletedProcess[bytes]

SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running sshd: its port, and where its keys and the user's are."""

    port: int
    place: Path


@dataclass(frozen=True, slots=True)
class Ssh:
    """OpenSSH's programs on one client's machine. `config` says that every host is reached with `acc proxy %h`."""

    client: Client
    config: Path

    def __call__(self, *arguments: str, data: bytes = b"") -> Completed:
        """`ssh`, to its end."""
        return self.run("ssh", "-F", str(self.config), *arguments, data=data)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`ssh` with pipes, running."""
        pipe = subprocess.PIPE
        command = ["ssh", "-F", str(self.config), *arguments]
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=self.client.env)

    def run(self, *command: str, data: bytes = b"", **env: str) -> Completed:
        """Any program, to its end."""
        environment = self.client.env | env
        return subprocess.run(command, input=data, env=environment, capture_output=True, timeout=SECONDS, check=False)

    def shell_words(self) -> str:
        """`ssh` for programs that take it as a shell command."""
        return f"ssh -F {shlex.quote(str(self.config))}"


@contextmanager
def serving_ssh(place: Path) -> Iterator[Sshd]:
    """A running sshd with its files in `place`."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / name], check=True)
    shutil.copy(place / "user.pub", place / "authorized")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    settings = {
        "Port": port,
        "ListenAddress": LOOPBACK,
        "HostKey": place / "host",
        "AuthorizedKeysFile": place / "authorized",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "MaxStartups": 100,
        "PermitRootLogin": "yes",
        "Subsystem": "sftp internal-sftp",
    }
    (place / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program is not None, "install openssh-server"
    server = subprocess.Popen([program, "-D", "-e", "-f", place / "config"], stderr=subprocess.PIPE)
    assert server.stderr is not None
    drain = threading.Thread(target=server.stderr.read)
    drain.start()
    try:
        wait_until(lambda: _answers(port))
        yield Sshd(port, place)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        drain.join(10)
        server.stderr.close()


def ssh_of(client: Client, sshd: Sshd, place: Path) -> Ssh:
    """ssh as `client` has it, with `acc proxy` between it and `sshd`."""
    host_key = (sshd.place / "host.pub").read_text()
    (place / "known_hosts").write_text(f"journey {host_key}")
    settings = {
        "ProxyCommand": f"{ACC} proxy %h",
        "User": getpass.getuser(),
        "IdentityFile": sshd.place / "user",
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": place / "known_hosts",
        "HostKeyAlias": "journey",
        "StrictHostKeyChecking": "yes",
        "BatchMode": "yes",
    }
    config = place / "ssh_config"
    config.write_text("Host *\n" + "".join(f"  {name} {value}\n" for name, value in settings.items()))
    return Ssh(client, config)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
