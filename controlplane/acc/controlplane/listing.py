"""What every list and every resource looks like in JSON: times, pages, the list envelope.

Pages are cut by key, newest first: a list token says after which (created_time, id) to go on. It is opaque to clients
and grants nothing, so it is not signed; one that does not parse is a bad request.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from acc.controlplane.db import Row
from acc.wire.errors import AccError, Code

MAX_PAGE = 1000

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the item of this time and id."""

    created_time: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the client asked for."""

    size: int
    after: Place | None


def read_page(page_size: int | None, list_token: str | None) -> Page:
    """The page that `page_size` and `list_token` name. Raises AccError(BAD_REQUEST)."""
    if page_size is not None and not 0 <= page_size <= MAX_PAGE:
        raise AccError(Code.BAD_REQUEST, f"page_size must be from 1 to {MAX_PAGE}")
    return Page(page_size or MAX_PAGE, _read_token(list_token) if list_token else None)


async def page_of(
    fetch: Callable[[Place | None, int], Awaitable[Sequence[Row]]], render: Callable[[Row], Json | None], page: Page
) -> Json:
    """One page of what `render` shows of the rows that `fetch` finds after a place; None hides a row."""
    items: list[Json] = []
    places: list[Place] = []
    after = page.after
    while True:
        rows = await fetch(after, page.size + 1)
        for row in rows:
            after = Place(row["created_time"], row["id"])
            item = render(row)
            if item is None:
                continue
            if len(items) == page.size:
                return envelope(items, places[-1])
            items.append(item)
            places.append(after)
        if len(rows) <= page.size:
            return envelope(items, None)


def envelope(items: Sequence[Json], next_place: Place | None) -> Json:
    """A page of `items`. `next_place` says where the next one begins, None that this is the last."""
    return {
        "items": items,
        "response_type": "complete" if next_place is None else "delta",
        "list_token": "" if next_place is None else _write_token(next_place),
        "sort_by": "created_time",
        "sort_dir": "desc",
        "est_item_count": len(items),
    }


def rfc3339(time: datetime) -> str:
    """`time` as Boundary writes it, in UTC with microseconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def present(**fields: object) -> Json:
    """The fields that have a value; times in their text form."""
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None
    }


def _write_token(place: Place) -> str:
    text = json.dumps([place.created_time.isoformat(), place.id])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(text: str) -> Place:
    try:
        match json.loads(base64.urlsafe_b64decode(text[:512])):
            case [str(time), str(item_id)]:
                created_time = datetime.fromisoformat(time)
                if created_time.tzinfo is not None:
                    return Place(created_time, item_id)
            case _:
                pass
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise AccError(Code.BAD_REQUEST, "list_token is not one that a list gave out")
