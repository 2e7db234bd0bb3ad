"""A terminal with a program on it: what it shows, what was typed, how the program left it.

Rule: the program has it as its controlling terminal, as from a shell, so that /dev/tty and Ctrl-C are the real ones.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pyte

from tests.conftest import wait_until

RESTORED = b"\x1b[?1049l"
"""Leaves the other screen."""
CURSOR = b"\x1b[?25h"
"""Shows the cursor again."""

READ = 65536


class Terminal:
    """One program on a terminal of `columns` and `rows`. Made by `on_terminal`."""

    def __init__(self, command: list[str], env: dict[str, str], columns: int, rows: int) -> None:
        self._near, self._far = pty.openpty()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._gone = threading.Event()
        self._written = b""
        self._set_size(columns, rows)
        self.before = self.settings()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self._far,
            stdout=self._far,
            stderr=self._far,
            env=env | {"TERM": "xterm-256color"},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def settings(self) -> object:
        """How the terminal treats what is typed."""
        return termios.tcgetattr(self._far)

    def lines(self) -> list[str]:
        """What it shows."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    def colours(self) -> set[str]:
        """Every colour that a letter has."""
        with self._lock:
            return {cell.fg for line in self._screen.buffer.values() for cell in line.values()}

    def written(self) -> bytes:
        """All that came."""
        with self._lock:
            return self._written

    def row(self, words: str) -> str:
        """The first line that holds `words`, or nothing."""
        return next((line for line in self.lines() if words in line), "")

    def wait_for(self, words: str, seconds: float = 15.0) -> str:
        """The line that shows `words`, once there is one."""
        try:
            wait_until(lambda: self.row(words), seconds)
        except AssertionError:
            raise AssertionError(f"{words!r} did not come:\n" + "\n".join(self.lines())) from None
        return self.row(words)

    def type(self, text: str) -> None:
        """As if it were typed."""
        os.write(self._near, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """As if the window were drawn to another size."""
        with self._lock:
            self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def wait(self, seconds: float = 10.0) -> int:
        """The program's exit status."""
        return self.process.wait(seconds)

    def hang_up(self) -> None:
        """As if the window were closed."""
        self._gone.set()
        self._reader.join(10)
        os.close(self._far)
        os.close(self._near)

    def close(self) -> None:
        """Ends the program if it is still there, and the terminal."""
        self.process.kill()
        self.process.wait(10)
        if not self._gone.is_set():
            self.hang_up()

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while not self._gone.is_set():
            if not select.select([self._near], [], [], 0.05)[0]:
                continue
            part = os.read(self._near, READ)
            with self._lock:
                self._written += part
                self._stream.feed(part)


@contextmanager
def on_terminal(command: list[str], env: dict[str, str], columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    """`command` on a terminal while the block runs."""
    terminal = Terminal(command, env, columns, rows)
    try:
        yield terminal
    finally:
        terminal.close()
