"""The audit log of a running controller: every decision is in it, with names, before its answer leaves."""

import asyncio
import json
import secrets
from collections.abc import Generator, Sequence
from pathlib import Path

import httpx
import pytest
from grpclib import GRPCError

import acc.controlplane
from acc.controlplane.store.db import Database, Row, required
from acc.rpc import worker_v1 as rpc
from acc.wire.directory import AUDIT_EVENT, AUTH_METHOD, RESOURCES, TARGET, WORKER
from acc.wire.resources import Action, Resource
from tests.controlplane.peer import Worker, connection_id, enroll, enrolment_secret, make_csr, new_worker
from tests.controlplane.system import (
    ADMIN,
    PASSWORD,
    Controller,
    NewPerson,
    execute,
    make_target,
    run,
    running_controller,
    with_db,
)

Event = dict[str, object]

USE = "ids=*;type=target;actions=authorize-session"
UNSTORABLE = "alter table audit_events add constraint none_fits check (action = 'nothing') not valid"


def events(client: httpx.Client, **query: str) -> list[Event]:
    answer = client.get("/v1/audit-events", params={"scope_id": "global", "recursive": "true"} | query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def last(client: httpx.Client, **query: str) -> Event:
    """The newest event that `query` finds."""
    return events(client, page_size="1", **query)[0]


def part(event: Event, *names: str) -> dict[str, object]:
    return {name: event.get(name) for name in names}


def row_of(controller: Controller, statement: str, *values: object) -> Row:
    """The one row of a statement on the controller's database."""

    async def work(db: Database) -> Row:
        return required(await db.fetchrow(statement, *values))

    return asyncio.run(with_db(controller.database, work))


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller, "carrier"))


@pytest.fixture
def live(controller: Controller, worker: Worker) -> Worker:
    """The worker, which counts as live for now."""
    execute(controller, "update workers set last_status_time = now() where id = $1", worker.id)
    return worker


@pytest.fixture
def unstorable(controller: Controller) -> Generator[None]:
    """No event can be stored meanwhile."""
    execute(controller, UNSTORABLE)
    yield
    execute(controller, "alter table audit_events drop constraint none_fits")


@pytest.fixture
def target(admin: httpx.Client, project: str) -> dict[str, str]:
    return make_target(admin, project)


def authenticate(client: httpx.Client, login_name: str, password: str) -> httpx.Response:
    method = client.get("/v1/auth-methods").json()["items"][0]["id"]
    body = {"command": "login", "attributes": {"login_name": login_name, "password": password}}
    return client.post(f"/v1/auth-methods/{method}:authenticate", json=body)


