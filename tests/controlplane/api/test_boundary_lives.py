"""The life of each resource as Boundary's Go SDK and Terraform provider lead it: made, read, changed, listed, gone.

The bodies are those of `internal/provider/resource_<resource>.go`, which are the SDK's `With...` options put into one
object. An update sets only what has changed, null where the configuration has no value any more.
"""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from tests.controlplane.boundary_sdk import NOT_FOUND, RESOURCES, Item, Sdk, ServerError
from tests.controlplane.system import ADMIN, PASSWORD, Controller
from tests.controlplane.things import auth_method, make, make_project, new_name


@dataclass(frozen=True)
class Places:
    """Where things are made."""

    org: str
    project: str
    catalog: str
    auth_method: str


@dataclass(frozen=True)
class Life:
    """One resource: the path that makes it, the body, and the parameters of the list that has it."""

    plural: str
    body: Callable[[Places], Item]
    where: Callable[[Places], Item]
    query: Item
    path: str = ""

    def create(self, sdk: Sdk, body: Item) -> Item:
        """The one that `body` makes."""
        return sdk.call("POST", self.path or self.plural, RESOURCES[self.plural], body, self.query)

    def make(self, sdk: Sdk, places: Places) -> Item:
        """A new one, described."""
        return self.create(sdk, self.body(places) | {"description": "words"})


def _life(plural: str, where: Callable[[Places], Item], body: Callable[[], Item], query: Item | None = None) -> Life:
    return Life(plural, lambda places: where(places) | body(), where, query or {})


def _in_global(_places: Places) -> Item:
    return {"scope_id": "global"}


def _in_org(places: Places) -> Item:
    return {"scope_id": places.org}


def _in_project(places: Places) -> Item:
    return {"scope_id": places.project}


def _in_catalog(places: Places) -> Item:
    return {"host_catalog_id": places.catalog}


def _in_auth_method(places: Places) -> Item:
    return {"auth_method_id": places.auth_method}


def _named() -> Item:
    return {"name": new_name()}


# resource_scope.go: the provider never wants the roles that Boundary would make
SKIP = {"skip_admin_role_creation": "true", "skip_default_role_creation": "true"}

LIVES = {
    "org": _life("scopes", _in_global, _named, SKIP),
    "project": _life("scopes", _in_org, _named, SKIP),
    "auth-method": _life(
        "auth-methods",
        _in_org,
        lambda: _named() | {"type": "password", "attributes": {"min_login_name_length": 5, "min_password_length": 12}},
    ),
    "account": _life(  # resource_account_password.go leaves the type to the auth method
        "accounts",
        _in_auth_method,
        lambda: _named() | {"attributes": {"login_name": new_name(), "password": "a good password"}},
    ),
    "user": _life("users", _in_org, _named),
    "group": _life("groups", _in_project, _named),
    "role": _life("roles", _in_org, _named),
    "host-catalog": _life("host-catalogs", _in_project, lambda: _named() | {"type": "static"}),
    "host-set": _life("host-sets", _in_catalog, _named),
    "host": _life("hosts", _in_catalog, lambda: _named() | {"attributes": {"address": "10.0.0.9"}}),
    "target": _life(
        "targets",
        _in_project,
        lambda: (
            _named()
            | {"type": "tcp", "address": "10.0.0.9", "session_max_seconds": 60, "session_connection_limit": -1}
            | {"attributes": {"default_port": 22, "default_client_port": 2222}}
        ),
    ),
    "alias": _life("aliases", _in_global, lambda: _named() | {"type": "target", "value": new_name("alias")}),
    "worker": Life(  # resource_worker.go, without a token that the worker made
        "workers", lambda _: {"scope_id": "global"} | _named(), _in_global, {}, "workers:create:controller-led"
    ),
}
of_each = pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)


@pytest.fixture(scope="module")
def places(admin: httpx.Client) -> Places:
    org = make(admin, "scopes", scope_id="global", name=new_name("org"))["id"]
    project = make_project(admin, org)
    catalog = make(admin, "host-catalogs", scope_id=project)["id"]
    return Places(org, project, catalog, auth_method(admin))


@pytest.fixture(scope="module")
def sdk(controller: Controller, admin: httpx.Client) -> Sdk:
    with controller.client() as anyone:
        token = Sdk(anyone).authenticate(ADMIN, PASSWORD).token
    return Sdk(admin, token)


def flat(item: Item) -> Item:
    """An item with its attributes beside the rest, without what is shown once or never."""
    secrets = ("attributes", "password", "controller_generated_activation_token")
    return {key: value for key, value in (item | item.get("attributes", {})).items() if key not in secrets}


@of_each
def test_a_new_one_is_what_was_asked_for_and_reads_the_same(sdk: Sdk, places: Places, life: Life) -> None:
    body = life.body(places) | {"description": "words"}
    made = life.create(sdk, body)

    assert {key: flat(made).get(key) for key in flat(body)} == flat(body)
    assert made["version"] == 1
    assert {"read", "update", "delete"} <= set(made["authorized_actions"])
    assert flat(sdk.read(life.plural, made["id"])) == flat(made)


@of_each
def test_a_change_finds_the_version_by_itself(sdk: Sdk, places: Places, life: Life) -> None:
    made = life.make(sdk, places)
    wanted = {"name": new_name(), "description": "other words"}

    changed = sdk.update(life.plural, made["id"], **wanted)

    assert changed.items() >= (wanted | {"id": made["id"], "version": 2}).items()


@of_each
def test_null_takes_a_value_away(sdk: Sdk, places: Places, life: Life) -> None:
    made = life.make(sdk, places)

    assert "description" not in sdk.update(life.plural, made["id"], description=None)


@of_each
def test_a_list_is_followed_to_its_end(sdk: Sdk, places: Places, life: Life) -> None:
    made = [life.make(sdk, places)["id"] for _ in range(3)]

    listed = sdk.list_all(life.plural, RESOURCES[life.plural], page_size="1", **life.where(places))

    assert [one["id"] for one in listed if one["id"] in made] == made[::-1]
    assert listed == sdk.list_all(life.plural, RESOURCES[life.plural], **life.where(places))


@of_each
def test_what_is_deleted_is_gone_for_terraform(sdk: Sdk, places: Places, life: Life) -> None:
    made = life.make(sdk, places)["id"]
    sdk.delete(life.plural, made)

    with pytest.raises(ServerError) as read:
        sdk.read(life.plural, made)
    with pytest.raises(ServerError) as deleted:
        sdk.delete(life.plural, made)

    assert read.value.sentinel == deleted.value.sentinel == NOT_FOUND
