"""Migrations: numbered SQL files, each applied once, each in one transaction.

The first line of a file says what it does to programs that are older than it. `-- expand` adds what they do not look
at, and they serve on. `-- contract` removes what they may still use, so it waits until none of them runs. So a cluster
is brought up to date while it serves: `migrate`, then one controller after another is replaced, then
`migrate --contract`. An expansion may need nothing of a contraction before it.

Rule: whoever inserts a migration's number into `schema_versions` runs it. A second migrator waits on that row until
the first commits, then finds it there and goes on; so that running twice, or at the same time, is harmless, and no
lock is needed that some clusters lack.

Refuses to serve on a schema that lacks an expansion that this program knows, or has a contraction that it does not.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from acc.controlplane.store.db import Database, DuplicateObject, DuplicateTable, Sql, UndefinedTable, UniqueViolation
from acc.wire.errors import AccError, Code

_ATTEMPTS = 5
_TABLE = re.compile(r"^create table (\w+)", re.MULTILINE)


class Change(enum.StrEnum):
    """What a migration does to programs that do not know it."""

    EXPAND = "expand"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `0001_name.sql`."""

    number: int
    name: str
    change: Change
    sql: str


def _read(file: Traversable) -> Migration:
    sql = file.read_text()
    return Migration(int(file.name[:4]), file.name, Change(sql.partition("\n")[0].removeprefix("-- ")), sql)


def read_migrations(folder: Traversable) -> tuple[Migration, ...]:
    """The migrations in `folder`, in order."""
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(_read(file) for file in files)


KNOWN = read_migrations(resources.files("acc.controlplane.store") / "migrations")
"""The migrations that this program brings."""


def tables_of(migrations: Sequence[Migration]) -> frozenset[str]:
    """The names of all tables that these migrations make."""
    return frozenset(name for one in migrations for name in _TABLE.findall(one.sql)) | {"schema_versions"}


async def migrate(db: Database, changes: Sequence[Change], migrations: Sequence[Migration] = KNOWN) -> list[str]:
    """Applies what is not applied yet, if it is one of `changes`. Returns the names of what this call applied.

    Raises AccError(CONFLICT) for a database that is somebody else's.
    """
    await _refuse_others_tables(db)
    await _make_versions(db)
    return [one.name for one in migrations if one.change in changes and await _apply(db, one)]


async def check_schema(db: Database, migrations: Sequence[Migration] = KNOWN) -> None:
    """Raises AccError(CONFIG) unless a program that knows `migrations` can serve on the database's schema."""
    try:
        rows = await db.fetch("select number, name, change from schema_versions order by number")
    except UndefinedTable:
        raise AccError(Code.CONFIG, "the database is empty: run acc-controller init") from None
    applied = {row["number"] for row in rows}
    known = {one.number for one in migrations}
    for one in migrations:
        if one.change is Change.EXPAND and one.number not in applied:
            raise AccError(
                Code.CONFIG,
                f"the database's schema is older than this program's and lacks {one.name}: run acc-controller migrate",
            )
    for row in rows:
        if row["number"] not in known and row["change"] != Change.EXPAND:
            raise AccError(
                Code.CONFIG,
                f"the database's schema is newer than this program's: {row['name']} has removed what it needs",
            )


async def _apply(db: Database, migration: Migration) -> bool:
    async def apply(sql: Sql) -> bool:
        await sql.execute("set local statement_timeout = '10min'")
        first = await sql.fetchrow(
            "insert into schema_versions (number, name, change) values ($1, $2, $3)"
            " on conflict do nothing returning number",
            migration.number,
            migration.name,
            migration.change.value,
        )
        if first is not None:
            await sql.execute(migration.sql)
        return first is not None

    return await db.transact(apply)


async def _refuse_others_tables(db: Database) -> None:
    """Others have tables called users and roles too: where nothing says which migrations ran, none of them is ours."""
    rows = await db.fetch(
        "select table_name from information_schema.tables"
        " where table_schema = current_schema() and table_type = 'BASE TABLE' order by table_name"
    )
    found = [row["table_name"] for row in rows]
    if found and "schema_versions" not in found:
        raise AccError(
            Code.CONFLICT,
            f"the database is in use: it holds {', '.join(found[:5])}, and acc did not make that;"
            " give acc a database of its own",
        )


async def _make_versions(db: Database) -> None:
    async def create(sql: Sql) -> None:
        await sql.execute(
            "create table if not exists schema_versions ("
            "number integer primary key, name text not null, change text not null,"
            " applied_time timestamptz not null default now())"
        )

    for attempt in range(_ATTEMPTS):
        try:
            await db.transact(create)
        except (UniqueViolation, DuplicateTable, DuplicateObject):
            # Two at once may both see no table; the loser sees it on its next look.
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return
