"""A way to the backend: a command that carries its stdin and stdout there, and how one run of it is measured."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.ground import Broken, Ground

Mode = Literal["hello", "up", "down", "echo"]

RUN_DEADLINE = 60
"""Seconds for one run of the driver."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way. `servers` are processes whose CPU time is counted; `before` is called before each spawn."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] | None = None
    servers: tuple[int, ...] = ()
    before: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """What the driver saw in one run; the field names are those of its JSON."""

    first_byte_ms: float
    seconds: float
    p50_us: float
    p99_us: float
    client_cpu: float
    server_cpu: float
    machine_cpu: float
    peak_kib: int
    left: bool


def measure(ground: Ground, way: Way, mode: Mode, count: int) -> Measure:
    """Runs the way once. Raises Broken if the bytes did not go through, or the client did not leave by itself."""
    if way.before is not None:
        way.before()
    pids = ",".join(map(str, way.servers)) or "-"
    command = [str(ground.driver), mode, str(count), str(RUN_DEADLINE), pids, "--", *way.command]
    done = subprocess.run(command, env=way.env, capture_output=True, text=True, timeout=RUN_DEADLINE + 10, check=False)
    if done.returncode:
        raise Broken(f"{way.name}, {mode}: {done.stderr.strip()[-500:]}")
    seen = Measure(**json.loads(done.stdout))
    if not seen.left:
        raise Broken(f"{way.name}, {mode}: the client did not leave after both directions had ended")
    return seen
