"""HTTP listeners: uvicorn with deadlines of our own.

Rules: a TLS handshake has `HANDSHAKE_SECONDS`, a request must be wholly there `REQUEST_SECONDS` after its
connection or the answer before it, an idle connection is closed after `IDLE_SECONDS`, and over `MAX_CONNECTIONS` the
one that has owed its request longest makes room: a real client needs milliseconds, a silent one waits. Signals belong
to the program, not to uvicorn: its `serve`, which takes them, is not used. Its access log is not used either, because
paths may hold secrets; ours is in `accesslog`.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from acc.controlplane.service.config import Network
from acc.controlplane.service.proxied import ProxiedServer
from acc.controlplane.service.proxyheader import Proxied

HANDSHAKE_SECONDS = 10.0
REQUEST_SECONDS = 10.0
IDLE_SECONDS = 15
GOODBYE_SECONDS = 0.5
MAX_CONNECTIONS = 1000
MARGIN = 64
"""Connections over the bound, while those that make room are going."""

STOP_SECONDS = 2


class TimedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with a deadline for each request to arrive, and the client that a load balancer names."""

    _deadline: asyncio.TimerHandle | None = None
    proxied: Proxied | None = None

    @property
    def _owing(self) -> "dict[TimedProtocol, None]":
        """The connections of this listener that owe a request, oldest first."""
        return cast("dict[TimedProtocol, None]", self.app_state["owing"])  # uvicorn hands a listener's state to each

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """A new connection owes its first request."""
        if len(self.connections) >= MAX_CONNECTIONS and self._owing:
            next(iter(self._owing)).give_up()
        super().connection_made(transport)
        if self.proxied is not None:
            self.client = (self.proxied.address, self.proxied.port)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """What comes may begin a request, or complete one."""
        self._arm()
        super().data_received(data)
        cycle = cast("Any", self.cycle)  # None until the first request, whatever uvicorn's annotation says
        if cycle is not None and not cycle.more_body:
            self._disarm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is owed any more."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.give_up)
            self._owing[self] = None

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            del self._owing[self]

    def give_up(self) -> None:
        """Closes a connection whose request did not come, or not soon enough for the others."""
        self._disarm()
        self.transport.abort()


class Listener(uvicorn.Server):
    """One HTTP server on a socket that is bound already, over TLS if it has a context.

    With `trusted` networks, load balancers there say who their clients are.
    """

    def __init__(
        self, app: ASGIApp, sock: socket.socket, tls: ssl.SSLContext | None, trusted: Sequence[Network] = ()
    ) -> None:
        super().__init__(
            uvicorn.Config(
                cast("Any", app),  # Litestar and uvicorn spell the same ASGI types differently
                http=TimedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MAX_CONNECTIONS + MARGIN,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._sock = sock
        self._tls = tls
        self._trusted = trusted

    async def listen(self) -> None:
        """What uvicorn's `startup` does, with deadlines for TLS, which it has none for."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        make: Callable[[], TimedProtocol] = partial(
            TimedProtocol, config=self.config, server_state=self.server_state, app_state={"owing": {}}
        )
        loop = asyncio.get_running_loop()
        handshake = HANDSHAKE_SECONDS if self._tls else None
        goodbye = GOODBYE_SECONDS if self._tls else None

        async def connect(sock: socket.socket, client: Proxied) -> None:
            def of_client() -> TimedProtocol:
                made = make()
                made.proxied = client
                return made

            await loop.connect_accepted_socket(
                of_client, sock, ssl=self._tls, ssl_handshake_timeout=handshake, ssl_shutdown_timeout=goodbye
            )

        if self._trusted:
            # uvicorn closes its servers and waits for them; it asks nothing else of them.
            self.servers = [cast("asyncio.Server", ProxiedServer(self._sock, self._trusted, connect))]
        else:
            server = await loop.create_server(
                make, sock=self._sock, ssl=self._tls, ssl_handshake_timeout=handshake, ssl_shutdown_timeout=goodbye
            )
            self.servers = [server]
        self.started = True


@asynccontextmanager
async def listening(listener: Listener) -> AsyncGenerator[None]:
    """An HTTP listener that serves while the block runs, then gives its requests `STOP_SECONDS`."""
    await listener.listen()
    ticking = asyncio.create_task(listener.main_loop())
    try:
        yield
    finally:
        listener.should_exit = True
        await ticking
        await listener.shutdown()


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)
