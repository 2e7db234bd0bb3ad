"""The operators' listener of the worker, plain HTTP: `/health`, `/ready`, `/metrics`.

- `/health`: 200 as long as this process answers.
- `/ready`: 200 while it takes new tunnels and a controller answers it, else 503.
- `/metrics`: for Prometheus.

Rule: one request a connection, GET, its head within `SECONDS` and `MAX_HEAD`; more than `MAX_CONNECTIONS` are closed
at once.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

from acc.worker import metrics

SECONDS = 5.0
MAX_HEAD = 8192
MAX_CONNECTIONS = 64

_TEXT = "text/plain"
_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class Health:
    """Answers; `ready` is asked each time."""

    def __init__(self, ready: Callable[[], bool]) -> None:
        self._ready = ready
        self._connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self._connections += 1
        try:
            if self._connections <= MAX_CONNECTIONS:
                async with asyncio.timeout(SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._answer(head))
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # it never asked, or never listened
        finally:
            self._connections -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        status, kind, body = self._respond(rest.partition(b" ")[0]) if method == b"GET" else (405, _TEXT, b"GET\n")
        lines = (
            f"HTTP/1.1 {status} {_REASONS[status]}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "\r\n".join((*lines, "", "")).encode() + body

    def _respond(self, path: bytes) -> tuple[int, str, bytes]:
        match path:
            case b"/health":
                return 200, _TEXT, b"ok\n"
            case b"/ready" if self._ready():
                return 200, _TEXT, b"ok\n"
            case b"/ready":
                return 503, _TEXT, b"unavailable\n"
            case b"/metrics":
                return 200, metrics.CONTENT_TYPE, metrics.exposition()
            case _:
                return 404, _TEXT, b"not found\n"


@asynccontextmanager
async def answering(health: Health, listener: socket.socket) -> AsyncGenerator[None]:
    """Answers on `listener` while the block runs."""
    server = await asyncio.start_server(health.serve, sock=listener, limit=MAX_HEAD)
    try:
        yield
    finally:
        server.close()
