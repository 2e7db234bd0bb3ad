"""acc itself: a whole system through `acc dev`, and a person who is logged in to it.

Everything is done as a person would do it: the login keeps its token in a file, the first connection keeps its
ticket. The environment is a bare one with a home of its own; no keyring is asked, for a benchmark must not unlock one.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.ground import HOST, Broken, Ground, read_line
from bench.ways import Way, measure

ACC, ACC_ASKING = "acc", "acc, no ticket kept"
TARGET, SSH_TARGET = "bench", "bench-ssh"
READY_WITHIN = 60.0
PROGRAM = str(Path(sys.executable).with_name("acc"))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a kept ticket's file says. The ticket shows in no repr."""

    ticket: str
    authority: str
    server_name: str
    ca: str

    def __repr__(self) -> str:
        return f"Grant({self.authority})"

    @property
    def worker(self) -> tuple[str, int]:
        """The worker's host and port."""
        host, _, port = self.authority.rpartition(":")
        return host, int(port)


@dataclass(frozen=True, slots=True)
class System:
    """A running system."""

    worker_pid: int
    env: dict[str, str]

    def way(self) -> Way:
        """`acc proxy` with a kept ticket."""
        return Way(ACC, (PROGRAM, "proxy", TARGET), self.env, (self.worker_pid,))

    def asking_way(self) -> Way:
        """`acc proxy` that has to ask the controller first."""
        return Way(ACC_ASKING, (PROGRAM, "proxy", TARGET), self.env, (self.worker_pid,), self._forget_ticket)

    def ssh_options(self) -> tuple[str, ...]:
        """What makes ssh go through acc."""
        return ("-o", f"ProxyCommand={PROGRAM} proxy {SSH_TARGET}")

    def grant(self) -> Grant:
        """The ticket that is kept."""
        fields = json.loads(self._ticket().read_text())
        worker = fields["workers"][0]
        return Grant(fields["authorization_token"], worker["address"], worker["server_name"], fields["worker_ca"])

    def _ticket(self) -> Path:
        found = list(Path(self.env["XDG_RUNTIME_DIR"]).glob(f"acc/*/*/{TARGET}.json"))
        if len(found) != 1:
            raise Broken(f"{len(found)} tickets are kept for {TARGET}, where one should be")
        return found[0]

    def _forget_ticket(self) -> None:
        self._ticket().unlink()


def start(ground: Ground, port: int, ssh_port: int) -> System:
    """Starts a system with two targets, logs in, and goes through it once."""
    home = ground.directory / "home"
    runtime = ground.directory / "runtime"
    for path in (home, runtime):
        path.mkdir(mode=0o700, exist_ok=True)
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    targets = (f"{TARGET}={HOST}:{port}", f"{SSH_TARGET}={HOST}:{ssh_port}")
    words = [word for target in targets for word in ("--target", target)]
    process = ground.start("acc-dev", [PROGRAM, "dev", "--json", *words], env)
    try:
        ready = json.loads(read_line(process, READY_WITHIN))
    except Broken:
        raise Broken(f"acc dev did not get ready: {ground.log('acc-dev')}") from None
    login = ["login", "--addr", ready["api"], "--cacert", ready["env"]["ACC_CACERT"]]
    subprocess.run(
        [PROGRAM, *login, "--login-name", ready["login_name"], "--password-stdin"],
        env=env,
        input=ready["password"] + "\n",
        text=True,
        capture_output=True,
        timeout=30,
        check=True,
    )
    system = System(_child(process.pid, b"acc-worker"), env)
    measure(ground, system.way(), "hello", 0)
    return system


def _child(pid: int, name: bytes) -> int:
    """The child of a process that runs the program of this name."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if name in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise Broken(f"acc dev runs no {name.decode()}")
