"""One page of what a caller may see of a kind, newest first.

Rule: the database is asked only for what the caller's grants let them see, so a page costs what is on it and not what
is hidden. Grants say it in four ways: everything, whole scopes, single ids, what is one's own; each is a walk along an
index in the order of the page, and the walks are merged. What SQL cannot decide exactly, `item_actions` does for each
row, and the next rows are fetched until the page is full.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

from acc.controlplane.access.filters import All, Equals, Filter, JsonValue, matches
from acc.controlplane.access.visibility import Visibility
from acc.controlplane.api.caller import Caller
from acc.controlplane.api.kind import Kind, item_actions, show
from acc.controlplane.api.listing import Page, PageStart, envelope
from acc.controlplane.api.places import Scope
from acc.controlplane.service.shape import Json
from acc.controlplane.store.db import Database, Row

Fetch = Callable[[PageStart | None, int], Awaitable[Sequence[Row]]]
"""At most so many rows behind a place, newest first."""


BATCH = 500
"""Rows that are fetched at once where a filter may let few of them through."""

MAX_SEEN = 10_000
"""Rows that one request looks at, some hundred milliseconds' worth; a client asks for the rest with the next."""

_NAME = ("item", "name")


@dataclass(frozen=True, slots=True)
class Within:
    """Where to look: in a scope, in all below it too, or in one parent resource.

    `where` narrows it further, and so does each of `matching`: a condition with `{}` in it, the
    value for that, and its type.
    """

    scope: Scope
    recursive: bool = False
    parent_id: str | None = None
    where: str = "true"
    matching: tuple[tuple[str, object, str], ...] = ()


@dataclass(slots=True)
class _Arguments:
    values: list[object] = field(default_factory=list[object])

    def __call__(self, value: object, sql_type: str) -> str:
        """Its place in the statement."""
        self.values.append(value)
        return f"${len(self.values)}::{sql_type}"


async def visible_page(
    db: Database, caller: Caller, kind: Kind, within: Within, page: Page, wanted: Filter | None
) -> Json:
    """The page as a list answer."""

    def render(row: Row) -> Json | None:
        actions = item_actions(kind, caller, row)
        if not actions:
            return None
        item = show(kind, caller, row, actions)
        return item if is_wanted(wanted, item) else None

    narrowed = within if wanted is None else _narrowed(kind, within, wanted)
    return await page_of(page, seen(db, caller, kind, narrowed), render, 0 if wanted is None else BATCH)


def _narrowed(kind: Kind, within: Within, wanted: Filter) -> Within:
    """Has the database look for a name that the filter asks for anyway, which people do most."""
    terms = wanted.parts if isinstance(wanted, All) else (wanted,)
    names = [one.value for one in terms if isinstance(one, Equals) and one.path == _NAME and not one.negated]
    if not names or kind.called != _NAME[-1]:
        return within
    return replace(within, matching=(*within.matching, *(("t.name = {}", name, "text") for name in names)))


def is_wanted(wanted: Filter | None, item: Json) -> bool:
    """True if the filter of a list, if it has one, lets `item` through."""
    return wanted is None or matches(wanted, cast("JsonValue", {"item": item}))  # `present` makes nothing but JSON


async def page_of(page: Page, fetch: Fetch, render: Callable[[Row], Json | None], batch: int = 0) -> Json:
    """The page of what `render` shows of the rows that `fetch` gives, `batch` or more at once; None hides a row.

    After MAX_SEEN rows it is cut where it is, however little was found: there is more behind it.
    """
    items: list[Json] = []
    places: list[PageStart] = []
    after = page.after
    size = max(page.size, batch) + 1
    for _ in range(0, MAX_SEEN, size):
        rows = await fetch(after, size)
        for row in rows:
            after = PageStart(row["created_time"], row["id"])
            item = render(row)
            if item is None:
                continue
            if len(items) == page.size:
                return envelope(items, places[-1])
            items.append(item)
            places.append(after)
        if len(rows) < size:
            return envelope(items, None)
    return envelope(items, after)


def seen(db: Database, caller: Caller, kind: Kind, within: Within) -> Fetch:
    """What the caller may see of a kind."""
    return partial(fetch_visible, db, caller, kind, within, caller.visibility(kind.resource.type))


