"""`acc sessions watch` and `acc sessions cancel`: seeing sessions live, and ending them by id or by target.

Rule: a session is named by its id, or by its target where that target has one live session; where it has several,
nothing is cancelled and their ids are said, unless all of them are asked for.
"""

import os
import sys

import click

from acc.cli import terminal
from acc.cli.controller import text
from acc.cli.kinds import Kind
from acc.cli.resource.api import Api, opened
from acc.cli.resource.names import equals
from acc.wire.directory.people import SCOPE
from acc.wire.directory.records import SESSION
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name

_ENDED = ("canceling", "terminated")
_MAX_NAMED = 5


@click.command("watch")
@click.option("--filter", "words", default="", metavar="TEXT", help="Show only sessions that name TEXT somewhere.")
@click.option("--scope", "--scope-id", "place", default="global", type=Kind("scope"), metavar="NAME|ID", help="Where.")
@click.option("--recursive/--no-recursive", default=True, help="Also look in the scopes below it; the default.")
@click.option("--interval", type=click.IntRange(1, 60), default=1, metavar="SECONDS", help="How often to look; 1.")
def watch(words: str, place: str, recursive: bool, interval: int) -> None:
    """Watch sessions live: who, where, since when, how much, how fast.

    / filters on any name, s changes the order and r reverses it, the arrows or j and k select, c cancels the selected
    session, a shows those that have ended too, ? shows all keys, q leaves.
    """
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        raise click.UsageError("watching needs a terminal; a program asks: acc sessions list --json")
    from acc.cli.watch import command  # noqa: PLC0415  trio and rich, which a list in a pipe does not need

    with opened() as api:
        scope_id = api.names.id_of(SCOPE, place)
    command.watch(command.Wanted(scope_id=scope_id, recursive=recursive, filter=words, interval=interval))


@click.command("cancel")
@click.argument("session", metavar="ID|TARGET", type=Kind("session", "target"))
@click.option("--all", "every", is_flag=True, help="End every live session of the target that is named.")
@click.option("--json", "as_json", is_flag=True, help="Print what was ended as the API gives it.")
def cancel(session: str, every: bool, as_json: bool) -> None:
    """End a session and its connections.

    The name of a target stands for its one live session, or with --all for any number of them.
    """
    if not is_name(session):
        raise AccError(Code.BAD_NAME, repr(session[:100]))
    with opened() as api:
        chosen = [session] if session.startswith("s_") else _live_sessions(api, session)
        if len(chosen) > 1 and not every:
            named = ", ".join(chosen[:_MAX_NAMED])
            raise AccError(Code.AMBIGUOUS, f"{session} has {len(chosen)} live sessions: {named}; end all with --all")
        answers = [api.post(f"{SESSION.path}/{one}:cancel", {}) for one in chosen]
    if as_json:
        terminal.show_json({"items": answers} if every else answers[0])
        return
    for one, answer in zip(chosen, answers, strict=True):
        click.echo(f"session {one} is {terminal.printable(text(answer, 'status'))}")


def _live_sessions(api: Api, target: str) -> list[str]:
    """The ids of the live sessions of `target`, which is a name or an id. Raises NOT_FOUND if there are none."""
    selected = f"{equals('/item/target_name', target)} or {equals('/item/target_id', target)}"
    live = [
        text(item, "id")
        for page in api.names.pages(SESSION, None, 1000, {"filter": selected})
        for item in page
        if target in (item.get("target_name"), item.get("target_id")) and item.get("status") not in _ENDED
    ]
    if not live:
        guess = api.names.guess((SESSION,), target)
        raise AccError(Code.NOT_FOUND, f"no live session of {target}{guess}", hint=SESSION.where_to_look)
    return live
