"""The three standard descriptors, made sure of before anything else is opened.

A program that is started with one of them closed (cron, some daemons, `<&-`) would give its number to whatever it opens
first: a signal pipe would be read as stdin, stream bytes would be written into a log.
"""

import os

from acc.wire.errors import AccError, Code

STDIN = 0
STDOUT = 1
STDERR = 2


def fill_closed() -> None:
    """Gives what is closed /dev/null. Raises AccError with CONFIG if that is stdout: there is nowhere to write."""
    closed = [descriptor for descriptor in (STDIN, STDOUT, STDERR) if not _is_open(descriptor)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if STDOUT in closed:
        raise AccError(Code.CONFIG, "stdout is closed")


def complain(error: AccError, name: str) -> None:
    """Tells a person, on stderr, what happened and what to do next."""
    what, hint = error.lines(name)
    try:
        os.write(STDERR, f"acc: {what}\n     {hint}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # nobody reads it; the exit status says the same


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