def test_a_read_is_on_record_with_who_what_where_and_what_they_are_called(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    somebody = person("ids=*;type=target;actions=read")
    name = somebody.client.get("/v1/users/self").json()["name"]
    somebody.client.get(f"/v1/targets/{target['id']}")

    event = last(admin, user_id=somebody.user_id, resource_id=target["id"])
    assert part(event, "action", "resource_type", "resource_id", "resource_name", "outcome") == {
        "action": "read",
        "resource_type": "target",
        "resource_id": target["id"],
        "resource_name": target["name"],
        "outcome": "ok",
    }
    assert part(event, "user_id", "user_name", "client_address", "details") == {
        "user_id": somebody.user_id,
        "user_name": name,
        "client_address": "127.0.0.1",
        "details": {},
    }
    assert event["scope_id"] == project
    assert event["scope"]["type"] == "project"
    assert event["scope"]["name"] == "default"
    assert event["request_id"]
    assert "read" in event["authorized_actions"]


def test_one_event_reads_as_it_is_listed(admin: httpx.Client, project: str) -> None:
    make_target(admin, project)

    listed = last(admin)
    assert admin.get(f"/v1/audit-events/{listed['id']}").json() == listed


def test_what_is_made_is_on_record_with_its_new_id_and_what_was_asked(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, name="made-here", attributes={"default_port": 22, "extra_ports": [80]})

    event = last(admin, resource_id=target["id"])
    assert part(event, "action", "resource_name", "scope_id", "outcome") == {
        "action": "create",
        "resource_name": "made-here",
        "scope_id": project,
        "outcome": "ok",
    }
    assert event["details"] == {
        "scope_id": project,
        "type": "tcp",
        "name": "made-here",
        "address": "10.0.0.5",
        "attributes": {"default_port": 22, "extra_ports": [80]},
    }


def test_a_change_is_on_record_under_the_name_that_the_thing_had(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project, name="before")
    admin.patch(f"/v1/targets/{target['id']}", json={"version": 1, "name": "after"})

    event = last(admin, resource_id=target["id"])
    assert part(event, "action", "resource_name", "details") == {
        "action": "update",
        "resource_name": "before",
        "details": {"version": 1, "name": "after"},
    }


def test_a_deletion_is_on_record_after_the_thing_is_gone(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)
    admin.delete(f"/v1/targets/{target['id']}")

    event = last(admin, resource_id=target["id"])
    assert part(event, "action", "resource_name", "outcome") == {
        "action": "delete",
        "resource_name": target["name"],
        "outcome": "ok",
    }


def test_a_refused_change_is_on_record_with_its_code(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)
    admin.patch(f"/v1/targets/{target['id']}", json={"version": 7, "name": "after"})

    assert last(admin, resource_id=target["id"])["outcome"] == "conflict"


def test_whoever_asks_for_what_is_hidden_is_on_record_where_it_lies(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    somebody = person()
    assert somebody.client.get(f"/v1/targets/{target['id']}").status_code == 404

    event = last(admin, user_id=somebody.user_id)
    assert part(event, "resource_id", "resource_name", "scope_id", "outcome") == {
        "resource_id": target["id"],
        "resource_name": target["name"],
        "scope_id": project,
        "outcome": "not_found",
    }


def test_whoever_asks_for_what_is_missing_is_on_record_with_what_they_asked_for(
    admin: httpx.Client, person: NewPerson
) -> None:
    somebody = person()
    somebody.client.get("/v1/targets/ttcp_nothing000")
    by_id = last(admin, user_id=somebody.user_id)
    somebody.client.get("/v1/targets/a%0Ab%00" + "x" * 500)
    by_name = last(admin, user_id=somebody.user_id)

    assert part(by_id, "resource_id", "resource_name", "outcome") == {
        "resource_id": "ttcp_nothing000",
        "resource_name": None,
        "outcome": "not_found",
    }
    assert str(by_name["resource_name"]).startswith("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}xxx")
    assert len(str(by_name["resource_name"])) == 128


def test_a_call_without_a_login_is_on_record(controller: Controller, admin: httpx.Client) -> None:
    missing = f"ttcp_{secrets.token_hex(5)}"
    with controller.client("at_0123456789_wrong") as stranger:
        assert stranger.get(f"/v1/targets/{missing}").status_code == 401

    event = last(admin, resource_id=missing)
    assert part(event, "user_id", "outcome") == {"user_id": None, "outcome": "login_required"}


def test_a_list_is_one_event_and_its_filter_is_only_marked(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    make_target(admin, project)
    somebody = person("ids=*;type=target;actions=read")
    query = {"scope_id": project, "page_size": "1", "filter": '"/item/name" == "web-1"'}
    assert somebody.client.get("/v1/targets", params=query).status_code == 200

    [event] = events(admin, user_id=somebody.user_id)
    assert part(event, "action", "resource_type", "scope_id", "details") == {
        "action": "list",
        "resource_type": "target",
        "scope_id": project,
        "details": {"scope_id": project, "page_size": "1", "filter": "(sensitive)"},
    }


def test_a_body_that_is_not_understood_is_on_record_without_a_word_of_it(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    somebody = person()
    somebody.client.post("/v1/targets", json={"scope_id": project, "passwort": "hunter22"})

    event = last(admin, user_id=somebody.user_id)
    assert part(event, "action", "details", "outcome") == {
        "action": "create",
        "details": {},
        "outcome": "bad_request",
    }


def test_text_that_no_database_stores_is_on_record_all_the_same(admin: httpx.Client, person: NewPerson) -> None:
    somebody = person("ids=*;type=user;actions=create")
    answer = somebody.client.post("/v1/users", json={"name": "ada", "description": "a\0b"})

    event = last(admin, user_id=somebody.user_id)
    assert answer.status_code == 400
    assert event["details"] == {"name": "ada", "description": "a\N{REPLACEMENT CHARACTER}b"}


def test_a_session_is_on_record_with_its_target_and_its_id(
    admin: httpx.Client, project: str, person: NewPerson, live: Worker
) -> None:
    target = make_target(admin, project)
    somebody = person(USE)
    session = somebody.client.post(f"/v1/targets/{target['name']}:authorize-session").json()

    event = last(admin, user_id=somebody.user_id)
    assert part(event, "action", "resource_id", "resource_name", "scope_id", "outcome", "details") == {
        "action": "authorize-session",
        "resource_id": target["id"],
        "resource_name": target["name"],
        "scope_id": project,
        "outcome": "ok",
        "details": {"session_id": session["session_id"], "endpoint": "tcp://10.0.0.5:22"},
    }


def test_a_refused_session_is_on_record_with_what_was_asked(
    admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)
    seen, blind = person("ids=*;type=target;actions=read"), person()
    seen.client.post(f"/v1/targets/{target['name']}:authorize-session", json={"port": 99})
    blind.client.post(f"/v1/targets/{target['name']}:authorize-session")

    assert part(last(admin, user_id=seen.user_id), "resource_id", "outcome", "details") == {
        "resource_id": target["id"],
        "outcome": "not_allowed",
        "details": {"port": 99},
    }
    assert part(last(admin, user_id=blind.user_id), "resource_id", "resource_name", "outcome") == {
        "resource_id": None,
        "resource_name": target["name"],
        "outcome": "not_found",
    }


def test_a_cancelled_session_is_on_record(admin: httpx.Client, project: str, person: NewPerson, live: Worker) -> None:
    target = make_target(admin, project)
    session = person(USE).client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]
    admin.post(f"/v1/sessions/{session}:cancel")

    event = last(admin, resource_id=session)
    assert part(event, "action", "resource_name", "scope_id", "outcome") == {
        "action": "cancel",
        "resource_name": target["name"],
        "scope_id": project,
        "outcome": "ok",
    }


def test_a_connection_that_a_worker_asks_for_is_on_record_allowed_and_refused(
    admin: httpx.Client, project: str, person: NewPerson, live: Worker
) -> None:
    target = make_target(admin, project, session_connection_limit=1)
    somebody = person(USE)
    session = somebody.client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]

    async def ask(connection: str) -> str:
        async with live.stub() as stub:
            request = rpc.AuthorizeConnectionRequest(
                connection_id=connection, session_id=session, client_address="192.0.2.1:5000"
            )
            return (await stub.authorize_connection(request)).refusal

    connections = connection_id(), connection_id()
    answers = [asyncio.run(ask(connections[0])), asyncio.run(ask(connections[1]))]

    refused, allowed = events(admin, resource_id=session)
    assert answers == ["", "session_limit"]
    assert (allowed["outcome"], refused["outcome"]) == ("ok", "session_limit")
    assert part(allowed, "action", "resource_name", "user_id", "scope_id", "client_address", "details") == {
        "action": "authorize-connection",
        "resource_name": target["name"],
        "user_id": somebody.user_id,
        "scope_id": project,
        "client_address": "192.0.2.1:5000",
        "details": {"connection_id": connections[0], "worker_id": live.id, "worker_name": "carrier"},
    }
    assert refused["details"]["connection_id"] == connections[1]


def test_a_connection_of_no_session_is_on_record_as_it_was_asked_for(admin: httpx.Client, live: Worker) -> None:
    unknown = f"s_{secrets.token_hex(5)}"

    async def ask() -> str:
        async with live.stub() as stub:
            request = rpc.AuthorizeConnectionRequest(connection_id=connection_id(), session_id=unknown)
            return (await stub.authorize_connection(request)).refusal

    assert asyncio.run(ask()) == "session_unknown"
    assert last(admin, resource_id=unknown)["outcome"] == "session_unknown"


def test_an_enrolment_is_on_record_and_so_is_one_that_is_refused(controller: Controller, admin: httpx.Client) -> None:
    worker = asyncio.run(enroll(controller, enrolment_secret(controller, "newcomer")))
    with pytest.raises(GRPCError):
        asyncio.run(enroll(controller, "nonsense", address="192.0.2.9:9202"))

    enrolled = last(admin, resource_id=worker.id)
    refused = next(one for one in events(admin, page_size="20") if one["action"] == "enroll")
    assert part(enrolled, "action", "resource_name", "outcome") == {
        "action": "enroll",
        "resource_name": "newcomer",
        "outcome": "ok",
    }
    assert part(refused, "outcome", "details") == {"outcome": "not_allowed", "details": {"address": "192.0.2.9:9202"}}


def test_a_renewal_is_on_record(admin: httpx.Client, live: Worker) -> None:
    async def renew() -> None:
        async with live.stub() as stub:
            await stub.renew(rpc.RenewRequest(csr_der=make_csr(live.key)))

    asyncio.run(renew())
    event = last(admin, resource_id=live.id)
    assert part(event, "action", "resource_name", "outcome") == {
        "action": "renew",
        "resource_name": "carrier",
        "outcome": "ok",
    }


def test_a_login_is_on_record_with_the_user_and_so_is_one_that_fails(
    controller: Controller, admin: httpx.Client
) -> None:
    with controller.client() as client:
        login = authenticate(client, ADMIN, PASSWORD).json()["attributes"]
        good = last(admin, user_id=login["user_id"], resource_id=login["auth_method_id"])
        authenticate(client, ADMIN, "wrong password")
        known = last(admin, resource_id=login["auth_method_id"])
        authenticate(client, "nobody-at-all", "wrong password")
        unknown = last(admin, resource_id=login["auth_method_id"])

    assert part(good, "action", "user_name", "outcome") == {
        "action": "authenticate",
        "user_name": ADMIN,
        "outcome": "ok",
    }
    assert good["details"]["auth_token_id"] == login["id"]
    assert part(known, "user_id", "outcome") == {"user_id": "u_anon", "outcome": "login_failed"}
    assert (known["details"]["user_name"], known["details"]["account_id"]) == (ADMIN, login["account_id"])
    assert unknown["details"] == {"command": "login", "attributes": {"login_name": "(sensitive)"}}


def test_local_commands_are_on_record(controller: Controller, admin: httpx.Client) -> None:
    run(controller.database, "worker-token", "--name", "by-hand", "--controller", "c.example:9201")

    made = next(one for one in events(admin, page_size="5") if one["resource_name"] == "by-hand")
    began = events(admin, resource_id="global", until="2999-01-01T00:00:00Z")[-1]
    assert part(made, "action", "resource_type", "client_address", "outcome") == {
        "action": "create:controller-led",
        "resource_type": "worker",
        "client_address": "local",
        "outcome": "ok",
    }
    assert str(made["user_name"]).endswith(" (local)")
    assert (began["action"], began["outcome"]) == ("init", "ok")


def test_a_migration_is_on_record_by_the_files_that_it_applied(empty_database: str) -> None:
    first, again = run(empty_database, "migrate"), run(empty_database, "migrate")

    async def work(db: Database) -> Sequence[Row]:
        return await db.fetch("select action, details from audit_events")

    [event] = asyncio.run(with_db(empty_database, work))
    assert (event["action"], json.loads(event["details"])) == ("migrate", {"applied": first.stdout.splitlines()})
    assert again.stdout == ""


def test_a_change_whose_record_cannot_be_stored_is_not_made(
    controller: Controller, admin: httpx.Client, project: str, unstorable: None
) -> None:
    body = {"scope_id": project, "name": "unheard", "address": "10.0.0.5", "attributes": {"default_port": 22}}
    answer = admin.post("/v1/targets", json=body)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert row_of(controller, "select count(*) from targets where name = 'unheard'")[0] == 0


def test_a_session_whose_record_cannot_be_stored_is_not_made(
    controller: Controller, admin: httpx.Client, live: Worker, target: dict[str, str], unstorable: None
) -> None:
    answer = admin.post(f"/v1/targets/{target['id']}:authorize-session")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert row_of(controller, "select count(*) from sessions where target_id = $1", target["id"])[0] == 0


def test_neither_a_read_nor_a_refusal_is_answered_without_its_record(
    admin: httpx.Client, person: NewPerson, unstorable: None
) -> None:
    read = admin.get("/v1/users/self")
    refused = person().client.get("/v1/users/u_0000000000")

    assert (read.status_code, read.json()["code"]) == (503, "unavailable")
    assert "name" not in read.json()
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")


def test_many_at_once_share_their_commits(controller: Controller, person: NewPerson) -> None:
    somebody = person()

    async def read_all() -> list[int]:
        context = somebody.client._transport._pool._ssl_context
        async with httpx.AsyncClient(
            base_url=somebody.client.base_url, headers=somebody.client.headers, verify=context, timeout=60
        ) as client:
            answers = await asyncio.gather(*(client.get("/v1/users/self") for _ in range(60)))
            return [answer.status_code for answer in answers]

    assert asyncio.run(read_all()) == [200] * 60
    counted = row_of(
        controller,
        "select count(*) as events, count(distinct xmin::text) as commits from audit_events where user_id = $1",
        somebody.user_id,
    )
    assert counted["events"] == 60
    assert counted["commits"] < 60


def test_events_are_seen_by_grants_like_anything_else(admin: httpx.Client, project: str, person: NewPerson) -> None:
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]
    other = admin.post("/v1/scopes", json={"scope_id": org, "name": f"p-{secrets.token_hex(4)}"}).json()["id"]
    here, there = make_target(admin, project), make_target(admin, other)
    auditor = person("ids=*;type=audit-event;actions=list,read", scope_id=other, reach=("this",)).client

    seen = events(auditor)
    assert {event["scope_id"] for event in seen} == {other}
    assert there["id"] in {event.get("resource_id") for event in seen}
    hidden = last(admin, resource_id=here["id"])
    assert auditor.get(f"/v1/audit-events/{hidden['id']}").status_code == 404
    assert events(person().client) == []


def test_events_outlive_the_project_that_they_tell_of(admin: httpx.Client, project: str) -> None:
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]
    gone = admin.post("/v1/scopes", json={"scope_id": org, "name": f"p-{secrets.token_hex(4)}"}).json()
    target = make_target(admin, gone["id"])
    admin.delete(f"/v1/scopes/{gone['id']}")

    event = last(admin, resource_id=target["id"])
    assert (event["resource_name"], event["scope"]["name"]) == (target["name"], gone["name"])


