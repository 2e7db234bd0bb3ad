"""What Boundary's clients ask for beyond a thing's life: a login, domain actions, sessions.

Each test says where in Boundary's published source a client sends what it sends here.
"""

import asyncio
from collections.abc import Generator

import httpx
import pytest

from tests.controlplane.boundary_sdk import (
    UNAUTHORIZED,
    Item,
    Sdk,
    ServerError,
)
from tests.controlplane.peer import Worker, connection_id, new_worker
from tests.controlplane.system import ADMIN, PASSWORD, Controller, execute, make_target
from tests.controlplane.things import auth_method, make, make_hosts, new_name

GRANT = "ids=*;type=target;actions=authorize-session"
STALE = (409, "Aborted")


@pytest.fixture(scope="module")
def anyone(controller: Controller) -> Generator[Sdk]:
    with controller.client() as client:
        yield Sdk(client)


@pytest.fixture(scope="module")
def sdk(anyone: Sdk) -> Sdk:
    return anyone.authenticate(ADMIN, PASSWORD)


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest.fixture
def role(sdk: Sdk) -> str:
    return str(sdk.create("roles", scope_id="global", name=new_name())["id"])


@pytest.fixture
def session(controller: Controller, sdk: Sdk, admin: httpx.Client, project: str, worker: Worker) -> Item:
    execute(controller, "update workers set last_status_time = now() where id = $1", worker.id)
    target = make_target(admin, project)["id"]
    return sdk.call("POST", f"targets/{target}:authorize-session", "SessionAuthorization", {})


# logging in: internal/cmd/commands/authenticate/password.go, and provider.go's providerAuthenticate


def test_a_client_without_a_token_finds_the_auth_method_and_logs_in(anyone: Sdk) -> None:
    logged_in = anyone.authenticate(ADMIN, PASSWORD)

    assert logged_in.token.startswith("at_")
    assert logged_in.read("users", "self")["login_name"] == ADMIN


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_scheme_without_a_token_is_no_login(anyone: Sdk, scheme: str) -> None:
    header = {"authorization": scheme}

    assert anyone.http.get("/v1/auth-methods", headers=header).status_code == 200
    assert anyone.http.get("/v1/users", headers=header).status_code == 401


def test_a_wrong_password_is_unauthenticated_with_a_sentence(anyone: Sdk) -> None:
    with pytest.raises(ServerError) as refused:
        anyone.authenticate(ADMIN, "wrong password")

    assert refused.value.sentinel == UNAUTHORIZED
    assert refused.value.message == "login name or password is wrong"


def test_logging_out_deletes_the_token_that_the_login_was_stored_as(anyone: Sdk) -> None:
    logged_in = anyone.authenticate(ADMIN, PASSWORD)
    token_id = "_".join(logged_in.token.split("_")[:2])  # internal/cmd/commands/logout/logout.go
    assert logged_in.read("auth-tokens", token_id)["id"] == token_id
    logged_in.delete("auth-tokens", token_id)

    with pytest.raises(ServerError) as refused:
        logged_in.read("auth-tokens", token_id)
    assert refused.value.sentinel == UNAUTHORIZED


# domain actions


def test_accounts_come_and_go_from_a_user(sdk: Sdk, admin: httpx.Client) -> None:
    attributes = {"login_name": new_name(), "password": "a good password"}
    account = sdk.create("accounts", auth_method_id=auth_method(admin), attributes=attributes)["id"]
    user = sdk.create("users", scope_id="global", name=new_name())["id"]

    assert sdk.act("users", user, "set-accounts", account_ids=[account])["account_ids"] == [account]
    # resource_user.go hands on a nil slice where no accounts are configured any more
    assert sdk.act("users", user, "set-accounts", account_ids=None)["account_ids"] == []
    assert sdk.act("users", user, "add-accounts", account_ids=[account])["accounts"][0]["id"] == account
    assert sdk.act("users", user, "remove-accounts", account_ids=[account])["accounts"] == []


def test_a_scope_gets_a_primary_auth_method_and_loses_it(sdk: Sdk) -> None:
    org = sdk.create("scopes", scope_id="global", name=new_name("org"))["id"]
    method = sdk.create("auth-methods", scope_id=org, type="password")["id"]

    assert sdk.update("scopes", org, primary_auth_method_id=method)["primary_auth_method_id"] == method
    assert sdk.read("auth-methods", method)["is_primary"] is True
    assert "primary_auth_method_id" not in sdk.update("scopes", org, primary_auth_method_id=None)


