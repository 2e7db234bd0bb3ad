"""The rounds: in each, every way has its turn at every case, one after the other.

The order of the ways is another each time, so that none is always the first. What is short, the first byte and a whole
ssh, is measured SPAWNS times a round, all ways in turn each time. A case that breaks for
one way is a trouble, which the report names, and the others go on.
"""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.ground import HOST, Broken, Ground
from bench.peers import Sshd
from bench.samples import Samples
from bench.system import ACC, System
from bench.ways import Measure, Way, measure

FIRST_BYTE, SSH_TRUE = "first byte ms", "ssh host true ms"
UP, DOWN = "up MiB/s", "down MiB/s"
P50, P99 = "p50 us", "p99 us"
PEAK_UP, PEAK_DOWN = "client MiB, up", "client MiB, down"
CLIENT_CPU_UP, CLIENT_CPU_DOWN = "client up", "client down"
SERVER_CPU_UP, SERVER_CPU_DOWN = "server up", "server down"
MACHINE_CPU_UP, MACHINE_CPU_DOWN = "machine up", "machine down"
"""CPU seconds for each GiB. Of a server only where it is one process; the machine's holds driver and strangers too."""

CLIENT_CPU_ECHO, SERVER_CPU_ECHO = "client echo", "server echo"
"""CPU microseconds for each round trip."""

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
        cases: dict[str, tuple[Callable[[int, Way], None], Sequence[Way], int]] = {
            "first-byte": (self._first_byte, (*self.ways, self.asking), SPAWNS),
            "ssh": (self._ssh_true, self._ssh_ways(), SPAWNS),
            "up": (self._up, self.ways, 1),
            "down": (self._down, self.ways, 1),
            "echo": (self._echo, self.ways, 1),
        }
        for name, (case, ways, times) in cases.items():
            if name not in self.cases:
                continue
            for each in range(turn * times, (turn + 1) * times):
                first = each % len(ways)
                for way in (*ways[first:], *ways[:first]):
                    self._try(name, case, each, way)

    def _try(self, name: str, case: Callable[[int, Way], None], turn: int, way: Way) -> None:
        try:
            case(turn, way)
        except (Broken, subprocess.SubprocessError) as error:
            self.troubles.append(f"round {turn + 1}, {name}, {way.name}: {error}")

    def _first_byte(self, turn: int, way: Way) -> None:
        self.samples.add(FIRST_BYTE, way.name, turn, measure(self.ground, way, "hello", 0).first_byte_ms)

    def _up(self, turn: int, way: Way) -> None:
        seen = measure(self.ground, way, "up", self.size)
        self.samples.add(UP, way.name, turn, self.size / MIB / seen.seconds)
        self.samples.add(PEAK_UP, way.name, turn, seen.peak_kib / 1024)
        self._cpu(turn, way, seen, (CLIENT_CPU_UP, SERVER_CPU_UP, MACHINE_CPU_UP), GIB / self.size)

    def _down(self, turn: int, way: Way) -> None:
        seen = measure(self.ground, way, "down", self.size)
        self.samples.add(DOWN, way.name, turn, self.size / MIB / seen.seconds)
        self.samples.add(PEAK_DOWN, way.name, turn, seen.peak_kib / 1024)
        self._cpu(turn, way, seen, (CLIENT_CPU_DOWN, SERVER_CPU_DOWN, MACHINE_CPU_DOWN), GIB / self.size)

    def _echo(self, turn: int, way: Way) -> None:
        seen = measure(self.ground, way, "echo", ROUND_TRIPS)
        self.samples.add(P50, way.name, turn, seen.p50_us)
        self.samples.add(P99, way.name, turn, seen.p99_us)
        self._cpu(turn, way, seen, (CLIENT_CPU_ECHO, SERVER_CPU_ECHO, None), 1e6 / ROUND_TRIPS)

    def _cpu(self, turn: int, way: Way, seen: Measure, names: tuple[str, str, str | None], scale: float) -> None:
        """CPU times under these names: the client's, the server's, the machine's."""
        client, server, machine = names
        self.samples.add(client, way.name, turn, seen.client_cpu * scale)
        if way.servers:
            self.samples.add(server, way.name, turn, seen.server_cpu * scale)
        if machine is not None:
            self.samples.add(machine, way.name, turn, seen.machine_cpu * scale)

    def _ssh_ways(self) -> list[Way]:
        """`ssh host true`: straight, through a jump host, and through acc."""
        jump = ("-o", f"ProxyCommand={' '.join(self.sshd.ssh('-W', '[%h]:%p', HOST))}")
        return [
            Way(SSH_DIRECT, self.sshd.ssh(HOST, "true")),
            Way(SSH_JUMP, self.sshd.ssh(*jump, HOST, "true")),
            Way(ACC, self.sshd.ssh(*self.system.ssh_options(), HOST, "true"), self.system.env),
        ]

    def _ssh_true(self, turn: int, way: Way) -> None:
        began = time.perf_counter()
        subprocess.run(way.command, env=way.env, check=True, capture_output=True, timeout=20)
        self.samples.add(SSH_TRUE, way.name, turn, (time.perf_counter() - began) * 1e3)
