"""Tells workers, within a fraction of a second, that a session has ended.

Each controller looks after the control streams that are open to itself: it asks the database four times a second,
and at once when it made the change itself, which sessions of its workers must end, and pushes `EndSession` to their
streams, again every second until the worker has reported that none is left. Without streams it asks nothing.

Rule: a stream's queue is bounded; what does not fit is asked for again at the next look. A database that does not
answer stops nothing: streams stay open, and the watcher looks again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field

from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.service.log import event, warning
from acc.controlplane.sessions.ending import ACCESS_REMOVED, TIMED_OUT, forget_old_secrets, sweep
from acc.controlplane.sessions.recheck import recheck
from acc.controlplane.store.db import Database, DatabaseError
from acc.wire.errors import AccError, Code

LOOK_SECONDS = 0.25
REPEAT_SECONDS = 1.0
SWEEP_SECONDS = 1.0
FORGET_SECONDS = 3600.0
MAX_QUEUED = 1024

_DUE = """
    select distinct c.worker_id, s.id, s.state = 'canceling' and s.termination_reason <> $2 as cancelled
    from sessions s join connections c on c.session_id = s.id
    where (s.state = 'canceling' or (s.state in ('pending', 'active') and s.expiration_time <= now()))
    and c.state <> 'closed' and c.worker_id = any($1)
    union all
    select distinct c.worker_id, s.id, s.termination_reason <> $2
    from connections c join sessions s on s.id = c.session_id
    where c.during_outage and c.state <> 'closed' and c.worker_id = any($1) and s.state = 'terminated'
"""
"""What must end on these workers. The second half was opened on a ticket while nobody could say that its session was
over, and has been reported since."""

_CLOSED_UNHEARD = """
    select distinct s.id, s.termination_reason <> $2 as cancelled
    from connections c join sessions s on s.id = c.session_id
    where c.worker_id = $1 and c.closed_by = 'controller' and c.closed_reason = 'worker_unreachable'
    and s.expiration_time > now()
"""


@dataclass(frozen=True, slots=True)
class End:
    """One session that must end on one worker."""

    session_id: str
    code: Code


@dataclass(eq=False, slots=True)
class ControlStream:
    """One open stream to a worker: what waits to be sent, and when each end was last sent."""

    worker_id: str
    ends: asyncio.Queue[End] = field(default_factory=lambda: asyncio.Queue(MAX_QUEUED))
    sent: dict[str, float] = field(default_factory=dict[str, float])


class Watcher:
    """The open control streams, and the look-out for sessions that end. `ship` gets what is on record of that."""

    def __init__(self, db: Database, ship: Callable[[AuditEvent], None]) -> None:
        self._db = db
        self._ship = ship
        self._streams: set[ControlStream] = set()
        self._woken = asyncio.Event()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Looks now: this controller has just ended a session, or changed who may what."""
        self._woken.set()
        self._changed.set()

    async def run_sweeper(self) -> None:
        """Ends what has expired or stands on nothing any more, once a second and when woken, until cancelled."""
        while True:
            self._changed.clear()
            await _patiently("recheck sessions", self._recheck)
            self._woken.set()
            await _patiently("sweep sessions", lambda: sweep(self._db))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), SWEEP_SECONDS)

    async def _recheck(self) -> None:
        for audited in await recheck(self._db):
            event("session ended", session=audited.resource_id, reason=ACCESS_REMOVED)
            self._ship(audited)

    @contextlib.contextmanager
    def stream(self, worker_id: str) -> Generator[ControlStream]:
        """A control stream, known to the watcher while the block runs."""
        stream = ControlStream(worker_id)
        self._streams.add(stream)
        self.wake()
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def push_unheard(self, stream: ControlStream) -> None:
        """Repeats to a worker that was away what the controller closed in its books meanwhile."""
        for row in await self._db.fetch(_CLOSED_UNHEARD, stream.worker_id, TIMED_OUT):
            self._push(stream, row["id"], _code(cancelled=row["cancelled"]))

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self._woken.clear()
            if self._streams:
                await _patiently("look for ended sessions", self._look)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS if self._streams else None)

    async def _look(self) -> None:
        workers = list({stream.worker_id for stream in self._streams})
        rows = await self._db.fetch(_DUE, workers, TIMED_OUT)
        due = {(row["worker_id"], row["id"]): _code(cancelled=row["cancelled"]) for row in rows}
        for stream in self._streams:
            for gone in [one for one in stream.sent if (stream.worker_id, one) not in due]:
                del stream.sent[gone]
            for (worker_id, session_id), code in due.items():
                if worker_id == stream.worker_id:
                    self._push(stream, session_id, code)

    def _push(self, stream: ControlStream, session_id: str, code: Code) -> None:
        now = asyncio.get_running_loop().time()
        if now - stream.sent.get(session_id, -REPEAT_SECONDS) < REPEAT_SECONDS or stream.ends.full():
            return
        if session_id not in stream.sent:
            event("end pushed", session=session_id, worker=stream.worker_id, code=code.value)
        stream.sent[session_id] = now
        stream.ends.put_nowait(End(session_id, code))


async def run_forgetter(db: Database) -> None:
    """Deletes secrets that are of no use any more, until cancelled."""
    while True:
        await _patiently("forget old secrets", lambda: forget_old_secrets(db))
        await asyncio.sleep(FORGET_SECONDS)


def _code(*, cancelled: bool) -> Code:
    return Code.SESSION_CANCELLED if cancelled else Code.SESSION_EXPIRED


async def _patiently(what: str, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except (AccError, DatabaseError) as refused:
        # Sessions go on without us for a while; that we cannot look now is no reason to end the process.
        warning("cannot " + what, reason=str(refused))
        await asyncio.sleep(SWEEP_SECONDS)
