"""`acc sessions`: which sessions there are, watching them, and ending one.

Rule: a session is named by its id, or by its target where that target has one live session; where it has several,
nothing is cancelled and their ids are said.
"""

import os
import sys

import click

from acc.cli import profile, terminal
from acc.cli.controller import Controller, Item, text
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name

_ENDED = ("canceling", "terminated")
_MAX_NAMED = 5


@click.group()
def sessions() -> None:
    """See, watch and end sessions."""


@sessions.command("list")
@click.option("--all", "include_terminated", is_flag=True, help="Also those that have ended.")
@click.option("--json", "as_json", is_flag=True, help="Print the list as the API gives it.")
def list_sessions(include_terminated: bool, as_json: bool) -> None:
    """List the sessions that you may see, newest first."""
    with Controller.of(profile.load()) as controller:
        items = _fetch(controller, "true" if include_terminated else "false")
    if as_json:
        terminal.show_json({"items": items})
        return
    terminal.show_rows(
        ("ID", "TARGET", "USER", "STATUS", "CREATED", "UNTIL"),
        [
            (
                text(item, "id"),
                str(item.get("target_name") or text(item, "target_id")),
                str(item.get("user_name") or text(item, "user_id")),
                text(item, "status"),
                text(item, "created_time"),
                text(item, "expiration_time"),
            )
            for item in items
        ],
    )


@sessions.command("watch")
@click.option("--filter", "words", default="", metavar="TEXT", help="Show only sessions that name TEXT somewhere.")
@click.option("--scope-id", default="global", metavar="ID", help="The scope to look in.")
@click.option("--recursive/--no-recursive", default=True, help="Also look in the scopes below it; the default.")
@click.option("--interval", type=click.IntRange(1, 60), default=1, metavar="SECONDS", help="How often to look; 1.")
def watch_sessions(words: str, scope_id: str, recursive: bool, interval: int) -> None:
    """Watch sessions live: who, where, since when, how much, how fast.

    / filters on any name, s changes the order and r reverses it, the arrows or j and k select, c cancels the selected
    session, a shows those that have ended too, q leaves.
    """
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        raise click.UsageError("watching needs a terminal; a program asks: acc sessions list --json")
    from acc.cli.watch.command import Wanted, watch  # noqa: PLC0415  trio and rich, which a list in a pipe does not need

    watch(Wanted(scope_id=scope_id, recursive=recursive, filter=words, interval=interval))


@sessions.command("cancel")
@click.argument("session", metavar="ID")
@click.option("--all", "every", is_flag=True, help="End every live session of the target that is named.")
@click.option("--json", "as_json", is_flag=True, help="Print what was ended as the API gives it.")
def cancel_session(session: str, every: bool, as_json: bool) -> None:
    """End the session ID and its connections.

    ID may be the name of a target that has one live session, or with --all any number.
    """
    if not is_name(session):
        raise AccError(Code.BAD_NAME, repr(session[:100]))
    with Controller.of(profile.load()) as controller:
        chosen = [session] if session.startswith("s_") else _live_sessions(_fetch(controller, "false"), session)
        if len(chosen) > 1 and not every:
            named = ", ".join(chosen[:_MAX_NAMED])
            raise AccError(Code.AMBIGUOUS, f"{session} has {len(chosen)} live sessions: {named}; end all with --all")
        answers = [controller.post(f"/v1/sessions/{one}:cancel", {}) for one in chosen]
    if as_json:
        terminal.show_json({"items": answers} if every else answers[0])
        return
    for one, answer in zip(chosen, answers, strict=True):
        click.echo(f"session {one} is {terminal.printable(text(answer, 'status'))}")


def _fetch(controller: Controller, include_terminated: str) -> list[Item]:
    return controller.items("/v1/sessions", scope_id="global", recursive="true", include_terminated=include_terminated)


def _live_sessions(items: list[Item], target: str) -> list[str]:
    """The ids of the live sessions of `target`, which is a name or an id. Raises NOT_FOUND if there are none."""
    live = [
        text(item, "id")
        for item in items
        if target in (item.get("target_name"), item.get("target_id")) and item.get("status") not in _ENDED
    ]
    if not live:
        raise AccError(Code.NOT_FOUND, f"no live session of {target}; see: acc sessions list")
    return live
