"""One local connection through one tunnel: the trio shell around `acc.wire.tunnel`.

    local socket -> `_upload`   -> carrier          the core counts, keeps and acknowledges
    local socket <- `download`  <- the core's queue <- `_receive` <- carrier

Rule: each direction ends by itself. What is written to the local socket is written once: `download` outlives the
carriers, and all else belongs to one carrier and is cancelled with it. A lost carrier is replaced, from where each
end has received, for as long as the worker holds the connection. An abort becomes a reset of the local socket, so
that it never looks like an end.
"""

import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain, repeat

import trio

from acc.cli.access import Access
from acc.cli.carrier import NO_CLOSE, OPEN_SECONDS, Carrier, CarrierEnded, Resume, opened
from acc.cli.loop import ungrouped
from acc.cli.opening import ELSEWHERE, Refused
from acc.cli.resume import REFUSED_FOR
from acc.cli.tickets import STALE, Grant, Worker
from acc.wire import control
from acc.wire.buffers import Buffers
from acc.wire.errors import CODES_BY_CLOSE, AccError, Code
from acc.wire.tunnel import LOST_AFTER, PING_AFTER, Tunnel
from acc.wire.tunnel_end import CLOSE_NORMAL

QUIET_SECONDS = 0.05
"""After so long without anything to say, the peer hears what was passed on, so that it keeps nothing."""

LINGER_SECONDS = 2.0
"""How long to let a program go on writing what nobody reads: closing on unread bytes would destroy sent ones."""

