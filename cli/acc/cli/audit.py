"""`acc audit`: the record of every decision, as people ask for it.

Rule: whatever narrows the list is the controller's to judge, along an index where it has one: times, who asked, which
thing. What concerns a target is that, and what is asked of its sessions; no index has both, so it is a filter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import click

from acc.cli import follow
from acc.cli.controller import Item, text
from acc.cli.kinds import Kind
from acc.cli.resource import output, parameters
from acc.cli.resource.api import Api, opened
from acc.cli.resource.names import checked_id, equals
from acc.cli.resource.output import Output
from acc.wire.directory.machines import TARGET
from acc.wire.directory.people import SCOPE, USER
from acc.wire.directory.records import AUDIT_EVENT

INTERVAL = 2
RECENT = 10
"""Events that are shown before new ones, as `tail -f` has it."""

_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Moment(click.ParamType[datetime, str]):
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
    until: datetime | None,
    user: str | None,
    resource: str | None,
    target: str | None,
    outcome: str | None,
    place: str | None,
    filter: str | None,  # noqa: A002  the option's name
    limit: int | None,
    page_size: int,
    form: str,
    following: bool,
    interval: int | None,
) -> None:
    if following and until is not None:
        raise click.UsageError("--follow has no end; leave out --until")
    if interval is not None and not following:
        raise click.UsageError("--interval is for --follow")
    with opened() as api:
        query: dict[str, str] = {}
        terms = [] if filter is None else [f"({filter})"]
        if user is not None:
            query["user_id"] = api.names.id_of(USER, user)
        if resource is not None:
            query["resource_id"] = checked_id(resource)
        if target is not None:
            terms.append(_concerning(api.names.id_of(TARGET, target)))
        if outcome is not None:
            terms.append(equals("/item/outcome", outcome))
        container = None if place is None else api.names.id_of(SCOPE, place)
        shown = Output(AUDIT_EVENT, form)
        if following:
            terms.append(_not_our_own(api))
        log = _Log(api, container, query, " and ".join(terms), min(page_size, limit or page_size))
        if following:
            shown.stream(_followed(log, since, limit, interval or INTERVAL))
        else:
            shown.many(output.limited(log.pages(since, until), limit))


def _concerning(target_id: str) -> str:
    """The filter for what is asked of a target, and of its sessions."""
    return f"({equals('/item/resource_id', target_id)} or {equals('/item/details/target_id', target_id)})"


def _not_our_own(api: Api) -> str:
    """The filter without what following the log adds to it, which would have no end."""
    ours = (("resource_type", AUDIT_EVENT.type), ("action", "list"), ("user_id", text(api.get("/v1/users/self"), "id")))
    return f"not ({' and '.join(equals(f'/item/{field}', value) for field, value in ours)})"


@dataclass(frozen=True, slots=True)
class _Log:
    """What was asked for of the log, but for the times."""

    api: Api
    container: str | None
    query: dict[str, str]
    filter: str
    page_size: int

    def pages(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[list[Item]]:
        """The events from `since` on and before `until`, newest first."""
        query = self.query | ({"filter": self.filter} if self.filter else {})
        query |= {name: time.isoformat() for name, time in (("since", since), ("until", until)) if time is not None}
        return self.api.names.pages(AUDIT_EVENT, self.container, self.page_size, query)

    def newest(self) -> datetime | None:
        """When the newest event was that the caller may see, whatever it was."""
        everything = replace(self, query={}, filter="", page_size=1)
        return next((follow.created(item) for page in everything.pages() for item in page), None)


def _followed(log: _Log, since: datetime | None, limit: int | None, interval: int) -> Iterator[list[Item]]:
    """The events from `since` on, or the last few, oldest first; then new ones, for as long as somebody reads."""
    begun = log.newest()
    known = [] if begun is None else [item for page in log.pages(begun - follow.OVERLAP) for item in page]
    last = RECENT if since is None and limit is None else limit
    recent = [item for page in output.limited(log.pages(since), last) for item in page]
    if recent:
        yield recent[::-1]
    yield from follow.grown(log.pages, begun, [*known, *recent], interval)


audit.add_command(
    click.Command(
        "events",
        callback=_events,
        help="List events, newest first; or follow them.",
        params=[
            click.Option(["--since"], type=Moment(), metavar="TIME", help="Not before: 90m, 7d, or a time."),
            click.Option(["--until"], type=Moment(), metavar="TIME", help="Only before: 90m, 7d, or a time."),
            click.Option(["--user"], type=Kind("user"), metavar="NAME|ID", help="Only what this user asked for."),
            click.Option(["--resource"], metavar="ID", help="Only what was asked of this thing, of whatever type."),
            click.Option(
                ["--target"],
                type=Kind("target"),
                metavar="NAME|ID",
                help="Only what concerns this target, its sessions and their connections.",
            ),
            click.Option(["--outcome"], metavar="CODE", help="Only those that ended so: ok, or an error's code."),
            parameters.within_option(AUDIT_EVENT),
            parameters.filter_option(),
            click.Option(
                ["-f", "--follow", "following"],
                is_flag=True,
                help=f"Show the last {RECENT}, or as --since and --limit say, oldest first; then each as it comes.",
            ),
            click.Option(
                ["--interval"],
                type=click.IntRange(1, 60),
                metavar="SECONDS",
                help=f"How often --follow looks; {INTERVAL}.",
            ),
            *parameters.page_options(),
            *output.list_options(),
        ],
    )
)
