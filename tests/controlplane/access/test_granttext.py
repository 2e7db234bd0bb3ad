"""Grants as text: what is read, what is refused, and the one canonical form."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acc.controlplane.access.grants import Grant
from acc.controlplane.access.granttext import MAX_GRANT, canonical, grant_json, parse_grant
from acc.wire.errors import AccError, Code
from tests.controlplane.access.grant_oracle import could_mean, grants


def grant(ids: str, kind: str | None, actions: str) -> Grant:
    return Grant(frozenset(ids.split()), kind, frozenset(actions.split()))


def read_or_none(text: str) -> Grant | None:
    try:
        return parse_grant(text)
    except AccError as refused:
        assert refused.code is Code.BAD_REQUEST
        assert refused.detail.startswith("the grant ")
        return None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ids=*;type=*;actions=*", grant("*", "*", "*")),
        ("ids=*;type=target;actions=create,list", grant("*", "target", "create list")),
        ("ids=ttcp_1,ttcp_2;actions=read", grant("ttcp_1 ttcp_2", None, "read")),
        ("id=ttcp_1;actions=read", grant("ttcp_1", None, "read")),
        (
            "actions=read,authorize-session;ids=ttcp_1,ttcp_2;type=target",
            grant("ttcp_1 ttcp_2", "target", "read authorize-session"),
        ),
        ("id=*;type=Target;actions=READ", grant("*", "target", "read")),
        ("type=target;actions=create,list", grant("", "target", "create list")),
        ("type=worker;actions=create", grant("", "worker", "create")),
        ("ids=hcst_1,hcst_2;type=host;actions=create", grant("hcst_1 hcst_2", "host", "create")),
        ("ids=ampw_1;type=*;actions=*", grant("ampw_1", "*", "*")),
        ("ids=global;actions=read", grant("global", None, "read")),
        ("ids=*;type=session;actions=read:self", grant("*", "session", "read:self")),
        ("ids={{.User.Id}};actions=read", grant("{{.User.Id}}", None, "read")),
        ("ids={{ user.id }},u_1;actions=read", grant("{{.User.Id}} u_1", None, "read")),
        ("ids={{account.id}};actions=set-password", grant("{{.Account.Id}}", None, "set-password")),
        ('{"ids": ["ttcp_1", "ttcp_2"], "actions": ["read"]}', grant("ttcp_1 ttcp_2", None, "read")),
        ('{"id":"*","type":"TARGET","actions":["List"]}', grant("*", "target", "list")),
    ],
)
def test_a_grant_is_read(text: str, expected: Grant) -> None:
    assert parse_grant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ids=*",
        "ids=*;type=*",
        "type=target",
        "actions=read",
        "ids=*;actions=read",
        "ids=*;type=*;actions=*;",
        ";ids=*;type=*;actions=*",
        "ids=*;type=*;actions=*;output_fields=id",
        "ids=*;ids=*;type=*;actions=*",
        "id=*;ids=*;type=*;actions=*",
        "id=ttcp_1,ttcp_2;actions=read",
        "ids=*,ttcp_1;type=*;actions=*",
        "ids=;type=*;actions=*",
        "ids=*;type=;actions=*",
        "ids=*;type=*;actions=",
        "ids=ttcp_1,;type=*;actions=*",
        "ids=ttcp_1,ttcp_1;actions=read",
        "ids=*;type=nothing;actions=*",
        "ids=*;type=target,session;actions=*",
        "ids=*;type=target;actions=fly",
        "ids=*;type=session;actions=authorize-session",
        "ids=*;type=target;actions=*,read",
        "ids=*;type=target;actions=read:self",
        "ids=ttcp_1;type=target;actions=create",
        "ids=ttcp_1;type=target;actions=create,list",
        "ids=ttcp_1;actions=list",
        "ids=ttcp_1;actions=read,create",
        "ids=ttcp_1;type=*;actions=read",
        "ids=ttcp_1;type=session;actions=read",
        "ids=ttcp_1,hst_1;actions=read",
        "ids=ttcp_1,{{.User.Id}};actions=read",
        "ids=ampw_1;type=host;actions=read",
        "type=target;actions=read",
        "type=target;actions=list,read",
        "type=target;actions=*",
        "type=*;actions=list",
        "type=host;actions=create",
        "type=session;actions=create",
        "ids=a=b;type=*;actions=*",
        "ids=ttcp 1;actions=*",
        "ids=nothing_1;actions=*",
        "ids=global_1;actions=*",
        "IDS=*;type=*;actions=*",
        "ids=*;type=*;actions=* ",
        "ids=*;type=*;actions=*;colour=red",
        "ids={{.User.Name}};actions=read",
        "ids={{.User.Id};actions=read",
        "ids={{}};actions=read",
        "ids=ttcp_1\n;actions=*",
        "ids=ttcp_\u0661;actions=*",
        "{",
        "{}",
        '{"ids":["*"],"type":"*","actions":["*"]}{}',
        '{"ids":["*"],"ids":["*"],"type":"*","actions":["*"]}',
        '{"id":"*","ids":["*"],"type":"*","actions":["*"]}',
        '{"ids":"*","type":"*","actions":["*"]}',
        '{"ids":["*"],"type":["*"],"actions":["*"]}',
        '{"ids":["*"],"type":"*","actions":"*"}',
        '{"ids":["*"],"type":"*","actions":[]}',
        '{"ids":[],"type":"target","actions":["list"]}',
        '{"ids":["*"],"type":"*","actions":[7]}',
        '{"ids":["*"],"type":null,"actions":["*"]}',
        '{"ids":["*"],"type":"*","actions":[{"type":"*"}]}',
        '{"ids":["*"],"type":"*","actions":["*"],"output_fields":["id"]}',
        '{"ids":["*"],"type":"*","actions":["*"],"x":{}}',
        '{"ids":' + "[" * 1500,
    ],
)
def test_what_is_no_grant_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(AccError) as refused:
        parse_grant(text)

    assert refused.value.code is Code.BAD_REQUEST
    assert refused.value.detail.startswith("the grant ")


def test_a_grant_that_is_too_long_is_refused() -> None:
    with pytest.raises(AccError, match="longer"):
        parse_grant(f"ids=ttcp_{'1' * MAX_GRANT};actions=read")


def test_a_grant_with_too_many_ids_is_refused() -> None:
    ids = ",".join(f"ttcp_{number}" for number in range(101))

    with pytest.raises(AccError, match="more than 100"):
        parse_grant(f"ids={ids};actions=read")


def test_output_fields_are_refused_with_their_reason() -> None:
    with pytest.raises(AccError, match="who may read a thing reads all of it"):
        parse_grant("ids=*;type=*;actions=*;output_fields=id")


def test_an_action_that_comes_to_nothing_is_named() -> None:
    with pytest.raises(AccError, match="could never allow 'create'"):
        parse_grant("ids=ttcp_1;actions=read,create")


@given(grants)
def test_a_grant_is_taken_if_and_only_if_each_of_its_actions_could_ever_count(some: Grant) -> None:
    wanted = all(could_mean(some, action) for action in some.actions)

    assert read_or_none(canonical(some)) == (some if wanted else None)


@given(grants)
def test_the_json_object_says_the_same(some: Grant) -> None:
    assert read_or_none(json.dumps(grant_json(some))) == read_or_none(canonical(some))


def test_the_canonical_text_is_sorted_and_lower_case() -> None:
    assert canonical(parse_grant("actions=READ,delete;id={{ user.id }}")) == "ids={{.User.Id}};actions=delete,read"
    assert canonical(parse_grant("type=target;actions=list")) == "type=target;actions=list"


def test_the_json_object_has_what_the_grant_has() -> None:
    assert grant_json(parse_grant("ids=hcst_1;type=host;actions=read,list")) == {
        "ids": ["hcst_1"],
        "type": "host",
        "actions": ["list", "read"],
    }


pieces = st.sampled_from(
    [
        *("ids", "id", "type", "actions", "output_fields", "=", ";", ",", "*", " ", "\x00", ":", "{{", "}}"),
        *("ttcp_1", "u_1", "ampw_1", "target", "account", "read", "create", "read:self", ".User.Id", "é"),
        *("ids=", ";type=", ";actions=", '{"ids":[', '"', '],"type":', '],"actions":[', "]}", "{", "}"),
    ]
)


@given(st.text(max_size=60) | st.lists(pieces, max_size=14).map("".join))
@example("ids=*;type=*;actions=*")
@example("ids={{" + " " * 2000 + "}};actions=read")
@example('{"ids":' + "9" * 2000 + "}")
def test_the_parser_reads_or_refuses_and_never_fails_otherwise(text: str) -> None:
    grant_read = read_or_none(text)

    assert grant_read is None or parse_grant(canonical(grant_read)) == grant_read
