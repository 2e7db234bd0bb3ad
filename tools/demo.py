"""Shows acc at work: a real ssh runs `acc proxy` and reaches a real sshd, all on this machine.

    ssh -> acc proxy ~~> worker -> sshd          beside it          ssh -> sshd

Rule: everything is made for this run and gone after it: keys, a home, an sshd on loopback as the current user, and a
whole acc system, which is `acc dev`. Nothing of the person's own configuration is read.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, AnyStr

PROGRAMS = Path(sys.executable).parent
USER = pwd.getpwuid(os.geteuid()).pw_name
SECONDS = 180
"""For all of it. It takes about ten."""
ROUNDS = 3
"""Few, because an sshd since 9.8 turns away whoever often connects and leaves without a login."""
COMMAND = "echo hello from $(hostname), as $(id -un)"

SSHD_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host_key
AuthorizedKeysFile {place}/user_key.pub
PidFile none
AllowUsers {user}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM {pam}
# The keys are ours alone, but below a directory that everybody may write, which StrictModes would refuse.
StrictModes no
"""


def main() -> None:
    # By default both would end Python without leaving its `with` blocks.
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    signal.alarm(SECONDS)
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acc-demo-")))
        port = stack.enter_context(sshd(place))
        say("acc dev: starting a database, a controller and a worker")
        env = stack.enter_context(system(place, port))
        show(Demo(place, port, env))


def show(demo: "Demo") -> None:
    """Run the commands; print what came back and how long it took."""
    unasked = demo.first_byte_through_acc()
    say(f"\n$ ssh -o ProxyCommand='acc proxy %h' demo '{COMMAND}'")
    answer, _ = demo.ssh_through_acc()
    say(answer)
    say("$ acc sessions list")
    say(demo.run("acc", "sessions", "list")[0])
    rounds = [
        (demo.first_byte_direct(), demo.first_byte_through_acc(), demo.ssh_direct()[1], demo.ssh_through_acc()[1])
        for _ in range(ROUNDS)
    ]
    byte_direct, byte_acc, ssh_direct, ssh_acc = map(statistics.median, zip(*rounds, strict=True))
    say(f"{'':28}{'direct':>10}{'through acc':>14}")
    say(f"{'first byte from sshd':28}{byte_direct:7.0f} ms{byte_acc:11.0f} ms")
    say(f"{'  the first time, no ticket':28}{'':10}{unasked:11.0f} ms")
    say(f"{'the whole ssh command':28}{ssh_direct:7.0f} ms{ssh_acc:11.0f} ms")
    say(f"(medians of {ROUNDS}; through acc from the start of the process `acc proxy`, direct from the TCP connect)")


class Demo:
    """The running system, and the ways to reach its sshd."""

    def __init__(self, place: Path, port: int, env: dict[str, str]) -> None:
        self._port = port
        self._env = env
        self._ssh = ["ssh", "-F", "none", "-i", f"{place}/user_key", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
        self._ssh += ["-o", f"UserKnownHostsFile={place}/known_hosts", "-o", "HostKeyAlias=demo"]

    def ssh_through_acc(self) -> tuple[str, float]:
        return self.run(*self._ssh, "-o", "ProxyCommand=acc proxy %h", "demo", COMMAND)

    def ssh_direct(self) -> tuple[str, float]:
        return self.run(*self._ssh, "-p", str(self._port), "127.0.0.1", COMMAND)

    def first_byte_through_acc(self) -> float:
        """Milliseconds until the first byte of the greeting that sshd sends unasked."""
        start = time.perf_counter()
        argv = ["acc", "proxy", "demo"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._env) as process:
            greeting = _pipe(process.stdout).read(1)
            milliseconds = (time.perf_counter() - start) * 1000
        if greeting != b"S":
            sys.exit("acc proxy brought no greeting from sshd")
        return milliseconds

    def first_byte_direct(self) -> float:
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self._port)) as connection:
            connection.recv(1)
            return (time.perf_counter() - start) * 1000

    def run(self, *argv: str) -> tuple[str, float]:
        """What the command prints, and the milliseconds that it ran."""
        start = time.perf_counter()
        run = subprocess.run(argv, env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        milliseconds = (time.perf_counter() - start) * 1000
        if run.returncode != 0:
            sys.exit(f"{argv[0]} ended with status {run.returncode}")
        return run.stdout.decode(), milliseconds


@contextmanager
def sshd(place: Path) -> Iterator[int]:
    """An sshd on a free port of loopback, for the current user only."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        sys.exit("there is no sshd; as root, run: apt-get install openssh-server")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it for root; else the service makes it
    for name in ("host_key", "user_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", place / name], check=True)
    (place / "known_hosts").write_text("demo " + (place / "host_key.pub").read_text())
    port = free_port()
    config = place / "sshd_config"
    config.write_text(SSHD_CONFIG.format(port=port, place=place, user=USER, pam="yes" if is_locked() else "no"))
    with subprocess.Popen([program, "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True) as process:
        said: list[str] = []
        for line in _pipe(process.stderr):
            if "Server listening" in line:
                break
            said.append(line)
        else:
            sys.exit("sshd did not start: " + "".join(said))
        try:
            yield port
        finally:
            process.terminate()


@contextmanager
def system(place: Path, port: int) -> Iterator[dict[str, str]]:
    """`acc dev` with the sshd as its target `demo`, and the environment in which `acc` uses it."""
    home = place / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ACC_", "SSH_", "XDG_"))}
    env = kept | {"HOME": str(home), "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    argv = ["acc", "dev", "--json", "--target", f"demo=127.0.0.1:{port}"]
    with subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = _pipe(process.stdout).readline()
            if not line:
                sys.exit("acc dev did not start")
            yield env | json.loads(line)["env"]
        finally:
            process.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def is_locked() -> bool:
    """True for a root that has no password, as on Ubuntu: only with PAM does sshd let it in by key."""
    if os.geteuid() != 0:
        return False
    return any(line.startswith("root:!") for line in Path("/etc/shadow").read_text().splitlines())


def say(text: str) -> None:
    print(text, flush=True)


def _pipe(pipe: IO[AnyStr] | None) -> IO[AnyStr]:
    """Our end of a pipe that was asked for; the type of Popen cannot say that it is there."""
    assert pipe is not None
    return pipe


if __name__ == "__main__":
    main()
