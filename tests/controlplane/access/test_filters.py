"""The filter language: what it reads, what it means, what it refuses."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acc.controlplane.access.filters import All, Contains, Either, Empty, Equals, Filter, JsonValue, Not, matches
from acc.controlplane.access.filtertext import MAX_DEPTH, MAX_FILTER, MAX_TERMS, parse_filter
from acc.wire.errors import AccError, Code

TARGET: JsonValue = {
    "item": {
        "name": "web-1",
        "version": 3,
        "load": 0.5,
        "draining": False,
        "description": None,
        "address": "",
        "tags": ["prod", "eu", 7, True],
        "attributes": {"default_port": 22, "a/b": "slash", "m~n": "tilde"},
        "hosts": [{"name": "first"}, {"name": "second"}],
    }
}
WORKER: JsonValue = {"name": "w-1", "tags": {"env": ["prod"], "region": ["eu", "us"]}}


def a(path: str, value: str) -> Equals:
    return Equals((path,), value, negated=False)


@pytest.mark.parametrize(
    "text",
    [
        '"/item/name" == "web-1"',
        '"/item/name" == web-1',
        '/item/name=="web-1"',
        "item.name == `web-1`",
        '"/item/name" != "web-2"',
        '"/item/version" == 3',
        '"/item/version" == "3"',
        '"/item/version" == 3.0',
        '"/item/version" != 4',
        '"/item/version" != "three"',
        '"/item/load" == 0.5',
        '"/item/draining" == false',
        '"/item/draining" != true',
        '"/item/name" contains "eb"',
        '"/item/name" not contains "db"',
        '"prod" in "/item/tags"',
        'prod in "/item/tags"',
        '7 in "/item/tags"',
        'true in "/item/tags"',
        '"us" not in "/item/tags"',
        '"default_port" in "/item/attributes"',
        '"/item/attributes/default_port" == 22',
        '"/item/attributes/a~1b" == "slash"',
        '"/item/attributes/m~0n" == "tilde"',
        '"/item/hosts/1/name" == "second"',
        '"/item/address" is empty',
        '"/item/tags" is not empty',
        '"/item/attributes" is not empty',
        '"/item/name" matches "^web-[0-9]+$"',
        '"/item/name" matches "^web-\\\\d$"',
        '"/item/name" matches `\\d`',
        '"/item/name" not matches "^db"',
        '"/item/name" == "no" or "/item/version" == 3',
        'not "/item/name" == "no" and "/item/version" == 3',
        'not ("/item/name" == "no" and "/item/version" == 3)',
        'not not "/item/name" == "web-1"',
        '(("/item/name" == "web-1"))',
        '"/item/name" == "web-1" or "/item/name" == "x" and "/item/name" == "y"',
        '\n"/item/name"\t==\r\n"web-1"  ',
        'not "/item/missing" == "x"',
        'not "/item/description" is not empty',
    ],
)
def test_a_filter_finds_what_it_describes(text: str) -> None:
    assert matches(parse_filter(text), TARGET)


@pytest.mark.parametrize(
    "text",
    [
        '"/item/name" == "WEB-1"',
        '"/item/version" == "three"',
        '"/item/version" == "03"',
        '"/item/draining" == 0',
        '"/item/missing" == "x"',
        '"/item/missing" != "x"',
        '"x" in "/item/missing"',
        '"x" not in "/item/missing"',
        '"/item/missing" is empty',
        '"/item/missing" is not empty',
        '"/item/missing" matches "x"',
        '"/item/missing" not matches "x"',
        '"/item/description" == "None"',
        '"/item/description" is empty',
        '"/item/tags" == "prod"',
        '"/item/tags" != "prod"',
        '"/item/version" contains 3',
        '"/item/version" not contains 4',
        '"/item/version" is empty',
        '"/item/version" matches "3"',
        '"/item/version" not matches "4"',
        '"/item/name/x" == "web-1"',
        '"/item/hosts/2/name" == "second"',
        '"/item/hosts/-1/name" == "second"',
        '"/item/hosts/01/name" == "second"',
        '"/name" == "web-1"',
        '"/item/name" == "web-1" and "/item/version" == 4',
    ],
)
def test_a_filter_leaves_out_what_it_does_not_describe(text: str) -> None:
    assert not matches(parse_filter(text), TARGET)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('"prod" in "/tags/env"', True),
        ('"us" in "/tags/region" and "/name" matches "^w-"', True),
        ('"dev" in "/tags/env"', False),
        ('"x" in "/tags/disk"', False),
        ('"region" in "/tags"', True),
    ],
)
def test_workers_are_chosen_by_their_tags(text: str, fits: bool) -> None:
    assert matches(parse_filter(text), WORKER) is fits


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("a == 1", a("a", "1")),
        ("a == 1 or b == 2 and c == 3", Either((a("a", "1"), All((a("b", "2"), a("c", "3")))))),
        ("(a == 1 or b == 2) and c == 3", All((Either((a("a", "1"), a("b", "2"))), a("c", "3")))),
        ("not a == 1 and b == 2", All((Not(a("a", "1")), a("b", "2")))),
        ("a == 1 or b == 2 or c == 3", Either((a("a", "1"), a("b", "2"), a("c", "3")))),
        ('"/a/b" is not empty', Empty(("a", "b"), negated=True)),
        ("x not in a.b", Contains(("a", "b"), "x", negated=True)),
        ('a == "say \\"hi\\"\\n\\t\\\\"', a("a", 'say "hi"\n\t\\')),
    ],
)
def test_a_filter_is_read(text: str, filter_: Filter) -> None:
    assert parse_filter(text) == filter_


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", 1, "expected a selector or a value, found the end"),
        ("   ", 4, "expected a selector or a value, found the end"),
        ('"/item/name"', 13, "expected an operator"),
        ('"/item/name" ==', 16, "expected a value, found the end"),
        ('"/item/name" = "x"', 14, "cannot be read"),
        ('"/item/name" == "x', 17, "a quote is not closed"),
        ('"/item/name" == `x', 17, "a quote is not closed"),
        ('"/item/name" == "\\d"', 18, "an unknown escape"),
        ('"/item/name" == x y', 19, "expected and, or, or the end, found 'y'"),
        ('"/item/name" == and', 17, "expected a value, found 'and'"),
        ('"/item/name" is full', 17, "expected empty, found 'full'"),
        ('"/item/name" not x', 18, "expected in, contains or matches"),
        ('"/item/name" matches "("', 23, "is no RE2 pattern"),
        ('"/item/name" matches "((a{1,100}){1,100}){1,100}"', 23, "is no RE2 pattern"),
        ('"/item/name" matches "\\\\pL{1000}"', 23, "is no RE2 pattern"),
        ('"/item/name" matches "\ud800"', 23, "is no RE2 pattern"),
        ('("/item/name" == x', 19, "expected and, or, or ), found the end"),
        ('"/item/name" == x)', 18, "expected and, or, or the end"),
        ('"name" == x', 2, "is no selector"),
        ('"/" == x', 2, "is no selector"),
        ('"/a//b" == x', 2, "is no selector"),
        ('"" == x', 2, "is no selector"),
        ('x in "tags"', 7, "is no selector"),
        ("3 == x", 1, "is no selector"),
        ("a..b == x", 1, "is no selector"),
        ('"/a" in ["x"]', 9, "is no selector"),
        ("or", 1, "expected a selector or a value"),
        ("not", 4, "expected a selector or a value"),
        ("A == 1 AND b == 2", 8, "expected and, or, or the end"),
    ],
)
def test_what_is_no_filter_is_refused_with_place_and_reason(text: str, place: int, reason: str) -> None:
    with pytest.raises(AccError, match=re.escape(reason)) as refused:
        parse_filter(text)

    assert refused.value.code is Code.BAD_REQUEST
    assert f"at character {place}:" in refused.value.detail


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * (MAX_FILTER + 1), "longer than"),
        ("(" * (MAX_DEPTH + 1) + "a == 1", "nested deeper"),
        ("not " * (MAX_DEPTH + 1) + "a == 1", "nested deeper"),
        (" or ".join(["a == 1"] * (MAX_TERMS + 1)), "more than"),
    ],
)
def test_a_filter_beyond_its_bounds_is_refused(text: str, reason: str) -> None:
    with pytest.raises(AccError, match=reason):
        parse_filter(text)


def test_the_bounds_themselves_are_allowed() -> None:
    nested = parse_filter("(" * (MAX_DEPTH - 1) + "a == 1" + ")" * (MAX_DEPTH - 1))
    long = parse_filter(" and ".join(["a == 1"] * MAX_TERMS))

    assert matches(nested, {"a": 1})
    assert matches(long, {"a": 1})


def test_large_numbers_are_compared_exactly() -> None:
    large = parse_filter("n == 9007199254740993")

    assert matches(large, {"n": 9007199254740993})
    assert not matches(large, {"n": 9007199254740992})


def test_a_hostile_pattern_costs_no_more_than_its_text() -> None:
    hostile = parse_filter('"/name" matches "^(a+)+(a|a)*(.*.*.*)*$b"')

    assert not matches(hostile, {"name": "a" * 100_000})


KEYS = ["name", "tags", "n", "missing"]
values = st.sampled_from(["web", "we", "1", "1.0", "true", "false", "prod", ""])
scalars: st.SearchStrategy[JsonValue] = st.sampled_from([None, True, False, 0, 1, 1.5, "web", "1", "true", ""])
documents = st.fixed_dictionaries(
    {},
    optional={
        "name": scalars,
        "tags": st.lists(scalars, max_size=3) | st.dictionaries(values, scalars, max_size=2),
        "n": scalars,
    },
)
operators = st.sampled_from(
    ["==", "!=", "contains", "not contains", "in", "not in", "is empty", "is not empty", "matches", "not matches"]
)


def same(found: object, text: str) -> bool:
    if found is True or found is False:
        return text == str(found).lower()
    if isinstance(found, int | float):
        return text in ("0", "1", "1.0", "1.5") and float(text) == found
    return isinstance(found, str) and found == text


def term_holds(document: dict[str, JsonValue], key: str, operator: str, text: str) -> bool:
    """One comparison, case by case."""
    found = document.get(key)
    if found is None:
        return False
    scalar = isinstance(found, bool | int | float | str)
    if operator == "==":
        return scalar and same(found, text)
    if operator == "!=":
        return scalar and not same(found, text)
    if operator in ("matches", "not matches"):
        return isinstance(found, str) and (re.search(text, found) is not None) == (operator == "matches")
    if isinstance(found, bool | int | float):
        return False
    assert isinstance(found, str | list | dict)
    if operator == "is empty":
        return len(found) == 0
    if operator == "is not empty":
        return len(found) > 0
    inside = any(same(one, text) for one in found) if isinstance(found, list) else text in found
    return inside == (operator in ("in", "contains"))


def spelled(key: str, operator: str, text: str) -> str:
    if operator in ("in", "not in"):
        return f'"{text}" {operator} "/{key}"'
    if operator.startswith("is"):
        return f"/{key} {operator}"
    return f"{key} {operator} `{text}`"


expressions: st.SearchStrategy[object] = st.recursive(
    st.tuples(st.sampled_from(KEYS), operators, values),
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=6,
)


def text_of(expression: object) -> str:
    match expression:
        case ("not", part):
            return f"not ({text_of(part)})"
        case (("and" | "or") as word, left, right):
            return f"({text_of(left)}) {word} ({text_of(right)})"
        case (str(key), str(operator), str(text)):
            return spelled(key, operator, text)
        case _:
            raise AssertionError(expression)


def holds(document: dict[str, JsonValue], expression: object) -> bool:
    match expression:
        case ("not", part):
            return not holds(document, part)
        case ("and", left, right):
            return holds(document, left) and holds(document, right)
        case ("or", left, right):
            return holds(document, left) or holds(document, right)
        case (str(key), str(operator), str(text)):
            return term_holds(document, key, operator, text)
        case _:
            raise AssertionError(expression)


@given(documents, expressions)
def test_the_answer_is_the_oracles(document: dict[str, JsonValue], expression: object) -> None:
    assert matches(parse_filter(text_of(expression)), document) is holds(document, expression)


@given(documents, st.lists(st.tuples(st.sampled_from(KEYS), operators, values), min_size=1, max_size=5), st.data())
def test_and_binds_closer_than_or(
    document: dict[str, JsonValue], terms: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    words = data.draw(st.lists(st.sampled_from([" and ", " or "]), min_size=len(terms) - 1, max_size=len(terms) - 1))
    flat = "".join(spelled(*term) + word for term, word in zip(terms, [*words, ""], strict=True))

    assert matches(parse_filter(flat), document) is any(
        all(matches(parse_filter(term), document) for term in group.split(" and ")) for group in flat.split(" or ")
    )


def read_or_none(text: str) -> Filter | None:
    try:
        return parse_filter(text)
    except AccError as refused:
        assert refused.code is Code.BAD_REQUEST
        assert refused.detail.startswith("the filter")
        return None


pieces = st.sampled_from(
    [
        *("and", "or", "not", "in", "contains", "is", "empty", "matches", "==", "!=", "=", "!", "(", ")", '"', "`"),
        *(" ", "\n", "\x00", "\\", "/", ".", "~", "[", "]", "é", "\ud800", "0", "-1", "1.5", "true", "a", "item.name"),
        *('"/item/name"', '"x"', "`x`", '"(a|b)*"', "(?:", "{1000}"),
    ]
)


@given(
    st.text(max_size=60)
    | st.lists(pieces, max_size=16).map(" ".join)
    | st.lists(pieces, max_size=16).map("".join)
    | expressions.map(text_of)
)
@example('"' + "\\" * 2000)
@example("(" * 2000)
@example("not " * 500)
@example(" " * 2000)
@example('a matches "' + "(" * 1000 + ")" * 1000 + '"')
@example('a matches "' + "((a*)*" * 300 + '"')
def test_the_parser_reads_or_refuses_and_never_fails_otherwise(text: str) -> None:
    found = read_or_none(text)

    assert found is None or matches(found, TARGET) in (True, False)
