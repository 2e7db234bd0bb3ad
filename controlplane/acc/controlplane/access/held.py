"""What a user holds: the grants of every role that is theirs, their groups', or everybody's.

Rule: a grant enters the database only through the strict parser. One that does not parse when it is read, because a
newer program wrote it, grants nothing.
"""

from collections.abc import Iterator, Sequence

from acc.controlplane.access.grants import ANONYMOUS, ANY, Grant, ScopedGrant
from acc.controlplane.access.granttext import parse_grant
from acc.controlplane.service.log import warning
from acc.wire.errors import AccError

ANYBODY = ANONYMOUS
EVERYBODY = "u_auth"
"""Users that stand for people: whoever asks without a login, and whoever asks with one."""

BUILT_IN = (ANYBODY, EVERYBODY)


def grants_of(user: str, also: str) -> str:
    """A column: each grant of `user`, an SQL expression, and of the built-in user `also`, as `scope org reach text`.

    The second is what the scope that the grant counts in lies in, global for global.
    """
    return f"""
    array(
        select r.scope_id || ' ' || coalesce(p.parent_id, 'global') || ' ' || s.reach || ' ' || g.grant_text
        from (
            select m.role_id from role_users m where m.user_id in ({user}, '{also}')
            union
            select i.role_id from role_groups i join group_members b on b.group_id = i.group_id
            where b.user_id in ({user}, '{also}')
        ) held
        join roles r on r.id = held.role_id
        join role_grant_scopes s on s.role_id = r.id
        join role_grants g on g.role_id = r.id
        join scopes p on p.id = coalesce(s.scope_id, r.scope_id)
    )
    """  # noqa: S608 (only constants of ours are put in)


_OWN = (
    "ids=*;type=account;actions=read:self,change-password:self",
    "ids=*;type=auth-token;actions=read:self,delete:self",
    "ids=*;type=session;actions=read:self,cancel:self",
    "ids=*;type=user;actions=read:self,list-resolvable-aliases:self",
)

_SEEN = frozenset({"no-op", "read"})
_ANY_SCOPE = Grant(frozenset({ANY}), "scope", _SEEN)

OWN = tuple(ScopedGrant(parse_grant(text), "global", reach) for text in _OWN for reach in ("this", "descendants"))
"""What each user may do with what is their own, whatever roles they have."""


def read_grants(stored: Sequence[str]) -> tuple[ScopedGrant, ...]:
    """The grants in a `grants_of` column."""
    found: list[ScopedGrant] = []
    for line in stored:
        scope_id, _, reach, text = line.split(" ", 3)
        try:
            found.append(ScopedGrant(parse_grant(text), scope_id, reach))
        except AccError as refused:
            warning("grant ignored", grant=text, reason=refused.detail)
    return tuple(found)


def scopes_seen(stored: Sequence[str]) -> Iterator[ScopedGrant]:
    """To whom something is granted in a scope, that scope is no secret, nor what it lies in: grants that say so."""
    for scope_id, above, reach in {tuple(line.split(" ", 3)[:3]) for line in stored}:
        there = scope_id if reach in ("this", "children", "descendants") else reach
        for everywhere in ("this", "descendants"):
            yield ScopedGrant(Grant(frozenset({there, above}), None, _SEEN), "global", everywhere)
        if reach == "children":
            yield ScopedGrant(_ANY_SCOPE, scope_id, "this")
        if reach == "descendants":
            yield ScopedGrant(_ANY_SCOPE, "global", "this")
            yield ScopedGrant(_ANY_SCOPE, "global", "descendants")
