"""`acc dev`: the command, what it prints, and when it ends.

Rule: stdout carries the one JSON line, or the short how-to, and only once everything is ready; all else goes to
stderr. SIGINT, SIGTERM and SIGHUP end it with status 0, once everything is gone; they wait while its directories are
made.
"""

import json
import shlex
import signal
from collections.abc import AsyncIterator, Callable

import click
import trio

from acc.cli import loop
from acc.cli.dev.place import Place, claimed
from acc.cli.dev.system import LOGIN_NAME, System, running
from acc.cli.dev.targets import DevTarget, parse_target

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when everything is ready.")
@click.option("--target", "wanted", multiple=True, metavar="NAME=HOST:PORT", help="A TCP target to add; repeatable.")
@click.option("--state", metavar="DIR", help="Keep the data there; without it all is temporary.")
def dev(as_json: bool, wanted: tuple[str, ...], state: str | None) -> None:
    """Run a whole system on this machine, to try acc.

    Controller, worker and database run as children on loopback, with an administrator. Ctrl-C ends them all.
    """
    targets = tuple(map(parse_target, wanted))
    with loop.held(*_STOP), claimed(state) as place:
        loop.run(_serve, place, targets, _show_line if as_json else _show_howto)


async def _serve(place: Place, targets: tuple[DevTarget, ...], show: Callable[[System], None]) -> None:
    with loop.receiving(*_STOP) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_leave_at_first, signals, nursery.cancel_scope)
            async with running(place, targets) as system:
                show(system)
                await trio.sleep_forever()


async def _leave_at_first(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel()


def _show_line(system: System) -> None:
    fields = {
        "api": system.api,
        "worker": system.worker,
        "login_name": LOGIN_NAME,
        "password": system.password,
        "env": system.env(),
    }
    click.echo(json.dumps(fields))


def _show_howto(system: System) -> None:
    exports = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in system.env().items())
    click.echo(
        f"acc is running at {system.api}; Ctrl-C ends it.\n\n"
        f"In another shell:\n{exports}\n"
        "  acc targets list\n"
        "  acc ssh NAME\n\n"
        f"To log in as a person would: acc login --login-name {LOGIN_NAME}, password {system.password}"
    )
