"""What every list looks like: the page that was asked for, and the envelope that it comes in.

Pages are cut by key, newest first: a list token says after which (created_time, id) to go on. It is opaque to clients
and grants nothing, so it is not signed; one that does not parse is a bad request.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from acc.controlplane.service.shape import Json
from acc.wire.errors import AccError, Code

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page begins: after the item of this time and id."""

    created_time: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the client asked for."""

    size: int
    after: PageStart | None


def read_page(page_size: str | None, list_token: str | None) -> Page:
    """The page that a query's `page_size` and `list_token` name. Raises AccError(BAD_REQUEST)."""
    said = page_size or "0"
    digits = said.lstrip("0")[:5] or "0"
    if not (said.isascii() and said.isdigit() and int(digits) <= MAX_PAGE):
        raise AccError(Code.BAD_REQUEST, f"the query: page_size must be from 0 to {MAX_PAGE}", "page_size")
    return Page(int(digits) or MAX_PAGE, _read_token(list_token) if list_token else None)


def envelope(items: Sequence[Json], next_place: PageStart | None) -> Json:
    """A page of `items`. `next_place` says where the next one begins, None that this is the last."""
    return {
        "items": items,
        "response_type": "complete" if next_place is None else "delta",
        "list_token": "" if next_place is None else _write_token(next_place),
        "sort_by": "created_time",
        "sort_dir": "desc",
        "est_item_count": len(items),
    }


def _write_token(place: PageStart) -> str:
    text = json.dumps([place.created_time.isoformat(), place.id])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(text: str) -> PageStart:
    try:
        match json.loads(base64.urlsafe_b64decode(text[:512])):
            case [str(time), str(item_id)]:
                created_time = datetime.fromisoformat(time)
                if created_time.tzinfo is not None:
                    return PageStart(created_time, item_id)
            case _:
                pass
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise AccError(Code.BAD_REQUEST, "list_token is not one that a list gave out", "list_token")
