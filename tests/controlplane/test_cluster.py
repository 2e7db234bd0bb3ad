"""The commands: init, migrate, worker-token, ca; and what they refuse."""

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from cryptography import x509

from acc.controlplane.store.db import Database, open_database
from acc.controlplane.store.migrate import KNOWN, Change, migrate
from acc.wire.errors import Code
from tests.controlplane.conftest import run_sql
from tests.controlplane.system import run, with_db


def test_init_makes_a_cluster_and_refuses_to_do_it_again(empty_database: str) -> None:
    first = run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password")
    again = run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password")

    assert first.returncode == 0, first.stderr
    assert "cluster c_" in first.stdout
    assert again.returncode == Code.CONFLICT.exit_status
    assert "holds a cluster already" in again.stderr


@pytest.mark.parametrize("table", ["invoices", "users"])
def test_init_refuses_a_database_with_tables_of_somebody_else(empty_database: str, table: str) -> None:
    run_sql(empty_database, f"create table {table} (id integer)")
    refused = run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password")
    run_sql(empty_database, f"drop table {table}")
    accepted = run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password")

    assert refused.returncode == Code.CONFLICT.exit_status
    assert table in refused.stderr
    assert accepted.returncode == 0, accepted.stderr


@pytest.mark.parametrize("thing", ["table app.things (x int)", "table app.users (x int)", "view app.seen as select 1"])
def test_init_refuses_a_database_with_things_of_somebody_else_in_another_schema(
    empty_database: str, thing: str
) -> None:
    run_sql(empty_database, "create schema app")
    run_sql(empty_database, f"create {thing}")
    refused = run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password")

    assert refused.returncode == Code.CONFLICT.exit_status
    assert thing.split()[1] in refused.stderr


def test_init_refuses_a_database_with_a_view_of_somebody_else(empty_database: str) -> None:
    run_sql(empty_database, "create view invoices as select 1")
    refused = run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password")

    assert (refused.returncode, "invoices" in refused.stderr) == (Code.CONFLICT.exit_status, True)


def test_init_takes_a_database_with_what_extensions_and_systems_bring(empty_database: str) -> None:
    run_sql(empty_database, "create view pg_stat_statements as select 1")
    run_sql(empty_database, "create schema crdb_internal")
    run_sql(empty_database, "create view crdb_internal.tables as select 1")
    accepted = run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password")

    assert accepted.returncode == 0, accepted.stderr


def test_migrate_refuses_a_database_of_somebody_else(empty_database: str) -> None:
    run_sql(empty_database, "create table users (id integer)")
    refused = run(empty_database, "migrate")

    assert (refused.returncode, "users" in refused.stderr) == (Code.CONFLICT.exit_status, True)


def test_of_several_inits_at_once_one_succeeds(empty_database: str) -> None:
    def init(_: int) -> int:
        return run(empty_database, "init", "--admin", "root", ACC_ADMIN_PASSWORD="a good password").returncode

    with ThreadPoolExecutor(3) as threads:
        statuses = sorted(threads.map(init, range(3)))

    assert statuses == [0, Code.CONFLICT.exit_status, Code.CONFLICT.exit_status]


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("root", "", Code.CONFIG),
        ("root", "short", Code.BAD_REQUEST),
        ("root", "x" * 257, Code.BAD_REQUEST),
        ("no spaces", "a good password", Code.BAD_NAME),
    ],
)
def test_init_refuses_an_administrator_that_cannot_be(
    empty_database: str, name: str, password: str, code: Code
) -> None:
    refused = run(empty_database, "init", "--admin", name, ACC_ADMIN_PASSWORD=password)

    assert refused.returncode == code.exit_status
    assert not password or password not in refused.stderr


def test_migrating_again_changes_nothing(empty_database: str) -> None:
    first, second = (run(empty_database, "migrate") for _ in range(2))

    assert first.stdout.split() == [one.name for one in KNOWN]
    assert (second.returncode, second.stdout) == (0, "")


def test_of_many_that_migrate_at_once_each_file_is_applied_once(empty_database: str) -> None:
    async def work() -> list[list[str]]:
        async def one() -> list[str]:
            async with open_database(empty_database) as db:
                return await migrate(db, tuple(Change))

        return await asyncio.gather(*(one() for _ in range(5)))

    applied = [name for names in asyncio.run(work()) for name in names]
    assert sorted(applied) == [one.name for one in KNOWN]


