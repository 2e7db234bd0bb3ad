"""The keyboard: one key at a time, as a person presses it.

Rule: the terminal is put back as it was, however the block ends. It is opened by its own name, so stdin may be a pipe,
and by a description of our own, so that nobody else's reads are made non-blocking. Ctrl-C stays a signal; Ctrl-Z is
off, because it would leave a shell on the wrong screen.
"""

import codecs
import os
import re
import termios
import tty
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager

import trio

from acc.wire.errors import AccError, Code

SEQUENCE_SECONDS = 0.05
"""How long the rest of a key's escape sequence may take; without one it was the Escape key."""

_READ = 1024

_NAMED = {
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\b": "backspace", "\x15": "ctrl-u", "\x03": "ctrl-c",
    "\x04": "ctrl-d", "\x1b": "escape", "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down",
    "\x1b[5~": "pageup", "\x1b[6~": "pagedown", "\x1b[H": "home", "\x1bOH": "home", "\x1b[1~": "home",
    "\x1b[F": "end", "\x1bOF": "end", "\x1b[4~": "end",
}  # fmt: skip

_KEY = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[@-~]|.", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(\[[0-?]*[ -/]*|O)?\Z")


def keys_in(typed: str) -> list[str]:
    """The keys of what a terminal sent: a character each, or its name; keys that have neither are left out."""
    found = [_NAMED.get(one.group(), one.group()) for one in _KEY.finditer(typed)]
    return [key for key in found if key.isprintable()]


@contextmanager
def keyboard() -> Generator[int]:
    """The terminal's descriptor, a key at a time and unechoed while the block runs. Raises AccError(CONFIG)."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise AccError(Code.CONFIG, f"there is no keyboard at /dev/tty: {error.strerror}") from None
    try:
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor, termios.TCSAFLUSH)
            now = termios.tcgetattr(descriptor)
            now[6][termios.VSUSP] = b"\x00"
            termios.tcsetattr(descriptor, termios.TCSANOW, now)
            yield descriptor
        finally:
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
    finally:
        os.close(descriptor)


async def pressed(descriptor: int) -> AsyncGenerator[str]:
    """Each key as it is pressed, until the terminal is gone."""
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    typed = ""
    while True:
        with trio.move_on_after(SEQUENCE_SECONDS if typed else float("inf")) as waiting:
            await trio.lowlevel.wait_readable(descriptor)
        if not waiting.cancelled_caught:
            try:
                read = os.read(descriptor, _READ)
            except BlockingIOError:
                continue
            except OSError:  # the terminal was closed
                return
            if not read:
                return
            typed += decoder.decode(read)
            if _UNFINISHED.search(typed) and len(typed) < _READ:
                continue
        for key in keys_in(typed):
            yield key
        typed = ""
