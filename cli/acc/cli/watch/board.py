"""The view as a value machine: snapshots and key presses go in, what is to be shown and to be done comes out.

Rule: it knows no terminal, no network and no clock; whoever runs it says what time it is. The selection belongs to a
session and not to a place, so a list that moves under one's fingers never makes one cancel a neighbour; and what is to
be cancelled is named in the question, and was fixed before it was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from acc.cli.watch.rates import Rate
from acc.cli.watch.rows import COLUMNS, OVER, SINCE, Column, Row, Session, matches

PAGE = 10
MAX_FILTER = 64


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


@dataclass(frozen=True, slots=True)
class Reload:
    """What is asked for has changed: take a snapshot now."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End this session; the person has confirmed it."""

    session_id: str


Action = Quit | Reload | Cancel


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything that is to be seen at one moment. `widths_from` are the rows that columns are measured by."""

    now: float
    rows: Sequence[Row]
    widths_from: Sequence[Row]
    selected: int
    sort: Column
    descending: bool
    cut: bool
    include_terminated: bool
    filter: str
    editing: bool
    helping: bool
    question: str
    notice: str
    error: str
    stale: float


class Board:
    """The sessions of the last snapshot, and what the person has made of them."""

    def __init__(self, filter_text: str = "") -> None:
        self.include_terminated = False
        self._rows: Sequence[Row] = ()
        self._rates: dict[str, tuple[Rate, Rate]] = {}
        self._taken = 0.0
        self._cut = False
        self._error = ""
        self._notice = ""
        self._filter = filter_text[:MAX_FILTER]
        self._editing = False
        self._helping = False
        self._asked: Session | None = None
        self._sort = SINCE
        self._descending = SINCE.descending
        self._selected = ""
        self._place = 0

    def take(self, sessions: Sequence[Session], *, cut: bool, now: float, wall: float) -> None:
        """A snapshot came, at `now` by the monotonic clock; `cut` if there are more sessions than it holds."""
        self._rates = {one.session_id: self._look(one, now) for one in sessions}
        self._rows = [self._row(one, now - (wall - one.since)) for one in sessions]
        self._taken, self._cut, self._error = now, cut, ""
        if self._asked is not None and self._asked.session_id not in self._rates:
            self._notice = f"{self._asked.session_id} is over"
            self._asked = None
        self._settle()

    def fail(self, error: str) -> None:
        """No snapshot came, because of `error`; the last one stays."""
        self._error = error

    def tell(self, notice: str) -> None:
        """Shows `notice` until the next key."""
        self._notice = notice

    def press(self, key: str) -> Action | None:
        """One key: a character, or a name such as `up` or `enter`."""
        self._notice = ""
        if self._asked is not None:
            return self._answer(self._asked, key)
        if self._helping:
            return self._close(key)
        if self._editing:
            self._edit(key)
        else:
            match key:
                case "q" | "ctrl-c" | "ctrl-d":
                    return Quit()
                case "a":
                    self.include_terminated = not self.include_terminated
                    return Reload()
                case _:
                    self._browse(key)
        self._settle()
        return None

    def view(self, now: float) -> View:
        """What is to be seen now."""
        asked = self._asked
        return View(
            now=now,
            rows=self._visible(),
            widths_from=self._rows,
            selected=self._place,
            sort=self._sort,
            descending=self._descending,
            cut=self._cut,
            include_terminated=self.include_terminated,
            filter=self._filter,
            editing=self._editing,
            helping=self._helping,
            question="" if asked is None else f"Cancel {asked.session_id}, {asked.user} on {asked.target}? y/n",
            notice=self._notice,
            error=self._error,
            stale=now - self._taken,
        )

    def _look(self, session: Session, now: float) -> tuple[Rate, Rate]:
        known = self._rates.get(session.session_id)
        if known is None:
            return Rate(session.bytes_up, now), Rate(session.bytes_down, now)
        known[0].look(session.bytes_up, now)
        known[1].look(session.bytes_down, now)
        return known

    def _row(self, session: Session, began: float) -> Row:
        up, down = self._rates[session.session_id]
        return Row(session=session, up_rate=up.per_second, down_rate=down.per_second, began=began)

    def _visible(self) -> Sequence[Row]:
        found = [row for row in self._rows if matches(row, self._filter)]
        found.sort(key=lambda row: row.session.session_id)
        found.sort(key=self._sort.order, reverse=self._descending)
        return found

    def _settle(self) -> None:
        """Finds the selected session's place; where it is gone, the one that has its place is selected."""
        ids = [row.session.session_id for row in self._visible()]
        if self._selected in ids:
            self._place = ids.index(self._selected)
        else:
            self._place = max(0, min(self._place, len(ids) - 1))
            self._selected = ids[self._place] if ids else ""

    def _close(self, key: str) -> Action | None:
        """A key while the help is shown. Nothing that it hides is changed."""
        if key in ("ctrl-c", "ctrl-d"):
            return Quit()
        if key in ("?", "q", "escape", "enter"):
            self._helping = False
        return None

    def _browse(self, key: str) -> None:
        match key:
            case "/":
                self._editing = True
            case "?":
                self._helping = True
            case "escape":
                self._filter = ""
            case "s":
                self._sort = COLUMNS[(COLUMNS.index(self._sort) + 1) % len(COLUMNS)]
                self._descending = self._sort.descending
            case "r":
                self._descending = not self._descending
            case "c":
                self._ask()
            case _:
                self._move(key)

    def _move(self, key: str) -> None:
        rows = self._visible()
        steps = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": PAGE, "pageup": -PAGE}
        steps |= {"home": -len(rows), "g": -len(rows), "end": len(rows), "G": len(rows)}
        if rows and key in steps:
            place = max(0, min(self._place + steps[key], len(rows) - 1))
            self._selected = rows[place].session.session_id

    def _ask(self) -> None:
        rows = self._visible()
        if not rows:
            self._notice = "there is no session to cancel"
            return
        session = rows[self._place].session
        if session.state in OVER:
            self._notice = f"{session.session_id} is {session.state} already"
        elif not session.cancellable:
            self._notice = f"you may not cancel {session.session_id}"
        else:
            self._asked = session

    def _answer(self, asked: Session, key: str) -> Action | None:
        match key:
            case "y" | "Y":
                self._asked = None
                self._notice = f"cancelling {asked.session_id} ..."
                return Cancel(asked.session_id)
            case "ctrl-c":
                return Quit()
            case "n" | "N" | "q" | "escape":
                self._asked = None
            case _:
                pass
        return None

    def _edit(self, key: str) -> None:
        match key:
            case "enter":
                self._editing = False
            case "escape":
                self._editing, self._filter = False, ""
            case "backspace":
                self._filter = self._filter[:-1]
            case "ctrl-u":
                self._filter = ""
            case _ if len(key) == 1:
                self._filter = (self._filter + key)[:MAX_FILTER]
            case _:
                pass
