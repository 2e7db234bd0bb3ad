"""A worker's control side in this process, linked to a real controller."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from acc.wire.errors import Code
from acc.worker.admission import Admission
from acc.worker.controllink import ControlLink
from acc.worker.identity import Identity, load_identity
from acc.worker.reports import Reports
from acc.worker.spool import Spool
from acc.worker.statedir import open_state
from acc.worker.ticketkeys import TicketKeys
from tests.worker.offline import running

WAIT = 10.0


@dataclass
class Worker:
    """The parts, and the ends of sessions that were ordered."""

    identity: Identity
    ticket_keys: TicketKeys
    link: ControlLink
    reports: Reports
    spool: Spool
    admission: Admission
    ended: list[tuple[str, Code]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def online(directory: Path) -> AsyncIterator[Worker]:
    """The worker that was enrolled in `directory`, its link and reports running."""
    state = open_state(directory)
    spool = Spool(directory / "spool")
    identity, ticket_keys = load_identity(state), TicketKeys(state)
    link = ControlLink(identity, ticket_keys)
    reports = Reports(spool, link, "b1")
    admission = Admission(
        ticket_keys, link, audience=identity.enrolled.audience, boot_id="b1", abandon=reports.abandoned
    )
    worker = Worker(identity, ticket_keys, link, reports, spool, admission)
    try:
        async with running(link, lambda session_id, code: worker.ended.append((session_id, code))):
            sender = asyncio.create_task(reports.run())
            try:
                yield worker
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
    finally:
        spool.close()
        state.close()


async def wait_until(condition: Callable[[], object], seconds: float = WAIT) -> None:
    """Returns once `condition` holds; fails if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)
