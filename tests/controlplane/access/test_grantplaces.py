"""Grants that can match nothing because of where their role counts."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from acc.controlplane.access.grantplaces import (
    idle_action,
    level_of,
    levels_reached,
    levels_within,
)
from acc.controlplane.access.grants import Grant, ScopedGrant
from acc.controlplane.access.granttext import parse_grant
from tests.controlplane.access.grant_oracle import (
    LEVELS,
    SCOPES,
    could_match,
    could_mean,
    grants,
    reaches_of,
    scopes_reached,
)

ONE_OF = {"global": "global", "org": "o_1", "project": "p_1"}


def counting_of(level: str) -> list[ScopedGrant]:
    """Where roles may count at all, of every scope of a level."""
    return [one for scope in SCOPES if LEVELS[scope] == level for one in reaches_of(scope)]


@given(grants, st.sampled_from([*ONE_OF]))
@example(Grant(frozenset({"p_1"}), None, frozenset({"read"})), "project")
@example(Grant(frozenset({"o_1", "p_1"}), "scope", frozenset({"read"})), "org")
def test_an_action_is_idle_if_and_only_if_no_role_there_could_make_it_count(some: Grant, level: str) -> None:
    assume(all(could_mean(some, action) for action in some.actions))
    counting = counting_of(level)
    idle = {action for action in some.actions if not could_match(some, action, counting)}

    found = idle_action(some, levels_within(ONE_OF[level]))
    assert found in idle if idle else found is None


@given(st.sampled_from([*SCOPES]).flatmap(lambda scope: st.lists(st.sampled_from(reaches_of(scope)), min_size=1)))
def test_a_role_counts_at_the_levels_of_the_scopes_that_it_reaches(counting: list[ScopedGrant]) -> None:
    reached = {LEVELS[scope] for one in counting for scope in scopes_reached(one)}

    assert levels_reached(counting[0].scope_id, [one.reach for one in counting]) == reached


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("ids=*;type=worker;actions=read", "org"),
        ("ids=*;type=worker;actions=read", "project"),
        ("type=worker;actions=create", "org"),
        ("ids=w_1;actions=read", "project"),
        ("ids=*;type=alias;actions=read", "project"),
        ("ids=*;type=user;actions=read", "project"),
        ("ids=ampw_1;type=*;actions=read", "project"),
        ("ids={{.User.Id}};actions=read", "project"),
        ("ids=*;type=scope;actions=read", "project"),
        ("type=scope;actions=create", "project"),
        ("ids=o_1;actions=read", "org"),
        ("ids=global;actions=read", "org"),
        ("ids=p_1;actions=read", "project"),
        ("ids=*;type=*;actions=read,authenticate", "project"),
    ],
)
def test_what_lives_above_a_role_is_out_of_its_reach(text: str, level: str) -> None:
    assert idle_action(parse_grant(text), levels_within(ONE_OF[level])) is not None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("ids=*;type=*;actions=*", "project"),
        ("ids=*;type=*;actions=create,read,update,delete,list", "project"),
        ("ids=*;type=target;actions=authorize-session", "global"),
        ("ids=*;type=target;actions=authorize-session", "org"),
        ("ids=*;type=worker;actions=read", "global"),
        ("ids=hcst_1;type=host;actions=read", "org"),
        ("ids=p_1;actions=read", "org"),
        ("ids=o_1,p_1;actions=read", "org"),
        ("ids=*;type=auth-token;actions=list,read:self,delete:self", "org"),
    ],
)
def test_what_some_grant_scope_could_reach_is_not_idle(text: str, level: str) -> None:
    assert idle_action(parse_grant(text), levels_within(ONE_OF[level])) is None


@pytest.mark.parametrize("scope", [*SCOPES])
def test_an_id_says_the_level_of_its_scope(scope: str) -> None:
    assert level_of(scope) == LEVELS[scope]


def test_the_present_grant_scopes_may_reach_less() -> None:
    targets = parse_grant("ids=*;type=target;actions=read")

    assert idle_action(targets, levels_reached("o_1", ["this"])) == "read"
    assert idle_action(targets, levels_reached("o_1", ["this", "p_1"])) is None
    assert idle_action(targets, levels_reached("global", ["children"])) == "read"
    assert idle_action(targets, levels_reached("global", ["descendants"])) is None
    assert idle_action(targets, levels_reached("p_1", [])) == "read"
