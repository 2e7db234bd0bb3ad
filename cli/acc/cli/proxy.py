"""`acc proxy NAME [PORT] [--host HOST]`: what ssh runs as its ProxyCommand.

    arguments -> profile -> ticket (kept, or asked for) -> tunnel -> pipe

Everything on the way to the first byte is the standard library and `acc.wire`, because ssh waits for it. Nothing but
the stream is ever written to stdout. It never asks and never opens a browser: without a login it says so and leaves.
The cause of a failure goes to stderr and to the log, for ssh may have sent stderr to /dev/null; leaving on a signal
is no failure, for ssh sends one whenever it is done.
"""

import os

from acc.cli import logfile, profile, tickets
from acc.cli.descriptors import complain
from acc.cli.interrupt import Departed, Interrupt
from acc.cli.opening import Opener, Transport
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, parse_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

USAGE = "usage: acc proxy NAME [PORT] [--host HOST] [--linger SECONDS]"

LINGER = 0.1
"""Seconds that a silent stdin is waited for after the far end has finished."""

MAX_LINGER = 3600.0

OPTIONS = ("--host", "--linger")


class Arguments:
    """What was asked for."""

    __slots__ = ("destination", "linger")

    def __init__(self, destination: tickets.Destination, linger: float) -> None:
        self.destination = destination
        self.linger = linger


def parse(words: list[str]) -> Arguments:
    """Arguments from the command line. They come from ssh's `%h` and `%p`, which is to say from anywhere."""
    words, options = _split(words)
    if not 1 <= len(words) <= 2:
        raise AccError(Code.BAD_NAME, USAGE)
    host = options.get("--host")
    for name in (words[0],) if host is None else (words[0], host):
        if not is_name(name):
            raise AccError(Code.BAD_NAME, repr(name[:80]))
    port = parse_port(words[1]) if len(words) == 2 else None
    if len(words) == 2 and port is None:
        raise AccError(Code.BAD_NAME, f"{words[1][:80]!r} is not a port", hint="use a number from 1 to 65535")
    linger = _seconds(options["--linger"]) if "--linger" in options else LINGER
    return Arguments(tickets.Destination(words[0], port, host), linger)


def _split(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The words, and the options with their values, each at most once."""
    plain: list[str] = []
    options: dict[str, str] = {}
    left = iter(words)
    for word in left:
        if word not in OPTIONS:
            plain.append(word)
            continue
        value = next(left, None)
        if value is None or word in options:
            raise AccError(Code.BAD_NAME, USAGE)
        options[word] = value
    return plain, options


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise AccError(Code.BAD_NAME, USAGE) from None
    if not 0 <= seconds <= MAX_LINGER:
        raise AccError(Code.BAD_NAME, f"--linger takes 0 to {MAX_LINGER:.0f} seconds")
    return seconds


def main(words: list[str]) -> "NoReturn":
    """Carries the stream, then ends the process with its exit status, without the interpreter's farewell."""
    name = "NAME"
    try:
        arguments = parse(words)
        name = arguments.destination.name
        _carry(arguments)
    except Departed as departed:
        os._exit(departed.code.exit_status)
    except AccError as error:
        logfile.write(f"{name}: {error} ({error.code.value})")
        complain(error, name)
        os._exit(error.code.exit_status)
    os._exit(0)


def _carry(arguments: Arguments) -> None:
    interrupt = Interrupt()
    opener, transport = _open(arguments, interrupt)
    from acc.cli.pipe import Pipe  # noqa: PLC0415  see `_load_pipe`

    Pipe(transport, opener, interrupt, arguments.linger).run()


def _open(arguments: Arguments, interrupt: Interrupt) -> tuple[Opener, Transport]:
    """A tunnel on the ticket that is kept, or on a new one."""
    mine = profile.load()
    kept = tickets.load(mine, arguments.destination)
    if kept is not None:
        opener = Opener(kept, interrupt, _load_pipe)
        try:
            return opener, opener.open()
        except AccError as error:
            if error.code not in tickets.STALE:
                raise
            tickets.discard(mine, arguments.destination)
    opener = Opener(_ask(mine, arguments), interrupt, _load_pipe)
    return opener, opener.open()


def _load_pipe() -> None:
    """Imports what is needed once the tunnel is open. The opening does it while it waits for the worker."""
    import hashlib  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]  the answer is verified with it

    import acc.cli.pipe  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]


def _ask(mine: profile.Profile, arguments: Arguments) -> tickets.Grant:
    from acc.cli import authorize, credentials  # noqa: PLC0415  not needed where a ticket is kept

    token = credentials.token(mine)
    grant = authorize.authorize(mine, token, arguments.destination)
    tickets.store(mine, arguments.destination, grant)
    return grant