def test_a_span_of_time_narrows_the_list(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)
    made = last(admin, resource_id=target["id"])
    admin.get(f"/v1/targets/{target['id']}")
    read = last(admin, resource_id=target["id"])

    since = events(admin, resource_id=target["id"], since=str(read["created_time"]))
    until = events(admin, resource_id=target["id"], until=str(read["created_time"]))
    assert [event["id"] for event in since] == [read["id"]]
    assert [event["id"] for event in until] == [made["id"]]


@pytest.mark.parametrize("time", ["yesterday", "2025-01-31", "2025-01-31T09:00:00"])
def test_a_span_that_is_no_time_is_refused(admin: httpx.Client, time: str) -> None:
    answer = admin.get("/v1/audit-events", params={"since": time})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_events_cannot_be_changed_or_deleted_over_the_api(admin: httpx.Client) -> None:
    event = last(admin)["id"]

    assert admin.delete(f"/v1/audit-events/{event}").status_code == 405
    assert admin.patch(f"/v1/audit-events/{event}", json={"version": 1}).status_code == 405


def test_nothing_in_the_program_changes_or_deletes_an_event() -> None:
    folder = Path(next(iter(acc.controlplane.__path__)))
    sources = "\n".join(path.read_text() for path in folder.rglob("*") if path.suffix in (".py", ".sql"))

    assert "insert into audit_events" in sources
    assert "update audit_events" not in sources
    assert "delete from audit_events" not in sources


