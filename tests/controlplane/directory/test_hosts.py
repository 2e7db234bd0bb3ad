"""Host catalogs, host sets, hosts: what belongs together, and what cannot."""

import asyncpg
import httpx
import pytest

from tests.controlplane.system import Controller, execute, make_target
from tests.controlplane.things import (
    act,
    change,
    delete,
    ids,
    make,
    make_hosts,
    make_project,
    new_name,
    read,
    refusal,
    try_act,
    try_change,
)


def test_hosts_are_added_set_and_removed(admin: httpx.Client, project: str) -> None:
    host_set, hosts = make_hosts(admin, project, "10.0.0.1", "10.0.0.2", "10.0.0.3")
    one, other, third = sorted(host["id"] for host in hosts)
    assert sorted(host_set["host_ids"]) == [one, other, third]

    now = act(admin, "host-sets", host_set, "remove-hosts", host_ids=[other])
    assert now["host_ids"] == [one, third]
    now = act(admin, "host-sets", now, "set-hosts", host_ids=[other])
    assert now["host_ids"] == [other]
    assert read(admin, "hosts", {"id": other})["host_set_ids"] == [host_set["id"]]


def test_a_host_of_another_catalog_enters_no_set(controller: Controller, admin: httpx.Client, project: str) -> None:
    host_set, _ = make_hosts(admin, project, "10.0.0.1")
    _, (foreign,) = make_hosts(admin, project, "10.0.0.2")

    for action in ("add-hosts", "set-hosts"):
        answer = try_act(admin, "host-sets", host_set, action, host_ids=[foreign["id"]])
        assert refusal(answer) == (400, "bad_request")
    assert read(admin, "host-sets", host_set) == host_set
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        execute(
            controller,
            "insert into host_set_hosts (host_set_id, host_id, host_catalog_id) values ($1, $2, $3)",
            host_set["id"],
            foreign["id"],
            host_set["host_catalog_id"],
        )


def test_a_host_set_of_another_project_is_no_host_source(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    mine, _ = make_hosts(admin, project, "10.0.0.1")
    foreign, _ = make_hosts(admin, make_project(admin), "10.0.0.2")
    target = make_target(admin, project, address=None)

    answer = try_act(admin, "targets", target, "add-host-sources", host_source_ids=[mine["id"], foreign["id"]])

    assert refusal(answer) == (400, "bad_request")
    assert read(admin, "targets", target) == target
    for scope_id in (project, foreign["scope"]["id"]):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            execute(
                controller,
                "insert into target_host_sets (target_id, host_set_id, scope_id) values ($1, $2, $3)",
                target["id"],
                foreign["id"],
                scope_id,
            )


def test_host_sources_are_added_set_and_removed(admin: httpx.Client, project: str) -> None:
    (one, _), (other, _) = (make_hosts(admin, project, "10.0.0.1") for _ in range(2))
    target = make_target(admin, project, address=None)

    now = act(admin, "targets", target, "add-host-sources", host_source_ids=[one["id"]])
    assert now["host_sources"] == [{"id": one["id"], "host_catalog_id": one["host_catalog_id"]}]
    now = act(admin, "targets", now, "set-host-sources", host_source_ids=[other["id"]])
    assert now["host_source_ids"] == [other["id"]]
    now = act(admin, "targets", now, "remove-host-sources", host_source_ids=[other["id"]])
    assert now["host_source_ids"] == []


def test_a_target_has_an_address_or_host_sources(admin: httpx.Client, project: str) -> None:
    host_set, _ = make_hosts(admin, project, "10.0.0.1")
    addressed, sourced = make_target(admin, project), make_target(admin, project, address=None)

    answer = try_act(admin, "targets", addressed, "add-host-sources", host_source_ids=[host_set["id"]])
    assert refusal(answer) == (400, "bad_request")
    now = act(admin, "targets", sourced, "add-host-sources", host_source_ids=[host_set["id"]])
    assert refusal(try_change(admin, "targets", now, address="10.0.0.9")) == (400, "bad_request")
    moved = change(admin, "targets", addressed, address=None)
    assert act(admin, "targets", moved, "add-host-sources", host_source_ids=[host_set["id"]])["host_source_ids"]


@pytest.mark.parametrize(
    "address", ["", "10.0.0.1:22", "host name", "300.1.1.1", "h\u00f6st", "fe80::1%eth0", "a..b", "x\u0000"]
)
def test_what_is_no_address_is_refused(admin: httpx.Client, project: str, address: str) -> None:
    catalog = make(admin, "host-catalogs", scope_id=project)["id"]

    answer = admin.post("/v1/hosts", json={"host_catalog_id": catalog, "attributes": {"address": address}})
    assert refusal(answer) == (400, "bad_request")


@pytest.mark.parametrize("name", ["hst_0123456789", "ttcp_x", "global"])
def test_a_host_is_not_called_what_looks_like_an_id(admin: httpx.Client, project: str, name: str) -> None:
    _, (host,) = make_hosts(admin, project, "10.0.0.1")
    body = {"host_catalog_id": host["host_catalog_id"], "attributes": {"address": "10.0.0.2"}, "name": name}

    for answer in (admin.post("/v1/hosts", json=body), try_change(admin, "hosts", host, name=name)):
        assert refusal(answer) == (400, "bad_name")
        assert "looks like an id" in answer.json()["detail"]
    assert "name" not in read(admin, "hosts", host)


def test_a_catalog_takes_what_is_in_it_along(admin: httpx.Client, project: str) -> None:
    host_set, (host,) = make_hosts(admin, project, "10.0.0.1")

    delete(admin, "host-catalogs", {"id": host_set["host_catalog_id"]})

    assert admin.get(f"/v1/hosts/{host['id']}").status_code == 404
    assert admin.get(f"/v1/host-sets/{host_set['id']}").status_code == 404


def test_a_list_may_be_of_one_catalog(admin: httpx.Client, project: str) -> None:
    _, (host,) = make_hosts(admin, project, "10.0.0.1")
    _, (other,) = make_hosts(admin, project, "10.0.0.2")

    assert ids(admin, "hosts", host_catalog_id=host["host_catalog_id"]) == [host["id"]]
    assert {host["id"], other["id"]} <= set(ids(admin, "hosts", scope_id=project))


def test_a_catalog_lives_in_a_project(admin: httpx.Client) -> None:
    answer = admin.post("/v1/host-catalogs", json={"scope_id": "global", "name": new_name()})
    assert refusal(answer) == (400, "bad_request")


def test_a_set_may_be_empty_and_named_like_one_elsewhere(admin: httpx.Client, project: str) -> None:
    name = new_name()
    catalogs = [make(admin, "host-catalogs", scope_id=project)["id"] for _ in range(2)]

    made = [make(admin, "host-sets", host_catalog_id=one, name=name) for one in catalogs]
    assert [one["host_ids"] for one in made] == [[], []]