async def fetch_visible(
    db: Database, caller: Caller, kind: Kind, within: Within, sight: Visibility, after: PageStart | None, limit: int
) -> Sequence[Row]:
    """At most `limit` rows behind `after`, among them all that the caller may see."""
    arguments = _Arguments()
    walks = _walks(caller, kind, within, sight, after, limit, arguments)
    if not walks:
        return ()
    merged = " union ".join(f"({walk})" for walk in walks)
    size = arguments(limit, "bigint")
    return await db.fetch(
        f"{kind.select} join (select w.id from ({merged}) w order by w.created_time desc, w.id desc limit {size}) seen"  # noqa: S608 (constants and places)
        " on seen.id = t.id order by t.created_time desc, t.id desc",
        *arguments.values,
    )


def _walks(
    caller: Caller,
    kind: Kind,
    within: Within,
    sight: Visibility,
    after: PageStart | None,
    limit: int,
    arguments: _Arguments,
) -> list[str]:
    walk = _Walk(kind, within, after, limit, arguments)
    shown, area = sight.anybodys, sight.anybodys.area
    walks: list[str] = []
    if area.everywhere:
        outside = "true" if "global" in area.scopes else f"{kind.scope} <> 'global'"
        walks.append(walk.where(f"{walk.area(kind.scope)} and {outside}"))
    elif area.scopes or area.children_of:
        walks.append(walk.of_scopes(sorted(area.scopes), sorted(area.children_of)))
    if shown.ids:
        walks.append(walk.where(f"t.id = any({arguments(sorted(shown.ids), 'text[]')}) and {walk.area(kind.scope)}"))
    if shown.pins:
        pins = arguments(sorted(shown.pins), "text[]")
        walks.append(walk.where(f"{kind.pin} = any({pins}) and {walk.area(kind.scope)}"))
    if not sight.own.nothing:
        walks.append(walk.where(f"{kind.owner} = {arguments(caller.user_id, 'text')} and {walk.area(kind.scope)}"))
    return walks


class _Walk:
    """One select of ids and times in the order of the page, behind its beginning."""

    def __init__(self, kind: Kind, within: Within, after: PageStart | None, limit: int, arguments: _Arguments) -> None:
        self._kind = kind
        self._within = within
        self._arguments = arguments
        behind = "true"
        if after is not None:
            time, item_id = arguments(after.created_time, "timestamptz"), arguments(after.id, "text")
            behind = f"(t.created_time, t.id) < ({time}, {item_id})"
        self._behind = f"{behind} and {within.where}"
        if within.parent_id is not None:
            self._behind += f" and {kind.pin} = {arguments(within.parent_id, 'text')}"
        for condition, value, sql_type in within.matching:
            self._behind += f" and {condition.format(arguments(value, sql_type))}"
        self._limit = arguments(limit, "bigint")

    def where(self, condition: str) -> str:
        """The rows that meet a condition."""
        return (
            f"select t.id, t.created_time from {self._kind.table} t where {condition} and {self._behind}"  # noqa: S608 (constants and places)
            f" order by t.created_time desc, t.id desc limit {self._limit}"
        )

    def of_scopes(self, scopes: Sequence[str], orgs: Sequence[str]) -> str:
        """The rows in whole scopes, and in those right below some: as many short walks as there are scopes."""
        arguments = self._arguments
        named = f"(s.id = any({arguments(scopes, 'text[]')}) or s.parent_id = any({arguments(orgs, 'text[]')}))"
        return (
            f"select x.id, x.created_time from (select s.id from scopes s where {named} and {self.area('s.id')}) s"  # noqa: S608 (constants and places)
            f" cross join lateral ({self.where(f'{self._kind.scope} = s.id')}) x"
        )

    def area(self, column: str) -> str:
        """That a scope's id lies in the area."""
        scope = self._within.scope
        if self._within.parent_id is not None or (self._within.recursive and scope.id == "global"):
            return "true"
        here = self._arguments(scope.id, "text")
        if not self._within.recursive or scope.type == "project":
            return f"{column} = {here}"
        return f"{column} in (select b.id from scopes b where b.id = {here} or b.parent_id = {here})"  # noqa: S608 (constants and places)
