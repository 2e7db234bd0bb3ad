"""Sessions end when what they stood on is gone, within two seconds; the others go on."""

import asyncio
import secrets
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

import httpx
import pytest

from acc.controlplane import directory
from acc.controlplane.api.kind import Access, Kind, note_access_change
from acc.controlplane.audit.record import AuditEvent
from acc.controlplane.sessions.ending import end_unallowed
from acc.controlplane.store.db import Database, Sql, required
from acc.rpc import worker_v1 as rpc
from tests.controlplane.peer import Worker, connection_id, new_worker
from tests.controlplane.system import (
    Controller,
    NewPerson,
    Person,
    execute,
    in_database,
    make_target,
    wait_until,
    waits_for_a_lock,
    with_db,
)
from tests.controlplane.things import Item, act, change, delete, make, make_hosts, make_project, new_name, read

USE = "ids=*;type=target;actions=authorize-session"
SECONDS = 2.0


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest.fixture(autouse=True)
def live(controller: Controller, worker: Worker) -> Generator[None]:
    """The worker counts as live all the time."""
    execute(controller, "update workers set last_status_time = now() + interval '1 hour' where id = $1", worker.id)
    yield
    execute(controller, "update workers set last_status_time = null")


@dataclass
class World:
    """A session and each thing that it stands on: a role of a project, had through a group."""

    admin: httpx.Client
    org: Item
    project: Item
    host_set: Item
    host: Item
    target: Item
    role: Item
    group: Item
    person: Person
    session: str

    def status(self) -> str:
        """What the session is now, said by somebody who always sees it."""
        return str(self.admin.get(f"/v1/sessions/{self.session}").json()["status"])


def start_session(client: httpx.Client, target: Item) -> str:
    answer = client.post(f"/v1/targets/{target['id']}:authorize-session")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["session_id"])


def make_world(admin: httpx.Client, somebody: Person) -> World:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))
    project = read(admin, "scopes", {"id": make_project(admin, org["id"])})
    host_set, (host,) = make_hosts(admin, project["id"], "10.0.0.1")
    target = make_target(admin, project["id"], address=None)
    target = act(admin, "targets", target, "add-host-sources", host_source_ids=[host_set["id"]])
    group = make(admin, "groups", scope_id="global")
    group = act(admin, "groups", group, "add-members", member_ids=[somebody.user_id])
    role = make(admin, "roles", scope_id=org["id"])
    role = act(admin, "roles", role, "set-grants", grant_strings=[USE])
    role = act(admin, "roles", role, "set-grant-scopes", grant_scope_ids=[project["id"]])
    role = act(admin, "roles", role, "set-principals", principal_ids=[group["id"]])
    session = start_session(somebody.client, target)
    return World(admin, org, project, host_set, host, target, role, group, somebody, session)


@pytest.fixture
def world(admin: httpx.Client, person: NewPerson) -> World:
    return make_world(admin, person())


def user_of(world: World) -> Item:
    return read(world.admin, "users", {"id": world.person.user_id})


def account_of(world: World) -> Item:
    return {"id": user_of(world)["account_ids"][0]}


