"""The operators' listener, plain HTTP: `/health`, `/ready`, `/metrics`.

- `/health`: 200 as long as this process answers. What watches over processes asks this, and restarts what is silent.
- `/ready`: 200 while this controller listens, knows its keys and its database answers, else 503; 503 also from the
  moment it is told to stop. Load balancers ask this.
- `/metrics`: for Prometheus.
"""

import asyncio

from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from acc.controlplane.service import metrics
from acc.controlplane.store.db import Database
from acc.wire.errors import AccError

ASK_SECONDS = 1.0
_TEXT = "text/plain"


class Health:
    """The application. `ready` is set once everything listens and cleared when it stops."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.ready = False

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers any request."""
        if scope["type"] != ScopeType.HTTP:
            return
        status, kind, body = await self._answer(scope["path"])
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _answer(self, path: str) -> tuple[int, str, bytes]:
        match path:
            case "/health":
                return 200, _TEXT, b"ok\n"
            case "/ready" if self.ready and await self._database_answers():
                return 200, _TEXT, b"ok\n"
            case "/ready":
                return 503, _TEXT, b"unavailable\n"
            case "/metrics":
                return 200, metrics.CONTENT_TYPE, metrics.exposition()
            case _:
                return 404, _TEXT, b"not found\n"

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._db.fetchrow("select 1 as one")
        except (AccError, TimeoutError):
            return False
        return True
