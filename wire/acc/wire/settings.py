"""How a program of acc is configured: one TOML file, and overrides by the environment or the command line.

A program lists its keys once, as `Key`s; this module turns the text of a file and the overrides into typed values.
Documentation and `config check` are made from the same list.

Rule: an override wins over the file, the file over the default. Refuses, with the name to correct: a file that is no
TOML, a key that is not in the list (with the nearest that is), a value of another type or out of its bounds, and a
key without a default that nobody set.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from acc.wire.errors import AccError, Code
from acc.wire.names import join_address, split_address

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_FILE = 64 * 1024
"""Bytes; a file of settings has a few hundred."""


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return join_address(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """What a key's value is: `check` makes it of what TOML gives, `read` makes that of an override's text."""

    is_a: str
    check: Callable[[object], T_co]
    read: Callable[[str], object] = str


@dataclass(frozen=True, slots=True)
class Key(Generic[T_co]):
    """One setting. `override` is the environment variable or option that says it too; None as `default` means that
    it must be set."""

    name: str
    kind: Kind[T_co]
    default: object
    about: str
    override: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force, and where each comes from."""

    _values: Mapping[str, object]
    origins: Mapping[str, str]

    def __getitem__(self, key: Key[T]) -> T:
        # What `load` stored under a key's name is what the key's own kind has made.
        return cast("T", self._values[key.name])


def address() -> Kind[Listen]:
    """`host:port`, where the port may be 0."""

    def check(value: object) -> Listen:
        host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
        parts = split_address(f"{host}:1" if port == "0" else f"{host}:{port}")
        if parts is None:
            raise ValueError
        return Listen(parts[0], int(port))

    return Kind("host:port", check)


def number(least: int, most: int) -> Kind[int]:
    """A whole number within bounds."""

    def check(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return value

    def read(text: str) -> object:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else text

    return Kind(f"a number from {least} to {most}", check, read)


def text(is_a: str, fits: Callable[[str], bool] = bool) -> Kind[str]:
    """A string for which `fits` is true."""

    def check(value: object) -> str:
        if not isinstance(value, str) or not fits(value):
            raise ValueError
        return value

    return Kind(is_a, check)


def words(is_a: str, fits: Callable[[str], bool] = bool) -> Kind[tuple[str, ...]]:
    """A list of at least one string; in an override, with commas between them."""

    def check(value: object) -> tuple[str, ...]:
        found = cast("list[object]", value) if isinstance(value, list) else []
        strings = tuple(word for word in found if isinstance(word, str) and fits(word))
        if not strings or len(strings) != len(found):
            raise ValueError
        return strings

    def read(line: str) -> object:
        return [word.strip() for word in line.split(",") if word.strip()]

    return Kind(is_a, check, read)


def load(keys: Sequence[Key[object]], document: bytes, where: str, overrides: Mapping[str, str]) -> Settings:
    """The settings in `document`, which came from `where`, with `overrides` by their names. Raises AccError(CONFIG)."""
    found = _flatten(_parse(document, where))
    known = {key.name: key for key in keys}
    for name in found:
        if name not in known:
            raise AccError(Code.CONFIG, f"{where}: there is no key {name!r}{nearest(name, known)}")
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key in keys:
        if key.override in overrides:
            value, origin = key.kind.read(overrides[key.override]), key.override
        elif key.name in found:
            value, origin = found[key.name], where
        elif key.default is None:
            raise AccError(Code.CONFIG, f"{key.name} ({key.override}) is not set: it is {key.kind.is_a}")
        else:
            value, origin = key.default, "default"
        try:
            values[key.name] = key.kind.check(value)
        except ValueError:
            raise AccError(
                Code.CONFIG, f"{key.name} ({key.override}) must be {key.kind.is_a}, and what {_by(origin)} says is not"
            ) from None
        origins[key.name] = origin
    return Settings(values, origins)


def _by(origin: str) -> str:
    return "the default" if origin == "default" else origin


def _parse(document: bytes, where: str) -> dict[str, object]:
    if len(document) > MAX_FILE:
        raise AccError(Code.CONFIG, f"{where}: a file of settings has at most {MAX_FILE} bytes")
    try:
        return tomllib.loads(document.decode())
    except UnicodeDecodeError:
        raise AccError(Code.CONFIG, f"{where}: it is no UTF-8") from None
    except tomllib.TOMLDecodeError as wrong:
        raise AccError(Code.CONFIG, f"{where}: {wrong}") from None


def _flatten(table: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """`{"api": {"listen": 1}}` as `{"api.listen": 1}`."""
    flat: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flatten(cast("dict[str, object]", value), f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def nearest(name: str, known: Iterable[str]) -> str:
    """For the end of a sentence about an unknown `name`: which it may have been meant to be, if any is near."""
    near = difflib.get_close_matches(name, tuple(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
