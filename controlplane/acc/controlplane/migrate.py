"""Migrations: numbered SQL files, each applied once, each in one transaction.

Rule: whoever inserts a migration's number into `schema_versions` runs it. A second migrator waits on that row until
the first commits, then finds it there and goes on; so that running twice, or at the same time, is harmless, and no
lock is needed that some clusters lack.

Refuses to serve on a schema that is older or newer than this program knows.
"""

from dataclasses import dataclass
from importlib import resources

from acc.controlplane.db import Database, DuplicateTable, Sql, UndefinedTable, UniqueViolation
from acc.wire.errors import AccError, Code

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `0001_name.sql`."""

    number: int
    name: str
    sql: str


def known_migrations() -> tuple[Migration, ...]:
    """The migrations that this program brings, in order."""
    folder = resources.files("acc.controlplane") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(Migration(int(file.name[:4]), file.name, file.read_text()) for file in files)


async def migrate(db: Database) -> list[str]:
    """Brings the schema up to date. Returns the names of the migrations that this call applied."""
    await _make_versions(db)
    applied: list[str] = []
    for migration in known_migrations():

        async def apply(sql: Sql, migration: Migration = migration) -> bool:
            await sql.execute("set local statement_timeout = '10min'")
            first = await sql.fetchrow(
                "insert into schema_versions (number, name) values ($1, $2) on conflict do nothing returning number",
                migration.number,
                migration.name,
            )
            if first is not None:
                await sql.execute(migration.sql)
            return first is not None

        if await db.transact(apply):
            applied.append(migration.name)
    return applied


async def check_schema(db: Database) -> None:
    """Raises AccError(CONFIG) unless the schema is exactly the one that this program knows."""
    try:
        row = await db.fetchrow("select coalesce(max(number), 0) as number from schema_versions")
    except UndefinedTable:
        raise AccError(Code.CONFIG, "the database is empty: run acc-controller init") from None
    known = known_migrations()[-1].number
    found = row["number"] if row else 0
    if found > known:
        raise AccError(Code.CONFIG, f"the database's schema ({found}) is newer than this program's ({known})")
    if found < known:
        raise AccError(
            Code.CONFIG,
            f"the database's schema ({found}) is older than this program's ({known}): run acc-controller migrate",
        )


async def _make_versions(db: Database) -> None:
    async def create(sql: Sql) -> None:
        await sql.execute(
            "create table if not exists schema_versions ("
            "number integer primary key, name text not null, applied_time timestamptz not null default now())"
        )

    for attempt in range(_ATTEMPTS):
        try:
            await db.transact(create)
        except (UniqueViolation, DuplicateTable):
            # Two at once may both see no table; the loser sees it on its next look.
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return
