"""A whole acc system on loopback: Postgres, controller, worker, an administrator and targets.

Rule: the steps that do not need one another run at once; starting Python takes most of the time, so a program that
must wait for another's result is started before that result is there. The programs are run as anyone would run
them, by their commands and their documented settings.
"""

import base64
import json
import os
import secrets
import ssl
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from acc.cli.dev import postgres
from acc.cli.dev.children import Child, Children, Program, supervised
from acc.cli.dev.place import HOST, Place
from acc.cli.dev.targets import DevTarget
from acc.cli.profile import Profile
from acc.wire.errors import AccError, Code

LOGIN_NAME = "admin"
WORKER_NAME = "dev"


@dataclass(frozen=True, slots=True)
class System:
    """A running system, and what one needs to use it."""

    api: str
    worker: str
    password: str
    cacert: str
    token: str

    def __repr__(self) -> str:
        return f"System({self.api})"

    def env(self) -> dict[str, str]:
        """What makes every `acc` command work in a shell."""
        return {"ACC_ADDR": self.api, "ACC_CACERT": self.cacert, "ACC_TOKEN": self.token}


@asynccontextmanager
async def running(place: Place, targets: tuple[DevTarget, ...]) -> AsyncGenerator[System]:
    """A system in `place` that serves until the end of the block."""
    async with supervised() as children:
        programs = _Programs(children, place, await postgres.start(children, place))
        password = place.password
        enroll: Child | None = None
        enrolment = ""
        if password is None:
            password = secrets.token_urlsafe(18)
            await programs.controller("init", "--admin", LOGIN_NAME, ACC_ADMIN_PASSWORD=password).finish("")
            minting = programs.controller("worker-token", "--name", WORKER_NAME)
            enroll = programs.worker_enroll()
            serving = programs.controller_serve()
            enrolment = (await minting.finish("")).strip()
            place.cacert.write_text(_authority(enrolment))
        else:
            await programs.controller("migrate").finish("")
            serving = programs.controller_serve()
        await serving.wait_ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(programs.start_worker, enroll, enrolment)
            token = await trio.to_thread.run_sync(programs.fill, password, targets, abandon_on_cancel=True)
        place.remember(password)
        yield System(programs.api, programs.tunnels, password, programs.cacert, token)


class _Programs:
    """The controller's and the worker's programs, with the settings that they share."""

    def __init__(self, children: Children, place: Place, database_url: str) -> None:
        self.api = f"https://{HOST}:{place.ports.api}"
        self.tunnels = f"{HOST}:{place.ports.tunnels}"
        self.cacert = str(place.cacert)
        self._children = children
        self._run = place.run
        self._worker_state = str(place.worker)
        self._controller_env = postgres.environment() | {
            "ACC_DATABASE_URL": database_url,
            "ACC_API_LISTEN": f"{HOST}:{place.ports.api}",
            "ACC_WORKER_LISTEN": f"{HOST}:{place.ports.worker_link}",
            "ACC_HEALTH_LISTEN": f"{HOST}:{place.ports.health}",
        }

    def controller(self, command: str, *arguments: str, **secret_env: str) -> Child:
        """Launch a command of acc-controller that ends by itself."""
        env = self._controller_env | secret_env
        return self._children.launch(self._program("acc-controller", (command, *arguments), env))

    def controller_serve(self) -> Child:
        """Start the controller."""
        return self._children.serve(self._program("acc-controller", ("serve",), self._controller_env), _is_ready)

    def worker_enroll(self) -> Child:
        """Launch the enrolment of the worker, which waits for its token."""
        arguments = ("enroll", "--state", self._worker_state, "--address", self.tunnels, "--name", WORKER_NAME)
        return self._children.launch(self._program("acc-worker", arguments, postgres.environment()))

    async def start_worker(self, enroll: Child | None, enrolment: str) -> None:
        """Start the worker, once it is enrolled, and wait until it can carry a tunnel."""
        if enroll is not None:
            await enroll.finish(enrolment + "\n")
        arguments = ("serve", "--state", self._worker_state, "--listen", self.tunnels, "--health", f"{HOST}:0")
        worker = self._children.serve(self._program("acc-worker", arguments, postgres.environment()), _is_ready)
        await worker.wait_ready()

    def fill(self, password: str, targets: tuple[DevTarget, ...]) -> str:
        """Log in, make `targets`, and return the token. Blocks: for a thread."""
        # Imported here, while the worker starts: httpx costs a quarter of a second.
        from acc.cli.controller import Controller  # noqa: PLC0415
        from acc.cli.dev.targets import make  # noqa: PLC0415
        from acc.cli.login import authenticate  # noqa: PLC0415

        profile = Profile(self.api, self.cacert)
        with Controller(profile, None) as controller:
            token = authenticate(controller, LOGIN_NAME, password).token
        with Controller(profile, token) as controller:
            make(controller, targets)
        return token

    def _program(self, name: str, arguments: tuple[str, ...], env: dict[str, str]) -> Program:
        path = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), name)
        if not os.access(path, os.X_OK):
            raise AccError(Code.CONFIG, f"{name} is not installed beside acc; install acc-access[dev-server]")
        return Program(name=name, argv=(path, *arguments), log=str(self._run / f"{name}.log"), env=env)


def _is_ready(line: str) -> bool:
    """True for the line with which a program of acc says that it serves."""
    try:
        fields = json.loads(line)
    except ValueError:
        return False
    match fields:
        case {"event": "ready"}:
            return True
        case _:
            return False


def _authority(enrolment: str) -> str:
    """The CA certificate, as PEM, in the token of an enrolment."""
    encoded = enrolment.partition(".")[2]
    fields = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return ssl.DER_cert_to_PEM_cert(base64.b64decode(fields["ca"]))
