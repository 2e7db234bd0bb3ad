"""What a list may show: a caller's rights turned round, from a question about one item into a description of all.

Rule: an item is shown if the caller may do at least one thing with it; that one may list or create does not count. So
a query finds what is shown without looking at what is hidden, for each `Shown` with

    t.scope_id in (select id from scopes where id = any(:scopes) or parent_id = any(:children_of)
                   or (:everywhere and parent_id is not null))
    or t.id = any(:ids) or t.<parent>_id = any(:pins)

and, for what is shown only to its owner, `t.user_id = :me` beside it. The areas of `ids` and `pins` matter only where a
role names what lies outside its reach; whoever renders an item asks for its allowed actions anyway, and hides it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from acc.controlplane.access.grants import (
    ACTIONS,
    ANY,
    COLLECTION_ACTIONS,
    PARENTS,
    Place,
    Reach,
    Rights,
    Selector,
    Thing,
    implied_by,
    is_open_to,
)
from acc.wire.directory.index import RESOURCES

_PREFIXES = {
    resource.type: tuple(prefix if prefix == "global" else f"{prefix}_" for prefix in resource.prefixes)
    for resource in RESOURCES
}


@dataclass(frozen=True, slots=True)
class Area:
    """Some scopes: single ones, the children of some, and with `everywhere` all below global."""

    everywhere: bool
    scopes: frozenset[str]
    children_of: frozenset[str]

    def covers(self, place: Place) -> bool:
        """True if `place` is one of them."""
        return (
            place.scope_id in self.scopes
            or place.parent_id in self.children_of
            or (self.everywhere and place.parent_id is not None)
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """Some items of a type: all in `area`; those of `ids`, and those whose parent is one of `pins`, in their areas."""

    area: Area
    ids: Mapping[str, Area]
    pins: Mapping[str, Area]

    @property
    def nothing(self) -> bool:
        """True if no item is among them."""
        return not (self.area.everywhere or self.area.scopes or self.area.children_of or self.ids or self.pins)

    def holds(self, thing: Thing) -> bool:
        """True if `thing` is one of them."""
        areas = (self.area, self.ids.get(thing.id), self.pins.get(thing.pin or ""))
        return any(area.covers(thing.place) for area in areas if area)


@dataclass(frozen=True, slots=True)
class Visibility:
    """What `user_id` sees of one type: `anybodys` items, and further ones only where they are the user's `own`."""

    user_id: str
    anybodys: Shown
    own: Shown

    def shows(self, thing: Thing) -> bool:
        """True if the user sees `thing`."""
        return self.anybodys.holds(thing) or (thing.owner_id == self.user_id and self.own.holds(thing))


def visibility(rights: Rights, kind: str) -> Visibility:
    """What the caller sees of the things of type `kind`."""
    possible = [
        action
        for action in ACTIONS[kind]
        if action not in COLLECTION_ACTIONS and is_open_to(rights.holder, kind, action)
    ]
    anybodys = _saying(action for action in possible if not action.endswith(":self"))
    return Visibility(rights.holder.user_id, _shown(rights, kind, anybodys), _shown(rights, kind, _saying(possible)))


def granted(rights: Rights, kind: str, action: str) -> Shown:
    """What of the type `kind` the caller may do `action` to, which is one on items, whosever they are."""
    if not is_open_to(rights.holder, kind, action):
        return _shown(rights, kind, frozenset())
    return _shown(rights, kind, implied_by(action))


def _saying(actions: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*(implied_by(action) for action in actions))


def _shown(rights: Rights, kind: str, saying: frozenset[str]) -> Shown:
    everything: list[Reach] = []
    ids: defaultdict[str, list[Reach]] = defaultdict(list)
    pins: defaultdict[str, list[Reach]] = defaultdict(list)
    for reach, there in rights.actions.items():
        for selector, actions in there.items():
            if actions.isdisjoint(saying):
                continue
            if selector.id == ANY:
                if selector.type in (kind, ANY):
                    everything.append(reach)
            elif _is_item(selector, kind):
                ids[selector.id].append(reach)
            elif _is_parent(selector, kind):
                pins[selector.id].append(reach)
    return Shown(
        _area(tuple(everything)),
        {one: _area(tuple(found)) for one, found in ids.items()},
        {one: _area(tuple(found)) for one, found in pins.items()},
    )


def _is_item(selector: Selector, kind: str) -> bool:
    return selector.type in (kind, "") and selector.id.startswith(_PREFIXES[kind])


def _is_parent(selector: Selector, kind: str) -> bool:
    parent = PARENTS[kind]
    return parent is not None and selector.type in (kind, ANY) and selector.id.startswith(_PREFIXES[parent])


@lru_cache(maxsize=4096)  # the many ids of one role share their area
def _area(found: tuple[Reach, ...]) -> Area:
    words: defaultdict[str, set[str]] = defaultdict(set)
    for reach in found:
        words[reach.word].add(reach.scope_id)
    return Area("global" in words["descendants"], frozenset(words["this"]), frozenset(words["children"]))
