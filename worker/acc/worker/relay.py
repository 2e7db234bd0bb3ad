"""The relay: every tunnel of this worker, from its request to its end.

    Door -> admission (ticket, authorisation, dial) -> Splice -> Farewell
         -> a resume, which finds its Splice by token, or what it has missed of its end

It owns all of them, and one sweep a second that bounds them in time: openings, held splices, farewells, sessions.
Over MAX_TUNNELS a request is refused with WORKER_BUSY.

Decisions are not made here: who may open a tunnel is admission's, what travels in it the wire's.
"""

import asyncio
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterable

from acc.wire.errors import AccError, Code
from acc.wire.incoming import WINDOW
from acc.wire.link import Link
from acc.wire.ticket import Ticket
from acc.wire.tunnel import Tunnel
from acc.wire.tunnel_end import TunnelEnd
from acc.wire.upgrade import Accepted, Request, encode_accepted
from acc.worker import log, metrics
from acc.worker.admission import Admission, Admitted
from acc.worker.door import Door
from acc.worker.epoll import EpollSet
from acc.worker.farewell import PATIENCE, Farewell
from acc.worker.memory import Memory
from acc.worker.opening import Opening
from acc.worker.reports import Reports
from acc.worker.resumable import Finished, FinishedTunnels, Resumable
from acc.worker.splice import Closer, Splice

LEAVING = 1.0
"""Seconds that peers have for the last words of a worker that goes down."""

MAX_TUNNELS = 20000