class Everything:
    """One of each resource, made over the API with secrets that are known here."""

    def __init__(self, controller: Controller, admin: httpx.Client, project: str) -> None:
        self._admin = admin
        tag = secrets.token_hex(4)
        method = admin.get("/v1/auth-methods").json()["items"][0]["id"]
        self.secrets = [f"{word}-{secrets.token_hex(6)}" for word in ("first", "second", "third", "mail")]
        first, second, third, mail = self.secrets
        login = f"login-{tag}"
        account = self._make("accounts", auth_method_id=method, attributes={"login_name": login, "password": first})
        user = self._make("users", name=f"user-{tag}", full_name=f"Full {mail}", email=f"{mail}@b.example")
        self._act(user, "users", "add-accounts", account_ids=[account["id"]])
        self._act(account | {"version": 2}, "accounts", "set-password", password=second)
        with controller.client() as client:
            self.authenticated = authenticate(client, login, second).json()
            authenticate(client, login, first)
            token = self.authenticated["attributes"]["token"]
            client.headers["authorization"] = f"Bearer {token}"
            version = client.get(f"/v1/accounts/{account['id']}").json()["version"]
            passwords = {"version": version, "current_password": second, "new_password": third}
            changed = client.post(f"/v1/accounts/{account['id']}:change-password", json=passwords)
            assert changed.status_code == 200, changed.text
        group = self._make("groups", scope_id="global", name=f"group-{tag}")
        self._act(group, "groups", "add-members", member_ids=[user["id"]])
        role = self._make("roles", scope_id=project, name=f"role-{tag}")
        self._act(role, "roles", "add-grants", grant_strings=[USE])
        self._act(role | {"version": 2}, "roles", "add-principals", principal_ids=[user["id"], group["id"]])
        catalog = self._make("host-catalogs", scope_id=project, name=f"catalog-{tag}")
        host = self._make("hosts", host_catalog_id=catalog["id"], attributes={"address": "10.9.9.9"})
        hosts = self._make("host-sets", host_catalog_id=catalog["id"])
        self._act(hosts, "host-sets", "add-hosts", host_ids=[host["id"]])
        target = self._make(
            "targets", scope_id=project, type="tcp", name=f"many-{tag}", attributes={"default_port": 22}
        )
        self._act(target, "targets", "add-host-sources", host_source_ids=[hosts["id"]])
        self._make("aliases", value=f"alias-{tag}", destination_id=target["id"])
        self.session = self._done(admin.post(f"/v1/targets/{target['id']}:authorize-session"))
        created = self._done(admin.post("/v1/workers:create:controller-led", json={"name": f"worker-{tag}"}))
        self.worker = created
        listed = {"filter": f'"/item/email" == "{mail}@b.example"'}
        assert [one["id"] for one in admin.get("/v1/users", params=listed).json()["items"]] == [user["id"]]
        self.secrets += [
            token,
            token.rsplit("_", 1)[1],
            login,
            self.session["authorization_token"],
            created["controller_generated_activation_token"],
        ]

    def _make(self, plural: str, **body: object) -> dict[str, object]:
        return self._done(self._admin.post(f"/v1/{plural}", json=body))

    def _act(self, item: dict[str, object], plural: str, action: str, **body: object) -> None:
        self._done(self._admin.post(f"/v1/{plural}/{item['id']}:{action}", json=body | {"version": item["version"]}))

    def _done(self, answer: httpx.Response) -> dict[str, object]:
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def everything(controller: Controller, admin: httpx.Client, project: str, worker: Worker) -> Everything:
    execute(controller, "update workers set last_status_time = now() where id = $1", worker.id)
    return Everything(controller, admin, project)