def test_serving_an_empty_database_says_what_to_run(empty_database: str) -> None:
    refused = run(empty_database, "serve")

    assert refused.returncode == Code.CONFIG.exit_status
    assert "acc-controller init" in refused.stderr


def test_serving_an_older_schema_says_what_to_run(cluster_database: str) -> None:
    run_sql(cluster_database, "delete from schema_versions where number = (select max(number) from schema_versions)")
    refused = run(cluster_database, "serve")

    assert refused.returncode == Code.CONFIG.exit_status
    assert "acc-controller migrate" in refused.stderr


def test_an_enrolment_token_says_where_and_whom_to_trust(cluster_database: str) -> None:
    ca = x509.load_pem_x509_certificate(run(cluster_database, "ca").stdout.encode())
    made = run(cluster_database, "worker-token", "--name", "w1", ACC_WORKER_LISTEN="127.0.0.1:9201")

    prefix, packed = made.stdout.strip().split(".")
    token = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert prefix == "acce1"
    assert token["controllers"] == ["127.0.0.1:9201"]
    assert x509.load_der_x509_certificate(base64.b64decode(token["ca"])) == ca
    assert token["cluster"].startswith("c_")
    assert len(token["secret"]) == 43


def test_a_controller_that_listens_everywhere_is_dialled_by_its_public_name(cluster_database: str) -> None:
    made = run(
        cluster_database,
        *("worker-token", "--name", "w1"),
        ACC_WORKER_LISTEN="0.0.0.0:9201",
        ACC_PUBLIC_NAMES="acc.example,10.0.0.1",
    )
    packed = made.stdout.strip().split(".")[1]

    token = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert token["controllers"] == ["acc.example:9201"]


@pytest.mark.parametrize("valid_for", ["", "1", "0h", "1w", "-1h", "1.5h"])
def test_a_duration_that_is_none_is_refused(cluster_database: str, valid_for: str) -> None:
    refused = run(
        cluster_database, *("worker-token", "--name", "w1", "--controller", "x:1", f"--valid-for={valid_for}")
    )
    assert refused.returncode == Code.CONFIG.exit_status


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ACC_DATABASE_URL", ""),
        ("ACC_DATABASE_URL", "mysql://root:secretword@localhost/x"),
        ("ACC_API_LISTEN", "nowhere"),
        ("ACC_WORKER_LISTEN", "127.0.0.1:99999"),
        ("ACC_HEALTH_LISTEN", ":9203"),
        ("ACC_PUBLIC_NAMES", " , "),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(variable: str, value: str) -> None:
    settings = {"ACC_DATABASE_URL": "postgresql://localhost/x"} | {variable: value}
    refused = run(settings.pop("ACC_DATABASE_URL"), "serve", **settings)

    assert refused.returncode == Code.CONFIG.exit_status
    assert variable in refused.stderr
    assert "secretword" not in refused.stderr


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    refused = run("postgresql://user:secretword@127.0.0.1:1/x", "ca")

    assert refused.returncode == Code.UNAVAILABLE.exit_status
    assert "secretword" not in refused.stderr


@pytest.mark.asyncio
async def test_a_transaction_is_repeated_after_a_serialization_failure(cluster_database: str) -> None:
    async with open_database(cluster_database) as db:
        await db.fetch("create table counter (n integer not null)")
        await db.fetch("insert into counter values (0)")

        async def add_one() -> None:
            async def work(sql: object) -> None:
                await sql.execute("set transaction isolation level serializable")
                row = await sql.fetchrow("select n from counter")
                await sql.execute("update counter set n = $1", row["n"] + 1)

            await db.transact(work)

        await asyncio.gather(*(add_one() for _ in range(4)))
        row = await db.fetchrow("select n from counter")

    assert row is not None
    assert row["n"] == 4


def test_ids_never_cross_scopes(cluster_database: str) -> None:
    async def work(db: Database) -> None:
        project = await db.fetchrow("select id from scopes where type = 'project'")
        method = await db.fetchrow("select id from auth_methods")
        assert project is not None
        assert method is not None
        await db.fetch("insert into users (id, scope_id, name) values ('u_x', $1, 'x')", project["id"])
        await db.fetch(
            "insert into accounts (id, auth_method_id, scope_id, user_id, login_name, password_hash)"
            " values ('a_x', $1, 'global', 'u_x', 'x', 'x')",
            method["id"],
        )

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        asyncio.run(with_db(cluster_database, work))
