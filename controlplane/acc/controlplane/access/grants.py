"""Who may do what: the one pure function that decides.

A grant says what (`granttext` reads it), its role says where (`grantscopes` checks it). The rules:

- Everything is refused unless a grant allows it; no grant refuses, so rights only ever add up.
- A grant counts where its role reaches: `this` scope of the role, the `children` of that scope, all `descendants` of
  global (global itself not among them), or one scope by id.
- It names things in one of four ways: by ids (a type may stand with them, their own); `ids=*` with a type or `*`;
  a type alone, for creating and listing what lives in a scope directly; or the id of a parent (a pin) with the type of
  its children or `*`.
- Creating and listing are done to a collection, all else to an item; neither counts for the other.
- An action `x` implies `x:y`, never the reverse. `x:self` counts only on what the caller owns.
- Who is not logged in may find scopes and auth methods and authenticate, if that is granted, and nothing else.

`rights_of` sorts the grants of a caller once, so that a decision costs a few look-ups, however many grants there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from acc.wire.directory.index import RESOURCES

ANY = "*"

ANONYMOUS = "u_anon"

USER_ID = "{{.User.Id}}"
ACCOUNT_ID = "{{.Account.Id}}"

ACTIONS: Mapping[str, tuple[str, ...]] = {resource.type: resource.actions for resource in RESOURCES}
"""Every type of thing and what can be done to it."""

PARENTS: Mapping[str, str | None] = {resource.type: resource.parent for resource in RESOURCES}
"""The type that a thing of each type is pinned to; None for what lives in a scope directly."""

COLLECTION_ACTIONS = frozenset({"create", "list"}).union(
    action.name for resource in RESOURCES for action in resource.domain if action.on_collection
)

_NOTHING = frozenset[str]()

_OF_ANONYMOUS: Mapping[str, frozenset[str]] = {
    "scope": frozenset({"list", "no-op"}),
    "auth-method": frozenset({"list", "no-op", "authenticate"}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a grant's text says. `ANY` stands for everything; no ids, or no type, for none said."""

    ids: frozenset[str]
    type: str | None
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScopedGrant:
    """A grant and where it counts: `scope_id` is its role's, `reach` is this, children, descendants or a scope's id."""

    grant: Grant
    scope_id: str
    reach: str


@dataclass(frozen=True, slots=True)
class Place:
    """A scope and the one that it lies in; global lies in none."""

    scope_id: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class Thing:
    """What somebody wants to act on. Without an id it is the collection of its type; `pin` is the parent's id."""

    place: Place
    type: str
    id: str
    owner_id: str | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom grants were given to: what their templates stand for, and what `:self` means."""

    user_id: str
    account_id: str | None = None


class Reach(NamedTuple):
    """Some scopes: `this` one, the `children` of one, or the `descendants` of global."""

    word: str
    scope_id: str


class Selector(NamedTuple):
    """Some things, as a grant names them: an id, `ANY` or nothing; a type, `ANY` or nothing."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class Rights:
    """All that a caller was granted, sorted by where and on what."""

    holder: Holder
    actions: Mapping[Reach, Mapping[Selector, frozenset[str]]] = field(repr=False)


def rights_of(grants: Iterable[ScopedGrant], holder: Holder) -> Rights:
    """The sum of `grants`, in the hands of `holder`."""
    templates = {USER_ID: holder.user_id, ACCOUNT_ID: holder.account_id or ACCOUNT_ID}
    found: defaultdict[Reach, dict[Selector, frozenset[str]]] = defaultdict(dict)
    for scoped in grants:
        grant, there = scoped.grant, found[_reach_of(scoped)]
        for one in grant.ids or ("",):
            selector = Selector(templates.get(one, one), grant.type or "")
            before = there.get(selector)
            there[selector] = before | grant.actions if before else grant.actions
    return Rights(holder, found)


def reaches(grant: ScopedGrant, place: Place) -> bool:
    """True if the grant's role counts in that scope."""
    return _reach_of(grant) in reaching(place)


def allows(rights: Rights, thing: Thing, action: str) -> bool:
    """True if `action` on `thing` is among the caller's rights."""
    return bool(allowed_actions(rights, thing, (action,)))


def allowed_actions(rights: Rights, thing: Thing, actions: Sequence[str]) -> tuple[str, ...]:
    """Those of `actions` that are allowed on `thing`, in their order. This is the only place that decides."""
    granted = _granted(rights, thing)
    return tuple(
        action
        for action in actions
        if not granted.isdisjoint(implied_by(action))
        and (action in COLLECTION_ACTIONS) == (not thing.id)
        and (not action.endswith(":self") or thing.owner_id == rights.holder.user_id)
        and is_open_to(rights.holder, thing.type, action)
    )


@lru_cache(maxsize=1024)
def implied_by(action: str) -> frozenset[str]:
    """What a grant may say to allow `action`."""
    return frozenset({ANY, action, action.partition(":")[0]})


def is_open_to(holder: Holder, kind: str, action: str) -> bool:
    """False for what no grant can give to somebody who is not logged in."""
    return holder.user_id != ANONYMOUS or action in _OF_ANONYMOUS.get(kind, ())


def reaching(place: Place) -> tuple[Reach, ...]:
    """Every reach that has `place` in it."""
    here = Reach("this", place.scope_id)
    if place.parent_id is None:
        return (here,)
    return (here, Reach("children", place.parent_id), Reach("descendants", "global"))


def _reach_of(grant: ScopedGrant) -> Reach:
    if grant.reach in ("this", "children", "descendants"):
        return Reach(grant.reach, grant.scope_id)
    return Reach("this", grant.reach)


def _granted(rights: Rights, thing: Thing) -> set[str]:
    selectors = _selecting(thing)
    granted: set[str] = set()
    for reach in reaching(thing.place):
        there = rights.actions.get(reach)
        if there:
            for selector in selectors:
                granted |= there.get(selector, _NOTHING)
    return granted


def _selecting(thing: Thing) -> tuple[Selector, ...]:
    """Every selector that has `thing` in it."""
    kind = thing.type
    everything = (Selector(ANY, kind), Selector(ANY, ANY))
    by_parent = (Selector(thing.pin, kind), Selector(thing.pin, ANY)) if thing.pin else ()
    if thing.id:
        return (*everything, *by_parent, Selector(thing.id, ""), Selector(thing.id, kind))
    return (*everything, *by_parent) if PARENTS[kind] else (*everything, Selector("", kind))
