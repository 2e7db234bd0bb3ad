"""The domain actions of a resource as commands: `acc groups add-members`, `acc targets authorize-session`.

Rule: an action whose only field is a list takes its entries as arguments; every other field is an option. `set-...`
wants entries too, or `--none`: that a list becomes empty is said, not forgotten.
"""

import click

from acc.cli.controller import Item
from acc.cli.resource import fields, output, secrets
from acc.cli.resource.api import Api, opened
from acc.cli.resource.output import Output
from acc.cli.resource.parameters import FIRST_PAGE, place_option, version_option, which_argument
from acc.wire.directory.index import BY_TYPE
from acc.wire.resources import Action, Exposure, Field, Resource, Shape

ELSEWHERE = {("auth-method", "authenticate"): "acc login"}
"""Actions that are no command here, and the command that does them."""

_NAMED_BY_PATH = ("name", "scope_id", "scope_name")
"""What says, in the body of an action, which thing is meant where the path does not."""


def commands_of(resource: Resource) -> list[click.Command]:
    """One command for each action of the resource."""
    return [_command(resource, action) for action in resource.domain if (resource.type, action.name) not in ELSEWHERE]


def _command(resource: Resource, action: Action) -> click.Command:
    if action.on_collection:
        return _making(resource, action)
    match _open(action):
        case (only,) if only.shape in fields.LISTS:
            return _listing(resource, action, only)
        case _:
            return _acting(resource, action)


def _making(resource: Resource, action: Action) -> click.Command:
    """An action that makes one: `create:controller-led` is `acc workers create-controller-led`."""
    takes = tuple(field for field in action.takes if field.name != resource.parent_field)

    def run(*, place: str, form: str, **values: object) -> None:
        with opened() as api:
            body = fields.body(takes, values, api.names.id_among)
            body[resource.parent_field] = api.names.container(resource, place)
            Output(resource, form).one(api.post(f"{resource.path}:{action.name}", body))

    options = [fields.option(field, required=field.required) for field in takes]
    params: list[click.Parameter] = [place_option(resource), *options, *output.options()]
    return click.Command(action.name.replace(":", "-"), callback=run, params=params, help=action.says)


def _listing(resource: Resource, action: Action, listed: Field) -> click.Command:
    """An action on a list of the thing: its entries are arguments."""
    may_empty = action.name.startswith("set-")

    def run(*, which: str, version: int | None, form: str, none: bool = False, **values: object) -> None:
        if not none and not values[listed.name]:
            raise click.UsageError("say which; --none for none at all")
        with opened() as api:
            body = fields.body((listed,), values, api.names.id_among)
            if none:
                nothing: Item | list[object] = {} if listed.shape is Shape.TAGS else []
                body[listed.name] = nothing
            _act(api, resource, action, (which, version), body, form)

    entries = click.Argument(
        [listed.name],
        type=fields.value_type(listed),
        nargs=-1,
        required=not may_empty,
        metavar=f"{fields.metavar(listed)}...",
    )
    none = click.Option(["--none"], is_flag=True, help=f"No {listed.name.replace('_', ' ')} at all.")
    params: list[click.Parameter] = [
        which_argument(resource),
        entries,
        *([none] if may_empty else []),
        version_option(),
        *output.options(),
    ]
    return click.Command(action.name, callback=run, params=params, help=action.says)


def _acting(resource: Resource, action: Action) -> click.Command:
    """Any other action on one thing."""
    takes, hidden = _open(action), secrets.secrets_of(action.takes)

    def run(*, which: str, form: str, version: int | None = None, **values: object) -> None:
        given = secrets.read_all(hidden, values)
        with opened() as api:
            body = fields.body(takes, values, api.names.id_among, given)
            _act(api, resource, action, (which, version), body, form)

    options = [fields.option(field, required=field.required) for field in takes]
    versioned = [version_option()] if action.versioned else []
    secret = secrets.options(hidden)
    params: list[click.Parameter] = [which_argument(resource), *options, *secret, *versioned, *output.options()]
    return click.Command(action.name, callback=run, params=params, help=action.says)


def _act(api: Api, resource: Resource, action: Action, on: tuple[str, int | None], body: Item, form: str) -> None:
    which, version = on
    item_id = api.names.id_of(resource, which)
    path = f"{resource.path}/{item_id}:{action.name}"
    if action.lists is not None:
        Output(BY_TYPE[action.lists], form).many(api.pages(path, FIRST_PAGE))
        return
    if action.versioned:
        body["version"] = api.version(resource, item_id, version)
    Output(resource, form).one(api.post(path, body))


def _open(action: Action) -> tuple[Field, ...]:
    """What an action takes that is no secret, and not said by the path."""
    return tuple(
        field for field in action.takes if field.exposure is not Exposure.SECRET and field.name not in _NAMED_BY_PATH
    )
