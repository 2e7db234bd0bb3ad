"""The audit log in the database: written here, and only ever added to.

Rule: no answer leaves before its record is stored. Where a decision changes something, the record is stored in the same
transaction, so neither is there without the other: `transact` for use cases, `beside` for a single statement. All else,
which is reads and refusals, waits in `AuditLog` for one task that stores everything that waits with one statement, so
that any number of requests share one commit. What cannot be stored is answered with `unavailable`.

Nothing in the program changes or deletes an event, and events are not chained by hashes: see decision 19.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import msgspec

from acc.controlplane.audit.attempt import Attempt, begin, current
from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.service.log import warning
from acc.controlplane.store.db import Database, DatabaseError, Row, Sql
from acc.wire.errors import AccError, Code

T = TypeVar("T")

MAX_WAITING = 2048
"""Events that wait to be stored: more than there can be requests."""

STORE_SECONDS = 5.0
"""How long a request waits for its record."""

_COLUMNS = (
    "id", "scope_id", "scope_name", "scope_parent_id", "request_id", "user_id", "user_name", "client_address", "action",
    "resource_type", "resource_id", "resource_name", "outcome", "details",
)  # fmt: skip

_NAMED = ", ".join(_COLUMNS)
_READ = _NAMED.replace("details", "details::jsonb")

_ARRAYS = ", ".join(f"${place}::text[]" for place in range(1, len(_COLUMNS) + 1))

_STORE = f"""
    insert into audit_events ({_NAMED})
    select {_READ} from unnest({_ARRAYS}) as n ({_NAMED})
    returning id, created_time
"""  # noqa: S608 (only constants of ours are put in)


async def store(sql: Database | Sql, events: Sequence[AuditEvent]) -> Mapping[str, datetime]:
    """Stores `events` with one statement; when each was, by id."""
    rows = await sql.fetch(_STORE, *zip(*(_values(one) for one in events), strict=True))
    return {row["id"]: row["created_time"] for row in rows}


async def store_all(sql: Sql, events: Sequence[AuditEvent]) -> Sequence[AuditEvent]:
    """Stores `events` in the transaction; they, with the time that they then have. To be shipped once it commits."""
    times = await store(sql, events)
    return [replace(one, created_time=times[one.id]) for one in events]


def beside(statement: str, first: int, *also: str) -> str:
    """`statement`, which returns at most one row, and the record of it if it does: one statement, for `fetch_beside`.

    `first` is the number of the first parameter that `statement` leaves free. The statements in `also` are run with it;
    they find its row in `made`.
    """
    with_it = "".join(f", with_it_{place} as ({one})" for place, one in enumerate(also))
    values = ", ".join(f"${place}::text" for place in range(first, first + len(_COLUMNS) - 1))
    return f"""
        with made as ({statement}),
        noted as (
            insert into audit_events ({_NAMED}) select {values}, ${first + len(_COLUMNS) - 1}::text::jsonb from made
            returning created_time as noted_time
        ){with_it}
        select made.*, noted.noted_time from made cross join noted
    """  # noqa: S608 (only constants of ours are put in)


async def fetch_beside(db: Database, statement: str, *arguments: object) -> Row | None:
    """The row of a statement made by `beside`, with the record of the attempt that is under way."""
    attempt = current()
    row = await db.fetchrow(statement, *arguments, *_values(attempt.event))
    if row is not None:
        attempt.kept(row["noted_time"])
    return row


async def transact(db: Database, work: Callable[[Sql], Awaitable[T]]) -> T:
    """Runs `work` in one transaction that also stores the record of the attempt that is under way."""
    attempt = current()
    times: dict[str, datetime] = {}

    async def recorded(sql: Sql) -> T:
        result = await work(sql)
        times.update(await store(sql, [attempt.event]))
        return result

    result = await db.transact(recorded)
    attempt.kept(times[attempt.event.id])
    return result


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: AuditEvent
    stored: asyncio.Future[datetime] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class AuditLog:
    """The record of what changes nothing. `run` must be running."""

    def __init__(self, db: Database, ship: Callable[[AuditEvent], None]) -> None:
        self._db = db
        self.ship = ship
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(MAX_WAITING)

    def attempt(self, event: AuditEvent) -> Attempt:
        """The beginning of an attempt whose record will be `event`."""
        return Attempt(event, self.ship)

    async def keep(self, attempt: Attempt) -> None:
        """Stores the record of an attempt that has ended, unless it is. Raises AccError(UNAVAILABLE)."""
        if attempt.stored:
            return
        waiting = _Waiting(attempt.event)
        try:
            self._waiting.put_nowait(waiting)
            async with asyncio.timeout(STORE_SECONDS):
                attempt.kept(await waiting.stored)
        except (asyncio.QueueFull, TimeoutError):
            raise AccError(Code.UNAVAILABLE, "the record of this request could not be stored") from None

    @asynccontextmanager
    async def deciding(self, event: AuditEvent) -> AsyncGenerator[None]:
        """The block's attempt; if it refuses, that is stored before it is said."""
        attempt = self.attempt(event)
        begin(attempt)
        try:
            yield
        except AccError as refused:
            attempt.ended(refused.code.value)
            if refused.code is not Code.UNAVAILABLE:
                await self.keep(attempt)
            raise

    async def run(self) -> None:
        """Stores what waits, until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._store(batch)

    async def _store(self, batch: Sequence[_Waiting]) -> None:
        try:
            times = await store(self._db, [one.event for one in batch])
        except (AccError, DatabaseError) as failed:
            if len(batch) > 1 and not (isinstance(failed, AccError) and failed.code is Code.UNAVAILABLE):
                # One of them is at fault; the others must not be refused for it.
                for one in batch:
                    await self._store([one])
                return
            warning("audit events not stored", events=len(batch), reason=str(failed))
            for one in batch:
                if not one.stored.done():
                    one.stored.set_exception(AccError(Code.UNAVAILABLE, "the record of this request was not stored"))
            return
        for one in batch:
            if not one.stored.done():
                one.stored.set_result(times[one.event.id])


def _values(event: AuditEvent) -> tuple[str | None, ...]:
    return (
        event.id,
        event.scope_id,
        event.scope_name,
        event.scope_parent_id,
        event.request_id,
        event.user_id,
        event.user_name,
        event.client_address,
        event.action,
        event.resource_type,
        event.resource_id,
        event.resource_name,
        event.outcome,
        msgspec.json.encode(event.details).decode(),
    )
