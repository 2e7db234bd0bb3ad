"""How results are shown: a table to a person, columns to a pipe, JSON to a program.

Rule: what came from elsewhere is data. Control characters in it are spelled out, so that no name or address can
move the cursor, set a colour or forge a line. stdout is for results, stderr for everything that is said about them.
"""

import json
import sys
import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

import click

PATIENCE = 0.5
"""Seconds that a person waits before they are told what for."""

_GAP = 2


class Table:
    """Rows under columns, shown as they come: the first ones say how wide the columns are."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self._widths: list[int] = []

    def show(self, rows: Iterable[Sequence[str]]) -> None:
        """Print `rows`, the first time with the headings: as a rich table on a terminal, else as plain columns."""
        safe = [tuple(printable(cell) for cell in row) for row in rows]
        if sys.stdout.isatty():
            self._show_rich(safe)
        else:
            self._show_plain(safe)

    def _show_plain(self, rows: list[tuple[str, ...]]) -> None:
        shown = rows if self._widths else [self._columns, *rows]
        if not self._widths:
            self._widths = [max(map(len, cells)) for cells in zip(*shown, strict=True)]
        for row in shown:
            cells = (cell.ljust(width) for cell, width in zip(row, self._widths, strict=True))
            click.echo((" " * _GAP).join(cells).rstrip())

    def _show_rich(self, rows: list[tuple[str, ...]]) -> None:
        from rich.box import SIMPLE_HEAD  # noqa: PLC0415  not needed when the output is piped
        from rich.cells import cell_len  # noqa: PLC0415  likewise
        from rich.console import Console  # noqa: PLC0415  likewise
        from rich.table import Table as RichTable  # noqa: PLC0415  likewise
        from rich.text import Text  # noqa: PLC0415  likewise

        console = Console()
        is_first = not self._widths
        if is_first:
            needed = [max(map(cell_len, cells)) for cells in zip(self._columns, *rows, strict=True)]
            self._widths = fitted(needed, console.width - _GAP * len(needed))
        table = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_header=is_first, show_edge=False)
        for column, width in zip(self._columns, self._widths, strict=True):
            table.add_column(column, width=width, overflow="fold")
        for row in rows:
            # Text, because a str would be read as markup: "[red]" in a name is a name.
            table.add_row(*map(Text, row))
        console.print(table)


def show_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print `rows` under `columns`, all at once."""
    Table(columns).show(rows)


def show_block(lines: Iterable[tuple[str, str]]) -> None:
    """Print labels and values, aligned; a value of many lines keeps to its column."""
    safe = [(f"{label}:" if label else "", printable(value)) for label, value in lines]
    width = max((len(label) for label, _ in safe), default=0) + _GAP
    for label, value in safe:
        click.echo(f"{label:{width}}{value}".rstrip())


@contextmanager
def waiting(what: str) -> Generator[None]:
    """Tell a person on a terminal what is waited for, once it takes longer than `PATIENCE`."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    thread = threading.Thread(target=_spin, args=(what, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def show_json(value: object) -> None:
    """Print `value` as JSON on stdout. JSON escapes what a terminal would act on."""
    click.echo(json.dumps(value, indent=2))


def note(text: str, hint: str = "") -> None:
    """Tell a person something on stderr, which leaves stdout to the result; and what to do about it."""
    click.echo(f"acc: {printable(text)}", err=True)
    if hint:
        click.echo(f"     {hint}", err=True)


def printable(text: str) -> str:
    """`text` with each character that is not printable spelled as an escape."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def fitted(widths: list[int], room: int) -> list[int]:
    """`widths`, the widest made narrower until they fit into `room`."""
    fitted = list(widths)
    while sum(fitted) > max(room, len(fitted)):
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _spin(what: str, done: threading.Event) -> None:
    if done.wait(PATIENCE):
        return
    from rich.console import Console  # noqa: PLC0415  not needed where the answer comes at once

    with Console(stderr=True).status(printable(what)):
        done.wait()
