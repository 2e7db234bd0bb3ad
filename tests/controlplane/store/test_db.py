"""The database when its server misbehaves: silent hosts, lost answers, a standby in the primary's place."""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

import pytest

from acc.controlplane.store.db import Sql, open_database
from acc.controlplane.store.primary import split_hosts
from acc.wire.errors import AccError, Code


class Between:
    """Stands on a TCP port before the Postgres of `url`, and cuts the line where it is told to."""

    def __init__(self, url: str) -> None:
        found = re.search(r"@/(\w+)\?host=(.+)$", url)
        assert found is not None
        self.database = found[1]
        self._socket = f"{found[2]}/.s.PGSQL.5432"
        self.cut_at: bytes | None = None
        """What comes from a client that is passed on, and after which neither side hears any more."""
        self.connections: list[asyncio.Task[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        answers = asyncio.create_task(self._pass_on(from_server, writer))
        while data := await reader.read(65536):
            if self.cut_at is not None and self.cut_at in data:
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
                to_server.write(data)
                await to_server.drain()
                await from_server.read(65536)  # Postgres has done it
                break
            to_server.write(data)
        answers.cancel()
        for end in (writer, to_server):
            end.close()
            await end.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


@asynccontextmanager
async def listening(between: Between) -> AsyncGenerator[int]:
    """The port where `between` listens."""
    server = await asyncio.start_server(between.accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*between.connections)


@pytest.fixture
def silent_port() -> Generator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield silent.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u@a/acc", ("postgresql://u@a/acc",)),
        ("postgresql://a:1,b:2/acc?x=y", ("postgresql://a:1/acc?x=y", "postgresql://b:2/acc?x=y")),
        ("postgresql://u:p@[::1]:1,b/acc", ("postgresql://u:p@[::1]:1/acc", "postgresql://u:p@b/acc")),
        ("postgresql://u@/acc?host=/run/pg", ("postgresql://u@/acc?host=/run/pg",)),
    ],
)
def test_a_url_with_several_hosts_is_one_for_each(url: str, hosts: tuple[str, ...]) -> None:
    assert split_hosts(url) == hosts


@pytest.mark.asyncio
async def test_a_host_that_says_nothing_does_not_keep_from_the_next(cluster_database: str, silent_port: int) -> None:
    between = Between(cluster_database)
    async with listening(between) as port:
        url = f"postgresql://postgres@127.0.0.1:{silent_port},127.0.0.1:{port}/{between.database}"
        async with open_database(url) as db:
            row = await db.fetchrow("select 1 as one")

    assert row is not None
    assert row["one"] == 1


@pytest.mark.asyncio
async def test_a_commit_whose_answer_is_lost_is_unavailable_though_it_happened(cluster_database: str) -> None:
    between = Between(cluster_database)

    async def write(sql: Sql) -> None:
        await sql.execute("insert into scopes (id, type, name, parent_id, parent_type)"
                          " values ('o_lost', 'org', 'lost', 'global', 'global')")  # fmt: skip

    async with listening(between) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{between.database}"
        async with open_database(url) as db:
            between.cut_at = b"COMMIT;"
            with pytest.raises(AccError) as refused:
                await db.transact(write)
            between.cut_at = None
            row = await db.fetchrow("select name from scopes where id = 'o_lost'")

    assert refused.value.code is Code.UNAVAILABLE
    assert row is not None


@pytest.mark.asyncio
async def test_a_server_that_has_become_a_standby_is_left_by_every_connection(cluster_database: str) -> None:
    between = Between(cluster_database)

    async def write(sql: Sql) -> None:
        await sql.execute("set transaction read only")
        await sql.execute("insert into scopes (id, type, name) values ('x', 'org', 'x')")

    async with listening(between) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{between.database}"
        async with open_database(url) as db:
            await asyncio.gather(*(db.fetch("select pg_sleep(0.2)") for _ in range(3)))
            before = len(between.connections)
            with pytest.raises(AccError) as refused:
                await db.transact(write)
            await asyncio.gather(*(db.fetch("select pg_sleep(0.2)") for _ in range(3)))

    assert refused.value.code is Code.UNAVAILABLE
    assert (before, len(between.connections)) == (3, 6)


@pytest.mark.asyncio
async def test_a_connection_goes_back_without_another_word_to_the_server(empty_database: str) -> None:
    async with open_database(empty_database, pool=1) as one, open_database(empty_database, pool=1) as other:
        row = await one.fetchrow("select pg_backend_pid() as pid /* the last word */")
        assert row is not None

        [seen] = await other.fetch("select query, state from pg_stat_activity where pid = $1", row["pid"])
        assert (seen["query"], seen["state"]) == ("select pg_backend_pid() as pid /* the last word */", "idle")


@pytest.mark.asyncio
async def test_what_a_broken_use_case_had_begun_is_not_the_next_ones(empty_database: str) -> None:
    async def broken(sql: Sql) -> None:
        await sql.execute("create table half (n int)")
        raise AccError(Code.CONFLICT)

    async with open_database(empty_database, pool=1) as db:
        with pytest.raises(AccError):
            await db.transact(broken)

        [found] = await db.fetch("select to_regclass('half') is null as gone, pg_current_xact_id_if_assigned() as mine")
        assert (found["gone"], found["mine"]) == (True, None)
