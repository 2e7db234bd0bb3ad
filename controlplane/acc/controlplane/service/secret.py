"""A secret among the settings: written there, or named as `file:///path` or `env:NAME` so that it need not be.

Rule: what it says is read when it is needed, and is in no repr and no message; messages name the place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from acc.wire.errors import AccError, Code
from acc.wire.settings import Kind

MAX_SECRET = 4096


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret, or where it is."""

    text: str = field(repr=False)

    @property
    def variable(self) -> str:
        """The environment variable that holds it; empty if none does."""
        return self.text.removeprefix("env:") if self.text.startswith("env:") else ""

    def reveal(self, environment: Mapping[str, str]) -> str:
        """The secret itself, without the line end of a file. Raises AccError(CONFIG) that names the place."""
        if self.text.startswith("file://"):
            return _read(Path(self.text.removeprefix("file://")))
        if name := self.variable:
            if name not in environment:
                raise AccError(Code.CONFIG, f"the environment variable {name}, which a setting names, is not set")
            return environment[name]
        return self.text


def secret(is_a: str) -> Kind[Secret]:
    """A kind of setting whose value is nowhere shown."""

    def check(value: object) -> Secret:
        if not isinstance(value, str) or len(value) > MAX_SECRET:
            raise ValueError
        return Secret(value)

    return Kind(f"{is_a}, or file:///path, or env:NAME", check)


def _read(path: Path) -> str:
    if not path.is_absolute():
        raise AccError(Code.CONFIG, f"a secret's file is named as file:///path, and {str(path)!r} begins without /")
    try:
        with path.open() as file:
            content = file.read(MAX_SECRET + 1)
    except (OSError, UnicodeDecodeError) as cause:
        reason = cause.strerror if isinstance(cause, OSError) else "it is no text"
        raise AccError(Code.CONFIG, f"cannot read the secret in {path}: {reason}") from None
    if len(content) > MAX_SECRET:
        raise AccError(Code.CONFIG, f"{path} holds more than a secret: over {MAX_SECRET} characters")
    return content.rstrip("\r\n")
