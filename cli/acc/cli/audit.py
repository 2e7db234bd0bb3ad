"""`acc audit`: the record of every decision, as people ask for it.

Rule: events come newest first, so a list that goes back to a time ends at the first event before it. Everything else
that narrows it is a filter, which the controller evaluates.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import click

from acc.cli.controller import Item, text
from acc.cli.kinds import Kind
from acc.cli.resource import output, parameters
from acc.cli.resource.api import opened
from acc.cli.resource.names import equals
from acc.cli.resource.output import Output
from acc.wire.directory import AUDIT_EVENT, SCOPE, TARGET, USER

_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Since(click.ParamType[datetime, str]):
    """`90m`, `7d`, or a time such as 2026-11-24T12:00:00Z."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        span = _SPAN.fullmatch(value)
        if span is not None:
            return datetime.now(UTC) - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither a span such as 90m or 7d nor a time", param, ctx)
        return time if time.tzinfo is not None else time.astimezone()


@click.group()
def audit() -> None:
    """Read the record of every decision."""


def _events(
    *,
    since: datetime | None,
    user: str | None,
    target: str | None,
    outcome: str | None,
    place: str | None,
    filter: str | None,  # noqa: A002  the option's name
    limit: int | None,
    page_size: int,
    form: str,
) -> None:
    with opened() as api:
        terms = [] if filter is None else [f"({filter})"]
        if user is not None:
            terms.append(equals("/item/user_id", api.names.id_of(USER, user)))
        if target is not None:
            terms.append(equals("/item/resource_id", api.names.id_of(TARGET, target)))
        if outcome is not None:
            terms.append(equals("/item/outcome", outcome))
        query = {"filter": " and ".join(terms)} if terms else {}
        container = None if place is None else api.names.id_of(SCOPE, place)
        pages = api.names.pages(AUDIT_EVENT, container, min(page_size, limit or page_size), query)
        Output(AUDIT_EVENT, form).many(output.limited(_back_to(since, pages), limit))


def _back_to(since: datetime | None, pages: Iterable[list[Item]]) -> Iterator[list[Item]]:
    """The pages of what happened after `since`; no page is asked for after the first older event."""
    for page in pages:
        recent = page if since is None else [item for item in page if _time(item) >= since]
        yield recent
        if len(recent) < len(page):
            return


def _time(item: Item) -> datetime:
    return datetime.fromisoformat(text(item, "created_time"))


audit.add_command(
    click.Command(
        "events",
        callback=_events,
        help="List events, newest first.",
        params=[
            click.Option(["--since"], type=Since(), metavar="TIME", help="Not before: 90m, 7d, or a time."),
            click.Option(["--user"], type=Kind("user"), metavar="NAME|ID", help="Only what this user asked for."),
            click.Option(["--target"], type=Kind("target"), metavar="NAME|ID", help="Only what concerns this target."),
            click.Option(["--outcome"], metavar="CODE", help="Only those that ended so: ok, or an error's code."),
            parameters.within_option(AUDIT_EVENT),
            parameters.filter_option(),
            *parameters.page_options(),
            *output.list_options(),
        ],
    )
)
