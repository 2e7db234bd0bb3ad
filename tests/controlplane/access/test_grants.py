"""The one function that decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.controlplane.access.grants import (
    Holder,
    Place,
    ScopedGrant,
    Thing,
    allowed_actions,
    allows,
    reaches,
    rights_of,
)
from acc.controlplane.access.granttext import parse_grant
from acc.wire.directory.index import BY_TYPE
from tests.controlplane.access.grant_oracle import (
    ALL_ACTIONS,
    ME,
    NOBODY,
    SCOPES,
    may,
    scoped_grants,
    scopes_reached,
    things,
)

PROJECT = Place("p_1", "o_1")


def decide(text: str, thing: Thing, action: str, holder: Holder = ME) -> bool:
    """What one grant that counts in `PROJECT` decides."""
    return allows(rights_of([ScopedGrant(parse_grant(text), "p_1", "this")], holder), thing, action)


@given(st.lists(scoped_grants, max_size=4), st.sampled_from([ME, NOBODY]), things(), st.sampled_from(ALL_ACTIONS))
def test_the_decision_is_the_oracles(grants: list[ScopedGrant], holder: Holder, thing: Thing, action: str) -> None:
    assert allows(rights_of(grants, holder), thing, action) is may(grants, holder, thing, action)


@given(st.lists(scoped_grants, max_size=4), st.sampled_from([ME, NOBODY]), things())
def test_the_allowed_actions_are_those_that_are_allowed_one_by_one(
    grants: list[ScopedGrant], holder: Holder, thing: Thing
) -> None:
    actions = BY_TYPE[thing.type].actions
    rights = rights_of(grants, holder)

    assert allowed_actions(rights, thing, actions) == tuple(one for one in actions if allows(rights, thing, one))


@given(things(), st.sampled_from(ALL_ACTIONS))
def test_without_grants_everything_is_refused(thing: Thing, action: str) -> None:
    assert not allows(rights_of([], ME), thing, action)


@given(st.lists(scoped_grants, max_size=4), scoped_grants, things())
def test_one_more_grant_never_takes_anything_away(some: list[ScopedGrant], more: ScopedGrant, thing: Thing) -> None:
    before = allowed_actions(rights_of(some, ME), thing, ALL_ACTIONS)
    after = allowed_actions(rights_of([*some, more], ME), thing, ALL_ACTIONS)

    assert set(before) <= set(after)


@given(scoped_grants, st.sampled_from([*SCOPES]))
def test_a_grant_reaches_the_scopes_of_its_role(grant: ScopedGrant, scope: str) -> None:
    assert reaches(grant, Place(scope, SCOPES[scope])) is (scope in scopes_reached(grant))


@given(st.lists(scoped_grants, max_size=4), things(), st.sampled_from(["read", "delete", "cancel", "change-password"]))
def test_an_action_implies_itself_on_what_is_ones_own(grants: list[ScopedGrant], thing: Thing, action: str) -> None:
    rights = rights_of(grants, ME)
    own = thing.owner_id == ME.user_id

    assert allows(rights, thing, f"{action}:self") >= (own and allows(rights, thing, action))


def test_what_several_grants_give_on_the_same_thing_adds_up() -> None:
    texts = ("ids=ttcp_1;actions=read", "ids=ttcp_1;actions=delete", "ids=ttcp_1;actions=update")
    rights = rights_of([ScopedGrant(parse_grant(text), "p_1", "this") for text in texts], ME)

    assert allowed_actions(rights, Thing(PROJECT, "target", "ttcp_1"), BY_TYPE["target"].actions) == (
        "read",
        "update",
        "delete",
    )


def test_self_actions_count_on_what_is_ones_own_only() -> None:
    text = "ids=*;type=session;actions=cancel:self"

    assert decide(text, Thing(PROJECT, "session", "s_1", "u_me"), "cancel:self")
    assert not decide(text, Thing(PROJECT, "session", "s_1", "u_1"), "cancel:self")
    assert not decide(text, Thing(PROJECT, "session", "s_1", "u_me"), "cancel")


def test_a_pin_gives_what_belongs_to_it_and_not_itself() -> None:
    text = "ids=hcst_1;type=*;actions=*"

    assert decide(text, Thing(PROJECT, "host", "hst_1", pin="hcst_1"), "delete")
    assert decide(text, Thing(PROJECT, "host-set", "", pin="hcst_1"), "create")
    assert not decide(text, Thing(PROJECT, "host", "hst_1", pin="hcst_2"), "delete")
    assert not decide(text, Thing(PROJECT, "host-catalog", "hcst_1"), "read")


def test_a_template_is_the_caller() -> None:
    text = "ids={{.User.Id}};actions=read"

    assert decide(text, Thing(PROJECT, "user", "u_me"), "read")
    assert not decide(text, Thing(PROJECT, "user", "u_1"), "read")
    assert decide("ids={{account.id}};actions=set-password", Thing(PROJECT, "account", "acctpw_me"), "set-password")


def test_the_account_template_means_nothing_for_who_has_no_account() -> None:
    thing = Thing(PROJECT, "account", "acctpw_me")

    assert not decide("ids={{.Account.Id}};actions=read", thing, "read", Holder("u_me"))


def test_the_longer_name_of_an_action_is_implied() -> None:
    workers = Thing(PROJECT, "worker", "")

    assert decide("type=worker;actions=create", workers, "create:controller-led")
    assert decide("type=worker;actions=create:controller-led", workers, "create:controller-led")
    assert not decide("type=worker;actions=list", workers, "create:controller-led")


def test_creating_is_no_action_on_an_item() -> None:
    text = "ids=*;type=*;actions=*"

    assert decide(text, Thing(PROJECT, "target", ""), "create")
    assert not decide(text, Thing(PROJECT, "target", "ttcp_1"), "create")
    assert not decide(text, Thing(PROJECT, "target", ""), "read")


@pytest.mark.parametrize(
    ("kind", "one", "action", "allowed"),
    [
        ("scope", "", "list", True),
        ("scope", "p_1", "no-op", True),
        ("scope", "p_1", "read", False),
        ("auth-method", "", "list", True),
        ("auth-method", "ampw_1", "no-op", True),
        ("auth-method", "ampw_1", "authenticate", True),
        ("auth-method", "ampw_1", "update", False),
        ("target", "", "list", False),
        ("target", "ttcp_1", "authorize-session", False),
    ],
)
def test_who_is_not_logged_in_may_find_the_way_in_at_most(kind: str, one: str, action: str, allowed: bool) -> None:
    assert decide("ids=*;type=*;actions=*", Thing(PROJECT, kind, one), action, NOBODY) is allowed