def test_members_come_and_go_from_a_group(sdk: Sdk) -> None:
    one, other = (sdk.create("users", scope_id="global", name=new_name())["id"] for _ in range(2))
    group = sdk.create("groups", scope_id="global")["id"]

    assert sdk.act("groups", group, "add-members", member_ids=[one])["members"] == [{"id": one, "scope_id": "global"}]
    assert sdk.act("groups", group, "set-members", member_ids=[other])["member_ids"] == [other]
    assert sdk.act("groups", group, "remove-members", member_ids=[other])["member_ids"] == []
    assert sdk.act("groups", group, "set-members", member_ids=None)["member_ids"] == []


def test_principals_of_a_role_are_set_and_taken_away(sdk: Sdk, role: str) -> None:
    user = sdk.create("users", scope_id="global", name=new_name())["id"]
    assert sdk.act("roles", role, "add-principals", principal_ids=[user])["principals"] == [
        {"id": user, "type": "user", "scope_id": "global"}
    ]
    assert sdk.act("roles", role, "remove-principals", principal_ids=[user])["principal_ids"] == []
    assert sdk.act("roles", role, "set-principals", principal_ids=[user])["principal_ids"] == [user]
    assert sdk.act("roles", role, "set-principals", principal_ids=None)["principal_ids"] == []


def test_grants_that_the_provider_says_twice_are_there_once(sdk: Sdk, role: str) -> None:
    # resource_role.go's resourceRoleCreate appends each grant once more for each grant that there is
    granted = sdk.act("roles", role, "set-grants", grant_strings=[GRANT, GRANT])

    assert granted["grant_strings"] == [GRANT]
    assert granted["grants"][0]["json"] == {"ids": ["*"], "type": "target", "actions": ["authorize-session"]}
    assert sdk.act("roles", role, "remove-grants", grant_strings=[GRANT])["grants"] == []


def test_null_takes_all_grants_and_grant_scopes(sdk: Sdk, role: str) -> None:
    sdk.act("roles", role, "add-grants", grant_strings=[GRANT])
    assert sdk.act("roles", role, "set-grants", grant_strings=None)["grant_strings"] == []

    assert sdk.act("roles", role, "add-grant-scopes", grant_scope_ids=["descendants"])["grant_scope_ids"] == [
        "descendants",
        "this",
    ]
    assert sdk.act("roles", role, "remove-grant-scopes", grant_scope_ids=["this"])["grant_scope_ids"] == ["descendants"]
    # internal/cmd/commands/rolescmd/funcs.go: -grant-scope-id null
    assert sdk.act("roles", role, "set-grant-scopes", grant_scope_ids=None)["grant_scope_ids"] == []


def test_hosts_come_and_go_from_a_set_and_sets_from_a_target(sdk: Sdk, admin: httpx.Client, project: str) -> None:
    host_set, (host,) = make_hosts(admin, project, "10.0.0.1")
    body = {"scope_id": project, "type": "tcp", "name": new_name(), "attributes": {"default_port": 22}}
    target = sdk.create("targets", **body)["id"]
    sources = {"host_source_ids": [host_set["id"]]}

    added = sdk.act("targets", target, "add-host-sources", **sources)
    assert added["host_sources"] == [{"id": host_set["id"], "host_catalog_id": host_set["host_catalog_id"]}]
    assert sdk.act("targets", target, "remove-host-sources", **sources)["host_source_ids"] == []
    assert sdk.act("targets", target, "set-host-sources", **sources)["host_source_ids"] == [host_set["id"]]
    assert sdk.act("targets", target, "set-host-sources", host_source_ids=None)["host_source_ids"] == []
    assert sdk.read("hosts", host["id"])["host_set_ids"] == [host_set["id"]]
    assert sdk.act("host-sets", host_set["id"], "set-hosts", host_ids=None)["host_ids"] == []


def test_tags_come_and_go_from_a_worker(sdk: Sdk, worker: Worker) -> None:
    tagged = sdk.act("workers", worker.id, "set-worker-tags", api_tags={"region": ["east", "west"]})
    assert tagged["canonical_tags"] == {"region": ["east", "west"]}
    less = sdk.act("workers", worker.id, "remove-worker-tags", api_tags={"region": ["east"]})
    assert less["api_tags"] == {"region": ["west"]}
    assert sdk.act("workers", worker.id, "add-worker-tags", api_tags={"b": ["c"]})["api_tags"]["b"] == ["c"]
    assert sdk.act("workers", worker.id, "set-worker-tags", api_tags=None)["api_tags"] == {}