def test_no_secret_and_nothing_sensitive_is_anywhere_in_the_log(controller: Controller, everything: Everything) -> None:
    whole = row_of(controller, "select string_agg(e::text, ' ') as text from audit_events e")["text"]

    assert "set-password" in whole
    assert "change-password" in whole
    assert [secret for secret in everything.secrets if secret in whole] == []
    assert "correct horse battery" not in whole


def undescribed(resource: Resource, item: dict[str, object]) -> set[tuple[str | None, str]]:
    """The keys in `item` that the description of the resource does not have."""
    described = {(field.inside, field.name) for field in resource.fields}
    found = {(None, name) for name in item if name != "attributes"}
    return (found | {("attributes", name) for name in item.get("attributes", ())}) - described


@pytest.mark.parametrize("resource", RESOURCES, ids=[resource.type for resource in RESOURCES])
def test_every_field_that_the_api_gives_is_described(
    admin: httpx.Client, everything: Everything, resource: Resource
) -> None:
    query = {"scope_id": "global", "recursive": "true", "page_size": "50"}
    items = admin.get(resource.path, params=query).json()["items"]

    assert items
    assert set().union(*(undescribed(resource, item) for item in items)) == set()


def gives(resource: Resource, name: str) -> set[str]:
    action: Action = next(action for action in resource.domain if action.name == name)
    return {field.name for field in action.gives}


