"""The database: a bounded pool, one transaction per use case, retries in this one place.

Rules:
- A use case is a function of one `Sql`, run by `Database.transact`. It may run again after a serialization failure
  or a deadlock, so it does nothing but SQL.
- Every wait ends: for a connection, for a statement, for a lock. A database that does not answer is
  `Code.UNAVAILABLE`, never a hang and never `internal`.
- A commit whose answer did not come is `Code.UNAVAILABLE`, never success: it may have happened or not.
- Where a connection breaks, or its server has become a standby, every other connection is made anew too.
- Only what Postgres-compatible clusters also run: no extension, no LISTEN, no advisory lock.
- Nothing is set for a connection beyond its transaction, so that it goes back to the pool as it is, without the round
  trip that asyncpg would make to have the server forget.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar, cast

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from acc.controlplane.service import metrics
from acc.controlplane.store.primary import Hosts
from acc.wire.errors import AccError, Code

POOL_SIZE = 10
CONNECT_SECONDS = 3.0
ACQUIRE_SECONDS = 3.0
STATEMENT_SECONDS = 5.0
ATTEMPTS = 6

T = TypeVar("T")

Row = Mapping[str, Any]  # the SQL beside each use says what the columns are

UniqueViolation = asyncpg.UniqueViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError
UndefinedTable = asyncpg.UndefinedTableError
DuplicateTable = asyncpg.DuplicateTableError
DuplicateObject = asyncpg.DuplicateObjectError
DatabaseError = asyncpg.PostgresError

_RETRIED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_UNAVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.StatementCompletionUnknownError,
)
_SERVER_LIVES = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.InsufficientResourcesError)
"""Those of them that say nothing about other connections."""


class Sql(Protocol):
    """What a use case may do with its connection."""

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """All rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """The first row, if any."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """The command tag."""
        ...


def required(row: Row | None) -> Row:
    """The row of a statement that always gives one."""
    if row is None:
        raise AccError(Code.INTERNAL, "a row that must be there is not")
    return row


class Database:
    """The pool. `open_database` makes one."""

    def __init__(self, pool: Any) -> None:  # asyncpg ships no types
        self._pool = pool

    async def transact(self, work: Callable[[Sql], Awaitable[T]]) -> T:
        """Runs `work` in one transaction and commits; again, a few times, where the database asks for that."""

        async def once() -> T:
            async with self._connection() as connection, connection.transaction():
                return await work(cast("Sql", connection))

        return await _retry(once)

    async def fetch(self, query: str, *args: object) -> Sequence[Row]:
        """The rows of one statement, which is a transaction by itself."""

        async def once() -> Sequence[Row]:
            async with self._connection() as connection:
                return cast("Sequence[Row]", await connection.fetch(query, *args))

        return await _retry(once)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """The first row of one statement, which is a transaction by itself."""

        async def once() -> Row | None:
            async with self._connection() as connection:
                return cast("Row | None", await connection.fetchrow(query, *args))

        return await _retry(once)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        with metrics.DATABASE_WAITING.track_inprogress(), metrics.DATABASE_WAIT_SECONDS.time():
            connection = await self._acquire()
        try:
            with metrics.DATABASE_IN_USE.track_inprogress():
                yield connection
        except (asyncpg.DataError, ValueError) as cause:
            if isinstance(cause, asyncpg.DataError | asyncpg.InterfaceError):
                raise AccError(Code.BAD_REQUEST, "a value holds what the database cannot store") from cause
            raise
        except _UNAVAILABLE as cause:
            metrics.DATABASE_FAILURES.inc()
            if not isinstance(cause, _SERVER_LIVES):
                await self._pool.expire_connections()
            raise AccError(Code.UNAVAILABLE, "the database does not answer") from cause
        finally:
            await self._release(connection)

    async def _acquire(self) -> Any:
        try:
            return await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        except (*_UNAVAILABLE, asyncpg.PostgresError) as cause:
            metrics.DATABASE_FAILURES.inc()
            raise AccError(Code.UNAVAILABLE, "the database does not answer") from cause

    async def _release(self, connection: Any) -> None:
        try:
            await self._pool.release(connection, timeout=ACQUIRE_SECONDS)
        except _UNAVAILABLE:
            # It broke; whoever used it has heard so already. Often the pool has let go of it before it said so.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()


async def _retry(once: Callable[[], Awaitable[T]]) -> T:
    for attempt in range(ATTEMPTS):
        try:
            return await once()
        except _RETRIED:
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 (jitter is no secret)
    raise AccError(Code.UNAVAILABLE, "the database is too busy with the same rows")


async def _as_it_is(_connection: Any) -> None:  # asyncpg ships no types
    """Takes a connection back. A transaction that was broken off has been rolled back by then."""


@asynccontextmanager
async def open_database(url: str, *, pool: int = POOL_SIZE) -> AsyncGenerator[Database]:
    """The database at `url`. Connects when first used; closes what it opened."""
    connections: Any = await asyncpg.create_pool(  # pyright: ignore[reportUnknownMemberType] (no types in asyncpg)
        url,
        connect=Hosts(url).connect,
        min_size=0,
        max_size=pool,
        timeout=CONNECT_SECONDS,
        reset=_as_it_is,
        command_timeout=STATEMENT_SECONDS + 1,
        server_settings={
            "application_name": "acc-controller",
            "timezone": "UTC",
            "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
            "idle_in_transaction_session_timeout": str(int(STATEMENT_SECONDS * 1000)),
        },
    )
    try:
        yield Database(connections)
    finally:
        try:
            await asyncio.wait_for(connections.close(), timeout=ACQUIRE_SECONDS)
        except TimeoutError:
            connections.terminate()
