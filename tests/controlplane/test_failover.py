"""Three controllers, a primary and a standby: what is killed loses no acknowledged write and no running session."""

import itertools
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.conftest import clean_environment
from tests.controlplane.replicas import Pair, running_pair
from tests.controlplane.system import (
    ADMIN,
    PASSWORD,
    Controller,
    environment,
    run,
    running_controller,
    wait_until,
)
from tests.journeys.backends import LOOPBACK, echo, serving
from tests.journeys.client import Client, finish, read_exactly_from, write
from tests.worker.conftest import Process as Program
from tests.worker.conftest import ended

READY_SECONDS = 15.0
"""From the promotion until the controllers are ready again."""
WRITERS = 3

pytestmark = pytest.mark.timeout(300)


@dataclass(slots=True)
class System:
    """What is killed in part."""

    pair: Pair
    controllers: Sequence[Controller]
    clients: Sequence[httpx.Client]
    """One for each controller, logged in as the administrator."""
    project: str
    token: str


@dataclass(slots=True)
class Load:
    """Targets that writers make, each at whichever controller answers."""

    system: System
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def write_until_stopped(self, writer: int) -> None:
        """Makes one target after another, trying the controllers in turn."""
        turns = itertools.cycle(self.system.clients[writer:] + self.system.clients[:writer])
        for number in itertools.count():
            if self.stop.wait(0.02):
                return
            self.make(next(turns), f"load-{writer}-{number}", 22)

    def make(self, client: httpx.Client, name: str, port: int) -> None:
        """A target for a port on loopback, and whether it was acknowledged."""
        body = {"scope_id": self.system.project, "type": "tcp", "name": name, "address": LOOPBACK}
        try:
            answer = client.post("/v1/targets", json=body | {"attributes": {"default_port": port}})
        except httpx.TransportError as error:
            self.refused.append(f"{name}: {error}")
            return
        match answer.status_code:
            case 200:
                self.acknowledged.append(name)
            case 503:
                self.refused.append(name)
            case _:
                self.unexpected.append(answer.text)

    def wait_for(self, more: int) -> None:
        """Until so many more were acknowledged."""
        wanted = len(self.acknowledged) + more
        wait_until(lambda: len(self.acknowledged) >= wanted, 60)


@contextmanager
def running_load(system: System) -> Generator[Load]:
    """Writers that write while the block runs."""
    load = Load(system)
    writers = [threading.Thread(target=load.write_until_stopped, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        yield load
    finally:
        load.stop.set()
        for writer in writers:
            writer.join()


@pytest.fixture(scope="module")
def pair(open_tmp: Path) -> Generator[Pair]:
    place = open_tmp / "pair"
    place.mkdir(mode=0o711)
    with running_pair(place) as running:
        running.primary.sql("create database acc")
        made = run(running.url("acc"), "init", "--admin", ADMIN, ACC_ADMIN_PASSWORD=PASSWORD)
        assert made.returncode == 0, made.stderr
        running.replicate()
        yield running


@pytest.fixture(scope="module")
def system(pair: Pair) -> Generator[System]:
    with ExitStack() as stack:
        controllers = [stack.enter_context(running_controller(pair.url("acc"))) for _ in range(3)]
        clients = [stack.enter_context(one.client()) for one in controllers]
        method = clients[0].get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"attributes": {"login_name": ADMIN, "password": PASSWORD}}
        login = clients[0].post(f"/v1/auth-methods/{method}:authenticate", json=body).json()
        token = login["attributes"]["token"]
        for client in clients:
            client.headers["authorization"] = f"Bearer {token}"
        scopes = clients[0].get("/v1/scopes", params={"recursive": "true"}).json()["items"]
        project = next(scope["id"] for scope in scopes if scope["type"] == "project")
        yield System(pair, controllers, clients, project, token)


@pytest.fixture(scope="module")
def person(system: System, open_tmp: Path) -> Generator[Client]:
    """Somebody at the last of the controllers, with a worker that knows all of them."""
    state, home, ca = (open_tmp / name for name in ("failover-worker", "failover-home", "failover-ca.pem"))
    home.mkdir()
    ca.write_text(system.controllers[0].ca)
    links = [word for one in system.controllers for word in ("--controller", one.worker_link)]
    token = run(system.pair.url("acc"), "worker-token", "--name", "w", *links).stdout
    env = environment("")
    address = f"{LOOPBACK}:9202"
    with ended(Program("acc-worker", "enroll", "--state", str(state), "--address", address, env=env, text=token)) as it:
        assert it.wait() == 0, it.lines
    where = ("--listen", f"{LOOPBACK}:0", "--health", f"{LOOPBACK}:0")
    with ended(Program("acc-worker", "serve", "--state", str(state), *where, env=env)) as worker:
        worker.wait_event("ready")
        api = {"ACC_ADDR": f"https://{system.controllers[-1].api}", "ACC_CACERT": str(ca), "ACC_TOKEN": system.token}
        somebody = Client(clean_environment(home) | api)
        yield somebody
        for process in somebody.running():
            process.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What was seen while a controller and the primary were killed, and after."""

    load: Load
    kept: frozenset[str]
    ready_seconds: float
    echoed: bytes
    status: int
    anew: bytes


@pytest.fixture(scope="module")
def aftermath(system: System, person: Client) -> Aftermath:
    """Kills a controller, then the primary, while writers write and somebody is connected."""
    with serving(echo) as backend, running_load(system) as load:
        load.make(system.clients[-1], "echo", backend.port)
        stream = person.proxy("echo")
        write(stream, b"before")
        echoed = read_exactly_from(stream, 6)
        load.wait_for(20)
        system.controllers[0].process.kill()
        load.wait_for(20)
        system.pair.primary.kill()
        write(stream, b" while")
        echoed += read_exactly_from(stream, 6)
        system.pair.standby.promote()
        began = time.monotonic()
        wait_until(lambda: all(is_ready(one) for one in system.controllers[1:]), READY_SECONDS)
        ready_seconds = time.monotonic() - began
        load.wait_for(20)
        write(stream, b" after")
        echoed += read_exactly_from(stream, 6)
        status = finish(stream).returncode
        anew = person.exchange("echo", b"anew")
    kept = frozenset(system.pair.standby.sql("select name from targets", "acc").split())
    return Aftermath(load=load, kept=kept, ready_seconds=ready_seconds, echoed=echoed, status=status, anew=anew)


def is_ready(controller: Controller) -> bool:
    return controller.get_health("/ready").status_code == 200


def test_no_acknowledged_write_is_lost(aftermath: Aftermath) -> None:
    assert set(aftermath.load.acknowledged) - aftermath.kept == set()
    assert len(aftermath.load.acknowledged) > 60


def test_what_could_not_be_written_was_refused_as_unavailable(aftermath: Aftermath) -> None:
    assert aftermath.load.refused != []
    assert aftermath.load.unexpected == []


def test_the_controllers_find_the_new_primary_by_themselves(aftermath: Aftermath) -> None:
    print(f"ready {aftermath.ready_seconds:.1f} s after the promotion")
    assert aftermath.ready_seconds < READY_SECONDS


def test_a_running_session_goes_on(aftermath: Aftermath) -> None:
    assert aftermath.echoed == b"before while after"
    assert aftermath.status == 0


def test_new_connections_are_made_after_it(aftermath: Aftermath) -> None:
    assert aftermath.anew == b"anew"
