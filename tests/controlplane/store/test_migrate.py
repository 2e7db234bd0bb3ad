"""Expand, then contract: which program can serve on which schema, with a program that is one release ahead."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from importlib import resources
from pathlib import Path

import pytest
import pytest_asyncio

from acc.controlplane.store.db import Database, open_database
from acc.controlplane.store.migrate import Change, Migration, check_schema, migrate, read_migrations
from acc.wire.errors import AccError, Code
from tests.controlplane.system import Controller, run, running_controller, with_db

EXPANSION = "-- expand\nalter table users add column nickname text;\n"
CONTRACTION = "-- contract\nalter table users drop column full_name;\n"
LATER = "-- expand\ncreate table nicknames (user_id text primary key references users (id));\n"


@pytest.fixture
def newer(tmp_path: Path) -> tuple[Migration, ...]:
    """What a program of the next release brings."""
    with resources.as_file(resources.files("acc.controlplane.store") / "migrations") as folder:
        shutil.copytree(folder, tmp_path / "migrations")
    (tmp_path / "migrations/9001_nickname.sql").write_text(EXPANSION)
    (tmp_path / "migrations/9002_no_full_name.sql").write_text(CONTRACTION)
    (tmp_path / "migrations/9003_nicknames.sql").write_text(LATER)
    return read_migrations(tmp_path / "migrations")


@pytest_asyncio.fixture
async def own_db(cluster_database: str) -> AsyncGenerator[Database]:
    async with open_database(cluster_database) as opened:
        yield opened


def status_of(controller: Controller) -> int:
    with controller.client() as client:
        return client.get("/v1/auth-methods").status_code


@pytest.mark.asyncio
async def test_expanding_leaves_contractions_for_later(own_db: Database, newer: tuple[Migration, ...]) -> None:
    assert await migrate(own_db, (Change.EXPAND,), newer) == ["9001_nickname.sql", "9003_nicknames.sql"]
    assert await migrate(own_db, tuple(Change), newer) == ["9002_no_full_name.sql"]
    assert await migrate(own_db, tuple(Change), newer) == []


@pytest.mark.asyncio
async def test_old_and_new_serve_between_expanding_and_contracting(
    own_db: Database, newer: tuple[Migration, ...]
) -> None:
    await migrate(own_db, (Change.EXPAND,), newer)

    await check_schema(own_db)
    await check_schema(own_db, newer)


@pytest.mark.asyncio
async def test_the_new_one_does_not_serve_before_expanding(own_db: Database, newer: tuple[Migration, ...]) -> None:
    with pytest.raises(AccError, match=r"older .* lacks 9001_nickname.sql: run acc-controller migrate"):
        await check_schema(own_db, newer)


@pytest.mark.asyncio
async def test_the_old_one_does_not_serve_after_contracting(own_db: Database, newer: tuple[Migration, ...]) -> None:
    await migrate(own_db, tuple(Change), newer)

    with pytest.raises(AccError, match=r"newer .* 9002_no_full_name.sql has removed"):
        await check_schema(own_db)
    await check_schema(own_db, newer)


def test_a_running_controller_serves_on_while_the_next_release_expands(
    cluster_database: str, newer: tuple[Migration, ...]
) -> None:
    with running_controller(cluster_database) as before:
        asyncio.run(with_db(cluster_database, lambda db: migrate(db, (Change.EXPAND,), newer)))
        with running_controller(cluster_database) as after:
            assert [status_of(before), status_of(after)] == [200, 200]


@pytest.mark.asyncio
async def test_a_controller_does_not_start_on_a_schema_that_was_contracted(
    cluster_database: str, own_db: Database, newer: tuple[Migration, ...]
) -> None:
    await migrate(own_db, tuple(Change), newer)
    refused = run(cluster_database, "serve")

    assert refused.returncode == Code.CONFIG.exit_status
    assert "newer" in refused.stderr


def test_a_file_that_does_not_say_what_it_does_is_refused(tmp_path: Path) -> None:
    (tmp_path / "9001_silent.sql").write_text("create table silent (id integer);\n")
    with pytest.raises(ValueError, match="create table silent"):
        read_migrations(tmp_path)


def test_migrate_contracts_only_when_told(empty_database: str) -> None:
    expanded, contracted = run(empty_database, "migrate"), run(empty_database, "migrate", "--contract")

    assert (expanded.returncode, contracted.returncode) == (0, 0)
    assert "0001_directory.sql" in expanded.stdout