def test_passwords_are_set_and_changed(anyone: Sdk, sdk: Sdk, admin: httpx.Client) -> None:
    login = new_name()
    account = sdk.create("accounts", auth_method_id=auth_method(admin), attributes={"login_name": login})["id"]
    user = sdk.create("users", scope_id="global", name=new_name())["id"]
    sdk.act("users", user, "add-accounts", account_ids=[account])

    sdk.act("accounts", account, "set-password", password="the first password")
    owner = anyone.authenticate(login, "the first password")
    passwords = {"current_password": "the first password", "new_password": "the second password"}
    assert owner.act("accounts", account, "change-password", **passwords)["id"] == account
    assert anyone.authenticate(login, "the second password").read("users", "self")["id"] == user


def test_an_alias_asks_for_a_host_and_no_longer(sdk: Sdk, admin: httpx.Client, project: str) -> None:
    _, (host,) = make_hosts(admin, project, "10.0.0.1")
    asked = {"authorize_session_arguments": {"host_id": host["id"]}}
    body = {"scope_id": "global", "type": "target", "value": new_name("alias"), "attributes": asked}
    alias = sdk.create("aliases", **body)
    assert alias["attributes"] == asked

    # api/aliases/option.go: DefaultTargetAliasAuthorizeSessionArgumentsHostId
    changed = sdk.update("aliases", alias["id"], attributes={"authorize_session_arguments": {"host_id": None}})
    assert "attributes" not in changed


def test_a_user_lists_the_aliases_that_lead_somewhere(sdk: Sdk, admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)["id"]
    made = [make(admin, "aliases", scope_id="global", value=new_name("alias"), destination_id=target) for _ in range(2)]
    # api/users/custom.go asks as for a list of aliases, by another path
    path = f"users/{sdk.read('users', 'self')['id']}:list-resolvable-aliases"
    listed = sdk.list_all(path, "Alias", scope_id="global", recursive="true", page_size="1")
    found = sdk.list_all(path, "Alias", scope_id="global", filter=f'"/item/id" == "{made[0]["id"]}"')

    assert {one["id"] for one in made} <= {one["id"] for one in listed}
    assert [one["id"] for one in found] == [made[0]["id"]]
    with pytest.raises(ServerError) as refused:
        sdk.list_all(path, "Alias", scope_id=project)
    assert refused.value.fields == ["scope_id"]


def test_a_data_source_finds_a_user_by_its_name(sdk: Sdk) -> None:
    user = sdk.create("users", scope_id="global", name=new_name("user"))
    wanted = f'"/item/name" matches "{user["name"]}"'  # internal/provider/filter.go, for data_source_user.go

    assert [one["id"] for one in sdk.list_all("users", "User", scope_id="global", filter=wanted)] == [user["id"]]


# sessions


def test_a_session_comes_by_a_targets_name_in_its_scope(
    sdk: Sdk, admin: httpx.Client, session: Item, project: str
) -> None:
    target = make_target(admin, project)
    # api/targets/custom.go: without an id the name stands in the path, and in the body with its scope
    body = {"name": target["name"], "scope_id": project}
    by_name = sdk.call("POST", f"targets/{target['name']}:authorize-session", "SessionAuthorization", body)

    assert by_name["target_id"] == target["id"]
    assert by_name["session_id"] != session["session_id"]
    assert by_name["endpoint"] == "tcp://10.0.0.5:22"


def test_a_session_reads_with_its_connections_and_is_cancelled(
    controller: Controller, sdk: Sdk, session: Item, worker: Worker
) -> None:
    session_id = session["session_id"]
    execute(
        controller,
        "insert into connections (id, session_id, worker_id, state, client_address, backend_address, bytes_up,"
        " bytes_down) values ($1, $2, $3, 'connected', '192.0.2.1:5000', '10.0.0.5:22', 9007199254740993, 7)",
        connection_id(),
        session_id,
        worker.id,
    )
    (connection,) = sdk.read("sessions", session_id)["connections"]

    assert (connection["bytes_up"], connection["bytes_down"]) == ("9007199254740993", "7")
    assert (connection["client_tcp_port"], connection["endpoint_tcp_address"]) == (5000, "10.0.0.5")
    assert sdk.act("sessions", session_id, "cancel")["status"] == "canceling"


def test_sessions_that_have_ended_are_listed_on_demand(sdk: Sdk, session: Item, project: str) -> None:
    sdk.act("sessions", session["session_id"], "cancel")

    running = sdk.list_all("sessions", "Session", scope_id=project)
    every = sdk.list_all("sessions", "Session", scope_id="global", recursive="true", include_terminated="true")

    assert session["session_id"] not in {one["id"] for one in running}
    assert session["session_id"] in {one["id"] for one in every}
