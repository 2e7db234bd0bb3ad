"""`python -m bench.directory.bare SOCKET_FD`: a Litestar route that runs one indexed query through asyncpg.

What is left of a request when nothing is decided: the yardstick for `:authorize-session`. It listens as the
controller does, with the same TLS and the same deadlines.

Its pool is asyncpg's as it comes, which makes a round trip when a connection is given back. The controller's makes
none, so a part of how the two compare is that: docs/performance.md has the figures without it on either side.
"""

import asyncio
import os
import socket
import sys

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import uvloop
from litestar import Litestar, post

from acc.controlplane.cluster import load_cluster
from acc.controlplane.service.httpd import Listener, listening
from acc.controlplane.store.db import open_database
from acc.controlplane.tls import ServerTls


async def main() -> None:
    """Serves until it is killed."""
    pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=1, max_size=10)

    @post("/v1/targets/{target_id:str}", status_code=200)
    async def route(target_id: str) -> dict[str, object]:
        row = await pool.fetchrow("select id, name, address, default_port from targets where id = $1", target_id)
        return dict(row) if row else {}

    app = Litestar([route], openapi_config=None, logging_config=None)
    async with open_database(os.environ["BENCH_DATABASE"]) as db:
        tls = ServerTls((await load_cluster(db)).authority, ("127.0.0.1",), None)
    async with listening(Listener(app, socket.socket(fileno=int(sys.argv[1])), tls.api)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
