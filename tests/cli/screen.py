"""A terminal with a program on it, as a person has it: what it shows, and its keyboard."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


class Screen:
    """What a program on a terminal shows, and its keyboard."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self._descriptor = descriptor
        self._process = process
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def wait_for(self, pattern: str, seconds: float = 20.0) -> None:
        """Return once what is shown has `pattern`, after where the last one was found."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.shown)) is None:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{pattern!r} did not come: {self.shown!r}"
            assert self._read(), f"it ended without {pattern!r}: {self.shown!r}"
        self.shown = self.shown[found.end() :]

    def wait_end(self) -> int:
        """The exit status of the program, once it has left; `shown` is then complete."""
        while self._read():
            pass
        return self._process.wait(30)

    def _read(self) -> bool:
        try:
            part = os.read(self._descriptor, 65536)
        except OSError:  # EIO: nobody holds the other end any more
            return False
        self.shown += part.decode(errors="replace")
        return True


@contextmanager
def on_terminal(command: Sequence[str], env: Mapping[str, str]) -> Iterator[Screen]:
    """Run `command` on a terminal of its own, and end it."""
    ours, theirs = pty.openpty()
    # fish wants a terminal that is its own, which setsid makes of it.
    with subprocess.Popen(
        ["setsid", "--ctty", *command], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    ) as process:
        os.close(theirs)
        try:
            yield Screen(ours, process)
        finally:
            process.kill()
    os.close(ours)