def test_every_field_of_the_answers_that_are_no_resource_is_described(everything: Everything) -> None:
    assert set(everything.session) <= gives(TARGET, "authorize-session")
    assert set(everything.authenticated) <= gives(AUTH_METHOD, "authenticate")
    assert undescribed(WORKER, everything.worker) == set()


def test_a_controller_whose_log_was_away_goes_on_when_it_is_back(cluster_database: str) -> None:
    with running_controller(cluster_database) as own, own.client() as client:
        execute(own, UNSTORABLE)
        refused = client.get("/v1/auth-methods").status_code
        execute(own, "alter table audit_events drop constraint none_fits")

        assert (refused, client.get("/v1/auth-methods").status_code) == (503, 200)


def test_the_description_of_an_event_is_what_one_has(admin: httpx.Client) -> None:
    assert set(last(admin)) <= {field.name for field in AUDIT_EVENT.fields}


def test_a_list_that_is_an_action_is_on_record(admin: httpx.Client) -> None:
    user = admin.get("/v1/users/self").json()["id"]
    assert admin.get(f"/v1/users/{user}:list-resolvable-aliases").status_code == 200

    event = last(admin, filter='"/item/action" == "list-resolvable-aliases"')
    assert (event["resource_type"], event["resource_id"], event["outcome"]) == ("user", user, "ok")
