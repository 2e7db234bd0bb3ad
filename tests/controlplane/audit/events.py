"""The record as a test reads it: over the API, and row by row."""

import asyncio

import httpx

from acc.controlplane.store.db import Database, Row, required
from tests.controlplane.system import (
    Controller,
    with_db,
)

Event = dict[str, object]

USE = "ids=*;type=target;actions=authorize-session"
UNSTORABLE = "alter table audit_events add constraint none_fits check (action = 'nothing') not valid"


def events(client: httpx.Client, **query: str) -> list[Event]:
    answer = client.get("/v1/audit-events", params={"scope_id": "global", "recursive": "true"} | query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def last(client: httpx.Client, **query: str) -> Event:
    """The newest event that `query` finds."""
    return events(client, page_size="1", **query)[0]


def part(event: Event, *names: str) -> dict[str, object]:
    return {name: event.get(name) for name in names}


def row_of(controller: Controller, statement: str, *values: object) -> Row:
    """The one row of a statement on the controller's database."""

    async def work(db: Database) -> Row:
        return required(await db.fetchrow(statement, *values))

    return asyncio.run(with_db(controller.database, work))


def authenticate(client: httpx.Client, login_name: str, password: str) -> httpx.Response:
    method = client.get("/v1/auth-methods").json()["items"][0]["id"]
    body = {"command": "login", "attributes": {"login_name": login_name, "password": password}}
    return client.post(f"/v1/auth-methods/{method}:authenticate", json=body)
