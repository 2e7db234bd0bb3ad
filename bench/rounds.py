"""The rounds: in each, every way has its turn at every case, one after the other.

The order of the ways is another in every round, so that none always comes after the same one. A case that breaks for
one way is a trouble, which the report names, and the others go on.
"""

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.ground import HOST, Broken, Ground
from bench.peers import Sshd
from bench.samples import Samples
from bench.system import ACC, System
from bench.ways import Way, measure

FIRST_BYTE, SSH_TRUE = "first byte ms", "ssh host true ms"
UP, DOWN = "up MiB/s", "down MiB/s"
P50, P99 = "p50 us", "p99 us"
PEAK = "client MiB"
UP_CPU, DOWN_CPU, ECHO_CPU = "CPU up s/GiB", "CPU down s/GiB", "CPU us/round trip"
"""CPU time: for a stream the whole machine's, the driver included; for a round trip the client's and the worker's."""

SSH_DIRECT, SSH_JUMP = "ssh, direct", "ssh -J"
SPAWNS = 5
ROUND_TRIPS = 4000
GIB = 1 << 30
MIB = 1 << 20


@dataclass(slots=True)
class Rounds:
    """What is measured in each round, and where the figures go."""

    ground: Ground
    ways: Sequence[Way]
    asking: Way
    sshd: Sshd
    system: System
    cases: frozenset[str]
    size: int
    samples: Samples
    troubles: list[str] = field(default_factory=list)

    def run(self, most: int, until: float) -> int:
        """At most so many rounds, at least one; none is begun that would likely outlast `until`. Returns how many."""
        longest = 0.0
        for turn in range(most):
            began = time.monotonic()
            if turn and began + longest > until:
                return turn
            self._round(turn)
            longest = max(longest, time.monotonic() - began)
        return most

    def _round(self, turn: int) -> None:
        cases: dict[str, tuple[Callable[[int, Way], None], Sequence[Way]]] = {
            "first-byte": (self._first_byte, (*self.ways, self.asking)),
            "ssh": (self._ssh_true, self._ssh_ways()),
            "up": (self._up, self.ways),
            "down": (self._down, self.ways),
            "echo": (self._echo, self.ways),
        }
        for name, (case, ways) in cases.items():
            if name not in self.cases:
                continue
            first = turn % len(ways)
            for way in (*ways[first:], *ways[:first]):
                self._try(name, case, turn, way)

    def _try(self, name: str, case: Callable[[int, Way], None], turn: int, way: Way) -> None:
        try:
            case(turn, way)
        except (Broken, subprocess.SubprocessError) as error:
            self.troubles.append(f"round {turn + 1}, {name}, {way.name}: {error}")

    def _first_byte(self, turn: int, way: Way) -> None:
        times = [measure(self.ground, way, "hello", 0).first_byte_ms for _ in range(SPAWNS)]
        self.samples.add(FIRST_BYTE, way.name, turn, statistics.median(times))

    def _up(self, turn: int, way: Way) -> None:
        self._stream(turn, way, UP)

    def _down(self, turn: int, way: Way) -> None:
        self._stream(turn, way, DOWN)

    def _stream(self, turn: int, way: Way, what: str) -> None:
        seen = measure(self.ground, way, "up" if what == UP else "down", self.size)
        self.samples.add(what, way.name, turn, self.size / MIB / seen.seconds)
        self.samples.add(UP_CPU if what == UP else DOWN_CPU, way.name, turn, seen.machine_cpu * GIB / self.size)
        self.samples.add(f"{PEAK} {what}", way.name, turn, seen.peak_kib / 1024)

    def _echo(self, turn: int, way: Way) -> None:
        seen = measure(self.ground, way, "echo", ROUND_TRIPS)
        self.samples.add(P50, way.name, turn, seen.p50_us)
        self.samples.add(P99, way.name, turn, seen.p99_us)
        if way.servers:
            cpu = (seen.client_cpu + seen.server_cpu) / ROUND_TRIPS
            self.samples.add(ECHO_CPU, way.name, turn, cpu * 1e6)

    def _ssh_ways(self) -> list[Way]:
        """`ssh host true`: straight, through a jump host, and through acc."""
        jump = ("-o", f"ProxyCommand={' '.join(self.sshd.ssh('-W', '[%h]:%p', HOST))}")
        return [
            Way(SSH_DIRECT, self.sshd.ssh(HOST, "true")),
            Way(SSH_JUMP, self.sshd.ssh(*jump, HOST, "true")),
            Way(ACC, self.sshd.ssh(*self.system.ssh_options(), HOST, "true"), self.system.env),
        ]

    def _ssh_true(self, turn: int, way: Way) -> None:
        times: list[float] = []
        for _ in range(SPAWNS):
            began = time.perf_counter()
            subprocess.run(way.command, env=way.env, check=True, capture_output=True, timeout=20)
            times.append((time.perf_counter() - began) * 1e3)
        self.samples.add(SSH_TRUE, way.name, turn, statistics.median(times))
