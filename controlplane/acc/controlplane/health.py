"""`/health` on a port of its own, plain HTTP, for load balancers: 200 while this controller serves and its database
answers, else 503. It says nothing more."""

import asyncio

from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from acc.controlplane.db import Database
from acc.wire.errors import AccError

ASK_SECONDS = 1.0


class Health:
    """The application. `ready` is set once everything listens and cleared when it stops."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.ready = False

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers any request."""
        if scope["type"] != ScopeType.HTTP:
            return
        if scope["path"] != "/health":
            status, body = 404, b"not found\n"
        elif self.ready and await self._database_answers():
            status, body = 200, b"ok\n"
        else:
            status, body = 503, b"unavailable\n"
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._db.fetchrow("select 1 as one")
        except (AccError, TimeoutError):
            return False
        return True
