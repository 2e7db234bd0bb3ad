"""Arguments and options that many commands share: which thing, where it lives, which version, how much of a list."""

from typing import Any

import click

from acc.cli.kinds import Kind
from acc.cli.resource.api import opened
from acc.wire.resources import Resource

FIRST_PAGE = 100
"""Items of a page, where nothing else is asked for: many enough for a screen, few enough to come at once."""

_GLOBAL_ALONE = ("global",)


def which_argument(resource: Resource) -> click.Argument:
    """The thing that a command is about."""
    return click.Argument(["which"], type=Kind(resource.type), metavar="NAME|ID")


class _Where(click.Option):
    """An option that, where it is left out, says what could have been given."""

    def __init__(self, resource: Resource, names: list[str], **settings: Any) -> None:  # Any: as click types them
        super().__init__(names, **settings)
        self._resource = resource

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # Any: as click types it
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter:
            with opened() as api:
                places = api.names.places(self._resource)
            said = f"one of: {places}" if places else "there is none yet"
            raise click.UsageError(f"say where it will live, with {self.opts[0]}; {said}", ctx) from None


def place_option(resource: Resource) -> click.Option:
    """Where a new one will live; said, unless it can live in one place only."""
    places = f"a {resource.parent}" if resource.parent is not None else " or ".join(resource.scopes)
    if resource.parent is None and resource.scopes == _GLOBAL_ALONE:
        return click.Option(_place_names(resource), type=Kind("scope"), default="global", help="Where it will live.")
    return _Where(
        resource,
        _place_names(resource),
        type=Kind(resource.parent or "scope"),
        required=True,
        metavar="NAME|ID",
        help=f"Where it will live: {places}.",
    )


def within_option(resource: Resource) -> click.Option:
    """Where a list looks."""
    return click.Option(
        _place_names(resource),
        type=Kind(resource.parent or "scope"),
        metavar="NAME|ID",
        help="Only those in it; else all that you may see.",
    )


def version_option() -> click.Option:
    """Which version is changed."""
    return click.Option(
        ["--version"], type=int, metavar="N", help="Change this version and no other; else the one that there is now."
    )


def filter_option() -> click.Option:
    """What a list shows, in the words of docs/cli.md."""
    return click.Option(["--filter"], metavar="EXPR", help="Only items for which this is true; see docs/cli.md.")


def page_options() -> list[click.Option]:
    """How much of a list, and how much at a time."""
    at_least_one, size = click.IntRange(min=1), click.IntRange(1, 1000)
    return [
        click.Option(["--limit"], type=at_least_one, metavar="N", help="At most so many."),
        click.Option(["--page-size"], type=size, default=FIRST_PAGE, metavar="N", help="Ask for so many at a time."),
    ]


def _place_names(resource: Resource) -> list[str]:
    kind = resource.parent or "scope"
    return [f"--{kind}", f"--{kind}-id", "place"]
