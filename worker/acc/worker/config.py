"""The worker's settings: where its state is, and where it listens.

Rule: what the worker is (its address, its controllers, its cluster) was settled at enrolment and is read from the
state directory; only what may differ from one start to the next is a setting.
"""

from dataclasses import dataclass
from pathlib import Path

from acc.wire.errors import AccError, Code
from acc.wire.names import split_address

DEFAULT_LISTEN = "0.0.0.0:9202"
DEFAULT_HOLD = 60
MAX_HOLD = 3600


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on. Port 0 lets the system choose."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What `acc-worker serve` is told."""

    state: Path
    listen: Listen
    hold: int
    """Seconds that a tunnel which lost its transport is kept for a resume."""


def parse_listen(text: str) -> Listen:
    """`host:port`, where the port may be 0. Raises AccError(CONFIG)."""
    host, _, port = text.rpartition(":")
    if port == "0" and split_address(f"{host}:1"):
        return Listen(host.removeprefix("[").removesuffix("]"), 0)
    parts = split_address(text)
    if parts is None:
        raise AccError(Code.CONFIG, "--listen must be host:port")
    return Listen(*parts)
