"""One run: what is measured when, and how its time is shared out."""

import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from acc.wire.errors import AccError
from bench import accepts, idle, peers, system
from bench.goals import judge
from bench.ground import Broken, ground, raise_descriptor_limit
from bench.report import Results
from bench.rounds import Rounds
from bench.samples import Samples

ROUND_CASES = ("first-byte", "ssh", "up", "down", "echo")
CASES = (*ROUND_CASES, "accept", "idle")
ACCEPT_SECONDS = 25.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. `deadline` is in seconds for the whole run; `size` in bytes."""

    rounds: int
    size: int
    cases: frozenset[str]
    deadline: float
    tunnels: int
    hold: float


def run(wishes: Wishes) -> Results:
    """Measures everything that was asked for, as often as the time allows."""
    began = time.monotonic()
    end = began + wishes.deadline
    raise_descriptor_limit()
    samples, troubles = Samples(), list[str]()
    held: idle.Idle | None = None
    turns = 0
    if wishes.cases - {"idle"}:
        with _noting(troubles):
            turns = _compare(wishes, samples, troubles, end)
    if "idle" in wishes.cases:
        with _noting(troubles):
            held = _hold(wishes, troubles, end)
    return Results(samples, held, judge(samples, held), turns, wishes.size, time.monotonic() - began, troubles)


@contextmanager
def _noting(troubles: list[str]) -> Generator[None]:
    """What breaks in the block is a trouble; what comes after it is still measured."""
    try:
        yield
    except (Broken, AccError, OSError, subprocess.SubprocessError) as error:
        troubles.append(str(error))


def _compare(wishes: Wishes, samples: Samples, troubles: list[str], end: float) -> int:
    """The rounds and the accepts, on one system. Returns how many rounds there were."""
    if "idle" in wishes.cases:
        end -= wishes.hold + idle.SETUP_SECONDS
    with ground() as base:
        certificate, both = base.certificate()
        port = peers.backend(base)
        sshd = peers.sshd(base)
        haproxy = peers.haproxy(base, port, both)
        acc = system.start(base, port, sshd.port)
        ways = (
            acc.way(),
            peers.direct(port),
            peers.ssh_stdio(peers.SSH, sshd, port),
            peers.ssh_stdio(peers.SSH_GCM, sshd, port, "-c", peers.GCM),
            peers.socat(base, port, certificate, both),
            peers.through_haproxy(haproxy, certificate),
        )
        rounds = Rounds(base, ways, acc.asking_way(), sshd, acc, wishes.cases, wishes.size, samples, troubles)
        turns = 0
        if wishes.cases & set(ROUND_CASES):
            turns = rounds.run(wishes.rounds, end - ACCEPT_SECONDS)
        if "accept" in wishes.cases:
            with _noting(troubles):
                accepts.run(samples, acc, haproxy, certificate.read_text(), lambda: end - time.monotonic())
        return turns


def _hold(wishes: Wishes, troubles: list[str], end: float) -> idle.Idle:
    """The idle tunnels, held as long as was asked for, or as there is time."""
    left = max(5.0, end - time.monotonic() - idle.SETUP_SECONDS)
    if left < wishes.hold:
        troubles.append(f"idle: the deadline leaves {left:.0f} s of {wishes.hold:.0f}")
    return idle.run(wishes.tunnels, min(wishes.hold, left))
