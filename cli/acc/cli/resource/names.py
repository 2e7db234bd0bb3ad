"""Names where ids are wanted: `web-1`, `prod/web-1`, `acme/prod/web-1`, or the id.

Rule: what has the form of an id of the wanted type is one, and costs no question. A name must be that of one thing in
sight; what stands before a slash says where it lives. The controller looks for it (a filter), so that a name costs the
same however much there is.

Refuses an id of another type, and a name of several things: AMBIGUOUS, with the ids and where each is.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from acc.cli.controller import Controller, Item, text
from acc.wire.directory import BY_TYPE, SCOPE, type_of_id
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name
from acc.wire.resources import Resource

MAX_CANDIDATES = 5
MAX_TEXT = 512

SELF = ("user", "auth-token")
"""Types of which the API knows `self`."""

_ID = re.compile(r"[a-z]+_[0-9A-Za-z]{10,}", re.ASCII)
_CALLED = {"account": "login_name", "alias": "value", "session": "target_name"}
_NAMELESS = ("auth-token", "audit-event")


def equals(selector: str, value: str) -> str:
    """The filter for items in which `selector` leads to `value`."""
    return f'"{selector}" == {json.dumps(value, ensure_ascii=False)}'


def called_by(resource: Resource) -> str | None:
    """The field by which people call a thing of this type; None where there is only its id."""
    if resource.type in _NAMELESS:
        return None
    return _CALLED.get(resource.type, "name")


def field_of(item: Item, resource: Resource, name: str) -> object:
    """The value of the field `name` of an item, wherever in the item it stands."""
    inside = next((field.inside for field in resource.fields if field.name == name), None)
    within = item if inside is None else item.get(inside)
    return cast("Item", within).get(name) if isinstance(within, dict) else None  # JSON objects have text keys


def name_of(item: Item, resource: Resource) -> str:
    """What a person calls the item: its name, or its id where it has none."""
    called = called_by(resource)
    name = None if called is None else field_of(item, resource, called)
    return name if isinstance(name, str) and name else text(item, "id")


@dataclass(frozen=True, slots=True)
class Names:
    """Finds things by name, as the caller of `controller` sees them."""

    controller: Controller

    def id_of(self, resource: Resource, given: str, scope_types: tuple[str, ...] = ()) -> str:
        """The id of the one thing that `given` names; of these types of scope, where only they will do."""
        if _is_id(resource, given):
            return given
        found = [item for item in self._named(resource, given) if not scope_types or item.get("type") in scope_types]
        match found:
            case [one]:
                return checked_id(text(one, "id"))
            case []:
                raise AccError(Code.NOT_FOUND, f"no {resource.type} is called {given}; see: acc {resource.plural} list")
            case _:
                raise AccError(Code.AMBIGUOUS, self._candidates(resource, given, found))

    def id_among(self, types: tuple[str, ...], given: str) -> str:
        """The id of the one thing of one of these types that `given` names."""
        resources = [BY_TYPE[type_] for type_ in types]
        if len(resources) == 1:
            return self.id_of(resources[0], given)
        if type_of_id(given) in types:
            return checked_id(given)
        found = [(resource, item) for resource in resources for item in self._named(resource, given)]
        match found:
            case [(_, one)]:
                return checked_id(text(one, "id"))
            case []:
                raise AccError(Code.NOT_FOUND, f"no {' or '.join(types)} is called {given}")
            case _:
                said = ", ".join(f"{text(item, 'id')} (a {resource.type})" for resource, item in found[:MAX_CANDIDATES])
                raise AccError(Code.AMBIGUOUS, f"{len(found)} things are called {given}: {said}")

    def container(self, resource: Resource, given: str) -> str:
        """The id of where things of a type live, by the name or the path of that."""
        if resource.parent is None:
            return self.id_of(SCOPE, given, resource.scopes)
        return self.id_of(BY_TYPE[resource.parent], given)

    def pages(
        self, resource: Resource, container: str | None, size: int, query: dict[str, str]
    ) -> Iterator[list[Item]]:
        """What there is of a type, in `container` or wherever the caller sees it, page by page."""
        if container is not None and resource.parent is not None:
            where = {resource.parent_field: container}
        else:
            where = {"scope_id": container or "global", "recursive": "true"}
        return self.controller.pages(resource.path, size, **where, **query)

    def _named(self, resource: Resource, given: str) -> list[Item]:
        called = called_by(resource)
        place, _, name = given.rpartition("/")
        if called is None or not name or len(given) > MAX_TEXT or not given.isprintable():
            raise AccError(Code.BAD_NAME, f"{given[:100]!r} can be no {resource.type}")
        container = self.container(resource, place) if place else None
        inside = next((field.inside for field in resource.fields if field.name == called), None)
        selector = f"/item/{called}" if inside is None else f"/item/{inside}/{called}"
        query = {"filter": equals(selector, name)}
        return [
            item
            for page in self.pages(resource, container, 100, query)
            for item in page
            if field_of(item, resource, called) == name and container in (None, item.get(resource.parent_field))
        ]

    def _candidates(self, resource: Resource, given: str, found: list[Item]) -> str:
        said = ", ".join(f"{text(item, 'id')} in {self._place(item, resource)}" for item in found[:MAX_CANDIDATES])
        more = ", and more" if len(found) > MAX_CANDIDATES else ""
        return f"{len(found)} {resource.plural} are called {given}: {said}{more}"

    def _place(self, item: Item, resource: Resource) -> str:
        """Where the item lives, as a path that would find it."""
        match item.get("scope"):
            case {"id": "global"} if resource.parent is None:
                return "global"
            case {"name": str(name), "parent_scope_id": str(parent)} if parent != "global" and is_name(parent):
                outer = self.controller.get(f"{SCOPE.path}/{parent}")
                return f"{name_of(outer, SCOPE)}/{name}"
            case {"name": str(name)}:
                return name
            case _:
                return str(item.get(resource.parent_field))


def checked_id(given: str) -> str:
    """`given`, which is about to be put into a path. Raises BAD_NAME if that would make another path of it."""
    if not is_name(given):
        raise AccError(Code.BAD_NAME, f"{given[:100]!r} is no id")
    return given


def _is_id(resource: Resource, given: str) -> bool:
    if given == "self" and resource.type in SELF:
        return True
    type_ = type_of_id(given)
    if type_ == resource.type:
        checked_id(given)
        return True
    if type_ is not None and _ID.fullmatch(given):
        raise AccError(Code.BAD_REQUEST, f"{given} is the id of a {type_}; a {resource.type} is wanted")
    return False
