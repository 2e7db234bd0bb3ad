"""How long to wait before trying again: twice as long each time, never in step with others.

From 0.1 to 5 s, each wait drawn from the upper half of its span (jitter), so that a fleet whose controller comes back
does not come back at once.
"""

import random

FIRST = 0.1
LONGEST = 5.0


class Backoff:
    """Waits for one series of tries; `reset` after a success."""

    def __init__(self) -> None:
        self._span = FIRST

    def next(self) -> float:
        """Seconds to wait now."""
        span = self._span
        self._span = min(LONGEST, span * 2)
        return random.uniform(span / 2, span)  # noqa: S311  spreads load; nobody gains by guessing it

    def reset(self) -> None:
        """Begins again with the shortest wait."""
        self._span = FIRST
