"""What does not fit is said in a sentence that names the place, what is allowed, and what was there."""

import json
import re
from typing import Annotated

import httpx
import msgspec
import pytest

from acc.controlplane.api import misfit
from acc.controlplane.api.bodies import PLAIN_NAME, Ids, Name, read_body
from acc.wire.errors import AccError

PLAIN = "only printable ASCII, without a space at either end, is allowed"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """What a body has inside."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 1
    tags: dict[Name, list[Name]] = {}
    email: Annotated[str, msgspec.Meta(pattern=misfit.EMAIL)] | None = None


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A body with one of everything."""

    name: Name
    login: Annotated[str, msgspec.Meta(min_length=2, max_length=4, pattern=misfit.WORD)] = "ab"
    ids: Ids = []
    flag: bool = False
    inner: Inner | None = None


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            r'{"name": "w\u00e9b"}',
            f"name: {PLAIN}; the character U+00E9 is not",
        ),
        (
            r'{"name": "a\nb"}',
            f"name: {PLAIN}; the character U+000A is not",
        ),
        (
            '{"name": " a"}',
            f"name: {PLAIN}; a space is not",
        ),
        ('{"name": "a", "login": "a b"}', "login: only printable ASCII without spaces is allowed; a space is not"),
        ('{"name": "a", "login": "a"}', "login: it must have at least 2 characters"),
        ('{"name": "a", "login": "abcde"}', "login: it must have at most 4 characters"),
        ('{"name": "a", "ids": ["b", 7]}', "ids[1]: it must be text, and is a whole number"),
        ('{"name": "a", "flag": "yes"}', "flag: it must be true or false, and is text"),
        ('{"name": "a", "inner": []}', "inner: it must be an object or null, and is a list"),
        ('{"name": "a", "inner": {"port": 0}}', "inner.port: it must be at least 1"),
        ('{"name": "a", "inner": {"port": 70000}}', "inner.port: it must be at most 65535"),
        (
            '{"name": "a", "inner": {"email": "nobody"}}',
            "inner.email: only an address such as ann@example.org is allowed",
        ),
        (
            r'{"name": "a", "inner": {"tags": {"\u00e9": []}}}',
            f"inner.tags: a key: {PLAIN}; the character U+00E9 is not",
        ),
        (
            r'{"name": "a", "inner": {"tags": {"a": ["b"], "c": ["d", "\u00e9"]}}}',
            f"inner.tags[1]: {PLAIN}; the character U+00E9 is not",
        ),
        ('{"name": "a", "nmae": 1}', "the body: there is no field 'nmae' here"),
        ("{}", "the body: the field 'name' is missing"),
        ("[]", "the body: it must be an object, and is a list"),
        (r'{"name": "\u00e9", oops', f"name: {PLAIN}"),
    ],
)
def test_what_does_not_fit_is_a_sentence(body: str, sentence: str) -> None:
    with pytest.raises(AccError) as refused:
        read_body(body.encode(), Body)

    assert refused.value.detail == sentence


def test_every_pattern_of_the_api_has_words(admin: httpx.Client) -> None:
    bodies = json.dumps(admin.get("/v1/openapi.json").json()["components"]["schemas"])
    patterns = {json.loads(found) for found in re.findall(r'"pattern":\s*("(?:[^"\\]|\\.)*")', bodies)}

    assert patterns == {misfit.NAME, misfit.WORD, misfit.EMAIL, PLAIN_NAME}  # the last is judged by `is_name`


def test_no_refusal_shows_a_regular_expression(admin: httpx.Client) -> None:
    answer = admin.post("/v1/groups", json={"scope_id": "global", "name": "zo\u00eb"})

    assert answer.status_code == 400
    assert "U+00EB" in answer.json()["detail"]
    assert "regex" not in answer.json()["detail"]


@pytest.mark.parametrize("name", [r"\ud800", r"\ud800abcdef", r"web\\\uDBFF", r"\udbff\ud800\udc00"])
def test_half_of_a_surrogate_pair_is_called_what_it_is(name: str) -> None:
    with pytest.raises(AccError, match="half of a surrogate pair"):
        read_body(f'{{"name": "{name}"}}'.encode(), Body)


@pytest.mark.parametrize("body", [r'{"name": "\\ud800', r'{"name": "\ud83d\ude00'])
def test_a_body_that_ends_too_early_is_called_truncated(body: str) -> None:
    with pytest.raises(AccError, match="truncated"):
        read_body(body.encode(), Body)
