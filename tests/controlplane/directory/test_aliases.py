"""Aliases: one name, one target, whatever project it is in."""

import httpx
import pytest

from tests.controlplane.system import make_target
from tests.controlplane.things import change, delete, make, new_name, read, refusal, try_change


def test_a_value_is_unique_whatever_its_case(admin: httpx.Client) -> None:
    value = new_name("Alias")
    make(admin, "aliases", scope_id="global", value=value)

    answer = admin.post("/v1/aliases", json={"scope_id": "global", "value": value.lower()})
    assert refusal(answer) == (409, "conflict")


@pytest.mark.parametrize("value", ["", "-x", "two words", "ttcp_1234567890", "\u0430lias", "a\u0000", "x" * 64, "a/b"])
def test_what_is_no_name_is_no_alias(admin: httpx.Client, value: str) -> None:
    answer = admin.post("/v1/aliases", json={"scope_id": "global", "value": value})
    assert refusal(answer) == (400, "bad_name")


def test_an_alias_leads_to_a_target_that_there_is(admin: httpx.Client, project: str) -> None:
    alias = make(admin, "aliases", scope_id="global", value=new_name("alias"))

    for wrong in ("ttcp_0000000000", project):
        assert refusal(try_change(admin, "aliases", alias, destination_id=wrong)) == (400, "bad_request")
    assert read(admin, "aliases", alias) == alias
    target = make_target(admin, project)
    now = change(admin, "aliases", alias, destination_id=target["id"])
    assert now["destination_id"] == target["id"]
    assert read(admin, "targets", target)["aliases"] == [{"id": alias["id"], "value": alias["value"]}]
    assert "destination_id" not in change(admin, "aliases", now, destination_id=None)


def test_an_alias_outlives_its_target(admin: httpx.Client, project: str) -> None:
    target = make_target(admin, project)
    alias = make(admin, "aliases", scope_id="global", value=new_name("alias"), destination_id=target["id"])

    delete(admin, "targets", target)

    assert "destination_id" not in read(admin, "aliases", alias)


def test_aliases_live_in_global(admin: httpx.Client, project: str) -> None:
    answer = admin.post("/v1/aliases", json={"scope_id": project, "value": new_name("alias")})
    assert refusal(answer) == (400, "bad_request")


def test_a_value_cannot_be_taken_away(admin: httpx.Client) -> None:
    alias = make(admin, "aliases", scope_id="global", value=new_name("alias"))
    assert refusal(try_change(admin, "aliases", alias, value=None)) == (400, "bad_request")