_RETRY_FIRST = (0.0, 0.1, 0.3, 1.0)
_RETRY_LATER = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 s: however we end, even killed, the kernel sends RST, which no program takes for an end."""
_END_ON_CLOSE = struct.pack("ii", 0, 0)


async def forward(local: trio.SocketStream, access: Access, buffers: Buffers) -> None:
    """Carry `local` to the target until both directions have ended. Raises AccError where it was cut short."""
    local.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    try:
        with ungrouped(AccError):
            await _carry_all(local, access, buffers)
        local.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _END_ON_CLOSE)
    finally:
        await trio.aclose_forcefully(local)


async def _carry_all(local: trio.SocketStream, access: Access, buffers: Buffers) -> None:
    """One connection, over as many carriers as it takes."""
    async with trio.open_nursery() as nursery:
        async with _opened_first(access) as opening:
            connection = _Connection(local, buffers, opening)
            nursery.start_soon(connection.download)
            finished = await connection.carry(opening.carrier)
        while not finished:
            async with connection.taken_up() as carrier:
                finished = await connection.carry(carrier)
    await connection.linger()


class _Opening:
    """A carrier that was opened, and where its connection is to be found again."""

    def __init__(self, carrier: Carrier, worker: Worker, grant: Grant) -> None:
        self.carrier = carrier
        self.worker = worker
        self.grant = grant


@asynccontextmanager
async def _opened_first(access: Access) -> AsyncGenerator[_Opening]:
    """A new connection, whose carrier is open during the block."""
    async with AsyncExitStack() as stack:
        yield await _open(stack, access)


async def _open(stack: AsyncExitStack, access: Access) -> _Opening:
    """A new connection; with a new ticket, where the one at hand is refused."""
    grant = await access.grant()
    try:
        return await _open_with(grant, stack)
    except AccError as refused:
        if refused.code not in STALE:
            raise
    await access.discard(grant)
    return await _open_with(await access.grant(), stack)


async def _open_with(grant: Grant, stack: AsyncExitStack) -> _Opening:
    """A new connection at the first worker that can take it."""
    *first, last = grant.workers
    for worker in first:
        try:
            carrier = await stack.enter_async_context(opened(worker, grant, None, OPEN_SECONDS))
        except AccError as error:
            if error.code not in ELSEWHERE:
                raise
        else:
            return _Opening(carrier, worker, grant)
    return _Opening(await stack.enter_async_context(opened(last, grant, None, OPEN_SECONDS)), last, grant)


class _Bell:
    """Wakes one task. A ring while nobody waits is kept."""

    def __init__(self) -> None:
        self._rung = trio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        await self._rung.wait()
        self._rung = trio.Event()


class _Connection:
    """One connection, and the carrier that it has now."""

    def __init__(self, local: trio.SocketStream, buffers: Buffers, opening: _Opening) -> None:
        self._local = local
        self._buffers = buffers
        self._opening = opening
        self._accepted = opening.carrier.accepted
        self._tunnel = Tunnel(buffers, opening.carrier.accepted.window)
        self._round_trip = 0.0
        self._room = _Bell()
        self._sink = _Bell()
        self._talk = _Bell()

    async def carry(self, carrier: Carrier) -> bool:
        """True once both directions have ended; False if the carrier was lost before."""
        try:
            with ungrouped(AccError, CarrierEnded):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._receive, carrier)
                    nursery.start_soon(self._upload, carrier)
                    nursery.start_soon(self._keep, carrier)
                    await self._converse(carrier)
                    nursery.cancel_scope.cancel()
        except CarrierEnded as ended:
            if ended.close == NO_CLOSE:
                return False
            if ended.close != CLOSE_NORMAL or not self._tunnel.finished:
                raise AccError(CODES_BY_CLOSE.get(ended.close, Code.PROTOCOL), ended.reason) from None
        except AccError as error:
            await carrier.reset(error)
            raise
        carrier.farewell = CLOSE_NORMAL
        return True

    @asynccontextmanager
    async def taken_up(self) -> AsyncGenerator[Carrier]:
        """A new carrier for the connection, open during the block. The worker holds the connection a while."""
        resume = Resume(self._accepted.resume, self._tunnel.incoming.position)
        deadline = trio.current_time() + self._accepted.hold
        refused = trio.current_time()
        async with AsyncExitStack() as stack:
            for pause in chain(_RETRY_FIRST, repeat(_RETRY_LATER)):
                await trio.sleep(pause)
                remaining = deadline - trio.current_time()
                if remaining <= 0:
                    raise AccError(Code.TUNNEL_LOST, f"no new one in {self._accepted.hold} s")
                attempt = opened(self._opening.worker, self._opening.grant, resume, min(remaining, OPEN_SECONDS))
                try:
                    carrier = await stack.enter_async_context(attempt)
                except AccError as error:
                    if error.code not in (Code.WORKER_UNREACHABLE, Code.WORKER_BUSY):
                        raise
                    refused = refused if isinstance(error, Refused) else trio.current_time()
                    if trio.current_time() - refused > REFUSED_FOR:
                        raise AccError(Code.TUNNEL_LOST, error.detail) from None
                    continue
                self._accepted = carrier.accepted
                self._tunnel.resume(carrier.accepted.received)
                yield carrier
                return

    async def _receive(self, carrier: Carrier) -> None:
        incoming = self._tunnel.incoming
        while True:
            message = await carrier.receive()
            if isinstance(message, bytes):
                incoming.accept(len(message))
                if incoming.stopped is None:
                    incoming.hold(memoryview(message))
            else:
                told = self._tunnel.receive(message.encode())
                if isinstance(told, control.Reset):
                    raise AccError(told.code, told.reason)
                self._room.ring()
            self._sink.ring()
            self._talk.ring()

    async def _upload(self, carrier: Carrier) -> None:
        outgoing = self._tunnel.outgoing
        while (chunk := outgoing.replay()) is not None:
            await carrier.send(bytes(chunk))
        self._talk.ring()
        while outgoing.fin is None and not outgoing.stopped:
            room = outgoing.room
            if room <= 0:
                await self._room.wait()
                continue
            try:
                part = await self._local.receive_some(room)
            except trio.BrokenResourceError:
                raise AccError(Code.CLIENT_GONE, "the local program reset its connection") from None
            if not part:
                outgoing.finish()
                self._talk.ring()
            elif not outgoing.stopped:
                self._buffers.room[: len(part)] = part
                outgoing.sent(len(part))
                await carrier.send(bytes(part))

    async def download(self) -> None:
        incoming = self._tunnel.incoming
        try:
            while not incoming.drained:
                for piece in incoming.held():
                    await self._local.send_all(piece)
                    incoming.pass_on(len(piece))
                    self._talk.ring()
                if incoming.outgrown:
                    incoming.grow(self._round_trip)
                if not incoming.holding and not incoming.drained:
                    await self._sink.wait()
            await self._local.send_eof()
        except trio.BrokenResourceError:
            self._tunnel.refuse(Code.CLIENT_GONE)
            self._talk.ring()

    async def _converse(self, carrier: Carrier) -> None:
        """Say what the core has to say, until both ends know that both directions have ended."""
        while True:
            for text in self._tunnel.messages():
                await carrier.send(text.decode())
            if self._tunnel.finished:
                return
            with trio.move_on_after(QUIET_SECONDS) as quiet:
                await self._talk.wait()
            if quiet.cancelled_caught:
                for text in self._tunnel.quiet():
                    await carrier.send(text.decode())
                await self._talk.wait()

    async def _keep(self, carrier: Carrier) -> None:
        """Measure the path, and notice when it is gone."""
        while True:
            with trio.move_on_after(LOST_AFTER) as waiting:
                self._round_trip = await carrier.round_trip()
            if waiting.cancelled_caught:
                raise CarrierEnded(NO_CLOSE, "")
            await trio.sleep(PING_AFTER)

    async def linger(self) -> None:
        """Where the peer has stopped us, read on for a while what the local program still writes."""
        if not self._tunnel.outgoing.stopped:
            return
        with trio.move_on_after(LINGER_SECONDS):
            try:
                while await self._local.receive_some():
                    pass
            except trio.BrokenResourceError:
                return
