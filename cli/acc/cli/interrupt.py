"""How `acc proxy` notices that it should leave, wherever it waits.

Signal handlers set nothing but a byte in a pipe, which every wait polls (CVE-2024-6387 is what more than that in a
handler can do). ssh sends SIGHUP to its ProxyCommand when it leaves and never waits for it.
A signal that was ignored when we were started stays ignored: what is run under nohup is to outlive its terminal.
"""

import os
import select
import signal
import time

from acc.wire.errors import AccError, Code


class Departed(AccError):
    """This end left because it was told to, or because nobody listens: nothing that a person must be told."""


class Interrupt:
    """SIGHUP, SIGTERM and SIGINT as something to poll."""

    __slots__ = ("_poll", "descriptor")

    def __init__(self) -> None:
        self.descriptor, write_end = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(write_end, False)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and a shell's background jobs have it
                signal.signal(number, _noted)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(self.descriptor, select.POLLIN)

    def wait(self, descriptor: int, events: int, deadline: float, late: AccError) -> None:
        """Waits until `descriptor` has `events`. Raises `late` at `deadline` (monotonic), Departed on a signal."""
        self._poll.register(descriptor, events)
        try:
            ready = self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        finally:
            self._poll.unregister(descriptor)
        if any(found == self.descriptor for found, _ in ready):
            raise Departed(Code.CLIENT_GONE, "a signal came")
        if not ready:
            raise late

    def sleep(self, seconds: float) -> None:
        """Waits, unless a signal comes: Departed."""
        if self._poll.poll(seconds * 1000):
            raise Departed(Code.CLIENT_GONE, "a signal came")


def _noted(_number: int, _frame: object) -> None:
    """The wakeup descriptor has said it already."""
