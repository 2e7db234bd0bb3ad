"""What Boundary's clients are told when something is refused, and that they can read it.

`api/apierror.go` compares a status and a kind, `internal/cmd/base/format.go` prints the message and the fields, and the
Terraform provider goes by the status alone.
"""

import httpx
import pytest

from tests.controlplane.boundary_sdk import INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, Item, Sdk, ServerError
from tests.controlplane.boundary_structs import decode
from tests.controlplane.system import ADMIN, PASSWORD, NewPerson, make_target
from tests.controlplane.things import new_name

STALE = (409, "Aborted")


@pytest.fixture(scope="module")
def sdk(admin: httpx.Client) -> Sdk:
    return Sdk(admin).authenticate(ADMIN, PASSWORD)


@pytest.fixture
def role(sdk: Sdk) -> str:
    return str(sdk.create("roles", scope_id="global")["id"])


def test_a_missing_field_is_named(sdk: Sdk, project: str) -> None:
    with pytest.raises(ServerError) as refused:
        sdk.create("targets", scope_id=project, name=new_name(), type="tcp", attributes={})

    assert refused.value.sentinel == INVALID_ARGUMENT
    assert refused.value.fields == ["attributes.default_port"]
    assert "default_port" in refused.value.message


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"worker_filter": '"/name" == "x"'}, "worker_filter"),
        ({"attributes": {"default_port": 22, "storage_bucket_id": "x"}}, "attributes.storage_bucket_id"),
        ({"attributes": {"default_port": "22"}}, "attributes.default_port"),
        ({"attributes": {"default_port": 22, "extra_ports": [23, 0]}}, "attributes.extra_ports"),
        ({"name": "not a name"}, "name"),
        ({"description": "a\u0000b"}, "description"),
        ({"address": "10.0.0.5:22"}, "address"),
        ({"session_connection_limit": 0}, "session_connection_limit"),
        ({"scope_id": "global"}, "scope_id"),
    ],
)
def test_a_wrong_field_is_named(sdk: Sdk, project: str, wrong: Item, field: str) -> None:
    body = {"scope_id": project, "name": new_name(), "type": "tcp", "attributes": {"default_port": 22}}
    with pytest.raises(ServerError) as refused:
        sdk.create("targets", **body | wrong)

    assert refused.value.sentinel == INVALID_ARGUMENT
    assert refused.value.fields == [field]


@pytest.mark.parametrize("parameter", ["page_size", "recursive", "list_token", "filter", "invented"])
def test_a_wrong_parameter_is_named(sdk: Sdk, parameter: str) -> None:
    with pytest.raises(ServerError) as refused:
        sdk.list_all("users", "User", **{parameter: "!"})

    assert refused.value.fields == [parameter]


def test_a_grant_that_cannot_be_is_a_wrong_field(sdk: Sdk, role: str) -> None:
    with pytest.raises(ServerError) as grants:
        sdk.act("roles", role, "add-grants", grant_strings=["ids=*;type=nothing;actions=read"])
    with pytest.raises(ServerError) as scopes:
        sdk.act("roles", role, "add-grant-scopes", grant_scope_ids=["p_missing"])

    assert (grants.value.fields, scopes.value.fields) == (["grant_strings"], ["grant_scope_ids"])


def test_a_stale_version_and_a_taken_name_say_so(sdk: Sdk) -> None:
    org = sdk.create("scopes", scope_id="global", name=new_name("org"))
    with pytest.raises(ServerError) as taken:
        sdk.create("scopes", scope_id="global", name=org["name"])
    with pytest.raises(ServerError) as stale:
        sdk.call("PATCH", f"scopes/{org['id']}", "Scope", {"version": 7, "description": "late"})

    assert taken.value.sentinel == stale.value.sentinel == STALE
    assert stale.value.message == f"it changed, or exists already: {org['id']} is at version 1, not 7"


def test_what_may_be_seen_and_not_done_is_denied(
    sdk: Sdk, admin: httpx.Client, project: str, person: NewPerson
) -> None:
    target = make_target(admin, project)["id"]
    reader = Sdk(sdk.http, person(f"ids={target};actions=read").client.headers["authorization"].partition(" ")[2])
    assert reader.read("targets", target)["authorized_actions"] == ["read"]

    with pytest.raises(ServerError) as refused:
        reader.delete("targets", target)
    assert refused.value.sentinel == PERMISSION_DENIED


def test_an_action_that_acc_does_not_have_is_not_found(sdk: Sdk, admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)["id"]
    with pytest.raises(ServerError) as refused:
        sdk.act("targets", target, "add-credential-sources", brokered_credential_source_ids=["clvlt_1234567890"])

    assert refused.value.sentinel == NOT_FOUND


def test_every_struct_can_tell_a_wrong_type() -> None:
    with pytest.raises(AssertionError, match=r"\.bytes_up: 7 is no int64,string"):
        decode({"bytes_up": 7}, "Connection")
    with pytest.raises(AssertionError, match=r"\.states\[0\]\.start_time: 'soon' is no time"):
        decode({"states": [{"start_time": "soon"}]}, "Session")
