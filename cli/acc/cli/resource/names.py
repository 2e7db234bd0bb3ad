"""Names where ids are wanted: `web-1`, `prod/web-1`, `acme/prod/web-1`, or the id.

Rule: what has the form of an id of the wanted type is one, and costs no question. A name must be that of one thing in
sight; what stands before a slash says where it lives. The controller looks for it (a filter), so that a name costs the
same however much there is.

Refuses an id of another type, and a name of several things: AMBIGUOUS, with the ids and where each is.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from acc.cli.controller import Controller, Item, text
from acc.wire.directory.index import BY_TYPE, type_of_id
from acc.wire.directory.people import SCOPE
from acc.wire.directory.words import GLOBAL, ORG, PROJECT
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name
from acc.wire.resources import Resource

MAX_CANDIDATES = 5
MAX_TEXT = 512
MAX_FIRST = 1000
"""Things, the newest, among which one is looked for that somebody may have meant."""


SELF = ("user", "auth-token")
"""Types of which the API knows `self`."""

_ID = re.compile(r"[a-z]+_[0-9A-Za-z]{10,}", re.ASCII)
_SCOPE_TYPES = dict(zip(SCOPE.prefixes, (GLOBAL, ORG, PROJECT), strict=True))
_SPOKEN = {GLOBAL: "the global scope", ORG: "an org", PROJECT: "a project"}
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

    def id_of(self, resource: Resource, given: str) -> str:
        """The id of the one thing that `given` names."""
        if _is_id(resource, given):
            return given
        return self._only(resource, given, self._named(resource, given))

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
                raise self._unknown(resources, given)
            case _:
                said = ", ".join(f"{text(item, 'id')} (a {resource.type})" for resource, item in found[:MAX_CANDIDATES])
                raise AccError(Code.AMBIGUOUS, f"{len(found)} things are called {given}: {said}")

    def container(self, resource: Resource, given: str) -> str:
        """The id of where things of a type live, by the name or the path of that."""
        if resource.parent is not None:
            return self.id_of(BY_TYPE[resource.parent], given)
        if _is_id(SCOPE, given):
            if _SCOPE_TYPES[given.partition("_")[0]] not in resource.scopes:
                raise self._misplaced(resource, self.controller.get(f"{SCOPE.path}/{given}"))
            return given
        found = self._named(SCOPE, given)
        fitting = [item for item in found if item.get("type") in resource.scopes]
        if found and not fitting:
            raise self._misplaced(resource, found[0])
        return self._only(SCOPE, given, fitting)

    def places(self, resource: Resource, within: str | None = None) -> str:
        """Where things of a type may live, as a person would say it: a few paths."""
        if resource.parent is not None:
            around = BY_TYPE[resource.parent]
            found = self._first(around, within)
        else:
            around = SCOPE
            found = [item for item in self._first(SCOPE, within) if item.get("type") in resource.scopes]
        paths = [self._path(item, around) for item in found[:MAX_CANDIDATES]]
        paths += ["global"] if around is SCOPE and within is None and "global" in resource.scopes else []
        return ", ".join(paths) + (", and more" if len(found) > MAX_CANDIDATES else "")

    def pages(
        self, resource: Resource, container: str | None, size: int, query: dict[str, str]
    ) -> Iterator[list[Item]]:
        """What there is of a type, in `container` or wherever the caller sees it, page by page."""
        if container is not None and resource.parent is not None:
            where = {resource.parent_field: container}
        else:
            where = {"scope_id": container or "global", "recursive": "true"}
        return self.controller.pages(resource.path, size, **where, **query)

    def _only(self, resource: Resource, given: str, found: list[Item]) -> str:
        """The id of the one thing that was found."""
        match found:
            case [one]:
                return checked_id(text(one, "id"))
            case []:
                raise self._unknown((resource,), given)
            case _:
                raise AccError(Code.AMBIGUOUS, self._candidates(resource, given, found))

    def _misplaced(self, resource: Resource, scope: Item) -> AccError:
        """Nothing of this type lives in `scope`; the scopes below it where it may are said."""
        path, wanted = self._path(scope, SCOPE), " or ".join(_SPOKEN[type_] for type_ in resource.scopes)
        below = self.places(resource, text(scope, "id"))
        if below:
            hint = f"say one of those in it: {below}"
        elif scope.get("type") == "org":
            hint = f"make one in it: acc scopes create --scope {path} --name NAME"
        else:
            hint = SCOPE.where_to_look
        said = f"{path} is {_SPOKEN[text(scope, 'type')]}, and {resource.plural} live in {wanted}"
        return AccError(Code.BAD_REQUEST, said, hint=hint)

    def guess(self, resources: Sequence[Resource], given: str) -> str:
        """What is called nearly as `given`, as the end of a sentence; nothing where nothing is."""
        from difflib import get_close_matches  # noqa: PLC0415  needed only where a name is wrong

        place, _, name = given.rpartition("/")
        known = {
            name_of(item, resource): None
            for resource in resources
            for item in self._first(resource, self.container(resource, place) if place else None)
        }
        near = get_close_matches(name, known)
        return f"; did you mean {' or '.join(near)}?" if near else ""

    def _unknown(self, resources: Sequence[Resource], given: str) -> AccError:
        wanted = " or ".join(resource.type for resource in resources)
        lists = ", ".join(f"acc {resource.plural} list" for resource in resources)
        said = f"no {wanted} is called {given}{self.guess(resources, given)}"
        return AccError(Code.NOT_FOUND, said, hint=f"list what you may see: {lists}")

    def _first(self, resource: Resource, container: str | None) -> list[Item]:
        nothing: list[Item] = []
        return next(self.pages(resource, container, MAX_FIRST, {}), nothing)

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

    def _path(self, item: Item, resource: Resource) -> str:
        """What names the item from everywhere."""
        name = name_of(item, resource)
        if item.get("id") == "global":
            return name
        place = self._place(item, resource)
        return name if place == "global" else f"{place}/{name}"

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
