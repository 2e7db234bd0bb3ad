"""Where a grant could count: what it names lives at certain levels, and a role reaches certain levels.

| role of | may ever count at |
|---|---|
| global | global, org, project |
| an org | org, project |
| a project | project |

A grant is tried on one thing of every type that exists, at every level where such things live. An action of it that no
grant scope could make count is refused when it is written. What only the present grant scopes keep from counting is
taken, and its role says so: grants and grant scopes come one after the other, in either order.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from acc.controlplane.access.grants import (
    ACCOUNT_ID,
    ACTIONS,
    ANY,
    PARENTS,
    USER_ID,
    Grant,
    Holder,
    Place,
    Rights,
    ScopedGrant,
    Thing,
    allows,
    implied_by,
    rights_of,
)
from acc.wire.directory.index import BY_TYPE, type_of_id
from acc.wire.directory.words import GLOBAL, ORG, PROJECT
from acc.wire.errors import AccError, Code

LEVELS = (GLOBAL, ORG, PROJECT)
"""From the top."""

_PREFIXES = {"global": GLOBAL, "o": ORG, "p": PROJECT}

_SHOWN = {GLOBAL: "global", ORG: "an org", PROJECT: "a project"}

_SOMEBODY = Holder("u_somebody", "acctpw_somebody")

_SOMEWHERE = Place("global", None)


def type_named(one: str) -> str | None:
    """The type of thing that an id or a template in a grant is of."""
    return {USER_ID: "user", ACCOUNT_ID: "account"}.get(one) or type_of_id(one)


def level_of(scope_id: str) -> str:
    """The level of the scope with that id."""
    return _PREFIXES[scope_id.partition("_")[0]]


def levels_within(scope_id: str) -> frozenset[str]:
    """The levels at which a role in that scope may ever count."""
    return frozenset(LEVELS[LEVELS.index(level_of(scope_id)) :])


def levels_reached(scope_id: str, reaches: Sequence[str]) -> frozenset[str]:
    """The levels at which a role in that scope counts with these grant scopes."""
    own = LEVELS.index(level_of(scope_id))
    words = {"this": LEVELS[own : own + 1], "children": LEVELS[own + 1 : own + 2], "descendants": LEVELS[own + 1 :]}
    return frozenset(level for one in reaches for level in (words[one] if one in words else (level_of(one),)))


def levels_of(grant: Grant) -> Mapping[str, frozenset[str]]:
    """The levels at which each action of the grant could allow something; none if it never could."""
    return _levels_of_kind(Grant(frozenset(_example(one) for one in grant.ids), grant.type, grant.actions))


@lru_cache(maxsize=4096)
def _levels_of_kind(grant: Grant) -> Mapping[str, frozenset[str]]:
    """The same for all grants that differ only in which things of a kind they name."""
    rights = rights_of((ScopedGrant(grant, "global", "this"),), _SOMEBODY)
    examples = {(type_named(one), _levels_of_item(one)): one for one in grant.ids}.values()
    each = (thing for named in examples or ("",) for thing in _one_of_each(named))
    things = [thing for thing in each if grant.type in (None, ANY, thing.type)]  # for speed: no others are meant
    return {
        action: frozenset(
            level for thing in things if _comes_to_something(rights, thing, action) for level in _levels_of(thing)
        )
        for action in sorted(grant.actions)
    }


def idle_action(grant: Grant, levels: frozenset[str]) -> str | None:
    """An action of the grant that can allow nothing at any of these levels, if there is one."""
    return next((action for action, counts in levels_of(grant).items() if counts.isdisjoint(levels)), None)


def check_place(text: str, grant: Grant, scope_id: str) -> None:
    """Raises AccError(BAD_REQUEST) if a role in that scope could never make an action of the grant count."""
    action = idle_action(grant, levels_within(scope_id))
    if action is not None:
        there, here = _where(grant, action), _SHOWN[level_of(scope_id)]
        raise AccError(
            Code.BAD_REQUEST,
            f"the grant {text[:100]!a} could never allow {action} in a role of {here}: what it is for lives in {there},"
            f" where such a role never counts; give it to a role of {there}",
        )


def warning_of(grant: Grant, scope_id: str, reaches: Sequence[str]) -> str | None:
    """What is to be said of a grant that the grant scopes of its role, in that scope, keep from counting."""
    action = idle_action(grant, levels_reached(scope_id, reaches))
    if action is None:
        return None
    return f"{action} allows nothing: what it is for lives in {_where(grant, action)}, where no grant scope leads"


def _example(one: str) -> str:
    """An id of the same kind, the same for all of that kind; templates, `*` and `global` are of their own."""
    prefix, underscore, _ = one.partition("_")
    return f"{prefix}_1" if underscore else one


def _where(grant: Grant, action: str) -> str:
    return " or ".join(_SHOWN[level] for level in LEVELS if level in levels_of(grant)[action])


def _comes_to_something(rights: Rights, thing: Thing, said: str) -> bool:
    return any(said in implied_by(action) and allows(rights, thing, action) for action in ACTIONS[thing.type])


def _one_of_each(named: str) -> Iterator[Thing]:
    """A collection and an item of every type; where what is `named` fits as the item or its parent, it is that."""
    one = {USER_ID: _SOMEBODY.user_id, ACCOUNT_ID: _SOMEBODY.account_id or ""}.get(named, named)
    kind = type_named(named)
    for type_, parent in PARENTS.items():
        pin = None if parent is None else one if parent == kind else "some_parent"
        yield Thing(_SOMEWHERE, type_, "", _SOMEBODY.user_id, pin)
        yield Thing(_SOMEWHERE, type_, one if type_ == kind else "some_item", _SOMEBODY.user_id, pin)


def _levels_of(thing: Thing) -> tuple[str, ...]:
    return (thing.type == "scope" and _levels_of_item(thing.id)) or BY_TYPE[thing.type].scopes


def _levels_of_item(item_id: str) -> tuple[str, ...]:
    """Where the item of that id lives, if its id says so: a scope lies in one of the level above."""
    return {"global": (GLOBAL,), "o": (GLOBAL,), "p": (ORG,)}.get(item_id.partition("_")[0], ())
