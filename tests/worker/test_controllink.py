"""The link to real controllers."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acc.rpc.worker_v1 import AuthorizeConnectionRequest
from acc.wire.errors import AccError, Code
from acc.worker.admission import new_connection_id
from acc.worker.controllink import SILENCE
from acc.worker.renewal import renew
from tests.worker.api import Api
from tests.worker.conftest import Cluster, Process, ended, enrol
from tests.worker.online import online, wait_until

pytestmark = pytest.mark.asyncio


@pytest.fixture
def directory(cluster: Cluster, controller: Process, tmp_path: Path) -> Path:
    """An enrolled worker's state."""
    enrol(cluster, tmp_path / "state", "linked")
    return tmp_path / "state"


@pytest.fixture
def api(cluster: Cluster, controller: Process) -> Iterator[Api]:
    """An administrator at the running controller."""
    administrator = Api(cluster)
    yield administrator
    administrator.close()


@pytest.fixture
def backend() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def ask(session_id: object) -> AuthorizeConnectionRequest:
    return AuthorizeConnectionRequest(
        connection_id=new_connection_id(), session_id=str(session_id), client_address="192.0.2.7:50000"
    )


async def test_a_controller_that_was_killed_is_dialled_again(
    cluster: Cluster, controller: Process, directory: Path
) -> None:
    async with online(directory) as worker:
        await asyncio.wait_for(worker.link.wait_up(), 5)
        controller.kill()
        await wait_until(lambda: not worker.link.up, 2)
        with ended(await asyncio.to_thread(cluster.serve)):
            await asyncio.wait_for(worker.link.wait_up(), 6)
            assert (await worker.link.authorize(ask("s_none"))).refusal == Code.SESSION_UNKNOWN.value


async def test_the_next_controller_takes_over_at_once(cluster: Cluster, controller: Process, tmp_path: Path) -> None:
    other = cluster.beside()
    enrol(cluster, tmp_path / "state", "two", cluster.link, other.link)
    with ended(other.serve()):
        async with online(tmp_path / "state") as worker:
            await asyncio.wait_for(worker.link.wait_up(), 5)
            controller.kill()
            began = time.monotonic()
            answer = await worker.link.authorize(ask("s_none"))
            assert answer.refusal == Code.SESSION_UNKNOWN.value
            assert time.monotonic() - began < 1


async def test_a_controller_that_falls_silent_is_left(cluster: Cluster, controller: Process, directory: Path) -> None:
    async with online(directory) as worker:
        await asyncio.wait_for(worker.link.wait_up(), 5)
        controller.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        await wait_until(lambda: not worker.link.up, SILENCE + 2)
        assert time.monotonic() - began > SILENCE - 6
        controller.process.send_signal(signal.SIGCONT)
        await asyncio.wait_for(worker.link.wait_up(), 6)


async def test_a_link_brings_the_keys_of_tickets(directory: Path, api: Api, backend: str) -> None:
    (directory / "ticket-keys.json").unlink()
    async with online(directory) as worker:
        await asyncio.wait_for(worker.link.wait_up(), 5)
        session = api.authorize(backend)
        assert worker.admission.verify(str(session["authorization_token"])).session_id == session["session_id"]
    assert (directory / "ticket-keys.json").exists()


async def test_a_session_that_is_cancelled_ends_within_a_second(directory: Path, api: Api, backend: str) -> None:
    async with online(directory) as worker:
        await asyncio.wait_for(worker.link.wait_up(), 5)
        session = api.authorize(backend)
        admitted = await worker.admission.admit(
            worker.admission.verify(str(session["authorization_token"])), "192.0.2.7:50000"
        )
        admitted.backend.close()
        began = time.monotonic()
        api.cancel(session["session_id"])
        await wait_until(lambda: worker.ended)
        assert time.monotonic() - began < 1
        assert worker.ended[0] == (session["session_id"], Code.SESSION_CANCELLED)


async def test_a_connection_is_authorised_once_for_each_id(directory: Path, api: Api, backend: str) -> None:
    async with online(directory) as worker:
        await asyncio.wait_for(worker.link.wait_up(), 5)
        session = api.authorize(backend, limit=1)
        request = ask(session["session_id"])
        answers = [await worker.link.authorize(request) for _ in range(2)]
        assert [answer.refusal for answer in answers] == ["", ""]
        with pytest.raises(AccError) as caught:
            await worker.admission.admit(
                worker.admission.verify(str(session["authorization_token"])), "192.0.2.7:50000"
            )
        assert caught.value.code is Code.SESSION_LIMIT


async def test_a_certificate_is_renewed_without_a_new_link(
    cluster: Cluster, controller: Process, directory: Path
) -> None:
    async with online(directory) as worker:
        await asyncio.wait_for(worker.link.wait_up(), 5)
        before = worker.identity.certificate
        await renew(worker.identity, worker.link)
        assert worker.identity.certificate != before
        assert worker.link.up
    async with online(directory) as again:
        await asyncio.wait_for(again.link.wait_up(), 5)
        assert again.identity.certificate != before


async def test_a_worker_that_was_replaced_is_not_let_in(cluster: Cluster, directory: Path, tmp_path: Path) -> None:
    enrol(cluster, tmp_path / "new", "linked")
    async with online(directory) as worker:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(worker.link.wait_up(), 1)
