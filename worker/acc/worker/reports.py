"""Reports: what happened to connections, told to a controller until it accepts it.

Rule: an event is in the spool before anything else happens to it, so that a killed worker loses none, and leaves the
spool when a controller accepted it. One task sends, in order and in batches, as soon as there is something. Events are
keyed by connection and kind, so one that is sent twice does no harm.

What the spool cannot take is counted and logged in full, as is what a controller refuses for its form: the log is then
its only record.
"""

import asyncio
import time

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from acc.rpc.worker_v1 import ConnectionEvent, ConnectionEventKind, ReportRequest
from acc.wire.errors import Code
from acc.worker import log
from acc.worker.admission import Admitted, Attempt, ClosedBy
from acc.worker.backoff import Backoff
from acc.worker.controllink import ControlLink
from acc.worker.spool import Spool, SpoolFull

BATCH = 100
"""Events in one call; a controller takes up to 1000."""


class Reports:
    """Takes events and delivers them."""

    def __init__(self, spool: Spool, link: ControlLink, boot_id: str) -> None:
        self._boot_id = boot_id
        self._spool = spool
        self._link = link
        self._pending = asyncio.Event()
        self._batch = BATCH
        self.dropped = 0
        """Events that the spool could not take."""

    def opened(self, admitted: Admitted, client_address: str) -> None:
        """The backend is connected and the client was told so."""
        self._put(_event(admitted, client_address, ConnectionEventKind.OPENED))

    def closed(
        self,
        admitted: Admitted,
        *,
        client_address: str,
        bytes_up: int,
        bytes_down: int,
        closed_by: ClosedBy,
        reason: str,
        resumes: int,
    ) -> None:
        """The connection is over; `reason` is ok or the value of a code."""
        event = _event(admitted, client_address, ConnectionEventKind.CLOSED)
        event.bytes_up, event.bytes_down, event.resumes = bytes_up, bytes_down, resumes
        event.closed_by, event.closed_reason = closed_by, reason
        self._put(event)

    def abandoned(self, attempt: Attempt, closed_by: ClosedBy, reason: Code) -> None:
        """A connection that a controller may have counted came to nothing; it would stay open in its books."""
        event = ConnectionEvent(
            connection_id=attempt.connection_id,
            session_id=attempt.session_id,
            kind=ConnectionEventKind.CLOSED,
            at_ms=_now_ms(),
            client_address=attempt.client_address,
            closed_by=closed_by,
            closed_reason=reason.value,
            during_outage=attempt.during_outage,
        )
        self._put(event)

    async def run(self) -> None:
        """Sends until it is cancelled. What an earlier process left in the spool goes first."""
        backoff = Backoff()
        while True:
            self._pending.clear()
            if self._spool.empty:
                await self._pending.wait()
            await self._link.wait_up()
            try:
                await self._send()
            except (OSError, GRPCError) as error:
                log.warning("reports wait", reason=str(error) or "no answer in time")
                await asyncio.sleep(backoff.next())
            else:
                backoff.reset()

    async def flush(self, timeout: float) -> None:
        """Gives what is left `timeout` seconds to be delivered; the rest stays in the spool."""
        try:
            async with asyncio.timeout(timeout):
                while self._link.up and not self._spool.empty:
                    await self._send()
        except (OSError, GRPCError) as error:
            log.warning("reports stay in the spool", reason=str(error) or "no answer in time")

    async def _send(self) -> None:
        payloads, position = self._spool.peek(self._batch)
        events = [ConnectionEvent.parse(payload) for payload in payloads]
        try:
            await self._link.report(ReportRequest(events=events))
        except GRPCError as error:
            if error.status is not Status.INVALID_ARGUMENT:
                raise
            if self._batch > 1:
                self._batch = 1  # one of them is refused: find it
                return
            log.warning("report refused", reason=error.message, events=[one.to_dict() for one in events])
        self._spool.accept(position)
        self._batch = BATCH

    def _put(self, event: ConnectionEvent) -> None:
        event.boot_id = self._boot_id
        try:
            self._spool.append(bytes(event))
        except (SpoolFull, OSError) as error:
            self.dropped += 1
            log.warning("report dropped", reason=str(error), dropped=self.dropped, lost=event.to_dict())
            return
        self._pending.set()


def _event(admitted: Admitted, client_address: str, kind: ConnectionEventKind) -> ConnectionEvent:
    return ConnectionEvent(
        connection_id=admitted.connection_id,
        session_id=admitted.session_id,
        kind=kind,
        at_ms=_now_ms(),
        client_address=client_address,
        local_address=admitted.local_address,
        backend_address=admitted.backend_address,
        during_outage=admitted.during_outage,
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
