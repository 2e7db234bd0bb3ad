"""A real controller process, and people made straight in its database."""

import asyncio
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import httpx

from acc.controlplane.api.caller import make_token
from acc.controlplane.cluster import load_cluster
from acc.controlplane.directory.accounts import create_account
from acc.controlplane.directory.roles import create_role
from acc.controlplane.directory.users import create_user
from acc.controlplane.store.db import Database, Sql, open_database

ADMIN = "admin"
PASSWORD = "correct horse battery"
PROGRAM = [sys.executable, "-m", "acc.controlplane"]

T = TypeVar("T")


@dataclass(frozen=True)
class Controller:
    """A running controller."""

    process: subprocess.Popen[str]
    database: str
    ca: str
    api: str
    worker_link: str
    health: str
    log: list[str] = field(default_factory=list)
    """The lines after `ready`, where somebody reads them."""

    def get_health(self, path: str) -> httpx.Response:
        """What the operators' listener answers."""
        return httpx.get(f"http://{self.health}{path}", trust_env=False)

    def metric(self, line: str) -> float:
        """The value of a metric with its labels, as Prometheus reads it; 0 if it was never counted."""
        text = self.get_health("/metrics").text
        return next((float(one.rpartition(" ")[2]) for one in text.splitlines() if one.startswith(line + " ")), 0.0)

    def client(self, token: str | None = None, local_address: str | None = None) -> httpx.Client:
        """An HTTPS client that trusts the controller's CA only, and comes from that address if one is given."""
        context = ssl.create_default_context(cadata=self.ca)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        transport = httpx.HTTPTransport(verify=context, trust_env=False, local_address=local_address)
        return httpx.Client(
            base_url=f"https://{self.api}", transport=transport, headers=headers, timeout=60, trust_env=False
        )


def environment(database: str, **settings: str) -> dict[str, str]:
    """What `acc-controller` needs to know, with ports that the system chooses."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACC_")}
    chosen = dict.fromkeys(("ACC_API_LISTEN", "ACC_WORKER_LISTEN", "ACC_HEALTH_LISTEN"), "127.0.0.1:0")
    return kept | {"ACC_DATABASE_URL": database} | chosen | settings


def run(database: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One `acc-controller` command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(database, **settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def start(database: str, **settings: str) -> subprocess.Popen[str]:
    """`acc-controller serve`, not yet ready."""
    return subprocess.Popen(
        [*PROGRAM, "serve"], env=environment(database, **settings), stderr=subprocess.PIPE, text=True
    )


def read_event(process: subprocess.Popen[str], event: str) -> dict[str, str]:
    """The next log line with that event; ends with the process."""
    assert process.stderr is not None
    for line in process.stderr:
        parsed = json.loads(line)
        if parsed["event"] == event:
            return parsed
    raise AssertionError(f"{event} never came")


@contextmanager
def running_controller(database: str, **settings: str) -> Generator[Controller]:
    """A controller that serves while the block runs and must end well, unless the test has killed it."""
    ca = asyncio.run(with_db(database, load_cluster)).authority.pem
    process = start(database, **settings)
    assert process.stderr is not None
    log: list[str] = []
    # What it logs is read all the time: a controller that cannot log waits.
    reader = threading.Thread(target=log.extend, args=(process.stderr,))
    try:
        ready = read_event(process, "ready")
        reader.start()
        yield Controller(process, database, ca, ready["api"], ready["worker_link"], ready["health"], log)
        if process.poll() != -signal.SIGKILL:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=5) == 0
    finally:
        process.kill()
        process.wait()
        if reader.is_alive():
            reader.join()
        process.stderr.close()


async def with_db(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """What `work` gives on a database that is opened for it."""
    async with open_database(url) as db:
        return await work(db)


def wait_until(condition: Callable[[], T], seconds: float = 5.0) -> T:
    """What `condition` gives as soon as that is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition never became true"
        pause.wait(0.02)
    return value


def logged(controller: Controller, event: str) -> dict[str, str]:
    """The first line that the controller has logged with that event, as soon as there is one."""

    def found() -> dict[str, str]:
        lines = (json.loads(line) for line in tuple(controller.log))
        return next((line for line in lines if line["event"] == event), {})

    return wait_until(found)


@dataclass(frozen=True)
class Person:
    """A user with a token of their own."""

    user_id: str
    token_id: str
    client: httpx.Client


class NewPerson(Protocol):
    """The fixture `person`."""

    def __call__(self, *grants: str, scope_id: str = ..., reach: Sequence[str] = ...) -> Person:
        """A new user."""
        ...


def make_person(controller: Controller, *grants: str, scope_id: str, reach: Sequence[str]) -> Person:
    """A new user whose only role has these grants; without grants, without any role."""
    name = f"user-{secrets.token_hex(4)}"
    token = make_token()

    async def work(sql: Sql) -> str:
        user_id = await create_user(sql, scope_id="global", name=name)
        method = await sql.fetchrow("select id from auth_methods")
        assert method is not None
        account = await create_account(
            sql, auth_method_id=method["id"], user_id=user_id, login_name=name, password_hash="!"
        )
        await sql.execute(
            "insert into auth_tokens (id, scope_id, account_id, user_id, secret_hash, expiration_time)"
            " values ($1, 'global', $2, $3, $4, now() + interval '1 day')",
            token.id,
            account,
            user_id,
            token.secret_hash,
        )
        if grants:
            await create_role(sql, scope_id=scope_id, name=name, reach=reach, grants=grants, principals=(user_id,))
        return user_id

    return Person(in_database(controller, work), token.id, controller.client(token.text))


def in_database(controller: Controller, work: Callable[[Sql], Awaitable[T]]) -> T:
    """What `work` gives in a transaction on the controller's database."""

    async def transact(db: Database) -> T:
        return await db.transact(work)

    return _finish(with_db(controller.database, transact))


def execute(controller: Controller, statement: str, *values: object) -> None:
    """One SQL statement on the controller's database."""

    async def work(db: Database) -> None:
        await db.fetch(statement, *values)

    _finish(with_db(controller.database, work))


def _finish(work: Coroutine[object, object, T]) -> T:
    """Runs `work` on a loop of its own, also from inside a test that has one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result(timeout=30)


def waits_for_a_lock(controller: Controller) -> bool:
    """True if a statement waits for what somebody else has locked."""

    async def work(sql: Sql) -> bool:
        locked = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        return await sql.fetchrow(locked) is not None

    return in_database(controller, work)


def make_target(admin: httpx.Client, project: str, **fields: object) -> dict[str, str]:
    """A new target in `project`, with a name of its own unless `fields` gives one."""
    body = {
        "scope_id": project,
        "type": "tcp",
        "name": f"t-{secrets.token_hex(4)}",
        "address": "10.0.0.5",
        "attributes": {"default_port": 22},
    } | fields
    answer = admin.post("/v1/targets", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()
