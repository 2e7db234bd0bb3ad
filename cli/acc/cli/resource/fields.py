"""Fields of a resource as options of a command, and what was given as the body of a request.

Rule: absent keeps what there is; `--clear FIELD` sends null, which resets it. A list is an option that may be
repeated, in the singular; tags are KEY=VALUE; what holds an id takes a name too.

Refuses, through click, whatever does not have the field's shape.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import cast

import click

from acc.cli.controller import Item
from acc.cli.kinds import Kind
from acc.wire.resources import Exposure, Field, Given, Resource, Shape

Resolve = Callable[[tuple[str, ...], str], str]
"""Gives the id for a name or an id of something of one of these types."""

LISTS = (Shape.TEXTS, Shape.INTEGERS, Shape.TAGS)

REFERS = {"principal_ids": ("user", "group"), "grant_scope_ids": ("scope",)}
"""Fields that hold ids, but not of one type, or not ids alone."""

KEYWORDS = {"grant_scope_ids": ("this", "children", "descendants")}
"""What such a field holds beside ids."""


class Tag(click.ParamType[tuple[str, str], str]):
    """KEY=VALUE."""

    name = "key=value"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        key, equals, rest = value.partition("=")
        if not key or not equals:
            self.fail(f"{value!r} does not look like KEY=VALUE", param, ctx)
        return key, rest


class JsonObject(click.ParamType[Item, str]):
    """A JSON object, as text."""

    name = "json"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Item:
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            self.fail("it is not a JSON object", param, ctx)
        return cast("Item", parsed)  # JSON objects have text keys


def given_when(resource: Resource, *moments: Given) -> tuple[Field, ...]:
    """The fields that a caller may give at one of these moments, without secrets."""
    return tuple(field for field in resource.fields if field.given in moments and field.exposure is not Exposure.SECRET)


def word(field: Field) -> str:
    """The option of `field`, without its dashes."""
    dashed = field.name.replace("_", "-")
    return dashed.removesuffix("s") if field.shape in LISTS else dashed


def types_of(field: Field) -> tuple[str, ...]:
    """The types whose names or ids `field` takes; none if it holds no ids."""
    return REFERS.get(field.name, () if field.refers is None else (field.refers,))


def value_type(field: Field) -> click.ParamType[object, str]:
    """What click makes of the field's text."""
    match field.shape:
        case Shape.INTEGER | Shape.INTEGERS:
            return click.INT
        case Shape.TAGS:
            return Tag()
        case Shape.OBJECT:
            return JsonObject()
        case _:
            types = types_of(field)
            return Kind(*types) if types else click.STRING


def option(field: Field, *, required: bool) -> click.Option:
    """The option that sets `field`."""
    flag = f"--{word(field)}"
    if field.shape is Shape.FLAG:
        return click.Option([f"{flag}/--no-{word(field)}", field.name], default=None, help=field.says)
    shorter = [flag.removesuffix("-id")] if flag.endswith("-id") else []
    repeated = field.shape in LISTS
    return click.Option(
        [*shorter, flag, field.name],
        type=value_type(field),
        multiple=repeated,
        required=required,
        metavar=metavar(field),
        help=f"{field.says} Repeatable." if repeated else field.says,
    )


def metavar(field: Field) -> str:
    """What stands for a value of `field` in a help text."""
    match field.shape:
        case Shape.INTEGER | Shape.INTEGERS:
            return "N"
        case Shape.TAGS:
            return "KEY=VALUE"
        case Shape.OBJECT:
            return "JSON"
        case _:
            return "NAME|ID" if types_of(field) else "TEXT"


def clear_option(fields: Iterable[Field]) -> click.Option:
    """`--clear FIELD`: back to what it is where nobody has set it."""
    names = {field.name.replace("_", "-"): None for field in fields if not field.required}
    return click.Option(
        ["--clear"],
        type=click.Choice(list(names)),
        multiple=True,
        metavar="FIELD",
        help=f"Reset it: {', '.join(names)}. Repeatable.",
    )


def body(
    fields: Iterable[Field],
    values: Mapping[str, object],
    resolve: Resolve,
    secrets: Iterable[tuple[Field, str]] = (),
) -> Item:
    """The JSON object that says what was given for `fields`, and `secrets`."""
    found: Item = {}
    for field in fields:
        value = values.get(field.name)
        if value is not None and value != ():
            put(found, field, json_value(field, value, resolve))
    for field, secret in secrets:
        put(found, field, secret)
    return found


def put(into: Item, field: Field, value: object) -> None:
    """Set `field`, inside the object that it stands in."""
    if field.inside is None:
        into[field.name] = value
        return
    inside = cast("Item", into.setdefault(field.inside, {}))  # only this function fills it
    inside[field.name] = value


def json_value(field: Field, value: object, resolve: Resolve) -> object:
    """What click made of an option, as the API takes it."""
    types = types_of(field)
    match value:
        case str() if types:
            return resolve(types, value)
        case tuple() if field.shape is Shape.TAGS:
            return _tags(cast("tuple[tuple[str, str], ...]", value))  # Tag made them
        case tuple():
            entries = cast("tuple[object, ...]", value)  # click made it
            words = KEYWORDS.get(field.name, ())
            return [resolve(types, str(entry)) if types and entry not in words else entry for entry in entries]
        case _:
            return value


def _tags(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for key, value in pairs:
        tags.setdefault(key, []).append(value)
    return tags
