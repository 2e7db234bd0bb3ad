"""Filters: what a list should show, or which workers may carry a target, said of JSON. `filtertext` reads them.

Rules: what is missing, null, or of a kind that the operator cannot judge is no match, with or without a `not` of the
operator itself (`!=`, `not in`); a `not` before the whole term turns that round as well. What a value means depends on
what it meets: 1 equals the number 1 and the text "1". Patterns run in linear time, whatever they say.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> object:
        """Something true if the pattern is found in `text`."""
        ...


@dataclass(frozen=True, slots=True)
class Equals:
    """The value at `path` is `value`."""

    path: tuple[str, ...]
    value: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Contains:
    """The text, list or object at `path` has `value` in it."""

    path: tuple[str, ...]
    value: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Matches:
    """The text at `path` has `value`, a pattern, in it."""

    path: tuple[str, ...]
    value: str
    negated: bool
    pattern: Pattern = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """The text, list or object at `path` has nothing in it."""

    path: tuple[str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """What `part` is not."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class All:
    """What all `parts` are."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """What at least one of `parts` is."""

    parts: tuple["Filter", ...]


Term = Equals | Contains | Matches | Empty
Filter = Term | Not | All | Either


def matches(wanted: Filter, document: JsonValue) -> bool:
    """True if `document` is what the filter wants."""
    match wanted:
        case All(parts):
            return all(matches(part, document) for part in parts)
        case Either(parts):
            return any(matches(part, document) for part in parts)
        case Not(part):
            return not matches(part, document)
        case _:
            answer = _judge(wanted, _find(document, wanted.path))
            return answer is not None and answer != wanted.negated


def _judge(term: Term, found: JsonValue) -> bool | None:
    """What the term, its own `not` aside, says of what was found; None where it cannot say."""
    match term, found:
        case Equals(_, value), str() | bool() | int() | float():
            return _equals(found, value)
        case Contains(_, value), str() | Mapping():
            return value in found
        case Contains(_, value), Sequence():
            return any(_equals(one, value) for one in found)
        case Matches(), str():
            return bool(term.pattern.search(found))
        case Empty(), str() | Sequence() | Mapping():
            return len(found) == 0
        case _:
            return None


def _equals(found: JsonValue, value: str) -> bool:
    match found:
        case str():
            return found == value
        case bool():
            return value == ("true" if found else "false")
        case int() | float():
            number = _NUMBER.fullmatch(value)
            return number is not None and found == (float(value) if number[1] else int(value))
        case _:
            return False


def _find(document: JsonValue, path: Sequence[str]) -> JsonValue:
    found = document
    for part in path:
        match found:
            case Mapping():
                found = found.get(part)
            case Sequence() if not isinstance(found, str) and _INDEX.fullmatch(part):
                found = found[int(part)] if int(part) < len(found) else None
            case _:
                return None
    return found
