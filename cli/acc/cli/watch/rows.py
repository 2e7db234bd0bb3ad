"""One session in the view: what the API says of it, and the columns that show it.

Rule: what came from the controller is made printable here, once, so that no name can move the cursor. Each column
knows its text, its order, and how narrow it may get; the less important ones go first where there is no room.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from acc.cli.controller import Item, text
from acc.cli.terminal import printable
from acc.cli.watch import figures
from acc.wire.errors import AccError, Code

OVER = ("canceling", "terminated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as the controller's list has it. `since` is in Unix seconds."""

    session_id: str
    user: str
    target: str
    host: str
    workers: str
    since: float
    state: str
    open_connections: int
    bytes_up: int
    bytes_down: int
    cancellable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A session, how fast it moves each way, and by our monotonic clock since when there is it."""

    session: Session
    up_rate: float
    down_rate: float
    began: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`text` of a row at a time; `order` to sort by. Of two columns the one with the higher `rank` goes first."""

    title: str
    text: Callable[[Row, float], str]
    order: Callable[[Row], float | str]
    rank: int
    narrowest: int
    widest: int
    align: Literal["left", "right"]

    @property
    def descending(self) -> bool:
        """Names are read upwards, figures with the greatest first."""
        return self.align == "right"


def parse(item: Item) -> Session:
    """The session in an item of the API. Raises AccError(HTTP_PEER)."""
    try:
        since = datetime.fromisoformat(text(item, "created_time")).timestamp()
    except ValueError:
        raise AccError(Code.HTTP_PEER, "a session of the controller lacks its time") from None
    actions = _objects(item, "authorized_actions")
    return Session(
        session_id=printable(text(item, "id")),
        user=printable(str(item.get("user_name") or text(item, "user_id"))),
        target=printable(str(item.get("target_name") or text(item, "target_id"))),
        host=printable(text(item, "endpoint").removeprefix("tcp://")),
        workers=printable(", ".join(_worker(one) for one in _objects(item, "workers"))),
        since=since,
        state=printable(text(item, "status")),
        open_connections=_count(item, "open_connections"),
        bytes_up=_count(item, "bytes_up"),
        bytes_down=_count(item, "bytes_down"),
        cancellable="cancel" in actions or "cancel:self" in actions,
    )


def _worker(found: object) -> str:
    if not isinstance(found, dict):
        raise AccError(Code.HTTP_PEER, "a session of the controller has a worker that is none")
    return text(cast("Item", found), "name")  # JSON objects have text keys


def _objects(item: Item, key: str) -> Sequence[object]:
    value = item.get(key, [])
    if not isinstance(value, list):
        raise AccError(Code.HTTP_PEER, f"{key!r} of a session is no list")
    return cast("list[object]", value)  # json.loads gives no more exact type


def _count(item: Item, key: str) -> int:
    value = item.get(key, 0)
    if not isinstance(value, int) or value < 0:
        raise AccError(Code.HTTP_PEER, f"{key!r} of a session is no count")
    return value


def _name(title: str, value: Callable[[Session], str], rank: int, narrowest: int, widest: int) -> Column:
    return Column(
        title=title,
        text=lambda row, _now: value(row.session),
        order=lambda row: value(row.session).casefold(),
        rank=rank,
        narrowest=narrowest,
        widest=widest,
        align="left",
    )


def _figure(title: str, spell: Callable[[float], str], value: Callable[[Row], float], rank: int, width: int) -> Column:
    return Column(
        title=title,
        text=lambda row, _now: spell(value(row)),
        order=value,
        rank=rank,
        narrowest=width,
        widest=width,
        align="right",
    )


SINCE = Column(
    title="SINCE",
    text=lambda row, now: figures.age(now - row.began),
    order=lambda row: row.began,
    rank=5,
    narrowest=6,
    widest=6,
    align="right",
)

COLUMNS = (
    _name("USER", lambda session: session.user, 1, 7, 24),
    _name("TARGET", lambda session: session.target, 0, 8, 32),
    _name("HOST", lambda session: session.host, 6, 12, 40),
    _name("WORKER", lambda session: session.workers, 9, 8, 24),
    SINCE,
    _figure("UP", figures.size, lambda row: row.session.bytes_up, 8, 4),
    _figure("UP/S", figures.rate, lambda row: row.up_rate, 4, 6),
    _figure("DOWN", figures.size, lambda row: row.session.bytes_down, 7, 4),
    _figure("DOWN/S", figures.rate, lambda row: row.down_rate, 3, 6),
    _name("STATE", lambda session: session.state, 2, 10, 10),
    _figure("OPEN", lambda count: f"{count:.0f}", lambda row: row.session.open_connections, 10, 4),
    _name("ID", lambda session: session.session_id, 11, 12, 16),
)


def matches(row: Row, words: str) -> bool:
    """True if `words` is part of anything that the row names: figures change under one's eyes and are not searched."""
    return any(
        words.casefold() in column.text(row, row.began).casefold() for column in COLUMNS if column.align == "left"
    )
