"""The goals, each as one number against its bound. A goal is what acc set out to reach, not what it must on any day."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench import accepts, peers, rounds
from bench.idle import Idle
from bench.samples import Samples, Spread
from bench.system import ACC, ACC_ASKING

ENOUGH_TUNNELS = 2000
ENOUGH_SECONDS = 60.0

Figure = Callable[[Samples, Idle | None], Spread | None]


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal. `unit` is "x" for a ratio."""

    what: str
    bound: float
    side: Literal["at most", "at least"]
    unit: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured for a goal; None where it was not."""

    goal: Goal
    spread: Spread | None

    @property
    def word(self) -> str:
        if self.spread is None:
            return "not measured"
        median, bound = self.spread.median, self.goal.bound
        return "pass" if (median <= bound if self.goal.side == "at most" else median >= bound) else "short"


def judge(samples: Samples, idle: Idle | None) -> list[Verdict]:
    """Every goal with what was measured for it."""
    return [Verdict(goal, goal.figure(samples, idle)) for goal in GOALS]


def _ratio(measure: str, peer: str, way: str = ACC) -> Figure:
    return lambda samples, _: samples.ratio(measure, way, peer)


def _peak(measure: str) -> Figure:
    return lambda samples, _: samples.spread(measure, ACC)


def _idle(of: Callable[[Idle], float]) -> Figure:
    return lambda _, idle: None if idle is None else _one(of(idle))


def _keeping(_: Samples, idle: Idle | None) -> Spread | None:
    """The CPU of keeping tunnels, if so many were kept so long."""
    if idle is None or idle.tunnels < ENOUGH_TUNNELS or idle.held_seconds < ENOUGH_SECONDS:
        return None
    return _one(idle.cpu_percent)


def _one(figure: float) -> Spread:
    return Spread(figure, figure, figure)


GOALS = (
    Goal("first byte, ticket kept / ssh -W", 0.25, "at most", "x", _ratio(rounds.FIRST_BYTE, peers.SSH)),
    Goal(
        "first byte, no ticket kept / ssh -W", 0.5, "at most", "x", _ratio(rounds.FIRST_BYTE, peers.SSH, ACC_ASKING)
    ),
    Goal("ssh host true / ssh -J", 0.7, "at most", "x", _ratio(rounds.SSH_TRUE, rounds.SSH_JUMP)),
    Goal("up / ssh -W", 1.5, "at least", "x", _ratio(rounds.UP, peers.SSH)),
    Goal("down / ssh -W", 1.5, "at least", "x", _ratio(rounds.DOWN, peers.SSH)),
    Goal("up / ssh -W, aes128-gcm", 1.1, "at least", "x", _ratio(rounds.UP, peers.SSH_GCM)),
    Goal("down / ssh -W, aes128-gcm", 1.1, "at least", "x", _ratio(rounds.DOWN, peers.SSH_GCM)),
    Goal("up / socat TLS", 1.4, "at least", "x", _ratio(rounds.UP, peers.SOCAT)),
    Goal("down / socat TLS", 1.4, "at least", "x", _ratio(rounds.DOWN, peers.SOCAT)),
    Goal("client memory, up", 24, "at most", "MiB", _peak(rounds.PEAK_UP)),
    Goal("client memory, down", 24, "at most", "MiB", _peak(rounds.PEAK_DOWN)),
    Goal("round trip p50 / ssh -W", 1.2, "at most", "x", _ratio(rounds.P50, peers.SSH)),
    Goal("round trip p99 / ssh -W", 1.3, "at most", "x", _ratio(rounds.P99, peers.SSH)),
    Goal("worker, an idle tunnel", 24, "at most", "KiB", _idle(lambda idle: idle.acc_kib)),
    Goal("worker, an idle tunnel that carried 16 KiB", 64, "at most", "KiB", _idle(lambda idle: idle.acc_kib_after)),
    Goal("worker, CPU to keep 2,000 idle tunnels", 5, "at most", "% of a core", _keeping),
    Goal(
        "worker, CPU of an accept / HAProxy", 1.25, "at most", "x",
        _ratio(accepts.CPU, accepts.REFUSING, accepts.UNKNOWN_KEY),
    ),
)  # fmt: skip
