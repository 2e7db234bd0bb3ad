"""The commands of one resource, made from its description: list, read, create, update, delete, and its actions.

Rule: nothing here knows a particular resource. Each command is click's parameters for the fields that the description
gives it, and one call of the API. `special` holds the few that people want in another form.
"""

import sys
from collections.abc import Callable, Iterable

import click

from acc.cli.controller import Item, text
from acc.cli.kinds import Kind
from acc.cli.resource import fields, output, secrets
from acc.cli.resource.api import Api, opened
from acc.cli.resource.names import checked_id, name_of
from acc.cli.resource.output import Output
from acc.wire.directory import BY_TYPE
from acc.wire.errors import AccError, Code
from acc.wire.resources import Action, Field, Given, Resource, Shape

FIRST_PAGE = 100
"""Items of a page, where nothing else is asked for: many enough for a screen, few enough to come at once."""

ORDER = ("list", "read", "create", "update", "delete")

ELSEWHERE = {("auth-method", "authenticate"): "acc login"}
"""Actions that are no command here, and the command that does them."""

SHORTER = {"include_terminated": ("--all",)}
"""What people say for a parameter of a list."""

_NAMED_BY_PATH = ("name", "scope_id", "scope_name")
"""What says, in the body of an action, which thing is meant where the path does not."""

_NO_SCOPE_ASKED = ("global",)


