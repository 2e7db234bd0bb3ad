"""A log that grows, from its newest entries on: what `acc audit events --follow` shows.

Rule: it is asked again every few seconds, from a little before what it was asked for last, because an event whose
transaction took longer may come to stand before one that was seen already; what was shown is not shown again. The times
are the controller's own, and only how long we waited is measured here. A controller that does not answer is told of
once and asked again, unless it says what asking again will not change. Whoever stops reading ends it.
"""

import select
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from acc.cli import terminal
from acc.cli.controller import PASSING, Item, text
from acc.cli.descriptors import STDOUT
from acc.wire.errors import AccError

Ask = Callable[[datetime | None], Iterator[list[Item]]]
"""What there is from a time on, or all of it: newest first, page by page."""

OVERLAP = timedelta(seconds=10)


def grown(ask: Ask, begun: datetime | None, known: list[Item], interval: float) -> Iterator[list[Item]]:
    """What comes beside what is `known`, oldest first, until nobody reads stdout any more.

    `begun` is a time that had come by the controller's clock; None if there was no event to tell it by.
    """
    started = time.monotonic()
    seen = {text(item, "id"): created(item) for item in known}
    asked_to = begun
    is_away = False
    while not _nobody_reads(interval):
        asking = time.monotonic()
        since = None if asked_to is None else asked_to - OVERLAP
        try:
            found = [item for page in ask(since) for item in page]
        except AccError as error:
            if error.code not in PASSING:
                raise
            if not is_away:
                terminal.note(f"{error} ({error.code.value})", "waiting for it; what happens meanwhile is shown then")
            is_away = True
        else:
            if is_away:
                terminal.note("the controller answers again")
            is_away = False
            new = [item for item in reversed(found) if text(item, "id") not in seen]
            if new:
                yield new
            seen |= {text(item, "id"): created(item) for item in new}
            asked_to = _later(begun, asking - started, seen)
            seen = {one: when for one, when in seen.items() if asked_to is not None and when >= asked_to - OVERLAP}


def created(item: Item) -> datetime:
    """When it happened."""
    return datetime.fromisoformat(text(item, "created_time"))


def _later(begun: datetime | None, waited: float, seen: dict[str, datetime]) -> datetime | None:
    """The latest time by the controller's clock that is certain to have been when it was asked."""
    times = [*seen.values(), *([] if begun is None else [begun + timedelta(seconds=waited)])]
    return max(times, default=None)


def _nobody_reads(seconds: float) -> bool:
    """Waits, unless whoever reads stdout goes: then True."""
    poll = select.poll()
    poll.register(STDOUT, 0)  # nothing but its end
    return bool(poll.poll(seconds * 1000))
