"""How results are shown: a table to a person, columns to a pipe, JSON to a program.

Rule: what came from elsewhere is data. Control characters in it are spelled out, so that no name or address can
move the cursor, set a colour or forge a line.
"""

import json
import sys
from collections.abc import Iterable

import click


def show_rows(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print `rows` under `columns` on stdout: as a rich table on a terminal, else as plain aligned columns."""
    safe = [tuple(printable(cell) for cell in row) for row in rows]
    if sys.stdout.isatty():
        _show_table(columns, safe)
    else:
        _show_columns(columns, safe)


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


def _show_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  not needed when the output is piped
    from rich.console import Console  # noqa: PLC0415  likewise
    from rich.table import Table  # noqa: PLC0415  likewise
    from rich.text import Text  # noqa: PLC0415  likewise

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, because a str would be read as markup: "[red]" in a name is a name.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _show_columns(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    lines = [columns, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
