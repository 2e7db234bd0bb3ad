"""Gets a lost tunnel a new transport: again and again, less and less often, for as long as that can help.

Rule: a loss begins when a transport fails and ends when a byte has come over its successor. A path that fails again
within STEADY seconds is tried less and less often all the same, though the stream moves on each time. A loss is final
when the worker refuses, when its hold is over, and when nothing has listened at its address for REFUSED_FOR: a tunnel
lives in the worker's memory, so a worker that was killed has nothing to resume, but its address may be moving.
"""

import time

from acc.cli import logfile
from acc.cli.interrupt import Interrupt
from acc.cli.opening import Opener, Refused, Transport
from acc.wire.errors import AccError, Code

BACKOFF = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds before each attempt; the last goes on."""

FLAPPING = 3
"""The place in BACKOFF from which a path goes on that works, but never for long."""

STEADY = 10.0
"""Seconds that a transport has to last before the next loss is met with haste again."""

REFUSED_FOR = 3.0
"""Seconds."""


class Resumption:
    """The losses of one tunnel."""

    __slots__ = ("_attempts", "_interrupt", "_lost", "_opener", "_replaced")

    def __init__(self, opener: Opener, interrupt: Interrupt) -> None:
        self._opener = opener
        self._interrupt = interrupt
        self._lost: float | None = None  # since when nothing has come from the worker
        self._attempts = 0  # to change that
        self._replaced = 0.0

    def over(self) -> None:
        """Something came from the worker."""
        self._lost = None
        self._attempts = min(self._attempts, FLAPPING)

    def replace(self, transport: Transport, received: int, why: str) -> Transport:
        """A new transport for the tunnel that lost `transport`. Raises AccError if there is none to be had."""
        logfile.write(f"lost {transport.worker}: {why}; resuming")
        now = time.monotonic()
        lost = self._lost = now if self._lost is None else self._lost
        if now - self._replaced > STEADY:
            self._attempts = 0
        refused = lost
        give_up = lost + transport.accepted.hold
        while True:
            pause = BACKOFF[min(self._attempts, len(BACKOFF) - 1)]
            self._interrupt.sleep(max(0.0, min(pause, give_up - now)))
            self._attempts += 1
            try:
                fresh = self._opener.reopen(transport.worker, transport.accepted.resume, received)
            except AccError as error:
                now = time.monotonic()
                give_up = lost + transport.accepted.hold
                if isinstance(error, Refused):
                    give_up = min(give_up, refused + REFUSED_FOR)
                else:
                    refused = now
                if now >= give_up:
                    raise AccError(Code.TUNNEL_LOST, error.detail) from None
                if error.code not in (Code.WORKER_UNREACHABLE, Code.WORKER_BUSY):
                    raise
            else:
                self._replaced = time.monotonic()
                logfile.write(f"resumed {transport.worker} after {self._replaced - lost:.3f} s")
                return fresh