class Relay:
    """All tunnels of one worker process; one without a transport is kept `hold` seconds for a resume."""

    def __init__(
        self,
        *,
        admission: Admission,
        reports: Reports,
        tls: Callable[[], ssl.SSLContext],
        loop: asyncio.AbstractEventLoop,
        hold: float,
    ) -> None:
        self.epoll = EpollSet(loop)
        self.memory = Memory()
        self._admission = admission
        self._reports = reports
        self._loop = loop
        self._hold = hold
        self._door = Door(epoll=self.epoll, memory=self.memory, tls=tls, on_request=self._requested)
        self._admitting: dict[Opening, asyncio.Task[None]] = {}  # whose request is complete
        self._farewells: dict[Farewell, None] = {}
        self._parted: asyncio.Future[None] | None = None  # once closing: all farewells are over
        self._tunnels: dict[str, Resumable] = {}  # by connection id
        self._finished = FinishedTunnels()
        self._sessions: dict[str, dict[Splice, None]] = {}
        self._carried = (0, 0)  # bytes up and down of the tunnels that were
        self.sweeper = loop.create_task(self._sweep_forever())
        """Runs until `close`; whoever runs the relay watches it, for without it nothing is bounded in time."""

    @property
    def open_connections(self) -> int:
        """Tunnels that are open or held."""
        return len(self._tunnels)

    @property
    def connection_ids(self) -> Iterable[str]:
        """Tunnels that are open or held, by the ids of their connections."""
        return self._tunnels

    def carried(self, connection_id: str) -> tuple[int, int] | None:
        """Bytes up and down so far, if the connection is open or held."""
        known = self._tunnels.get(connection_id)
        return None if known is None else (known.splice.bytes_up, known.splice.bytes_down)

    @property
    def held_connections(self) -> int:
        """Tunnels without a transport."""
        return sum(known.splice.held_since is not None for known in self._tunnels.values())

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes up and down, of the tunnels that are and those that were."""
        splices = [known.splice for known in self._tunnels.values()]
        up, down = self._carried
        return up + sum(one.bytes_up for one in splices), down + sum(one.bytes_down for one in splices)

    def now(self) -> float:
        """Monotonic seconds, by the clock."""
        return time.monotonic()

    def listen(self, listener: socket.socket) -> None:
        """Accepts from `listener`, a non-blocking listening socket, which belongs to the relay from now on."""
        self._door.listen(listener)

    # beginnings

    def _requested(self, opening: Opening, request: Request) -> None:
        if request.resume is not None:
            self._resume(opening, request, request.resume)
            return
        if len(self._tunnels) + len(self._admitting) >= MAX_TUNNELS:
            metrics.OPENINGS.labels(Code.WORKER_BUSY.value).inc()
            raise AccError(Code.WORKER_BUSY)
        ticket = self._admission.verify(request.ticket)
        opening.wait()
        self._door.release(opening)
        task = self._admitting[opening] = self._loop.create_task(self._admit(opening, request, ticket))
        task.add_done_callback(self._admission_ended)

    async def _admit(self, opening: Opening, request: Request, ticket: Ticket) -> None:
        """Bounded by the deadlines of authorisation and dial, which admission keeps."""
        try:
            admitted = await self._admission.admit(ticket, opening.peer)
        except AccError as error:
            self._refuse(opening, error)
        else:
            self._open(opening, request, admitted)

    def _refuse(self, opening: Opening, error: AccError) -> None:
        """Answers; the opening then waits in the door for its client to close."""
        del self._admitting[opening]
        self._door.keep(opening)
        metrics.OPENINGS.labels(error.code.value).inc()
        opening.refuse(error)

    def _admission_ended(self, task: asyncio.Task[None]) -> None:
        """A task that failed must not leave its client waiting, nor go unheard."""
        if not task.cancelled() and task.exception() is not None:
            log.failure("admission failed", task.exception())
            for opening in [one for one, its in self._admitting.items() if its is task]:
                self._refuse(opening, AccError(Code.INTERNAL))

    def _open(self, opening: Opening, request: Request, admitted: Admitted) -> None:
        token = self._new_token(admitted.connection_id)
        accepted = self._accepted(admitted.connection_id, token, 0, request)
        del self._admitting[opening]
        try:
            opening.accept(encode_accepted(accepted, request.key))
        except OSError:
            metrics.OPENINGS.labels(Code.CLIENT_GONE.value).inc()
            opening.drop()
            admitted.backend.close()
            self._reports.closed(
                admitted,
                client_address=opening.peer,
                bytes_up=0,
                bytes_down=0,
                closed_by="client",
                reason=Code.CLIENT_GONE.value,
                resumes=0,
            )
            return
        metrics.OPENINGS.labels("ok").inc()
        self._reports.opened(admitted, opening.peer)
        end = TunnelEnd(Tunnel(self.memory.buffers, request.window), Link(opening.tls, b""))
        splice = Splice(self, admitted, end)
        self._tunnels[admitted.connection_id] = Resumable(splice, token)
        self._sessions.setdefault(admitted.session_id, {})[splice] = None
        splice.attach(opening.connection, opening.peer)

    def _resume(self, opening: Opening, request: Request, token: str) -> None:
        """Gives a splice its new transport. Raises AccError if there is none that this token and ticket open."""
        ticket = self._admission.verify(request.ticket)
        finished = self._finished.find(token, ticket.session_id)
        if finished is not None:
            self._say_again(opening, request, finished)
            return
        known = self._tunnels.get(token.partition(".")[0])
        if known is None or not known.opens(token, ticket.session_id):
            raise AccError(Code.RESUME_REFUSED)
        splice = known.splice
        splice.check_resume(request.received)
        fresh = self._new_token(splice.admitted.connection_id)
        accepted = self._accepted(splice.admitted.connection_id, fresh, splice.received, request)
        try:
            opening.accept(encode_accepted(accepted, request.key))
        except OSError:
            opening.drop()
            return
        metrics.RESUMES.inc()
        known.previous, known.token = token, fresh
        splice.resume(Link(opening.tls, b""), opening.connection, opening.peer, request.received)

    def _say_again(self, opening: Opening, request: Request, finished: Finished) -> None:
        """The client has not heard that it was all over: it hears it now."""
        finished.tunnel.outgoing.check_received(request.received)
        finished.token = self._new_token(finished.token.partition(".")[0])
        received = finished.tunnel.incoming.position
        accepted = self._accepted(finished.token.partition(".")[0], finished.token, received, request)
        try:
            opening.accept(encode_accepted(accepted, request.key))
        except OSError:
            opening.drop()
            return
        self.part(opening.connection, finished.say_again(Link(opening.tls, b""), request.received))

    def _accepted(self, connection_id: str, token: str, received: int, request: Request) -> Accepted:
        return Accepted(
            connection=connection_id,
            resume=token,
            hold=int(self._hold),
            window=WINDOW,
            received=received,
            zero_mask=request.zero_mask,
        )

    def _new_token(self, connection_id: str) -> str:
        return f"{connection_id}.{secrets.token_urlsafe(24)}"

    # ends

    def ended(self, splice: Splice, closed_by: Closer, reason: Code | None) -> None:
        """A splice's last call."""
        admitted = splice.admitted
        known = self._tunnels.pop(admitted.connection_id)
        if reason is None:
            finished = Finished(admitted.session_id, splice.tunnel, known.token, self.now())
            self._finished.add(admitted.connection_id, finished)
        up, down = self._carried
        self._carried = (up + splice.bytes_up, down + splice.bytes_down)
        session = self._sessions[admitted.session_id]
        del session[splice]
        if not session:
            del self._sessions[admitted.session_id]
        self._reports.closed(
            admitted,
            client_address=splice.peer,
            bytes_up=splice.bytes_up,
            bytes_down=splice.bytes_down,
            closed_by=closed_by,
            reason="ok" if reason is None else reason.value,
            resumes=splice.resumes,
        )

    def part(self, connection: socket.socket, end: TunnelEnd) -> None:
        """Takes over a transport on which the last word has been written."""
        farewell = Farewell(
            connection, end, began=self.now(), epoll=self.epoll, memory=self.memory, on_end=self._farewell_ended
        )
        self._farewells[farewell] = None

    def _farewell_ended(self, farewell: Farewell) -> None:
        del self._farewells[farewell]
        if self._parted is not None and not self._farewells and not self._parted.done():
            self._parted.set_result(None)

    def end_session(self, session_id: str, code: Code) -> None:
        """Ends every connection of a session now."""
        for splice in list(self._sessions.get(session_id, ())):
            splice.fail(AccError(code), "controller")

    def drain(self) -> None:
        """Accepts no more, and ends every tunnel with DRAINING."""
        self._door.close()
        for opening, task in self._admitting.items():
            task.cancel()
            opening.drop()
        self._admitting.clear()
        for known in list(self._tunnels.values()):
            known.splice.fail(AccError(Code.DRAINING), "worker")

    async def close(self) -> None:
        """Ends everything, and waits until the last words are sent, LEAVING seconds at most."""
        self.drain()
        self._parted = self._loop.create_future()
        if self._farewells:
            await asyncio.wait([self._parted], timeout=LEAVING)
        for farewell in list(self._farewells):
            farewell.drop()
        self.sweeper.cancel()
        await asyncio.gather(self.sweeper, return_exceptions=True)
        self.epoll.close()

    # time

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._sweep(self.now(), time.time())

    def _sweep(self, now: float, wall: float) -> None:
        self._door.sweep(now)
        for farewell in [one for one in self._farewells if now - one.began > PATIENCE]:
            farewell.drop()
        self._finished.forget(now - self._hold)
        for known in list(self._tunnels.values()):
            splice = known.splice
            if wall >= splice.admitted.expires_at:
                splice.fail(AccError(Code.SESSION_EXPIRED), "controller")
            elif splice.held_since is not None and now - splice.held_since > self._hold:
                splice.fail(AccError(Code.TUNNEL_LOST), "client")
            else:
                splice.tend(now)
