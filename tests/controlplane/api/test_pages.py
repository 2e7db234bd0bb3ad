"""Pages of what one may see: grants, filters and page sizes together."""

import httpx
import pytest

from acc.controlplane.api.pages import MAX_SEEN
from tests.controlplane.system import Controller, NewPerson, execute, make_target
from tests.controlplane.things import ids, make, make_project, refusal

READ = "ids=*;type=target;actions=read"


def walk(client: httpx.Client, plural: str, **query: str) -> list[list[str]]:
    """The ids on each page of a list."""
    asked = {"scope_id": "global", "recursive": "true"} | query
    pages = [client.get(f"/v1/{plural}", params=asked).json()]
    while pages[-1]["response_type"] == "delta":
        pages.append(client.get(f"/v1/{plural}", params=asked | {"list_token": pages[-1]["list_token"]}).json())
    return [[item["id"] for item in page["items"]] for page in pages]


@pytest.fixture(scope="module")
def places(admin: httpx.Client) -> dict[str, list[str]]:
    """Two projects with four targets each, made in turn: their ids, newest first."""
    projects = [make_project(admin) for _ in range(2)]
    made: dict[str, list[str]] = {project: [] for project in projects}
    for number in range(4):
        for project in projects:
            made[project].insert(0, make_target(admin, project, description=f"number {number}")["id"])
    return made


def test_a_page_is_full_of_what_one_may_see(places: dict[str, list[str]], person: NewPerson) -> None:
    mine = next(iter(places))
    client = person(READ, scope_id=mine, reach=("this",)).client

    assert walk(client, "targets", page_size="3") == [places[mine][:3], places[mine][3:]]


def test_a_page_size_of_nothing_is_as_if_none_was_said(places: dict[str, list[str]], person: NewPerson) -> None:
    mine = next(iter(places))
    client = person(READ, scope_id=mine, reach=("this",)).client

    assert walk(client, "targets", page_size="0") == [places[mine]]


def test_ids_scopes_and_everything_make_one_list_without_doubles(
    admin: httpx.Client, places: dict[str, list[str]], person: NewPerson
) -> None:
    one, other = places
    somebody = person(READ, scope_id=one, reach=("this",))
    role = make(admin, "roles", scope_id=other)
    grants = [f"ids={places[other][2]};actions=read", f"ids={places[other][0]};type=target;actions=update"]
    admin.post(f"/v1/roles/{role['id']}:set-grants", json={"version": 1, "grant_strings": grants})
    admin.post(f"/v1/roles/{role['id']}:set-principals", json={"version": 2, "principal_ids": [somebody.user_id]})

    pages = walk(somebody.client, "targets", page_size="2")

    shown = [target for page in pages for target in page]
    assert len(shown) == len(set(shown)) == 6
    assert set(shown) == {*places[one], places[other][0], places[other][2]}
    assert [len(page) for page in pages] == [2, 2, 2]
    assert shown == [target for target in ids(admin, "targets") if target in shown]


def test_a_filter_leaves_full_pages(places: dict[str, list[str]], person: NewPerson) -> None:
    mine = next(iter(places))
    client = person(READ, scope_id=mine, reach=("this",)).client

    pages = walk(client, "targets", page_size="1", filter='"/item/description" matches "number [13]"')
    assert pages == [[places[mine][0]], [places[mine][2]]]


def test_a_filter_sees_what_the_caller_sees(admin: httpx.Client, places: dict[str, list[str]]) -> None:
    project = next(iter(places))

    assert walk(admin, "targets", filter=f'"/item/scope/id" == "{project}"') == [places[project]]
    assert walk(admin, "targets", filter=f'"/item/id" == "{places[project][1]}"') == [[places[project][1]]]
    assert walk(admin, "targets", filter='"/item/attributes/default_port" == 23') == [[]]


@pytest.mark.parametrize("text", ["(", '"/item/name" ==', "x" * 3000, '"/item/name" matches "("', "(" * 100])
def test_a_filter_that_cannot_be_read_is_refused(admin: httpx.Client, text: str) -> None:
    assert refusal(admin.get("/v1/targets", params={"filter": text})) == (400, "bad_request")


