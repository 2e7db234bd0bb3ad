"""Things in the directory, made and changed over the API as an administrator makes and changes them."""

import secrets
from typing import Any

import httpx

Item = dict[str, Any]  # one resource as JSON

SHOWN_ALWAYS = {"id", "created_time", "updated_time", "version", "authorized_actions", "scope"}


def new_name(prefix: str = "n") -> str:
    """A name that nothing has yet."""
    return f"{prefix}-{secrets.token_hex(4)}"


def make(client: httpx.Client, plural: str, **body: object) -> Item:
    """A new thing."""
    answer = client.post(f"/v1/{plural}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def read(client: httpx.Client, plural: str, item: Item) -> Item:
    """The thing as it is now."""
    answer = client.get(f"/v1/{plural}/{item['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def try_change(client: httpx.Client, plural: str, item: Item, **body: object) -> httpx.Response:
    """A change, for the version in `item` unless `body` names one."""
    return client.patch(f"/v1/{plural}/{item['id']}", json={"version": item["version"]} | body)


def change(client: httpx.Client, plural: str, item: Item, **body: object) -> Item:
    """A change that succeeds: the thing after it."""
    answer = try_change(client, plural, item, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def try_act(client: httpx.Client, plural: str, item: Item, action: str, **body: object) -> httpx.Response:
    """A domain action, for the version in `item` unless `body` names one."""
    return client.post(f"/v1/{plural}/{item['id']}:{action}", json={"version": item["version"]} | body)


def act(client: httpx.Client, plural: str, item: Item, action: str, **body: object) -> Item:
    """A domain action that succeeds: the thing after it."""
    answer = try_act(client, plural, item, action, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def delete(client: httpx.Client, plural: str, item: Item) -> None:
    """Deletes a thing."""
    answer = client.delete(f"/v1/{plural}/{item['id']}")
    assert answer.status_code == 204, answer.text


def ids(client: httpx.Client, plural: str, **query: object) -> list[str]:
    """The ids on the first page of a list."""
    answer = client.get(f"/v1/{plural}", params={"scope_id": "global", "recursive": "true"} | query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a problem document."""
    return answer.status_code, answer.json()["code"]


def said(answer: httpx.Response) -> Item:
    """What an answer says, but for the name of its request."""
    return {key: value for key, value in answer.json().items() if key != "request_id"}


def make_project(client: httpx.Client, org: str | None = None) -> str:
    """The id of a new project, in an org of its own unless one is given."""
    parent = org or make(client, "scopes", scope_id="global", name=new_name("org"))["id"]
    return str(make(client, "scopes", scope_id=parent, name=new_name("project"))["id"])


def auth_method(client: httpx.Client) -> str:
    """The id of global's primary auth method."""
    return next(one["id"] for one in client.get("/v1/auth-methods").json()["items"] if one["is_primary"])


def make_hosts(client: httpx.Client, project: str, *addresses: str) -> tuple[Item, list[Item]]:
    """A host set in a catalog of its own, with a host for each address; and these hosts, as they are in it."""
    catalog = make(client, "host-catalogs", scope_id=project)
    hosts = [make(client, "hosts", host_catalog_id=catalog["id"], attributes={"address": one}) for one in addresses]
    empty = make(client, "host-sets", host_catalog_id=catalog["id"])
    return act(client, "host-sets", empty, "add-hosts", host_ids=[host["id"] for host in hosts]), hosts