REMOVALS: dict[str, Callable[[World], object]] = {
    "the user": lambda it: delete(it.admin, "users", {"id": it.person.user_id}),
    "the membership": lambda it: act(it.admin, "groups", it.group, "remove-members", member_ids=[it.person.user_id]),
    "all members": lambda it: act(it.admin, "groups", it.group, "set-members", member_ids=[]),
    "the group": lambda it: delete(it.admin, "groups", it.group),
    "the role": lambda it: delete(it.admin, "roles", it.role),
    "the grant": lambda it: act(it.admin, "roles", it.role, "remove-grants", grant_strings=[USE]),
    "all grants": lambda it: act(it.admin, "roles", it.role, "set-grants", grant_strings=[]),
    "the principal": lambda it: act(it.admin, "roles", it.role, "remove-principals", principal_ids=[it.group["id"]]),
    "all principals": lambda it: act(it.admin, "roles", it.role, "set-principals", principal_ids=[]),
    "the grant scope": lambda it: act(
        it.admin, "roles", it.role, "remove-grant-scopes", grant_scope_ids=[it.project["id"]]
    ),
    "where it counts": lambda it: act(it.admin, "roles", it.role, "set-grant-scopes", grant_scope_ids=["this"]),
    "the account": lambda it: delete(it.admin, "accounts", account_of(it)),
    "the account's user": lambda it: act(
        it.admin, "users", user_of(it), "remove-accounts", account_ids=[account_of(it)["id"]]
    ),
    "the host source": lambda it: act(
        it.admin, "targets", it.target, "remove-host-sources", host_source_ids=[it.host_set["id"]]
    ),
    "the host in the set": lambda it: act(
        it.admin,
        "host-sets",
        read(it.admin, "host-sets", it.host_set),
        "remove-hosts",
        host_ids=[it.host["id"]],
    ),
    "the target": lambda it: delete(it.admin, "targets", it.target),
    "the host": lambda it: delete(it.admin, "hosts", it.host),
    "the host catalog": lambda it: delete(it.admin, "host-catalogs", {"id": it.host_set["host_catalog_id"]}),
    "the project": lambda it: delete(it.admin, "scopes", it.project),
    "the org": lambda it: delete(it.admin, "scopes", it.org),
}


@pytest.mark.parametrize("what", REMOVALS)
def test_a_session_ends_with_what_it_stood_on(
    admin: httpx.Client, controller: Controller, person: NewPerson, what: str
) -> None:
    world, other = make_world(admin, person()), make_world(admin, person())

    REMOVALS[what](world)

    wait_until(lambda: state_in_database(controller, world.session) == "terminated", SECONDS)
    assert other.status() == "pending"


STOOD_ON = (
    "users", "accounts", "group_members", "roles", "role_users", "role_groups", "role_grants", "role_grant_scopes",
    "scopes", "targets", "target_host_sets", "host_set_hosts", "hosts",
)  # fmt: skip
"""The tables that the recheck reads."""


def test_every_kind_that_takes_along_what_a_session_stands_on_has_sessions_looked_at(controller: Controller) -> None:
    modules = [import_module(f"{directory.__name__}.{one.name}") for one in iter_modules(directory.__path__)]
    kinds = [value for module in modules for value in vars(module).values() if isinstance(value, Kind)]

    async def work(sql: Sql) -> set[str]:
        rows = await sql.fetch(
            "with recursive above as (select unnest($1::text[]) as name union"
            " select c.confrelid::regclass::text from pg_constraint c join above on c.conrelid = above.name::regclass"
            " where c.contype = 'f' and c.confdeltype = 'c') select name from above",
            STOOD_ON,
        )
        return {row["name"] for row in rows}

    taking_along = in_database(controller, work)
    assert {one.table for one in kinds if one.access is Access.CHANGED} == {
        one.table for one in kinds if one.table in taking_along
    }


def log_in(controller: Controller, admin: httpx.Client, method: Item) -> Person:
    """Somebody new who has logged in with that auth method."""
    name, password = new_name("user"), "the password of somebody"
    account = make(
        admin, "accounts", auth_method_id=method["id"], attributes={"login_name": name, "password": password}
    )
    user = make(admin, "users", scope_id="global", name=name)
    act(admin, "users", user, "add-accounts", account_ids=[account["id"]])
    role = make(admin, "roles", scope_id="global")
    role = act(admin, "roles", role, "set-grants", grant_strings=[f"ids={method['id']};actions=authenticate"])
    act(admin, "roles", role, "set-principals", principal_ids=["u_anon"])
    with controller.client() as anyone:
        body = {"attributes": {"login_name": name, "password": password}}
        answer = anyone.post(f"/v1/auth-methods/{method['id']}:authenticate", json=body).json()["attributes"]
    return Person(user["id"], answer["id"], controller.client(answer["token"]))


