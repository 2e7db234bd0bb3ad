"""One WebSocket to a worker, on trio: the only module that knows trio-websocket.

Rule: opening it either gives a carrier whose backend is connected, or raises an AccError that says why not. Once
it is open, its loss raises `CarrierEnded`, which holds the Close that came, if one came.
"""

import math
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream

from acc.cli.access import worker_tls
from acc.cli.loop import ungrouped
from acc.cli.opening import Refused
from acc.cli.tickets import Grant, Worker
from acc.wire import control
from acc.wire.control import printable
from acc.wire.errors import AccError, Code
from acc.wire.incoming import MAX_WINDOW, WINDOW
from acc.wire.names import split_address
from acc.wire.tunnel import SUBPROTOCOL
from acc.wire.upgrade import PATH, Accepted, read_accepted, read_refusal

DIAL_SECONDS = 5.0
OPEN_SECONDS = 20.0
"""The worker answers only when it has dialled the host, so this is longer than its own deadline for that."""
CLOSE_SECONDS = 2.0
RECEIVE_BYTES = 65536

NO_CLOSE = 1006
"""RFC 6455 section 7.1.5: the transport ended without a Close."""


class CarrierEnded(Exception):
    """The WebSocket is over: `close` is the code of the Close that came, or NO_CLOSE."""

    def __init__(self, close: int, reason: str) -> None:
        super().__init__(close, reason)
        self.close = close
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Resume:
    """What is said to take up a connection again."""

    token: str
    received: int

    def __repr__(self) -> str:
        return f"Resume({self.received})"


class Carrier:
    """An open WebSocket, and what the worker granted with it."""

    def __init__(self, socket: WebSocketConnection, accepted: Accepted) -> None:
        self._socket = socket
        self.accepted = accepted
        self.farewell = Code.CLIENT_GONE.close
        """The code of the Close that ends this carrier: CLIENT_GONE unless there was another end."""

    async def send(self, message: str | bytes) -> None:
        """Send a text or a binary message."""
        try:
            await self._socket.send_message(message)
        except ConnectionClosed as closed:
            raise _ended(closed) from None

    async def receive(self) -> str | bytes:
        """The next message."""
        try:
            return await self._socket.get_message()
        except ConnectionClosed as closed:
            raise _ended(closed) from None

    async def round_trip(self) -> float:
        """The seconds that a ping takes. The caller has a deadline: a lost peer answers none."""
        began = trio.current_time()
        try:
            await self._socket.ping()
        except ConnectionClosed as closed:
            raise _ended(closed) from None
        return trio.current_time() - began

    async def reset(self, error: AccError) -> None:
        """Break both directions, and say why."""
        self.farewell = error.code.close or Code.INTERNAL.close
        with trio.move_on_after(CLOSE_SECONDS, shield=True), suppress(ConnectionClosed):
            await self._socket.send_message(control.Reset(error.code, error.detail).encode().decode())

    async def close(self) -> None:
        """Send the Close that `farewell` names, and wait for its answer, a bounded time."""
        with trio.move_on_after(CLOSE_SECONDS, shield=True):
            await self._socket.aclose(self.farewell)


@asynccontextmanager
async def opened(worker: Worker, grant: Grant, resume: Resume | None, seconds: float) -> AsyncGenerator[Carrier]:
    """A carrier to the worker at `worker`, `host:port`, for a new connection or to take up one again.

    `seconds` bounds the upgrade; dialling has a bound of its own.
    """
    stream = await _dial(worker, worker_tls(grant))
    headers = [
        (b"Authorization", b"Bearer " + grant.ticket.encode()),
        (b"Acc-Window", b"%d" % WINDOW),
    ]
    if resume is not None:
        headers += [(b"Acc-Resume", resume.token.encode()), (b"Acc-Received", b"%d" % resume.received)]
    try:
        with ungrouped(AccError, ConnectionRejected):
            async with trio.open_nursery() as nursery:
                with trio.move_on_after(seconds) as opening:
                    socket = await wrap_client_stream(
                        nursery,
                        stream,
                        worker.address,
                        PATH,
                        subprotocols=[SUBPROTOCOL],
                        extra_headers=headers,
                        max_message_size=MAX_WINDOW,
                        receive_buffer_size=RECEIVE_BYTES,
                    )
                    opening.deadline = math.inf
                    carrier = Carrier(socket, read_accepted(_headers(socket)))
                    try:
                        yield carrier
                    finally:
                        await carrier.close()
                if opening.cancelled_caught:
                    raise AccError(Code.WORKER_UNREACHABLE, f"the worker at {worker} gave no answer in time")
                nursery.cancel_scope.cancel()
    except ConnectionRejected as rejected:
        raise read_refusal(str(rejected.status_code), rejected.body or b"") from None
    finally:
        await trio.aclose_forcefully(stream)


async def _dial(worker: Worker, tls: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
    address = split_address(worker.address)
    if address is None:
        raise AccError(Code.HTTP_PEER, "the controller named a worker without an address")
    host, port = address
    try:
        with trio.fail_after(DIAL_SECONDS):
            tcp = await trio.open_tcp_stream(host, port)
            stream = trio.SSLStream(tcp, tls, server_hostname=worker.server_name, https_compatible=True)
            await stream.do_handshake()
    except trio.TooSlowError:
        raise AccError(Code.WORKER_UNREACHABLE, f"{worker} gave no answer in time") from None
    except OSError as error:
        kind = Refused if _was_refused(error) else AccError
        raise kind(Code.WORKER_UNREACHABLE, f"{worker}: {error.strerror or error}") from None
    except trio.BrokenResourceError as broken:
        if isinstance(broken.__cause__, ssl.SSLCertVerificationError):
            raise AccError(Code.UNTRUSTED, f"{worker}: {broken.__cause__.verify_message}") from None
        raise AccError(Code.WORKER_UNREACHABLE, f"{worker} broke off the TLS handshake") from None
    return stream


def _was_refused(error: OSError) -> bool:
    """True if nothing listens; trio keeps what each address said as the cause."""
    match error.__cause__:
        case BaseExceptionGroup() as group:
            return all(isinstance(one, ConnectionRefusedError) for one in group.exceptions)
        case cause:
            return isinstance(cause or error, ConnectionRefusedError)


def _headers(socket: WebSocketConnection) -> dict[str, str]:
    """The headers of the 101; trio-websocket has checked those of the handshake, and keeps the subprotocol apart."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in socket.handshake_headers}
    return headers | {"sec-websocket-protocol": socket.subprotocol or ""}


def _ended(closed: ConnectionClosed) -> CarrierEnded:
    reason = closed.reason
    if reason is None:
        return CarrierEnded(NO_CLOSE, "")
    return CarrierEnded(reason.code, printable(reason.reason or ""))
