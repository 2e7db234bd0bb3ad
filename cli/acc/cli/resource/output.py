"""What a command prints: many items as a table, one as a block, or either as JSON, ids or names.

Rule: a table's first page is shown before the second is asked for. JSON is whole or not there at all.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import click

from acc.cli import terminal
from acc.cli.controller import Item, text
from acc.cli.descriptors import STDOUT
from acc.cli.resource import cells, offering
from acc.cli.resource.names import name_of
from acc.wire.resources import Resource, Shape

FORMS = ("table", "json", "id", "name")

Now = Callable[[], datetime | None]
"""The time that distances are told from; none are where it is None."""

_NOT_IN_ROWS = (Shape.OBJECT, Shape.OBJECTS)


def options(forms: tuple[str, ...] = FORMS) -> list[click.Option]:
    """The options of every command that shows something."""
    return [
        click.Option(["-o", "--output", "form"], type=click.Choice(forms), default="table", help="How to print it."),
        click.Option(["--json", "form"], flag_value="json", help="As the API gives it; the same as -o json."),
    ]


def list_options() -> list[click.Option]:
    """The options of every command that shows many things."""
    wide = click.Option(["--wide", "form"], flag_value="wide", help="A table of every field; the same as -o wide.")
    return [*options((*FORMS, "wide")), wide]


@dataclass(frozen=True, slots=True)
class Output:
    """Prints items of `resource` in the `form` that was asked for."""

    resource: Resource
    form: str

    def many(self, pages: Iterable[list[Item]]) -> None:
        """Print a list."""
        pages = offering.noted(self.resource, pages)
        if self.form == "json":
            terminal.show_json({"items": [item for page in pages for item in page]})
        else:
            self._rows(pages, cells.now)

    def stream(self, pages: Iterable[list[Item]]) -> None:
        """Print what comes for as long as it does, or until the person or the reader has had enough.

        JSON is a line for each, and times are not told as distances, which would not stay true.
        """
        try:
            if self.form == "json":
                for item in (item for page in pages for item in page):
                    click.echo(json.dumps(item))
            else:
                self._rows(pages, _no_time)
        except KeyboardInterrupt:
            return
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)  # what is still buffered has nowhere to go

    def one(self, item: Item) -> None:
        """Print one item, which may be the answer of an action."""
        match self.form:
            case "json":
                terminal.show_json(item)
            case "id" | "name":
                self._word(item)
            case _:
                offering.seen(self.resource, [item])
                at = cells.now() if sys.stdout.isatty() else None
                terminal.show_block(cells.lines_of(item, self.resource, at))

    def _word(self, item: Item) -> None:
        word = text(item, "id") if self.form == "id" else name_of(item, self.resource)
        click.echo(terminal.printable(word))

    def _rows(self, pages: Iterable[list[Item]], now: Now) -> None:
        if self.form not in ("id", "name"):
            self._table(pages, now)
            return
        for item in (item for page in pages for item in page):
            self._word(item)

    def _table(self, pages: Iterable[list[Item]], now: Now) -> None:
        columns = self._columns()
        table = terminal.Table([cells.title(column).upper() for column in columns])
        for page in _not_empty(pages):
            table.show([self._row(item, columns, now()) for item in page])

    def _columns(self) -> tuple[str, ...]:
        if self.form != "wide":
            return self.resource.columns
        return tuple(field.name for field in self.resource.fields if field.shape not in _NOT_IN_ROWS)

    def _row(self, item: Item, columns: tuple[str, ...], at: datetime | None) -> list[str]:
        if sys.stdout.isatty():
            return [cells.readable(item, self.resource, column, at) for column in columns]
        return [cells.plain(item, self.resource, column) for column in columns]


def _no_time() -> None:
    return None


def limited(pages: Iterable[list[Item]], limit: int | None) -> Iterator[list[Item]]:
    """The first `limit` items; no page is asked for after them."""
    left = limit
    for page in pages:
        if left is None:
            yield page
            continue
        yield page[:left]
        left -= len(page)
        if left <= 0:
            return


def _not_empty(pages: Iterable[list[Item]]) -> Iterator[list[Item]]:
    """`pages` without empty ones, but one at least: an empty list has headings too."""
    seen = False
    for page in pages:
        if page:
            seen = True
            yield page
    if not seen:
        yield []