def test_without_recursion_a_list_is_of_one_scope(admin: httpx.Client, places: dict[str, list[str]]) -> None:
    project = next(iter(places))
    org = admin.get(f"/v1/scopes/{project}").json()["scope_id"]

    assert ids(admin, "targets", scope_id="global", recursive="false") == []
    assert ids(admin, "targets", scope_id=org, recursive="false") == []
    assert ids(admin, "targets", scope_id=org) == places[project]
    assert ids(admin, "targets", scope_id=project, recursive="false") == places[project]


def test_a_target_that_comes_while_one_reads_is_on_no_later_page(admin: httpx.Client) -> None:
    project = make_project(admin)
    old = [make_target(admin, project)["id"] for _ in range(3)]
    query = {"scope_id": project, "page_size": "2"}
    first = admin.get("/v1/targets", params=query).json()
    make_target(admin, project)

    rest = admin.get("/v1/targets", params=query | {"list_token": first["list_token"]}).json()

    assert [one["id"] for one in first["items"] + rest["items"]] == old[::-1]


def test_a_list_token_grants_nothing(admin: httpx.Client, places: dict[str, list[str]], person: NewPerson) -> None:
    query = {"scope_id": "global", "recursive": "true", "page_size": "1"}
    token = admin.get("/v1/targets", params=query).json()["list_token"]

    stranger = person("ids=*;type=user;actions=read").client
    assert stranger.get("/v1/targets", params=query | {"list_token": token}).json()["items"] == []


def test_children_of_an_org_are_seen_from_it(admin: httpx.Client, person: NewPerson) -> None:
    org = make(admin, "scopes", scope_id="global", name="children-org")["id"]
    inside = [make_target(admin, make_project(admin, org))["id"] for _ in range(3)][::-1]
    client = person(READ, scope_id=org, reach=("children",)).client

    assert walk(client, "targets", page_size="2") == [inside[:2], inside[2:]]
    assert walk(client, "targets", scope_id=org) == [inside]


def test_what_is_pinned_to_one_parent_is_seen_by_it(admin: httpx.Client, person: NewPerson) -> None:
    project = make_project(admin)
    catalogs = [make(admin, "host-catalogs", scope_id=project)["id"] for _ in range(2)]
    hosts = [
        make(admin, "hosts", host_catalog_id=catalog, attributes={"address": "10.0.0.1"})["id"]
        for catalog in (*catalogs, *catalogs)
    ]
    client = person(f"ids={catalogs[0]};type=host;actions=read", scope_id=project, reach=("this",)).client

    assert walk(client, "hosts", page_size="1") == [[hosts[2]], [hosts[0]]]


def test_a_name_is_found_by_a_filter(admin: httpx.Client, places: dict[str, list[str]]) -> None:
    target = admin.get(f"/v1/targets/{next(iter(places.values()))[2]}").json()

    assert walk(admin, "targets", filter=f'"/item/name" == "{target["name"]}"') == [[target["id"]]]
    assert walk(admin, "targets", filter=f'"/item/name" == "{target["name"]}" and "/item/id" == "x"') == [[]]


def test_a_filter_that_finds_little_in_much_gives_its_answer_in_parts(
    controller: Controller, admin: httpx.Client
) -> None:
    project = make_project(admin)
    sought = make_target(admin, project, description="the one")["id"]
    execute(
        controller,
        "insert into targets (id, scope_id, type, name, address, default_port, session_max_seconds,"
        " session_connection_limit) select 'ttcp_m' || n, $1, 'tcp', 'many-' || n, '10.0.0.1', 22, 1, -1"
        " from generate_series(1, $2::int) n",
        project,
        2 * MAX_SEEN,
    )

    pages = walk(admin, "targets", scope_id=project, page_size="10", filter='"/item/description" == "the one"')
    assert pages == [[], [sought]]
