"""The link to the controllers: one gRPC connection at a time, TLS 1.3, with our certificate.

Rule: the link is up from the first command on the Control stream until that stream ends or is silent for SILENCE.
Calls go over the link that is up and, if it breaks under them, over the next one, within their deadline. Every call
may be repeated, so a call that broke half-way is made again.

When every controller failed once in a row the link is down, and calls fail at once with ConnectionError: whoever
calls decides what an outage means. What arrives that no controller of ours would send ends the stream.
"""

import asyncio
import enum
import ssl
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from grpclib.client import Channel, Stream
from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from grpclib.protocol import H2Protocol

from acc.rpc.worker_v1 import (
    AuthorizeConnectionRequest,
    AuthorizeConnectionResponse,
    Command,
    RenewRequest,
    RenewResponse,
    ReportRequest,
    WorkerLinkStub,
    WorkerStatus,
)
from acc.wire.errors import AccError, Code, code_named
from acc.wire.names import split_address
from acc.worker import log
from acc.worker.backoff import Backoff
from acc.worker.identity import Identity
from acc.worker.ticketkeys import TicketKeys

STATUS_INTERVAL = 5.0
SILENCE = 15.0
DIAL_TIMEOUT = 5.0
"""Seconds for a controller to take the connection and send its first command."""
AUTHORIZE_TIMEOUT = 2.0
CALL_TIMEOUT = 10.0

_CONTROL = "/acc.worker.v1.WorkerLink/Control"

BROKEN = (OSError, ProtocolError, StreamTerminatedError)
"""How grpclib says that a connection failed; a deadline is an OSError too."""
OUTAGE = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.CANCELLED})
"""Statuses by which a controller says that it cannot answer now."""

Answer = TypeVar("Answer")
Call = Callable[[WorkerLinkStub], Coroutine[object, object, Answer]]
EndSession = Callable[[str, Code], None]


class Trouble(enum.Enum):
    """Why there is no channel."""

    DIALLING = enum.auto()
    DOWN = enum.auto()


class LinkChannel(Channel):
    """A channel that is gone once it is closed. grpclib's own waits for a TLS goodbye, which a dead peer never says."""

    _transport: asyncio.Transport | None = None

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext) -> None:
        super().__init__(host, port, ssl=tls)  # pyright: ignore[reportUnknownMemberType]  grpclib's annotation
        self._tls = tls

    async def _create_connection(self) -> H2Protocol:
        self._transport, protocol = await self._loop.create_connection(
            self._protocol_factory, self._host, self._port, ssl=self._tls
        )
        return protocol

    def close(self) -> None:
        """Drops the connection."""
        super().close()
        if self._transport is not None:
            self._transport.abort()


