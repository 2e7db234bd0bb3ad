"""Request bodies: JSON into a declared shape, strictly; and the words that many shapes share.

A wrong type, an unknown field, a missing one, one that is said twice and malformed JSON are each a bad request whose
sentence names the place. Names are printable ASCII, so that two that look alike are alike; descriptions are text
without controls.

In a change, a field that is absent stays, and one that is null goes back to its default.
"""

import json
import re
import unicodedata
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from acc.controlplane.api import misfit
from acc.controlplane.audit.attempt import note_body
from acc.controlplane.service.shape import Json
from acc.wire.errors import AccError, Code, wrong_field

T = TypeVar("T", bound=msgspec.Struct)
V = TypeVar("V")

MAX_IDS = 1000

# Half of a surrogate pair, escaped; msgspec takes the body to end there.
_HALF = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")

_PLACE = re.compile(r"(?: field `(?P<name>\w+)`)?(?: - at `\$\.?(?P<path>[\w.]*)[^`]*`)?$", re.ASCII)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=misfit.NAME)]
# `is_name` judges these, so that the refusal is bad_name; here is its rule for those who read the OpenAPI document.
PLAIN_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$(?!\\n)"
PlainName = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": PLAIN_NAME})]
Description = Annotated[str, msgspec.Meta(max_length=1024)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Ids = Annotated[list[Id], msgspec.Meta(max_length=MAX_IDS)]


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of a change: the version that it was made for, and the fields that a subclass has."""

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Described(Change):
    """A change of what most resources have."""

    name: Name | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET


def read_body(body: bytes, kind: type[T]) -> T:
    """The object in `body`. Raises AccError(BAD_REQUEST)."""
    if not body:
        raise AccError(Code.BAD_REQUEST, "the request has no body")
    try:
        read = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as wrong:
        raise AccError(Code.BAD_REQUEST, misfit.sentence(wrong, body), _field_in(str(wrong))) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as wrong:
        what = "half of a surrogate pair, \\ud800 to \\udbff, is no character" if _HALF.search(body) else str(wrong)
        raise AccError(Code.BAD_REQUEST, f"the body: {what}") from None
    # Only what was understood is recorded, and as it was said: defaults were not.
    note_body(_AS_SAID.decode(body.decode()))
    return read


def _field_in(sentence: str) -> str:
    """The field that msgspec's sentence is about: its path, and what is missing or unknown there."""
    found = _PLACE.search(sentence)
    return ".".join(part for part in found.group("path", "name") if part) if found else ""


def _object(pairs: list[tuple[str, object]]) -> Json:
    said: Json = {}
    for key, value in pairs:
        if key in said:
            raise AccError(Code.BAD_REQUEST, f"the body: {key[:64]!a} is said twice", key[:64])
        said[key] = value
    return said


# msgspec takes the last of two equal keys without a word; this one sees both, for about a microsecond.
_AS_SAID = json.JSONDecoder(object_pairs_hook=_object)


def read_optional_body(body: bytes, kind: type[T]) -> T:
    """The object in `body`, or one with every default if there is no body."""
    return read_body(body or b"{}", kind)


def given(value: V | UnsetType, kept: V) -> V:
    """What a change makes of a field: `kept` where it says nothing."""
    return kept if isinstance(value, UnsetType) else value


def plain(text: str | None, where: str) -> str | None:
    """Text for people. Raises AccError(BAD_REQUEST) for controls, and for what makes text look like another."""
    for character in text or "":
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
            raise wrong_field(where, f"the character U+{ord(character):04X} is not for text")
    return text
