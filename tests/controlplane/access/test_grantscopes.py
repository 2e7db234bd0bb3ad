"""Where a role's grants may count."""

import pytest

from acc.controlplane.access.grants import Place
from acc.controlplane.access.grantscopes import read_grant_scopes
from acc.wire.errors import AccError, Code

GLOBAL, ORG, PROJECT = Place("global", None), Place("o_1", "global"), Place("p_1", "o_1")
PARENTS = {"o_1": "global", "o_2": "global", "p_1": "o_1", "p_2": "o_1", "p_3": "o_2"}


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        (GLOBAL, []),
        (GLOBAL, ["this"]),
        (GLOBAL, ["this", "children"]),
        (GLOBAL, ["this", "descendants"]),
        (GLOBAL, ["children", "p_1", "p_3"]),
        (GLOBAL, ["o_1", "p_1", "this"]),
        (ORG, []),
        (ORG, ["this", "children"]),
        (ORG, ["p_1", "p_2"]),
        (PROJECT, []),
        (PROJECT, ["this"]),
    ],
)
def test_a_role_counts_where_it_may(role: Place, wanted: list[str]) -> None:
    assert read_grant_scopes(role, wanted, PARENTS) == tuple(wanted)


@pytest.mark.parametrize(("role", "own"), [(GLOBAL, "global"), (ORG, "o_1"), (PROJECT, "p_1")])
def test_the_roles_own_id_means_this(role: Place, own: str) -> None:
    assert read_grant_scopes(role, [own], PARENTS) == ("this",)


@pytest.mark.parametrize(
    ("role", "wanted", "reason"),
    [
        (GLOBAL, ["o_9"], "no scope"),
        (GLOBAL, ["everywhere"], "no scope"),
        (GLOBAL, ["this", "this"], "twice"),
        (GLOBAL, ["this", "global"], "twice"),
        (GLOBAL, ["descendants", "children"], "covers everything"),
        (GLOBAL, ["descendants", "p_1"], "covers everything"),
        (GLOBAL, ["o_2", "children"], "covers o_2"),
        (ORG, ["descendants"], "a role of an org"),
        (ORG, ["global"], "a role of an org"),
        (ORG, ["o_2"], "a role of an org"),
        (ORG, ["p_3"], "a role of an org"),
        (ORG, ["p_9"], "a role of an org"),
        (ORG, ["children", "p_1"], "covers p_1"),
        (PROJECT, ["children"], "a role of a project"),
        (PROJECT, ["descendants"], "a role of a project"),
        (PROJECT, ["p_2"], "a role of a project"),
        (PROJECT, ["o_1"], "a role of a project"),
    ],
)
def test_other_places_are_refused_with_a_reason(role: Place, wanted: list[str], reason: str) -> None:
    with pytest.raises(AccError, match=reason) as refused:
        read_grant_scopes(role, wanted, PARENTS)

    assert refused.value.code is Code.BAD_REQUEST
