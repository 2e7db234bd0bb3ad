"""Where a role's grants may count.

| role of | may count in |
|---|---|
| global | `this`, its `children` (the orgs), all its `descendants`, any scope by id |
| an org | `this`, its `children` (its projects), some of its projects by id |
| a project | `this` |

A role's own id means `this`. What another entry covers already is refused, so that taking an entry away takes
something away.
"""

from collections.abc import Mapping, Sequence

from acc.controlplane.access.grants import Place
from acc.wire.errors import AccError, Code


def read_grant_scopes(role: Place, wanted: Sequence[str], parents: Mapping[str, str]) -> tuple[str, ...]:
    """The reaches that a role in the scope `role` gets from `wanted`. Raises AccError(BAD_REQUEST) with the reason.

    `parents` has the parent of each wanted scope that exists.
    """
    reaches = tuple("this" if one == role.scope_id else one for one in wanted)
    if len(set(reaches)) != len(reaches):
        raise _refuse("has a scope twice; the role's own scope is this")
    for one in reaches:
        _check(role, one, parents)
    if "descendants" in reaches and set(reaches) - {"this", "descendants"}:
        raise _refuse("has descendants, which covers everything below global: leave the others out, except this")
    if "children" in reaches:
        for one in reaches:
            if parents.get(one) == role.scope_id:
                raise _refuse(f"has children, which covers {one}: leave one of them out")
    return reaches


def _check(role: Place, reach: str, parents: Mapping[str, str]) -> None:
    match role.parent_id, reach:
        case (_, "this") | (None, "children" | "descendants") | ("global", "children"):
            pass
        case None, scope_id if scope_id in parents:
            pass
        case None, _:
            raise _refuse(f"has {reach[:40]!a}, which is no scope, nor this, children or descendants")
        case "global", scope_id if parents.get(scope_id) == role.scope_id:
            pass
        case "global", _:
            raise _refuse(f"has {reach[:40]!a}: a role of an org counts in this, children, or its own projects")
        case _:
            raise _refuse(f"has {reach[:40]!a}: a role of a project counts in this alone")


def _refuse(reason: str) -> AccError:
    return AccError(Code.BAD_REQUEST, f"grant_scope_ids {reason}", "grant_scope_ids")
