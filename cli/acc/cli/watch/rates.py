"""How fast a counter moves, from looks at it.

A worker tells what it has carried every few seconds, so a counter that is looked at more often moves in steps. A rate
is therefore taken from step to step, over the last WINDOW seconds, and not from look to look, which would show twice
the rate and nothing in turn. A first step, which has none before it, is measured from the look before.
"""

from collections import deque

WINDOW = 10.0
IDLE = 5.0
"""Seconds without a step after which nothing moves any more. Longer than workers take to tell."""


class Rate:
    """One counter."""

    __slots__ = ("_from_look", "_looked", "_steps")

    def __init__(self, count: int, now: float) -> None:
        self._steps = deque([(now, count)])
        self._from_look = True  # the oldest is no step, but a look
        self._looked = now

    def look(self, count: int, now: float) -> None:
        """The counter is at `count` now."""
        stepped, last = self._steps[-1]
        if count < last:
            self._begin(count, now)
        elif count > last:
            if now - stepped > IDLE:  # the pause before it is no part of how fast it is now
                self._begin(last, self._looked)
            elif self._from_look and len(self._steps) > 1:
                self._steps.popleft()
                self._from_look = False
            self._steps.append((now, count))
            while len(self._steps) > 2 and now - self._steps[0][0] > WINDOW:
                self._steps.popleft()
        self._looked = now

    @property
    def per_second(self) -> float:
        """How fast it moved when it was last looked at."""
        (began, first), (stepped, last) = self._steps[0], self._steps[-1]
        if stepped == began or self._looked - stepped > IDLE:
            return 0.0
        return (last - first) / (stepped - began)

    def _begin(self, count: int, now: float) -> None:
        self._steps = deque([(now, count)])
        self._from_look = True
