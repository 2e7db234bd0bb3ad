"""What in a request does not have the shape that is wanted, in a sentence: where, what is allowed, what was there.

msgspec finds it, in words for programmers. Here they become words for whoever sent it, with no regular expression among
them: a pattern that a type has is declared here, beside what it says.

Rule: nothing of a value is repeated but the one character that is not allowed, by its number.
"""

import re
from collections.abc import Iterator, Sequence
from typing import cast

import msgspec

# `$` also stands before a newline at the end; the look-ahead takes that out.
NAME = "^[!-~]([ -~]*[!-~])?$(?!\\n)"
WORD = "^[!-~]+$(?!\\n)"
EMAIL = "^[^@\\s]+@[^@\\s]+$(?!\\n)"

_ALLOWED = {
    NAME: "printable ASCII, without a space at either end,",
    WORD: "printable ASCII without spaces",
    EMAIL: "an address such as ann@example.org",
}

_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<field>\w+)|\[(?P<index>\d+|\.\.\.)\]")
_PATTERN = re.compile(r"Expected `str` matching regex (?P<pattern>.*)", re.DOTALL)
_BOUND = re.compile(r"Expected `(?P<of>\w+)`(?P<length> of length)? (?P<side>[<>]=) (?P<bound>-?\d+)")
_TYPES = re.compile(r"Expected `(?P<wanted>.*)`, got `(?P<got>.*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*)`", re.DOTALL)
_ABSENT = re.compile(r"Object missing required field `(?P<field>.*)`")

_SPOKEN = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a fraction",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_COUNTED = {"str": "characters", "array": "entries", "object": "entries"}


def sentence(error: msgspec.ValidationError, body: bytes) -> str:
    """What msgspec found wrong in `body`."""
    found = _MESSAGE.fullmatch(str(error))
    what, key, path = (found["what"], found["key"], found["path"] or "") if found else (str(error), None, "")
    where = path.removeprefix(".").replace("[...]", "") or "the body"
    if patterned := _PATTERN.fullmatch(what):
        pattern = next(one for one in _ALLOWED if repr(one) == patterned["pattern"])
        offence = _offence(pattern, _values(body, path, keys=key is not None))
        said = f"only {_ALLOWED[pattern]} is allowed{offence}"
    else:
        said = _said(what)
    return f"{where}: {'a key: ' if key else ''}{said}"


def _said(what: str) -> str:
    if found := _BOUND.fullmatch(what):
        side = "at least" if found["side"] == ">=" else "at most"
        counted = f" {_COUNTED[found['of']]}" if found["length"] else ""
        return f"it must {'have' if counted else 'be'} {side} {found['bound']}{counted}"
    if found := _TYPES.fullmatch(what):
        wanted = " or ".join(_SPOKEN.get(one, one) for one in found["wanted"].split(" | "))
        return f"it must be {wanted}, and is {_SPOKEN.get(found['got'], found['got'])}"
    if found := _UNKNOWN.fullmatch(what):
        return f"there is no field {found['field']!r} here"
    if found := _ABSENT.fullmatch(what):
        return f"the field {found['field']!r} is missing"
    return what


def _offence(pattern: str, values: Sequence[object]) -> str:
    """What in the first value that does not match is not allowed."""
    wrong = next((one for one in values if isinstance(one, str) and not re.search(pattern, one)), None)
    if wrong is None or pattern == EMAIL:
        return ""
    odd = next((character for character in wrong if not " " <= character <= "~"), None)
    return "; a space is not" if odd is None else f"; the character U+{ord(odd):04X} is not"


def _values(body: bytes, path: str, *, keys: bool) -> Sequence[object]:
    """What stands at `path`, which may be several values: `[...]` is any of an object."""
    try:
        found: Sequence[object] = [msgspec.json.decode(body)]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):  # behind what is wrong there may be worse
        return ()
    for step in _STEP.finditer(path):
        found = [value for one in found for value in _below(one, step["field"], step["index"])]
    return [key for one in found if isinstance(one, dict) for key in cast("dict[str, object]", one)] if keys else found


def _below(value: object, field: str | None, index: str | None) -> Iterator[object]:
    match value:
        case dict():
            inside = cast("dict[str, object]", value)  # JSON objects have text keys
            if field is None:
                yield from inside.values()
            else:
                yield inside.get(field)
        case list():
            entries = cast("list[object]", value)  # JSON has no more exact type
            yield from entries if index == "..." else entries[int(index or 0) :][:1]
        case _:
            return
