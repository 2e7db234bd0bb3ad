"""A client that leaves before its answer: what it read ends at once, what it changes goes on to its end."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from acc.controlplane.store.db import Database
from tests.controlplane.system import Controller, make_target

pytestmark = pytest.mark.asyncio

WAITING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and application_name = 'acc-controller'
"""
READ = "GET /v1/targets?recursive=true&scope_id=global"
RECORDED = "select action, outcome from audit_events where request_id = $1"


@asynccontextmanager
async def locked_targets(url: str) -> AsyncGenerator[None]:
    """Nobody else can read or change a target while the block runs."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("lock table targets in access exclusive mode")
            yield
    finally:
        await connection.close()


def ask(controller: Controller, admin: httpx.Client, request_id: str, head: str, body: str = "") -> ssl.SSLSocket:
    """A connection with a request on it that nobody has answered yet."""
    host, _, port = controller.api.rpartition(":")
    context = ssl.create_default_context(cadata=controller.ca)
    sock = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)
    sock.sendall(
        f"{head} HTTP/1.1\r\nHost: acc\r\nAuthorization: {admin.headers['authorization']}\r\n"
        f"X-Request-Id: {request_id}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return sock


async def waiting(db: Database, count: int) -> None:
    """Returns once so many statements wait for a lock."""
    async with asyncio.timeout(3):
        while (await db.fetch(WAITING))[0][0] != count:
            pass


async def recorded(db: Database, request_id: str) -> tuple[str, str]:
    """What the record says of a request, as soon as it says something."""
    async with asyncio.timeout(5):
        while not (rows := await db.fetch(RECORDED, request_id)):
            pass
    return rows[0]["action"], rows[0]["outcome"]


async def test_a_read_ends_with_its_client_and_is_on_record(
    controller: Controller, db: Database, admin: httpx.Client
) -> None:
    async with locked_targets(controller.database):
        client = await asyncio.to_thread(ask, controller, admin, "left-reading", READ)
        await waiting(db, 1)
        client.close()
        await waiting(db, 0)

        assert await recorded(db, "left-reading") == ("list", "client_gone")


async def test_a_change_goes_on_without_its_client(
    controller: Controller, db: Database, admin: httpx.Client, project: str
) -> None:
    target = await asyncio.to_thread(make_target, admin, project, name="unwatched")
    change = f"PATCH /v1/targets/{target['id']}", '{"version":1,"name":"changed"}'
    async with locked_targets(controller.database):
        changing = await asyncio.to_thread(ask, controller, admin, "left-changing", *change)
        reading = await asyncio.to_thread(ask, controller, admin, "left-beside", READ)
        await waiting(db, 2)
        changing.close()
        reading.close()
        await waiting(db, 1)

    assert await recorded(db, "left-changing") == ("update", "ok")
    [row] = await db.fetch("select name from targets where id = $1", target["id"])
    assert row["name"] == "changed"


async def test_a_connection_goes_on_after_a_read(admin: httpx.Client) -> None:
    answers = [await asyncio.to_thread(admin.get, "/v1/targets?recursive=true&scope_id=global") for _ in range(3)]

    assert [one.status_code for one in answers] == [200] * 3