def test_a_session_ends_with_the_auth_method_of_its_account(controller: Controller, admin: httpx.Client) -> None:
    method = make(admin, "auth-methods", scope_id="global")
    somebody = log_in(controller, admin, method)
    with somebody.client:
        world = make_world(admin, somebody)

        delete(admin, "auth-methods", method)

        wait_until(lambda: world.status() == "terminated", SECONDS)


def state_in_database(controller: Controller, session: str) -> str:
    """The state of a session whose scope may be gone."""
    found: list[str] = []

    async def work(sql: Sql) -> None:
        found.append(required(await sql.fetchrow("select state from sessions where id = $1", session))["state"])

    in_database(controller, work)
    return found[0]


STAYING: dict[str, Callable[[World], object]] = {
    "words for the target": lambda it: change(it.admin, "targets", it.target, description="words"),
    "another member": lambda it: act(it.admin, "groups", it.group, "add-members", member_ids=["u_auth"]),
    "another grant": lambda it: act(
        it.admin, "roles", it.role, "add-grants", grant_strings=["ids=*;type=target;actions=read"]
    ),
    "the grant in other words": lambda it: act(
        it.admin, "roles", it.role, "set-grants", grant_strings=["ids=*;type=*;actions=*"]
    ),
    "the whole org": lambda it: act(it.admin, "roles", it.role, "set-grant-scopes", grant_scope_ids=["children"]),
    "the login": lambda it: it.admin.delete(f"/v1/auth-tokens/{it.person.token_id}"),
}


@pytest.mark.parametrize("what", STAYING)
def test_a_session_goes_on_while_something_allows_it(
    admin: httpx.Client, person: NewPerson, world: World, what: str
) -> None:
    ending = make_world(admin, person())

    STAYING[what](world)
    REMOVALS["the role"](ending)

    wait_until(lambda: ending.status() == "terminated", SECONDS)  # so the look that followed the change is over
    assert world.status() == "pending"


def test_a_grant_is_not_missed_while_another_gives_the_same(admin: httpx.Client, world: World) -> None:
    second = make(admin, "roles", scope_id=world.project["id"])
    second = act(admin, "roles", second, "set-grants", grant_strings=[f"ids={world.target['id']};actions=*"])
    second = act(admin, "roles", second, "set-principals", principal_ids=[world.person.user_id])

    delete(admin, "roles", world.role)
    start_session(world.person.client, world.target)
    assert world.status() == "pending"

    delete(admin, "roles", second)
    wait_until(lambda: world.status() == "terminated", SECONDS)


@pytest.mark.parametrize("attempt", range(5))
def test_two_removals_at_once_that_each_leave_the_others_grant_are_not_both_missed(
    admin: httpx.Client, world: World, attempt: int
) -> None:
    second = make(admin, "roles", scope_id=world.project["id"], name=f"second-{attempt}-{secrets.token_hex(4)}")
    second = act(admin, "roles", second, "set-grants", grant_strings=[USE])
    second = act(admin, "roles", second, "set-principals", principal_ids=[world.person.user_id])

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda role: delete(admin, "roles", role), (world.role, second)))

    wait_until(lambda: world.status() == "terminated", SECONDS)


def test_a_removal_that_commits_while_another_is_looked_at_is_seen_next(
    controller: Controller, admin: httpx.Client, world: World
) -> None:
    second = make(admin, "roles", scope_id=world.project["id"])
    second = act(admin, "roles", second, "set-grants", grant_strings=[USE])
    act(admin, "roles", second, "set-principals", principal_ids=[world.person.user_id])

    async def work(sql: Sql) -> None:
        """As another controller does it, slowly: its removal commits after this one's was looked at."""
        await sql.execute("delete from roles where id = $1", second["id"])
        await note_access_change(sql)
        await asyncio.to_thread(delete, admin, "roles", world.role)
        await asyncio.to_thread(wait_until, lambda: not noted(controller), SECONDS)
        assert await asyncio.to_thread(world.status) == "pending"

    in_database(controller, work)
    wait_until(lambda: world.status() == "terminated", SECONDS)


