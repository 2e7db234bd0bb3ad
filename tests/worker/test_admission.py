"""Admission: what a ticket may, with and without a controller."""

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acc.wire.errors import AccError, Code
from acc.worker.admission import Admission, Admitted, Attempt, ClosedBy
from acc.worker.controllink import ControlLink
from acc.worker.statedir import StateDir
from acc.worker.ticketkeys import TicketKeys
from tests.worker.conftest import free_port
from tests.worker.offline import AUDIENCE, TICKET, make_identity, public_key, running, sign

CLIENT = "192.0.2.7:50000"


@dataclass
class Rig:
    """An admission, and what it abandoned."""

    admission: Admission
    link: ControlLink
    abandoned: list[tuple[Attempt, ClosedBy, Code]] = field(default_factory=list)

    async def refusal(self, ticket: str) -> Code:
        with pytest.raises(AccError) as caught:
            await self.admission.admit(self.admission.verify(ticket), CLIENT)
        return caught.value.code


def make_rig(state: StateDir, *controllers: str) -> Rig:
    ticket_keys = TicketKeys(state)
    ticket_keys.replace([public_key()])
    link = ControlLink(make_identity(state, *controllers), ticket_keys)
    abandoned: list[tuple[Attempt, ClosedBy, Code]] = []
    admission = Admission(
        ticket_keys, link, audience=AUDIENCE, boot_id="b1", abandon=lambda *what: abandoned.append(what)
    )
    return Rig(admission, link, abandoned)


@pytest.fixture
def backend() -> Iterator[str]:
    """A host that takes connections: its host:port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextlib.asynccontextmanager
async def outage(state: StateDir) -> AsyncIterator[Rig]:
    """A worker whose only controller is away."""
    rig = make_rig(state, f"127.0.0.1:{free_port()}")
    async with running(rig.link):
        yield rig


@contextlib.asynccontextmanager
async def silence(state: StateDir) -> AsyncIterator[Rig]:
    """A worker whose only controller takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        rig = make_rig(state, f"127.0.0.1:{server.getsockname()[1]}")
        async with running(rig.link):
            yield rig


async def admitted(rig: Rig, ticket: str) -> Admitted:
    result = await rig.admission.admit(rig.admission.verify(ticket), CLIENT)
    result.backend.close()
    return result


# tickets


def verdict(rig: Rig, text: str) -> Code:
    with pytest.raises(AccError) as caught:
        rig.admission.verify(text)
    return caught.value.code


def with_rig(state: StateDir, text: str) -> Code:
    async def judge() -> Code:
        return verdict(make_rig(state), text)

    return asyncio.run(judge())


def test_a_good_ticket_is_read(state: StateDir) -> None:
    async def judge() -> str:
        return make_rig(state).admission.verify(sign(TICKET)).session_id

    assert asyncio.run(judge()) == TICKET.session_id


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (sign(TICKET, Ed25519PrivateKey.generate()), Code.TICKET_FORGED),
        (sign(TICKET, key_id="tk_2"), Code.TICKET_FORGED),
        (sign(TICKET, expires_at=int(time.time()) - 1), Code.TICKET_EXPIRED),
        (sign(TICKET, audience="acc-worker:other"), Code.TICKET_FOREIGN),
        (sign(TICKET)[:-1], Code.TICKET_MALFORMED),
        (sign(TICKET)[:40], Code.TICKET_MALFORMED),
        ("", Code.TICKET_MALFORMED),
    ],
    ids=["forged", "unknown key", "expired", "foreign", "cut signature", "cut claims", "empty"],
)
def test_each_bad_ticket_has_its_code(state: StateDir, text: str, code: Code) -> None:
    assert with_rig(state, text) is code


# without a controller


@pytest.mark.asyncio
async def test_an_outage_denies_by_default(state: StateDir, backend: str) -> None:
    async with outage(state) as rig:
        assert await rig.refusal(sign(TICKET, endpoints=(backend,))) is Code.CONTROLLER_UNREACHABLE
        assert rig.abandoned == []


@pytest.mark.asyncio
async def test_a_ticket_may_allow_an_outage(state: StateDir, backend: str) -> None:
    async with outage(state) as rig:
        result = await admitted(rig, sign(TICKET, endpoints=(backend,), outage="allow"))
    assert result.during_outage
    assert result.expires_at == TICKET.expires_at
    assert result.backend_address == backend
    assert re.fullmatch(r"sc_[0-9A-Za-z]{20}", result.connection_id)


@pytest.mark.asyncio
async def test_a_ticket_that_picks_its_workers_opens_nothing_without_a_controller(
    state: StateDir, backend: str
) -> None:
    ticket = sign(TICKET, endpoints=(backend,), outage="allow", worker_filter='"eu" in "/tags/region"')
    async with outage(state) as rig:
        assert rig.admission.verify(ticket).worker_filter
        assert await rig.refusal(ticket) is Code.CONTROLLER_UNREACHABLE


@pytest.mark.asyncio
async def test_the_limit_holds_during_an_outage(state: StateDir, backend: str) -> None:
    ticket = sign(TICKET, endpoints=(backend,), outage="allow", connection_limit=2)
    async with outage(state) as rig:
        results = await asyncio.gather(*(admitted(rig, ticket) for _ in range(5)), return_exceptions=True)
    refusals = [one.code for one in results if isinstance(one, AccError)]
    assert refusals == [Code.SESSION_LIMIT] * 3


@pytest.mark.asyncio
async def test_a_silent_controller_is_an_outage_after_two_seconds(state: StateDir, backend: str) -> None:
    async with silence(state) as rig:
        began = time.monotonic()
        assert await rig.refusal(sign(TICKET, endpoints=(backend,))) is Code.CONTROLLER_UNREACHABLE
        assert 1.9 < time.monotonic() - began < 3


@pytest.mark.asyncio
async def test_a_known_outage_is_no_wait(state: StateDir, backend: str) -> None:
    ticket = sign(TICKET, endpoints=(backend,))
    async with outage(state) as rig:
        await rig.refusal(ticket)  # at the latest now every controller was tried
        began = time.monotonic()
        await rig.refusal(ticket)
        assert time.monotonic() - began < 0.5


@pytest.mark.asyncio
async def test_a_dial_that_fails_closes_its_place(state: StateDir) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    async with outage(state) as rig:
        assert await rig.refusal(sign(TICKET, endpoints=(nobody,), outage="allow")) is Code.BACKEND_REFUSED
        [(attempt, closed_by, code)] = rig.abandoned
    assert attempt.client_address == CLIENT
    assert attempt.session_id == TICKET.session_id
    assert attempt.during_outage
    assert (closed_by, code) == ("backend", Code.BACKEND_REFUSED)


@pytest.mark.asyncio
async def test_an_endpoint_that_is_none_is_refused_before_anybody_is_asked(state: StateDir) -> None:
    async with silence(state) as rig:
        began = time.monotonic()
        assert await rig.refusal(sign(TICKET, endpoints=("nowhere",))) is Code.TICKET_MALFORMED
        assert time.monotonic() - began < 1


@pytest.mark.asyncio
async def test_an_admission_that_is_cancelled_closes_its_place(state: StateDir) -> None:
    async with silence(state) as rig:
        task = asyncio.create_task(rig.admission.admit(rig.admission.verify(sign(TICKET)), CLIENT))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [what[1:] for what in rig.abandoned] == [("worker", Code.DRAINING)]
