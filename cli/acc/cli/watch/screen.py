"""The view as something that rich can show: a heading, the rows, a line that tells, a line of keys.

Rule: exactly as many lines as the terminal has, each as wide as it is. Figures have one width; names share what is
left. Where columns do not fit they get narrow, then close, and then the least important goes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from acc.cli.watch import figures
from acc.cli.watch.board import View
from acc.cli.watch.rows import COLUMNS, Column, Row

STALE = 5.0
"""Seconds after which a snapshot is called old even where no error says why."""

_STYLES = {"active": "green", "pending": "yellow", "canceling": "magenta", "terminated": "dim"}
_EXTRA = ("OPEN", "ID")
"""Columns that are not worth to be close together for."""

_KEYS = (("q", "quit"), ("?", "help"), ("/", "filter"), ("s", "sort"), ("r", "reverse"), ("c", "cancel"))

_HELP = (
    ("up down  j k", "select a session"),
    ("PgUp PgDn", "ten further"),
    ("Home End  g G", "the first, the last"),
    ("c", "cancel the selected session, once you have said y"),
    ("/", "show only what names a text: any user, target, worker, id or state"),
    ("Esc", "show everything again"),
    ("s", "sort by the next column"),
    ("r", "reverse the order"),
    ("a", "show sessions that have ended too, or hide them"),
    ("q  Ctrl-C", "leave"),
)


@dataclass(frozen=True, slots=True)
class Screen:
    """A view, drawn to the size of the terminal it is shown on."""

    view: View

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One Text a line."""
        width, height = options.max_width, options.height or options.size.height
        for line in lines(self.view, width, height):
            line.truncate(width, pad=True)
            line.no_wrap = True
            yield line


def lines(view: View, width: int, height: int) -> list[Text]:
    """The lines of a screen of that size."""
    columns, gap = fit(view.widths_from, view.now, width)
    room = max(0, height - 4)
    first = max(0, min(view.selected - room // 2, len(view.rows) - room))
    shown = view.rows[first : first + room]
    if view.helping:
        top = [_heading(view, first, len(shown)), Text()]
        return [*top, *_help(room), Text(), Text("q or Esc leaves this help", style="dim")][:height]
    body = [_row(row, columns, gap, view.now, here=first + n == view.selected) for n, row in enumerate(shown)]
    if not view.rows:
        body = [Text(_emptiness(view), style="dim")][:room]
    top = [_heading(view, first, len(shown)), _titles(view, columns, gap)]
    return [*top, *body, *[Text()] * (room - len(body)), _telling(view), _keys(view)][:height]


def fit(rows: Sequence[Row], now: float, width: int) -> tuple[Sequence[tuple[Column, int]], int]:
    """The columns that have room, each with its width, and the gap between them."""
    wanted = {column.title: _wanted(column, rows, now) for column in COLUMNS}
    widths = {column.title: min(column.narrowest, wanted[column.title]) for column in COLUMNS}
    kept = list(COLUMNS)
    gap = 2
    while len(kept) > 1 and _total(kept, widths, gap) > width:
        last = max(kept, key=lambda column: column.rank)
        if gap == 2 and last.title not in _EXTRA:
            gap = 1
        else:
            kept.remove(last)
    spare = width - _total(kept, widths, gap)
    while spare > 0 and (short := [one.title for one in kept if widths[one.title] < wanted[one.title]]):
        for title in short[:spare]:
            widths[title] += 1
        spare -= len(short[:spare])
    return [(column, widths[column.title]) for column in kept], gap


def _total(columns: Sequence[Column], widths: Mapping[str, int], gap: int) -> int:
    return sum(widths[column.title] for column in columns) + gap * (len(columns) - 1)


def _wanted(column: Column, rows: Sequence[Row], now: float) -> int:
    if column.narrowest == column.widest:
        return column.widest
    return min(column.widest, max(len(column.title), *(cell_len(column.text(row, now)) for row in rows), 0))


def _cell(text: str, width: int, column: Column) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    if column.align == "right":
        return text.rjust(width)
    return set_cell_size(text, width)


def _row(row: Row, columns: Sequence[tuple[Column, int]], gap: int, now: float, *, here: bool) -> Text:
    line = Text(style="reverse" if here else "")
    for column, width in columns:
        style = _STYLES.get(row.session.state, "") if column.title == "STATE" else ""
        text = column.text(row, now)
        line.append(_cell(text, width, column), style="dim" if text == "-" else style)
        line.append(" " * gap)
    return line


def _titles(view: View, columns: Sequence[tuple[Column, int]], gap: int) -> Text:
    line = Text(style="bold")
    for column, width in columns:
        here = column is view.sort
        line.append(_cell(column.title, width, column), style="underline" if here else "")
        line.append(" " * gap)
    return line


def _heading(view: View, first: int, shown: int) -> Text:
    count = len(view.rows)
    total = f"{len(view.widths_from)}{'+' if view.cut else ''}"
    line = Text.assemble(
        ("acc sessions", "bold"), f"  {count}" if count == len(view.widths_from) else f"  {count} of {total}"
    )
    if view.cut and count == len(view.widths_from):
        line.append("+")
    if shown < count:
        line.append(f", {first + 1} to {first + shown} shown")
    up = sum(row.up_rate for row in view.rows)
    down = sum(row.down_rate for row in view.rows)
    line.append(f"   up {figures.rate(up):>6}  down {figures.rate(down):>6}")
    if view.filter and not view.editing:
        line.append("   filter: ")
        line.append(view.filter, style="bold")
    return line


def _help(room: int) -> list[Text]:
    width = max(len(keys) for keys, _ in _HELP)
    found = [Text.assemble((f"  {keys:{width}}", "bold"), f"  {meaning}") for keys, meaning in _HELP[:room]]
    return [*found, *[Text()] * (room - len(found))]


def _emptiness(view: View) -> str:
    if view.widths_from:
        return "No session matches the filter."
    return "No session." if view.include_terminated else "No session is open."


def _telling(view: View) -> Text:
    if view.question:
        return Text(view.question, style="bold reverse")
    if view.editing:
        return Text.assemble("/", view.filter, ("_", "blink"), ("   Enter keeps it, Esc drops it", "dim"))
    if view.error:
        return Text(f"{figures.age(view.stale)} old: {view.error}", style="bold red")
    if view.notice:
        return Text(view.notice, style="bold")
    if view.stale > STALE:
        return Text(f"{figures.age(view.stale)} old: the controller has not answered yet", style="yellow")
    return Text()


def _keys(view: View) -> Text:
    ended = ("a", "hide ended" if view.include_terminated else "ended too")
    line = Text(style="dim")
    for key, meaning in (*_KEYS, ended):
        line.append(key, style="bold not dim")
        line.append(f" {meaning}  ")
    arrow = "▼" if view.descending else "▲"
    line.append(f" by {view.sort.title.lower()} {arrow}")
    return line
