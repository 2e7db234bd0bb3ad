"""Grants as text.

    ids=<a,b|*|template>;type=<t|*>;actions=<a,b|*>

in any order of its parts, or a JSON object with the same keys. `id=` is `ids=` with one value. A template stands for
the caller: `{{.User.Id}}` or `{{user.id}}`, `{{.Account.Id}}` or `{{account.id}}`. Case does not count in types and
actions.

The parser is strict: each key once, known keys, types and actions, ids of one type, no empty or repeated value, `*`
alone. Each action must be one that could allow something somewhere: `grantplaces` knows. It refuses a text over
`MAX_GRANT` before it looks at it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import ValidationError, convert

from acc.controlplane.access.grantplaces import LEVELS, idle_action, type_named
from acc.controlplane.access.grants import ACCOUNT_ID, ACTIONS, ANY, USER_ID, Grant
from acc.wire.directory.index import type_of_id
from acc.wire.errors import AccError, Code

MAX_GRANT = 2048
"""A grant is part of a primary key, and Postgres takes no more than 2704 bytes in one."""

MAX_VALUES = 100

_KEYS = ("ids", "type", "actions")

_ID = re.compile(r"global|[a-z]+_[A-Za-z0-9]+", re.ASCII)

_TEMPLATES = {".User.Id": USER_ID, "user.id": USER_ID, ".Account.Id": ACCOUNT_ID, "account.id": ACCOUNT_ID}

Values = dict[str, tuple[str, ...]]


@lru_cache(maxsize=4096)
def parse_grant(text: str) -> Grant:
    """The grant that `text` spells. Raises AccError(BAD_REQUEST) with the reason."""
    if len(text) > MAX_GRANT:
        raise _refuse(f"is longer than {MAX_GRANT} characters")
    values = _read_json(text) if text.startswith("{") else _read_text(text)
    if not values.keys() <= set(_KEYS):
        raise _refuse("has an unknown key: only ids (or id), type and actions count")
    if "actions" not in values:
        raise _refuse("names no actions")
    if len(values.get("type", ("",))) != 1:
        raise _refuse("names several types")
    grant = Grant(
        frozenset(_read_id(one) for one in _distinct(values, "ids")),
        next(iter(_distinct(values, "type")), "").lower() or None,
        frozenset(one.lower() for one in _distinct(values, "actions")),
    )
    _check(grant)
    return grant


def canonical(grant: Grant) -> str:
    """The one text for `grant` that all its spellings have in common."""
    return ";".join(f"{key}={','.join(values)}" for key, values in _values(grant).items())


def grant_json(grant: Grant) -> Mapping[str, object]:
    """The same as a JSON object."""
    return {key: values[0] if key == "type" else list(values) for key, values in _values(grant).items()}


def _values(grant: Grant) -> Values:
    kind = (grant.type,) if grant.type else ()
    found = {"ids": tuple(sorted(grant.ids)), "type": kind, "actions": tuple(sorted(grant.actions))}
    return {key: values for key, values in found.items() if values}


def _read_text(text: str) -> Values:
    values: Values = {}
    for segment in text.split(";"):
        key, equals, value = segment.partition("=")
        if not equals or "=" in value:
            raise _refuse("must be ids=...;type=...;actions=...")
        _put(values, key, (value,) if key == "id" else tuple(value.split(",")))
    return values


def _read_json(text: str) -> Values:
    values: Values = {}

    def read(pairs: Sequence[tuple[str, object]]) -> None:
        for key, value in pairs:
            try:
                found = (convert(value, str),) if key in ("id", "type") else convert(value, tuple[str, ...])
            except ValidationError:
                raise _refuse(f"has the wrong kind of value in {_shown(key)}") from None
            _put(values, key, found)

    try:
        json.loads(text, object_pairs_hook=read)
    except (ValueError, RecursionError):  # the latter for brackets nested too deep
        raise _refuse("is no JSON object") from None
    return values


def _put(values: Values, key: str, value: tuple[str, ...]) -> None:
    if key == "output_fields":
        raise _refuse("has output_fields: they do not exist here, who may read a thing reads all of it")
    key = "ids" if key == "id" else key
    if key in values:
        raise _refuse(f"says {_shown(key)} twice")
    values[key] = value


def _distinct(values: Values, key: str) -> tuple[str, ...]:
    found = values.get(key, ())
    if len(found) > MAX_VALUES:
        raise _refuse(f"has more than {MAX_VALUES} values in {key}")
    if (key in values and not found) or not all(found) or len(set(found)) != len(found):
        raise _refuse(f"has an empty or repeated value in {key}")
    if ANY in found and len(found) > 1:
        raise _refuse(f"mixes * with others in {key}")
    return found


def _read_id(text: str) -> str:
    if text.startswith("{{") and text.endswith("}}"):
        template = text[2:-2].strip(" ")
        if template not in _TEMPLATES:
            raise _refuse(f"has an unknown template: {_shown(template)}")
        return _TEMPLATES[template]
    if text != ANY and not (_ID.fullmatch(text) and type_of_id(text)):
        raise _refuse(f"names something that is no id: {_shown(text)}")
    return text


def _check(grant: Grant) -> None:
    """Refuses a grant that says what does not exist, or that could never allow one of its actions."""
    if grant.type not in (None, ANY, *ACTIONS):
        raise _refuse(f"names an unknown type: {_shown(grant.type)}")
    kinds = {type_named(one) for one in grant.ids}
    if len(kinds) > 1:
        raise _refuse("mixes ids of different types")
    if not grant.ids and ANY in grant.actions:
        raise _refuse("has a type alone: that is for create and list, which it must name")
    never = idle_action(grant, frozenset(LEVELS))
    if never is not None:
        raise _refuse(f"could never allow {_shown(never)} with these ids and this type")


def _shown(text: str | None) -> str:
    return ascii((text or "")[:40])


def _refuse(reason: str) -> AccError:
    return AccError(Code.BAD_REQUEST, f"the grant {reason}", "grant_strings")
