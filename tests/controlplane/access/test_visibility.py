"""What a list shows is what one may act on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.controlplane.access.grants import Holder, Place, ScopedGrant, Thing, allowed_actions, rights_of
from acc.controlplane.access.granttext import parse_grant
from acc.controlplane.access.visibility import Area, Visibility, granted, visibility
from acc.wire.directory.index import BY_TYPE
from tests.controlplane.access.grant_oracle import (
    ALL_ACTIONS,
    ME,
    NOBODY,
    is_collection_action,
    may,
    scoped_grants,
    things,
)

NOWHERE = Area(everywhere=False, scopes=frozenset(), children_of=frozenset())


def seen(kind: str, *given_grants: tuple[str, str, str]) -> Visibility:
    """What the grants `(role's scope, reach, text)` show of a type."""
    scoped = [ScopedGrant(parse_grant(text), scope, reach) for scope, reach, text in given_grants]
    return visibility(rights_of(scoped, ME), kind)


@given(
    st.lists(scoped_grants, max_size=6),
    st.sampled_from([ME, NOBODY]),
    st.lists(things().filter(lambda thing: thing.id != ""), min_size=1, max_size=8),
)
def test_an_item_is_shown_if_and_only_if_something_may_be_done_with_it(
    grants: list[ScopedGrant], holder: Holder, directory: list[Thing]
) -> None:
    rights = rights_of(grants, holder)
    shown = [visibility(rights, thing.type).shows(thing) for thing in directory]

    assert shown == [bool(allowed_actions(rights, thing, BY_TYPE[thing.type].actions)) for thing in directory]
    assert shown == [
        any(may(grants, holder, thing, action) for action in BY_TYPE[thing.type].actions) for thing in directory
    ]


@given(
    st.lists(scoped_grants, max_size=6),
    st.sampled_from([ME, NOBODY]),
    things().filter(lambda thing: thing.id != ""),
    st.sampled_from([one for one in ALL_ACTIONS if not is_collection_action(one) and not one.endswith(":self")]),
)
def test_an_action_is_granted_where_it_is_allowed(
    grants: list[ScopedGrant], holder: Holder, thing: Thing, action: str
) -> None:
    assert granted(rights_of(grants, holder), thing.type, action).holds(thing) is may(grants, holder, thing, action)


@given(st.lists(scoped_grants, max_size=4), things().filter(lambda thing: thing.id != ""))
def test_nothing_is_nothing(grants: list[ScopedGrant], thing: Thing) -> None:
    shown = visibility(rights_of(grants, ME), thing.type)

    assert not (shown.anybodys.nothing and shown.anybodys.holds(thing))
    assert not (shown.own.nothing and shown.own.holds(thing))


def test_each_reach_has_its_place_in_a_query() -> None:
    shown = seen(
        "target",
        ("p_1", "this", "ids=*;type=target;actions=read"),
        ("global", "p_2", "ids=*;type=*;actions=no-op"),
        ("o_2", "children", "ids=*;type=target;actions=authorize-session"),
        ("o_3", "descendants", "ids=*;type=target;actions=read"),
    )

    assert shown.anybodys.area == Area(False, frozenset({"p_1", "p_2"}), frozenset({"o_2"}))


def test_descendants_of_global_are_everywhere_but_global() -> None:
    shown = seen("user", ("global", "descendants", "ids=*;type=user;actions=read"))

    assert shown.anybodys.area == Area(True, frozenset(), frozenset())
    assert shown.shows(Thing(Place("o_1", "global"), "user", "u_1"))
    assert not shown.shows(Thing(Place("global", None), "user", "u_1"))


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("ids=*;type=*;actions=*", "auth-method", True),
        ("ids=*;type=auth-method;actions=authenticate", "auth-method", True),
        ("ids=*;type=auth-method;actions=read,update", "auth-method", False),
        ("ids=*;type=*;actions=*", "scope", True),
        ("ids=*;type=*;actions=*", "target", False),
    ],
)
def test_who_is_not_logged_in_sees_the_way_in_at_most(text: str, kind: str, shown: bool) -> None:
    rights = rights_of([ScopedGrant(parse_grant(text), "global", "this")], NOBODY)

    assert visibility(rights, kind).anybodys.nothing is not shown


def test_creating_and_listing_show_no_item() -> None:
    shown = seen(
        "target",
        ("p_1", "this", "type=target;actions=create,list"),
        ("p_1", "this", "ids=*;type=target;actions=create,list"),
    )

    assert shown.anybodys.nothing
    assert shown.own.nothing


def test_single_items_and_parents_are_named() -> None:
    shown = seen(
        "host",
        ("p_1", "this", "ids=hst_1,hst_2;actions=read"),
        ("p_1", "this", "ids=hcst_1;type=host;actions=read"),
        ("p_1", "this", "ids=hcst_2;type=host-set;actions=read"),
        ("p_1", "this", "ids=hcst_3;actions=read"),
    )

    assert shown.anybodys.area == NOWHERE
    assert shown.anybodys.ids.keys() == {"hst_1", "hst_2"}
    assert shown.anybodys.pins.keys() == {"hcst_1"}


def test_what_one_may_do_with_ones_own_shows_ones_own() -> None:
    shown = seen("session", ("global", "descendants", "ids=*;type=session;actions=read:self"))

    assert shown.anybodys.nothing
    assert shown.own.area == Area(True, frozenset(), frozenset())
