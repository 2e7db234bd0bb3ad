"""Values of the API as a person reads them: short in a table, whole in a block.

Rule: a pipe gets what the API said, lists joined by commas; a terminal gets times as distances from now and scopes by
name. Nothing here escapes: `terminal` does, for all that is shown.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from acc.cli.controller import Item
from acc.cli.resource.names import field_of
from acc.wire.resources import Field, Resource, Shape

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_TITLES = {
    "default_port": "port",
    "active_connection_count": "connections",
    "expiration_time": "until",
    "termination_reason": "ended",
    "approximate_last_used_time": "last used",
}
_SUFFIXES = ("_id", "_time", "_name", "_ids")
_WHOLE = ("login_name", "full_name")


def title(name: str) -> str:
    """The heading of a column, or the label of a line, for the field `name`."""
    if name in _TITLES:
        return _TITLES[name]
    suffix = next((suffix for suffix in _SUFFIXES if name.endswith(suffix) and name not in _WHOLE), "")
    return name.removesuffix(suffix).replace("_", " ")


def plain(item: Item, resource: Resource, name: str) -> str:
    """The value of a field in one line, as the API gave it."""
    return line(field_of(item, resource, name))


def readable(item: Item, resource: Resource, name: str, now: datetime | None) -> str:
    """The value of a field in one line, for a person who looks at it at the time `now`, or for longer than a time."""
    value = field_of(item, resource, name)
    field = next((field for field in resource.fields if field.name == name), None)
    if name == "scope_id":
        return _scope_name(item) or line(value)
    if field is not None and field.shape is Shape.TIME and isinstance(value, str) and now is not None:
        return distance(value, now)
    return line(value)


def line(value: object) -> str:
    """A JSON value in one line."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list():
            return ", ".join(map(line, cast("list[object]", value)))  # JSON has no more exact type
        case dict():
            pairs = cast("Item", value)  # JSON objects have text keys
            return " ".join(f"{key}={_inner(part)}" for key, part in pairs.items())
        case _:
            return json.dumps(value)


def distance(time: str, now: datetime) -> str:
    """How far from `now` a time of the API is: `5m ago`, `in 7h`."""
    try:
        then = datetime.fromisoformat(time)
    except ValueError:
        return time
    seconds = int((now - then).total_seconds()) if then.tzinfo is not None else 0
    unit, length = next((pair for pair in _UNITS if abs(seconds) >= pair[1]), ("s", 1))
    count = abs(seconds) // length
    return f"{count}{unit} ago" if seconds >= 0 else f"in {count}{unit}"


def lines_of(item: Item, resource: Resource, now: datetime | None) -> list[tuple[str, str]]:
    """Label and value of everything in the item: what is described first, in that order. `now`: for a terminal."""
    described = [field for field in resource.fields if field_of(item, resource, field.name) not in (None, [], {})]
    known = {field.inside or field.name for field in resource.fields}
    said = {field.name.removesuffix("_ids").removesuffix("_strings") + "s" for field in described}
    said |= {"scope_id"} if item.get("scope") else set()
    shown = [field for field in described if field.name not in said or field.shape not in (Shape.OBJECTS, Shape.TEXT)]
    rest = [(key.replace("_", " "), line(value)) for key, value in item.items() if key not in known]
    return [entry for field in shown for entry in _entries(item, resource, field, now)] + rest


def now() -> datetime:
    """The time, for distances."""
    return datetime.now(UTC)


def _entries(item: Item, resource: Resource, field: Field, at: datetime | None) -> Iterable[tuple[str, str]]:
    label, value = field.name.replace("_", " "), field_of(item, resource, field.name)
    if field.shape is Shape.OBJECTS and isinstance(value, list):
        for entry in cast("list[object]", value):  # JSON has no more exact type
            yield label, line(entry)
            label = ""
    elif field.name == "scope":
        yield label, _scope(value)
    elif field.shape is Shape.TIME and at is not None and isinstance(value, str):
        yield label, f"{value} ({distance(value, at)})"
    else:
        yield label, line(value)


def _inner(value: object) -> str:
    shown = line(value)
    return f"({shown})" if " " in shown else shown


def _scope(value: object) -> str:
    match value:
        case {"id": str(scope_id), "name": str(name)} if name not in ("", scope_id):
            return f"{name} ({scope_id})"
        case {"id": str(scope_id)}:
            return scope_id
        case _:
            return line(value)


def _scope_name(item: Item) -> str | None:
    match item.get("scope"):
        case {"name": str(name)} if name:
            return name
        case _:
            return None
