"""The figures of a run, by measure, way and turn.

Rule: a ratio is taken between two figures of the same turn, which the machine gave within seconds of one another;
what is shown is the median over the turns, with the smallest and the largest beside it.
"""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some figures, and how far they reach."""

    median: float
    low: float
    high: float


class Samples:
    """One figure for each measure, way and turn."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str], dict[int, float]] = {}

    def add(self, measure: str, way: str, turn: int, figure: float) -> None:
        self._figures.setdefault((measure, way), {})[turn] = figure

    def ways(self, measure: str) -> list[str]:
        """The ways that have figures for a measure, in the order in which they first had one."""
        return [way for known, way in self._figures if known == measure]

    def spread(self, measure: str, way: str) -> Spread | None:
        """The figures of one way; None where it has none."""
        return _spread(list(self._figures.get((measure, way), {}).values()))

    def ratio(self, measure: str, way: str, peer: str) -> Spread | None:
        """What a way has for each one of a peer's; None where there is no turn with both."""
        ours, theirs = (self._figures.get((measure, name), {}) for name in (way, peer))
        return _spread([figure / theirs[turn] for turn, figure in ours.items() if theirs.get(turn)])


def _spread(figures: list[float]) -> Spread | None:
    return Spread(statistics.median(figures), min(figures), max(figures)) if figures else None
