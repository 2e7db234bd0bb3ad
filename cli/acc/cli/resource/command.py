"""The commands of one resource, made from its description: list, read, create, update, delete, and its actions.

Rule: nothing here knows a particular resource. Each command is click's parameters for the fields that the description
gives it, and one call of the API. `special` holds the few that people want in another form.
"""

import sys
from collections.abc import Callable

import click

from acc.cli.controller import text
from acc.cli.kinds import Kind
from acc.cli.resource import actions, fields, output, parameters, secrets
from acc.cli.resource.api import Api, opened
from acc.cli.resource.names import checked_id, name_of
from acc.cli.resource.output import Output
from acc.wire.directory.index import BY_TYPE
from acc.wire.resources import Field, Given, Resource, Shape

SHORTER = {"include_terminated": ("--all",)}
"""What people say for a parameter of a list."""


class InOrder(click.Group):
    """A group that lists its commands as they were made, not by their letters."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(self.commands)


def group_of(resource: Resource) -> click.Group:
    """`acc <plural>`."""
    verbs = [make(resource) for verb, make in _BY_VERB.items() if verb in resource.verbs]
    return InOrder(resource.plural, commands=[*verbs, *actions.commands_of(resource)], help=resource.says)


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
        query |= {name: "true" if value is True else str(value) for name, value in narrowed.items() if value}
        with opened() as api:
            container = None if place is None else api.names.id_of(BY_TYPE[resource.parent or "scope"], place)
            pages = api.names.pages(resource, container, min(page_size, limit or page_size), query)
            Output(resource, form).many(output.limited(pages, limit))

    params: list[click.Parameter] = [
        parameters.within_option(resource),
        *[_narrowing(field) for field in resource.narrowed_by],
        parameters.filter_option(),
        *parameters.page_options(),
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

    params: list[click.Parameter] = [parameters.which_argument(resource), *output.options()]
    return click.Command("read", callback=run, params=params, help=f"Show {_one(resource)}.")


def _create(resource: Resource) -> click.Command:
    given_now = fields.given_when(resource, Given.ONCE, Given.ALWAYS)
    settable = tuple(field for field in given_now if field.name != resource.parent_field)
    hidden = tuple(field for field in secrets.secrets_of(resource.fields) if field.given is Given.ONCE)

    def run(*, place: str, form: str, **values: object) -> None:
        given = secrets.read_all(hidden, values)
        with opened() as api:
            body = fields.body(settable, values, api.names.id_among, given)
            body[resource.parent_field] = api.names.container(resource, place)
            Output(resource, form).one(api.post(resource.path, body))

    options = [fields.option(field, required=field.required) for field in settable]
    secret = secrets.options(hidden)
    params: list[click.Parameter] = [parameters.place_option(resource), *options, *secret, *output.options()]
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
    which, clear = parameters.which_argument(resource), fields.clear_option(settable)
    params: list[click.Parameter] = [which, *options, clear, parameters.version_option(), *output.options()]
    return click.Command("update", callback=run, params=params, help=f"Change {_one(resource)}.")


def _delete(resource: Resource) -> click.Command:
    def run(*, which: tuple[str, ...], yes: bool) -> None:
        with opened() as api:
            chosen = {one: api.names.id_of(resource, one) for one in which}
            if not yes:
                _confirm([_described(api, resource, item_id) for item_id in chosen.values()])
            for one, item_id in chosen.items():
                api.delete(f"{resource.path}/{checked_id(item_id)}")
                click.echo(f"deleted {resource.type} {one if one == item_id else f'{one} ({item_id})'}", err=True)

    which = click.Argument(["which"], type=Kind(resource.type), metavar="NAME|ID...", nargs=-1, required=True)
    yes = click.Option(["-y", "--yes"], is_flag=True, help="Do not ask. Needed where there is no terminal to ask on.")
    params: list[click.Parameter] = [which, yes]
    return click.Command("delete", callback=run, params=params, help=f"Delete {_many(resource)}.")


def _confirm(described: list[str]) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("give --yes; there is no terminal to ask on")
    for line in described:
        click.echo(line, err=True)
    click.confirm(f"Delete {'it' if len(described) == 1 else 'them all'}?", abort=True, err=True)


def _described(api: Api, resource: Resource, item_id: str) -> str:
    item = api.read(resource, item_id)
    return f"{resource.type} {name_of(item, resource)} ({text(item, 'id')})"


def _one(resource: Resource) -> str:
    spoken = resource.type.replace("-", " ")
    return f"{'an' if spoken[0] in 'ao' else 'a'} {spoken}"


def _many(resource: Resource) -> str:
    return resource.plural.replace("-", " ")


_BY_VERB: dict[str, Callable[[Resource], click.Command]] = {
    "list": _list,
    "read": _read,
    "create": _create,
    "update": _update,
    "delete": _delete,
}