class InOrder(click.Group):
    """A group that lists its commands as they were made, not by their letters."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(self.commands)


def group_of(resource: Resource) -> click.Group:
    """`acc <plural>`."""
    made = [_BY_VERB[verb](resource) for verb in ORDER if verb in resource.verbs]
    made += [_action(resource, action) for action in resource.domain if (resource.type, action.name) not in ELSEWHERE]
    return InOrder(resource.plural, commands=made, help=resource.says)


def filter_option() -> click.Option:
    return click.Option(["--filter"], metavar="EXPR", help="Only items for which this is true; see docs/cli.md.")


def page_options() -> list[click.Option]:
    """How much of a list, and how much at a time."""
    return [
        click.Option(["--limit"], type=click.IntRange(min=1), metavar="N", help="At most so many."),
        click.Option(
            ["--page-size"],
            type=click.IntRange(1, 1000),
            default=FIRST_PAGE,
            metavar="N",
            help="Ask for so many at a time.",
        ),
    ]


def place_option(resource: Resource, *, required: bool, says: str) -> click.Option:
    """The scope, or the parent, that items live in."""
    kind = resource.parent or "scope"
    return click.Option(
        [f"--{kind}", f"--{kind}-id", "place"], type=Kind(kind), required=required, metavar="NAME|ID", help=says
    )


def _list(resource: Resource) -> click.Command:
    def run(
        *,
        place: str | None,
        filter: str | None,  # noqa: A002  the option's name
        limit: int | None,
        page_size: int,
        form: str,
        **narrowed: object,
    ) -> None:
        query = {} if filter is None else {"filter": filter}
        query |= {name: _query(value) for name, value in narrowed.items() if value not in (None, False)}
        with opened() as api:
            container = None if place is None else api.names.id_of(BY_TYPE[resource.parent or "scope"], place)
            pages = api.names.pages(resource, container, min(page_size, limit or page_size), query)
            Output(resource, form).many(output.limited(pages, limit))

    narrowing = [_narrowing(field) for field in resource.narrowed_by]
    params: list[click.Parameter] = [
        place_option(resource, required=False, says="Only those in it; else all that you may see."),
        *narrowing,
        filter_option(),
        *page_options(),
        *output.list_options(),
    ]
    return click.Command("list", callback=run, params=params, help=f"List {_many(resource)}, newest first.")


def _narrowing(field: Field) -> click.Option:
    if field.shape is not Shape.FLAG:
        return fields.option(field, required=False)
    names = [*SHORTER.get(field.name, ()), f"--{fields.word(field)}", field.name]
    return click.Option(names, is_flag=True, help=field.says)


def _read(resource: Resource) -> click.Command:
    def run(*, which: str, form: str) -> None:
        with opened() as api:
            Output(resource, form).one(api.read(resource, api.names.id_of(resource, which)))

    return click.Command(
        "read", callback=run, params=[_which(resource), *output.options()], help=f"Show {_one(resource)}."
    )


def _create(resource: Resource) -> click.Command:
    settable = [
        field for field in fields.given_when(resource, Given.ONCE, Given.ALWAYS) if not _is_place(resource, field)
    ]
    hidden = [field for field in secrets.secrets_of(resource.fields) if field.given is Given.ONCE]

    def run(*, place: str, form: str, **values: object) -> None:
        given = _secrets(hidden, values)
        with opened() as api:
            body = fields.body(settable, values, api.names.id_among)
            body[resource.parent_field] = api.names.container(resource, place)
            for field, secret in given:
                fields.put(body, field, secret)
            Output(resource, form).one(api.post(resource.path, body))

    place = place_option(resource, required=True, says=f"Where it will live: {_places(resource)}.")
    if resource.scopes == _NO_SCOPE_ASKED and resource.parent is None:
        place.required, place.default = False, "global"
    options = [fields.option(field, required=field.required) for field in settable]
    params: list[click.Parameter] = [place, *options, *_secret_options(hidden), *output.options()]
    return click.Command("create", callback=run, params=params, help=f"Make {_one(resource)}.")


def _update(resource: Resource) -> click.Command:
    settable = fields.given_when(resource, Given.ALWAYS, Given.LATER)

    def run(*, which: str, version: int | None, clear: tuple[str, ...], form: str, **values: object) -> None:
        with opened() as api:
            changes = fields.body(settable, values, api.names.id_among)
            for field in settable:
                if field.name.replace("_", "-") in clear:
                    fields.put(changes, field, None)
            if not changes:
                raise click.UsageError("say what to change; see --help")
            item_id = api.names.id_of(resource, which)
            changes["version"] = api.version(resource, item_id, version)
            Output(resource, form).one(api.patch(f"{resource.path}/{item_id}", changes))

    options = [fields.option(field, required=False) for field in settable]
    params: list[click.Parameter] = [
        _which(resource),
        *options,
        fields.clear_option(settable),
        _version(),
        *output.options(),
    ]
    return click.Command("update", callback=run, params=params, help=f"Change {_one(resource)}.")


def _delete(resource: Resource) -> click.Command:
    def run(*, which: tuple[str, ...], yes: bool, form: str) -> None:
        with opened() as api:
            chosen = [api.names.id_of(resource, one) for one in which]
            if not yes:
                _confirm([_described(api, resource, one) for one in chosen])
            for one in chosen:
                api.delete(f"{resource.path}/{checked_id(one)}")
                if form == "json":
                    continue
                click.echo(one if form in {"id", "name"} else f"deleted {resource.type} {one}")
        if form == "json":
            click.echo("{}")

    which = click.Argument(["which"], type=Kind(resource.type), metavar="NAME|ID...", nargs=-1, required=True)
    yes = click.Option(["-y", "--yes"], is_flag=True, help="Do not ask. Needed where there is no terminal to ask on.")
    return click.Command(
        "delete", callback=run, params=[which, yes, *output.options()], help=f"Delete {_many(resource)}."
    )


def _action(resource: Resource, action: Action) -> click.Command:
    takes = tuple(field for field in action.takes if action.on_collection or field.name not in _NAMED_BY_PATH)
    hidden = secrets.secrets_of(takes)
    open_fields = tuple(field for field in takes if field not in hidden)
    listed = open_fields[0] if len(takes) == 1 and open_fields and open_fields[0].shape in fields.LISTS else None

    def run(*, form: str, which: str = "", version: int | None = None, none: bool = False, **values: object) -> None:
        if listed is not None and not none and not values[listed.name]:
            raise click.UsageError(f"say which; --none for no {listed.name.replace('_', ' ')} at all")
        given = _secrets(hidden, values)
        with opened() as api:
            body = fields.body(open_fields, values, api.names.id_among)
            if none and listed is not None:
                fields.put(body, listed, {} if listed.shape is Shape.TAGS else [])
            for field, secret in given:
                fields.put(body, field, secret)
            path = resource.path
            if not action.on_collection:
                item_id = api.names.id_of(resource, which)
                path = f"{path}/{item_id}"
                if action.versioned:
                    body["version"] = api.version(resource, item_id, version)
            _show_answer(api, Output(resource, form), action, path, body)

    params: list[click.Parameter] = [] if action.on_collection else [_which(resource)]
    if listed is not None:
        params.append(_entries(listed, required=not action.name.startswith("set-")))
        params += [_none(listed)] if action.name.startswith("set-") else []
    else:
        params += [fields.option(field, required=field.required) for field in open_fields]
    params += [*_secret_options(hidden), *([_version()] if action.versioned else []), *output.options()]
    return click.Command(action.name.replace(":", "-"), callback=run, params=params, help=action.says)


def _show_answer(api: Api, shown: Output, action: Action, path: str, body: Item) -> None:
    if action.gives is None:
        shown.one(api.post(f"{path}:{action.name}", body))
    else:
        listed = Output(BY_TYPE[action.gives], shown.form)
        listed.many(api.pages(f"{path}:{action.name}", FIRST_PAGE))


def _entries(field: Field, *, required: bool) -> click.Argument:
    return click.Argument(
        [field.name],
        type=fields.value_type(field),
        nargs=-1,
        required=required,
        metavar=f"{fields.metavar(field)}...",
    )


def _none(field: Field) -> click.Option:
    return click.Option(["--none"], is_flag=True, help=f"No {field.name.replace('_', ' ')} at all.")


def _which(resource: Resource) -> click.Argument:
    return click.Argument(["which"], type=Kind(resource.type), metavar="NAME|ID")


def _version() -> click.Option:
    return click.Option(
        ["--version"], type=int, metavar="N", help="Change this version and no other; else the one that there is now."
    )


def _secret_options(hidden: Iterable[Field]) -> list[click.Option]:
    return [option for field in hidden for option in secrets.options(field)]


def _secrets(hidden: Iterable[Field], values: dict[str, object]) -> list[tuple[Field, str]]:
    """What was given for each secret, asked for before anything else is done."""
    found = [(field, secrets.read(field, values)) for field in hidden]
    return [(field, secret) for field, secret in found if secret is not None]


def _confirm(described: list[str]) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("give --yes; there is no terminal to ask on")
    for line in described:
        click.echo(line, err=True)
    click.confirm(f"Delete {'it' if len(described) == 1 else 'them all'}?", abort=True, err=True)


def _described(api: Api, resource: Resource, item_id: str) -> str:
    item = api.read(resource, item_id)
    return f"{resource.type} {name_of(item, resource)} ({text(item, 'id')})"


def _is_place(resource: Resource, field: Field) -> bool:
    return field.name == resource.parent_field


def _places(resource: Resource) -> str:
    return f"a {resource.parent}" if resource.parent is not None else " or ".join(resource.scopes)


def _one(resource: Resource) -> str:
    spoken = resource.type.replace("-", " ")
    return f"{'an' if spoken[0] in 'aeio' else 'a'} {spoken}"


def _many(resource: Resource) -> str:
    return resource.plural.replace("-", " ")


def _query(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
        case _:
            raise AccError(Code.BAD_REQUEST, f"{value!r} cannot narrow a list")


_BY_VERB: dict[str, Callable[[Resource], click.Command]] = {
    "list": _list,
    "read": _read,
    "create": _create,
    "update": _update,
    "delete": _delete,
}
