"""The control stream: a worker states itself every few seconds, and hears at once what ends.

It has two halves, one that reads statuses and one that sends; either one's end is the stream's. Running sessions do not
depend on the database, so neither does a stream that stands.
"""

import asyncio

from grpclib.server import Stream

from acc.controlplane.link import boots, workers
from acc.controlplane.link.workers import WorkerCertificate
from acc.controlplane.service import metrics
from acc.controlplane.service.log import event, warning
from acc.controlplane.sessions import tickets
from acc.controlplane.sessions.watcher import ControlStream, Watcher
from acc.controlplane.store.db import Database, Sql
from acc.rpc import worker_v1 as rpc
from acc.wire.errors import AccError, Code

KEEPALIVE_SECONDS = 5.0
SILENCE_SECONDS = 20.0
SEND_SECONDS = 10.0


class Control:
    """What is said on every worker's control stream."""

    def __init__(self, db: Database, watcher: Watcher) -> None:
        self._db = db
        self._watcher = watcher

    async def serve(self, peer: WorkerCertificate, stream: Stream[rpc.WorkerStatus, rpc.Command]) -> None:
        """Until the stream ends. Raises AccError for a worker that says nothing, reads nothing, or is none any more."""
        await self._record(peer, await self._next(stream))
        with self._watcher.stream(peer.worker_id) as control, metrics.CONTROL_STREAMS.track_inprogress():
            event("control stream opened", worker=peer.worker_id)
            try:
                await self._converse(peer, stream, control)
            finally:
                event("control stream closed", worker=peer.worker_id)

    async def _converse(
        self, peer: WorkerCertificate, stream: Stream[rpc.WorkerStatus, rpc.Command], control: ControlStream
    ) -> None:
        await self._watcher.push_unheard(control)
        sending = asyncio.create_task(self._send(stream, control))
        reading = asyncio.create_task(self._read(peer, stream))
        try:
            done, _ = await asyncio.wait({sending, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)

    async def _read(self, peer: WorkerCertificate, stream: Stream[rpc.WorkerStatus, rpc.Command]) -> None:
        while (status := await self._next(stream)) is not None:
            await self._record(peer, status)

    async def _next(self, stream: Stream[rpc.WorkerStatus, rpc.Command]) -> rpc.WorkerStatus | None:
        try:
            return await asyncio.wait_for(stream.recv_message(), SILENCE_SECONDS)
        except TimeoutError:
            raise AccError(Code.BAD_REQUEST, "a worker states itself every few seconds") from None

    async def _record(self, peer: WorkerCertificate, status: rpc.WorkerStatus | None) -> None:
        if status is None:
            raise AccError(Code.BAD_REQUEST, "the stream ended before a status")
        said = workers.Status(
            address=status.address,
            version=status.version,
            open_connections=status.open_connections,
            draining=status.draining,
            boot_id=boots.read_boot(status.boot_id),
        )

        async def work(sql: Sql) -> None:
            await workers.record_status(sql, peer, said)

        try:
            await self._db.transact(work)
            await boots.close_earlier(self._db, peer.worker_id, said.boot_id)
        except AccError as refused:
            # Running sessions do not depend on the database, so neither does the stream.
            if refused.code is not Code.UNAVAILABLE:
                raise
            warning("status not recorded", worker=peer.worker_id, reason=str(refused))

    async def _send(self, stream: Stream[rpc.WorkerStatus, rpc.Command], control: ControlStream) -> None:
        await self._push(stream, rpc.Command(ticket_keys=rpc.TicketKeys(keys=await ticket_keys(self._db))))
        while True:
            try:
                end = await asyncio.wait_for(control.ends.get(), KEEPALIVE_SECONDS)
            except TimeoutError:
                await self._push(stream, rpc.Command(keepalive=rpc.Keepalive()))
            else:
                ended = rpc.EndSession(session_id=end.session_id, code=end.code.value)
                await self._push(stream, rpc.Command(end_session=ended))

    async def _push(self, stream: Stream[rpc.WorkerStatus, rpc.Command], command: rpc.Command) -> None:
        try:
            await asyncio.wait_for(stream.send_message(command), SEND_SECONDS)
        except TimeoutError:
            raise AccError(Code.UNAVAILABLE, "the worker reads nothing") from None


async def ticket_keys(db: Database) -> list[rpc.TicketKey]:
    """The keys that tickets may be signed with, as workers get them."""
    return [rpc.TicketKey(key_id=key.id, public_key=key.raw) for key in await tickets.public_keys(db)]