def test_two_controllers_that_end_a_session_at_once_leave_one_record(controller: Controller, world: World) -> None:
    async def both(db: Database) -> Sequence[Sequence[AuditEvent]]:
        once = [db.transact(lambda sql: end_unallowed(sql, [world.session])) for _ in range(2)]
        return await asyncio.gather(*once)

    records = asyncio.run(with_db(controller.database, both))

    assert sorted(len(each) for each in records) == [0, 1]
    events = world.admin.get("/v1/audit-events", params={"recursive": "true", "resource_id": world.session})
    assert [one["details"]["reason"] for one in events.json()["items"]] == ["access removed"]


def noted(controller: Controller) -> bool:
    """True if a change that has committed waits to be looked at."""

    async def work(sql: Sql) -> bool:
        return await sql.fetchrow("select id from access_changes limit 1") is not None

    return in_database(controller, work)


def test_a_session_that_is_made_while_its_grant_goes_ends_all_the_same(
    controller: Controller, admin: httpx.Client, world: World, person: NewPerson
) -> None:
    newcomer = person()
    act(admin, "groups", world.group, "add-members", member_ids=[newcomer.user_id])
    with ThreadPoolExecutor(1) as threads:

        async def work(sql: Sql) -> Callable[[], str]:
            """The grant was read, but the session not stored, when the grant is taken away and that is looked at."""
            await sql.execute("select id from users where id = $1 for update", newcomer.user_id)
            started = threads.submit(start_session, newcomer.client, world.target)
            await asyncio.to_thread(wait_until, lambda: waits_for_a_lock(controller))
            await asyncio.to_thread(act, admin, "roles", world.role, "set-grants", grant_strings=[])
            await asyncio.to_thread(wait_until, lambda: not noted(controller), SECONDS)
            return started.result

        session = in_database(controller, work)()

    wait_until(lambda: state_in_database(controller, session) == "terminated", SECONDS)


def test_a_new_session_has_no_other_looked_at(controller: Controller, admin: httpx.Client, world: World) -> None:
    wait_until(lambda: not noted(controller), SECONDS)
    execute(controller, "delete from role_grants where role_id = $1", world.role["id"])

    start_session(admin, world.target)
    wait_until(lambda: not noted(controller), SECONDS)

    assert world.status() == "pending"


def open_connection(worker: Worker, session: str) -> str:
    """What a worker hears that asks for one more connection: a refusal, or nothing."""

    async def ask() -> str:
        request = rpc.AuthorizeConnectionRequest(connection_id=connection_id(), session_id=session)
        async with worker.stub() as stub:
            return (await stub.authorize_connection(request)).refusal

    return asyncio.run(ask())


def test_every_opening_asks_again(controller: Controller, admin: httpx.Client, worker: Worker, world: World) -> None:
    assert open_connection(worker, world.session) == ""
    wait_until(lambda: not noted(controller), SECONDS)

    # Without a note nobody looks, as in the moment before somebody does.
    execute(controller, "delete from role_grants where role_id = $1", world.role["id"])

    assert world.status() == "active"
    assert open_connection(worker, world.session) == "session_cancelled"


def test_the_worker_is_told_to_end_what_is_open(controller: Controller, admin: httpx.Client, world: World) -> None:
    async def work() -> rpc.EndSession:
        worker = await new_worker(controller)
        async with worker.control() as control:
            assert await asyncio.to_thread(open_connection, worker, world.session) == ""
            await asyncio.to_thread(act, admin, "roles", world.role, "set-grants", grant_strings=[])
            return await control.end(seconds=SECONDS)

    end = asyncio.run(work())
    assert (end.session_id, end.code) == (world.session, "session_cancelled")
