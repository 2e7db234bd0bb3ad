"""The grant parser and the one function that decides."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acc.controlplane.grants import ACTIONS, MAX_GRANT, Grant, Place, ScopedGrant, Thing, allows, parse_grant
from acc.wire.errors import AccError, Code

IDS = ["ttcp_1", "ttcp_2", "s_1", "u_1"]
SCOPES = {"global": None, "o_1": "global", "o_2": "global", "p_1": "o_1", "p_2": "o_2"}
ALL_ACTIONS = sorted(set().union(*ACTIONS.values()))


def some_of(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.just(frozenset({"*"})) | st.frozensets(st.sampled_from(values), min_size=1, max_size=3)


grants = st.builds(
    ScopedGrant,
    st.builds(Grant, some_of(IDS), st.sampled_from(["*", *ACTIONS]), some_of(ALL_ACTIONS)),
    st.sampled_from([*SCOPES]),
    st.sampled_from(["this", "children", "descendants", *SCOPES]),
)
things = st.builds(
    Thing,
    st.sampled_from([Place(scope, parent) for scope, parent in SCOPES.items()]),
    st.sampled_from([*ACTIONS]),
    st.sampled_from(["", *IDS]),
    st.sampled_from([None, "u_me", "u_other"]),
)


def scopes_reached(grant: ScopedGrant) -> set[str]:
    """Every scope in which the grant counts, spelled out."""
    if grant.reach == "this":
        return {grant.scope_id}
    if grant.reach == "children":
        return {scope for scope, parent in SCOPES.items() if parent == grant.scope_id}
    if grant.reach == "descendants":
        return set(SCOPES) - {"global"} if grant.scope_id == "global" else set()
    return {grant.reach}


def oracle(given_grants: list[ScopedGrant], thing: Thing, action: str) -> bool:
    """The rule, slowly: every (scope, type, id, action) that is allowed, then a look whether ours is there."""
    allowed: set[tuple[str, str, str, str]] = set()
    for scoped in given_grants:
        for scope in scopes_reached(scoped):
            for kind in ACTIONS if scoped.grant.type == "*" else [scoped.grant.type]:
                for one in ["", *IDS] if "*" in scoped.grant.ids else scoped.grant.ids:
                    for done in ALL_ACTIONS if "*" in scoped.grant.actions else scoped.grant.actions:
                        allowed.add((scope, kind, one, done))
                        allowed.add((scope, kind, one, done if done.endswith(":self") else f"{done}:self"))
    if action.endswith(":self") and thing.owner_id != "u_me":
        return False
    return (thing.place.scope_id, thing.type, thing.id, action) in allowed


@given(st.lists(grants, max_size=4), things, st.sampled_from(ALL_ACTIONS))
def test_the_decision_is_the_oracles(given_grants: list[ScopedGrant], thing: Thing, action: str) -> None:
    assert allows(given_grants, "u_me", thing, action) is oracle(given_grants, thing, action)


@given(things, st.sampled_from(ALL_ACTIONS))
def test_without_grants_everything_is_refused(thing: Thing, action: str) -> None:
    assert not allows([], "u_me", thing, action)


@given(st.lists(grants, max_size=4), grants, things, st.sampled_from(ALL_ACTIONS))
def test_one_more_grant_never_takes_anything_away(
    some: list[ScopedGrant], more: ScopedGrant, thing: Thing, action: str
) -> None:
    if allows(some, "u_me", thing, action):
        assert allows([*some, more], "u_me", thing, action)


def test_self_actions_count_on_what_is_ones_own_only() -> None:
    own = [ScopedGrant(parse_grant("ids=*;type=session;actions=cancel:self"), "global", "descendants")]
    place = Place("p_1", "o_1")

    assert allows(own, "u_me", Thing(place, "session", "s_1", "u_me"), "cancel:self")
    assert not allows(own, "u_me", Thing(place, "session", "s_1", "u_other"), "cancel:self")
    assert not allows(own, "u_me", Thing(place, "session", "s_1", "u_me"), "cancel")


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("ids=*;type=*;actions=*", Grant(frozenset("*"), "*", frozenset("*"))),
        (
            "actions=read,authorize-session;ids=ttcp_1,ttcp_2;type=target",
            Grant(frozenset({"ttcp_1", "ttcp_2"}), "target", frozenset({"read", "authorize-session"})),
        ),
        ("ids=*;type=target;actions=create,list", Grant(frozenset("*"), "target", frozenset({"create", "list"}))),
    ],
)
def test_a_grant_is_read(text: str, grant: Grant) -> None:
    assert parse_grant(text) == grant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ids=*",
        "ids=*;type=*",
        "ids=*;type=*;actions=*;",
        "ids=*;type=*;actions=*;output_fields=id",
        "ids=*;ids=*;type=*;actions=*",
        "ids=*,ttcp_1;type=*;actions=*",
        "ids=;type=*;actions=*",
        "ids=ttcp_1,;type=*;actions=*",
        "ids=ttcp_1,ttcp_1;type=*;actions=*",
        "ids=*;type=nothing;actions=*",
        "ids=*;type=target,session;actions=*",
        "ids=*;type=target;actions=fly",
        "ids=*;type=session;actions=authorize-session",
        "ids=*;type=target;actions=*,read",
        "ids=ttcp_1;type=target;actions=create",
        "ids=ttcp_1;type=target;actions=create,list",
        "ids=a=b;type=*;actions=*",
        "ids=ttcp 1;type=*;actions=*",
        "IDS=*;type=*;actions=*",
        "ids=*;type=*;actions=* ",
        "ids={{.User.Id}};type=*;actions=*",
        "ids=ttcp_1\n;type=*;actions=*",
    ],
)
def test_what_is_no_grant_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(AccError) as refused:
        parse_grant(text)

    assert refused.value.code is Code.BAD_REQUEST
    assert refused.value.detail.startswith("the grant ")


def test_a_grant_that_is_too_long_is_refused() -> None:
    ids = ",".join(f"ttcp_{number}" for number in range(MAX_GRANT))
    with pytest.raises(AccError, match="longer"):
        parse_grant(f"ids={ids};type=target;actions=read")


def read_or_none(text: str) -> Grant | None:
    try:
        return parse_grant(text)
    except AccError:
        return None


pieces = st.sampled_from(
    ["ids", "type", "actions", "=", ";", ",", "*", "ttcp_1", "target", "read", "create", " ", "\x00"]
)


@given(st.text(max_size=60) | st.lists(pieces, max_size=14).map("".join))
@example("ids=*;type=*;actions=*")
def test_the_parser_reads_or_refuses_and_never_fails_otherwise(text: str) -> None:
    grant = read_or_none(text)

    if grant is not None:
        fields = dict(part.split("=") for part in text.split(";"))
        assert grant == Grant(
            frozenset(fields["ids"].split(",")), fields["type"], frozenset(fields["actions"].split(","))
        )
