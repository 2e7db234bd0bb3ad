"""Traffic: what moved is told, each connection in its turn, and to a controller that may be away."""

import asyncio
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acc.worker.controllink import ControlLink
from acc.worker.statedir import StateDir
from acc.worker.ticketkeys import TicketKeys
from acc.worker.traffic import BATCH, Traffic
from tests.worker.api import Api
from tests.worker.conftest import Cluster, Process, enrol
from tests.worker.offline import make_identity
from tests.worker.online import online, wait_until


@dataclass
class Counters:
    """The counters of some open connections."""

    bytes: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def connection_ids(self) -> Iterable[str]:
        return self.bytes

    def carried(self, connection_id: str) -> tuple[int, int] | None:
        return self.bytes.get(connection_id)


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def traffic(counters: Counters, state: StateDir) -> Traffic:
    return Traffic(counters, ControlLink(make_identity(state), TicketKeys(state)))


def test_a_connection_that_carried_nothing_is_not_told(counters: Counters, traffic: Traffic) -> None:
    counters.bytes = {"idle": (0, 0), "busy": (1, 0)}

    assert traffic.take_moved() == {"busy": (1, 0)}


def test_what_was_told_is_told_again_only_when_it_moves(counters: Counters, traffic: Traffic) -> None:
    counters.bytes = {"a": (1, 2), "b": (3, 4)}
    traffic.told(traffic.take_moved())
    assert traffic.take_moved() == {}

    counters.bytes["b"] = (3, 5)
    assert traffic.take_moved() == {"b": (3, 5)}


def test_what_no_controller_took_is_told_again(counters: Counters, traffic: Traffic) -> None:
    counters.bytes = {"a": (1, 2)}

    assert traffic.take_moved() == traffic.take_moved() == {"a": (1, 2)}


def test_more_than_a_batch_take_turns(counters: Counters, traffic: Traffic) -> None:
    everything = {f"sc_{number}": (number + 1, 0) for number in range(2 * BATCH + 1)}
    counters.bytes = dict(everything)

    turns = [traffic.take_moved() for _ in range(3)]

    assert [len(turn) for turn in turns] == [BATCH, BATCH, 1]
    assert turns[0] | turns[1] | turns[2] == everything


def test_one_that_closed_before_its_turn_is_left_out(counters: Counters, traffic: Traffic) -> None:
    counters.bytes = {f"sc_{number}": (1, 1) for number in range(BATCH + 1)}
    first = traffic.take_moved()
    counters.bytes.clear()

    assert len(first) == BATCH
    assert traffic.take_moved() == {}


@pytest.fixture
def directory(cluster: Cluster, controller: Process, tmp_path: Path) -> Path:
    enrol(cluster, tmp_path / "enrolled", "traffic")
    return tmp_path / "enrolled"


@pytest.fixture
def api(cluster: Cluster, controller: Process) -> Iterator[Api]:
    administrator = Api(cluster)
    yield administrator
    administrator.close()


@pytest.fixture
def backend() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.asyncio
async def test_the_controller_shows_what_an_open_connection_has_carried(
    directory: Path, api: Api, backend: str, counters: Counters
) -> None:
    async with online(directory) as worker:
        await worker.link.wait_up()
        session = api.authorize(backend)
        ticket = str(session["authorization_token"])
        admitted = await worker.admission.admit(worker.admission.verify(ticket), "192.0.2.7:50000")
        admitted.backend.close()
        counters.bytes = {admitted.connection_id: (70, 90)}
        telling = asyncio.create_task(Traffic(counters, worker.link).run())

        await wait_until(lambda: api.session(session["session_id"])["bytes_up"] == 70)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    [connection] = api.connections(session["session_id"])
    assert (connection["bytes_up"], connection["bytes_down"], connection["status"]) == ("70", "90", "authorized")
