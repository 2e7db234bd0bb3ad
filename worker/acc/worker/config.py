"""The worker's settings: where its state is, where it listens, and how long it holds.

They are read once, from a TOML file and from the command line, which wins. Rule: what the worker is (its address, its
controllers, its cluster) was settled at enrolment and is read from the state directory; only what may differ from one
start to the next is a setting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from acc.wire.errors import AccError, Code
from acc.wire.settings import Key, Listen, Settings, address, load, number, text

DEFAULT_FILE = Path("/etc/acc/worker.toml")
DEFAULT_HOLD = 60

STATE = Key(
    "state", text("a directory"), None, "The directory with the worker's key and what it must remember.", "--state"
)
LISTEN = Key("listen", address(), "0.0.0.0:9202", "Where tunnels are accepted.", "--listen")
HOLD = Key(
    "hold",
    number(1, 3600),
    DEFAULT_HOLD,
    "How long a tunnel that lost its client is kept for a resume.",
    "--hold",
    "seconds",
)
HEALTH_LISTEN = Key(
    "health.listen",
    address(),
    "127.0.0.1:9204",
    "Where `/health`, `/ready` and `/metrics` are, without TLS.",
    "--health",
)
KEYS: Sequence[Key[object]] = (STATE, LISTEN, HOLD, HEALTH_LISTEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What `acc-worker serve` is told."""

    state: Path
    listen: Listen
    hold: int
    """Seconds that a tunnel which lost its transport is kept for a resume."""
    health: Listen


def read_settings(file: Path | None, options: Mapping[str, str]) -> Settings:
    """Every key's value, from `file` (or the default one, where there is one) and the command line."""
    chosen = file or DEFAULT_FILE
    try:
        document = chosen.read_bytes() if file is not None or chosen.exists() else b""
    except OSError as cause:
        raise AccError(Code.CONFIG, f"cannot read {chosen}: {cause.strerror}") from None
    return load(KEYS, document, str(chosen), options)


def read_config(settings: Settings) -> Config:
    """The settings as the program uses them."""
    return Config(
        state=Path(settings[STATE]), listen=settings[LISTEN], hold=settings[HOLD], health=settings[HEALTH_LISTEN]
    )
