"""No secret is ever written down, and nothing leaves the API that nobody described."""

import secrets

import httpx
import pytest

from acc.wire.directory.index import RESOURCES
from acc.wire.directory.machines import TARGET, WORKER
from acc.wire.directory.people import AUTH_METHOD
from acc.wire.directory.records import AUDIT_EVENT
from acc.wire.resources import Action, Resource
from tests.controlplane.audit.events import USE, authenticate, last, row_of
from tests.controlplane.peer import Worker
from tests.controlplane.system import (
    Controller,
    execute,
)


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


def test_a_login_or_a_ticket_in_the_wrong_place_is_nowhere_in_the_log(
    controller: Controller, admin: httpx.Client, everything: Everything
) -> None:
    login, ticket = everything.authenticated["attributes"]["token"], everything.session["authorization_token"]
    admin.get(f"/v1/auth-tokens/{login}", headers={"x-request-id": login})
    admin.get(f"/v1/targets/{login}")
    admin.post(f"/v1/targets/{ticket[:60]}:authorize-session")
    admin.post("/v1/targets/any:authorize-session", json={"name": login, "scope_id": login, "scope_name": ticket})
    admin.get("/v1/targets", params={"scope_id": login, "list_token": ticket})
    admin.post("/v1/groups", json={"scope_id": "global", "name": login, "description": f"{ticket} {login}"})
    whole = row_of(controller, "select string_agg(e::text, ' ') as text from audit_events e")["text"]

    assert f"(secret) {login.rpartition('_')[0]}" in whole
    assert [secret for secret in (login.rpartition("_")[2], ticket[:40]) if secret in whole] == []
    assert [line for line in controller.log if login in line] == []


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


def test_the_description_of_an_event_is_what_one_has(admin: httpx.Client) -> None:
    assert set(last(admin)) <= {field.name for field in AUDIT_EVENT.fields}