class ControlLink:
    """Keeps one link up, and makes the worker's calls over it."""

    def __init__(self, identity: Identity, ticket_keys: TicketKeys) -> None:
        self._identity = identity
        self._ticket_keys = ticket_keys
        self._link: Channel | Trouble = Trouble.DIALLING
        self._changed = asyncio.Event()
        self._news = asyncio.Event()
        self._backoff = Backoff()
        self._told: tuple[str, str] | None = None

    @property
    def up(self) -> bool:
        """True while a controller answers."""
        return isinstance(self._link, Channel)

    async def wait_up(self) -> None:
        """Returns once a controller answers."""
        while not self.up:
            await self._changed.wait()

    def announce(self) -> None:
        """Has the changed announcement sent now, not at the next interval."""
        self._news.set()

    async def authorize(self, request: AuthorizeConnectionRequest) -> AuthorizeConnectionResponse:
        """The controller's decision within AUTHORIZE_TIMEOUT. Raises ConnectionError, TimeoutError or GRPCError."""
        return await self._call(lambda stub: stub.authorize_connection(request), AUTHORIZE_TIMEOUT)

    async def report(self, request: ReportRequest) -> None:
        """Delivers events. Raises ConnectionError, TimeoutError or GRPCError."""
        await self._call(lambda stub: stub.report(request), CALL_TIMEOUT)

    async def renew(self, request: RenewRequest) -> RenewResponse:
        """A fresh certificate. Raises ConnectionError, TimeoutError or GRPCError."""
        return await self._call(lambda stub: stub.renew(request), CALL_TIMEOUT)

    async def run(self, status: Callable[[], WorkerStatus], end_session: EndSession) -> None:
        """Keeps the link up until it is cancelled; states `status` and obeys `end_session` over it."""
        while True:
            for controller in self._identity.enrolled.controllers:
                await _apart(self._keep(controller, status, end_session))
            self._set(Trouble.DOWN)
            await asyncio.sleep(self._backoff.next())

    async def _call(self, call: Call[Answer], timeout: float) -> Answer:
        async with asyncio.timeout(timeout):
            while True:
                channel = await self._channel()
                try:
                    return await _apart(call(WorkerLinkStub(channel)))
                except BROKEN:
                    await self._wait_replaced(channel)

    async def _channel(self) -> Channel:
        while True:
            match self._link:
                case Channel() as channel:
                    return channel
                case Trouble.DOWN:
                    raise ConnectionError("no controller answers")
                case Trouble.DIALLING:
                    await self._changed.wait()

    async def _wait_replaced(self, channel: Channel) -> None:
        while self._link is channel:
            await self._changed.wait()

    def _set(self, link: Channel | Trouble) -> None:
        if link is not self._link:
            self._link = link
            self._changed.set()
            self._changed = asyncio.Event()

    async def _keep(self, controller: str, status: Callable[[], WorkerStatus], end_session: EndSession) -> None:
        """Dials one controller and returns when it no longer answers."""
        parts = split_address(controller)
        if parts is None:
            raise AccError(Code.CONFIG, f"{controller!r} cannot be dialled")
        reason = "the controller ended the stream"
        try:
            async with (
                LinkChannel(*parts, tls=self._identity.client_context()) as channel,
                asyncio.timeout(DIAL_TIMEOUT) as silence,
                channel.request(_CONTROL, Cardinality.STREAM_STREAM, WorkerStatus, Command) as stream,
            ):
                await stream.send_request()
                async with self._stating(stream, status):
                    async for command in stream:
                        silence.reschedule(asyncio.get_running_loop().time() + SILENCE)
                        self._obey(command, end_session)
                        self._came_up(controller, channel)
                await stream.end()
        except GRPCError as error:
            reason = f"{error.status.name}: {error.message or ''}"
        except TimeoutError:
            reason = "silence"
        except (*BROKEN, AccError) as error:
            reason = str(error)
        finally:
            if self.up:
                self._set(Trouble.DIALLING)
        if (controller, reason) != self._told:
            self._told = controller, reason
            log.warning("link down", controller=controller, reason=reason)

    def _came_up(self, controller: str, channel: Channel) -> None:
        if self._link is not channel:
            self._backoff.reset()
            self._set(channel)
            self._told = None
            log.event("link up", controller=controller)

    def _obey(self, command: Command, end_session: EndSession) -> None:
        if command.ticket_keys is not None:
            self._ticket_keys.replace(command.ticket_keys.keys)
        if command.end_session is not None:
            order = command.end_session
            log.event("session ends", session_id=order.session_id, code=order.code)
            end_session(order.session_id, code_named(order.code))

    @asynccontextmanager
    async def _stating(
        self, stream: Stream[WorkerStatus, Command], status: Callable[[], WorkerStatus]
    ) -> AsyncGenerator[None]:
        """Sends the worker's status every STATUS_INTERVAL, and when there is news."""
        task = asyncio.create_task(self._state(stream, status))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    async def _state(self, stream: Stream[WorkerStatus, Command], status: Callable[[], WorkerStatus]) -> None:
        while True:
            self._news.clear()
            try:
                await stream.send_message(status())
            except (*BROKEN, GRPCError):
                return  # whoever reads the stream sees it too, and says so
            try:
                async with asyncio.timeout(STATUS_INTERVAL):
                    await self._news.wait()
            except TimeoutError:
                pass


async def _apart(work: Coroutine[object, object, Answer]) -> Answer:
    """What `work` gives, in a task of its own.

    grpclib reports a broken connection by cancelling the task that waits for it, and then raises its own error. In our
    own task that would leave a cancellation counted, which asyncio.timeout misreads, and would swallow a cancellation
    that arrives at the same moment.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
    return task.result()
