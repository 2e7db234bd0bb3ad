"""Reports: each connection is told of once it was accepted, and counted once however often it was told."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from acc.rpc.worker_v1 import ConnectionEvent
from acc.wire.errors import AccError, Code
from acc.worker.reports import Reports
from acc.worker.spool import Spool
from tests.worker.api import Api
from tests.worker.conftest import Cluster, Process, ended, enrol, free_port
from tests.worker.online import Worker, online, wait_until

pytestmark = pytest.mark.asyncio

CLIENT = "192.0.2.7:50000"


@pytest.fixture
def directory(cluster: Cluster, controller: Process, tmp_path: Path) -> Path:
    enrol(cluster, tmp_path / "state", "reports")
    return tmp_path / "state"


@pytest.fixture
def api(cluster: Cluster, controller: Process) -> Iterator[Api]:
    administrator = Api(cluster)
    yield administrator
    administrator.close()


@pytest.fixture
def backend() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def carry(worker: Worker, ticket: object) -> str:
    """One connection that opens, carries 3 bytes up and 5 down, and is closed by its backend."""
    admitted = await worker.admission.admit(worker.admission.verify(str(ticket)), CLIENT)
    admitted.backend.close()
    worker.reports.opened(admitted, CLIENT)
    worker.reports.closed(
        admitted, client_address=CLIENT, bytes_up=3, bytes_down=5, closed_by="backend", reason="ok", resumes=1
    )
    return admitted.connection_id


async def test_a_controller_hears_what_happened(directory: Path, api: Api, backend: str) -> None:
    async with online(directory) as worker:
        await worker.link.wait_up()
        session = api.authorize(backend)
        await carry(worker, session["authorization_token"])
        await wait_until(lambda: worker.spool.empty)
    [connection] = api.connections(session["session_id"])
    told = {name: connection[name] for name in ("status", "bytes_up", "bytes_down", "closed_by", "closed_reason")}
    assert told == {
        "status": "closed",
        "bytes_up": "3",
        "bytes_down": "5",
        "closed_by": "backend",
        "closed_reason": "ok",
    }
    assert connection["client_tcp_address"] == "192.0.2.7"


async def test_a_dial_that_failed_is_closed_in_the_books(directory: Path, api: Api) -> None:
    async with online(directory) as worker:
        await worker.link.wait_up()
        session = api.authorize(f"127.0.0.1:{free_port()}")
        with pytest.raises(AccError):
            await worker.admission.admit(worker.admission.verify(str(session["authorization_token"])), CLIENT)
        await wait_until(lambda: worker.spool.empty)
    [connection] = api.connections(session["session_id"])
    assert (connection["status"], connection["closed_reason"]) == ("closed", Code.BACKEND_REFUSED.value)


async def test_an_outage_is_told_of_afterwards(
    cluster: Cluster, controller: Process, directory: Path, api: Api, backend: str
) -> None:
    async with online(directory) as worker:
        await worker.link.wait_up()
        session = api.authorize(backend, outage="allow")
        controller.kill()
        await wait_until(lambda: not worker.link.up)
        await carry(worker, session["authorization_token"])
        assert not worker.spool.empty
    with ended(await asyncio.to_thread(cluster.serve)):
        async with online(directory) as again:
            await wait_until(lambda: again.spool.empty)
        administrator = Api(cluster)
        [connection] = administrator.connections(session["session_id"])
        administrator.close()
    assert connection["during_outage"]
    assert connection["bytes_down"] == "5"


async def test_events_that_are_told_twice_count_once(directory: Path, api: Api, backend: str) -> None:
    async with online(directory) as worker:
        await worker.link.wait_up()
        session = api.authorize(backend)
        await carry(worker, session["authorization_token"])
        told = worker.spool.peek(10)[0]
        await wait_until(lambda: worker.spool.empty)
        for payload in told:
            worker.spool.append(payload)
    before = api.connections(session["session_id"])
    async with online(directory) as again:
        await wait_until(lambda: again.spool.empty)
    assert api.connections(session["session_id"]) == before


async def test_a_report_that_is_refused_does_not_hold_up_the_others(directory: Path, api: Api, backend: str) -> None:
    async with online(directory) as worker:
        await worker.link.wait_up()
        session = api.authorize(backend)
        worker.spool.append(bytes(ConnectionEvent(connection_id="no id", session_id=str(session["session_id"]))))
        await carry(worker, session["authorization_token"])
        await wait_until(lambda: worker.spool.empty)
    [connection] = api.connections(session["session_id"])
    assert connection["status"] == "closed"


async def test_a_full_spool_counts_what_it_drops(directory: Path, api: Api, backend: str, tmp_path: Path) -> None:
    async with online(directory) as worker:
        await worker.link.wait_up()
        session = api.authorize(backend)
        full = Spool(tmp_path / "full", limit=0)
        reports = Reports(full, worker.link, "b1")
        admitted = await worker.admission.admit(worker.admission.verify(str(session["authorization_token"])), CLIENT)
        admitted.backend.close()
        reports.opened(admitted, CLIENT)
        full.close()
    assert reports.dropped == 1
