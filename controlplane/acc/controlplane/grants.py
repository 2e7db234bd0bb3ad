"""Who may do what: grants as text, and the one pure function that decides.

    ids=<a,b|*>;type=<t|*>;actions=<a,b|*>

Rules: everything is refused unless a grant allows it; there is no grant that refuses. A grant counts where its role
reaches: the role's own scope, that scope's children, everything below global, or one scope by id. An action `x`
implies `x:self`, never the reverse; `x:self` counts on what the caller owns only.

The parser is strict: each key once, known types and actions only, no empty lists, `*` alone, nothing that could never
allow anything. It refuses a text over `MAX_GRANT` before it looks at it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from acc.wire.errors import AccError, Code

MAX_GRANT = 1024

ANY = "*"

ACTIONS: dict[str, frozenset[str]] = {
    "account": frozenset({"create", "read", "update", "delete", "list", "no-op"}),
    "auth-method": frozenset({"create", "read", "update", "delete", "list", "no-op", "authenticate"}),
    "auth-token": frozenset({"read", "delete", "list", "no-op", "read:self", "delete:self"}),
    "role": frozenset({"create", "read", "update", "delete", "list", "no-op"}),
    "scope": frozenset({"create", "read", "update", "delete", "list", "no-op"}),
    "session": frozenset({"read", "cancel", "list", "no-op", "read:self", "cancel:self"}),
    "target": frozenset({"create", "read", "update", "delete", "list", "no-op", "authorize-session"}),
    "user": frozenset({"create", "read", "update", "delete", "list", "no-op", "read:self"}),
    "worker": frozenset({"create", "read", "update", "delete", "list", "no-op"}),
}
"""Every type of thing and what can be done to it."""

COLLECTION_ACTIONS = frozenset({"create", "list"})

_ID = re.compile(r"[a-z0-9]+(?:_[A-Za-z0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a grant's text says. `ANY` stands for everything."""

    ids: frozenset[str]
    type: str
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
    """What somebody wants to act on. `id` is empty for one that does not exist yet."""

    place: Place
    type: str
    id: str
    owner_id: str | None = None


@lru_cache(maxsize=4096)
def parse_grant(text: str) -> Grant:
    """The grant that `text` spells. Raises AccError(BAD_REQUEST) with the reason."""
    if len(text) > MAX_GRANT:
        raise _refuse(f"is longer than {MAX_GRANT} characters")
    fields: dict[str, str] = {}
    for segment in text.split(";"):
        key, equals, value = segment.partition("=")
        if not equals or "=" in value:
            raise _refuse("must be ids=...;type=...;actions=...")
        if key in fields:
            raise _refuse(f"says {key} twice")
        fields[key] = value
    if fields.keys() != {"ids", "type", "actions"}:
        raise _refuse("needs exactly ids, type and actions")
    grant = Grant(_values(fields, "ids"), fields["type"], _values(fields, "actions"))
    _check(grant)
    return grant


def _check(grant: Grant) -> None:
    if grant.type != ANY and grant.type not in ACTIONS:
        raise _refuse("names an unknown type")
    if ANY not in grant.ids and not all(_ID.fullmatch(one) for one in grant.ids):
        raise _refuse("names something that is no id")
    known = frozenset[str]().union(*ACTIONS.values()) if grant.type == ANY else ACTIONS[grant.type]
    if ANY not in grant.actions and not grant.actions <= known:
        raise _refuse("names an action that its type does not have")
    if ANY not in grant.ids and grant.actions <= COLLECTION_ACTIONS:
        raise _refuse("could never allow anything: create and list need ids=*")


def _values(fields: dict[str, str], key: str) -> frozenset[str]:
    values = fields[key].split(",")
    if not all(values) or len(set(values)) != len(values):
        raise _refuse(f"has an empty or repeated value in {key}")
    if ANY in values and len(values) > 1:
        raise _refuse(f"mixes * with others in {key}")
    return frozenset(values)


def _refuse(reason: str) -> AccError:
    return AccError(Code.BAD_REQUEST, f"the grant {reason}")


def reaches(grant: ScopedGrant, place: Place) -> bool:
    """True if the grant's role counts in that scope."""
    match grant.reach:
        case "this":
            return grant.scope_id == place.scope_id
        case "children":
            return grant.scope_id == place.parent_id
        case "descendants":
            return grant.scope_id == "global" and place.parent_id is not None
        case scope_id:
            return scope_id == place.scope_id


def allows(grants: Iterable[ScopedGrant], user_id: str, thing: Thing, action: str) -> bool:
    """True if one of the user's grants allows `action` on `thing`. This is the only place that decides."""
    own = action.endswith(":self")
    if own and thing.owner_id != user_id:
        return False
    names = {ANY, action, action.removesuffix(":self")}
    return any(
        reaches(scoped, thing.place)
        and scoped.grant.type in (ANY, thing.type)
        and not scoped.grant.ids.isdisjoint({ANY, thing.id} - {""})
        and not scoped.grant.actions.isdisjoint(names)
        for scoped in grants
    )


def allowed_actions(
    grants: Sequence[ScopedGrant], user_id: str, thing: Thing, actions: Sequence[str]
) -> tuple[str, ...]:
    """Those of `actions` that are allowed, in their order."""
    return tuple(action for action in actions if allows(grants, user_id, thing, action))
