"""What an argument or an option stands for, so that a shell can offer what there is.

Rule: a Kind changes no value. `tools/gencompletions.py` reads it, and asks `acc __complete` for its plurals.
"""

import click

from acc.wire.directory.index import BY_TYPE


class Kind(click.ParamType[str, str]):
    """The name or the id of a resource of one of `types`."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002  click's signature
        return value

    def __init__(self, *types: str) -> None:
        self.types = types

    @property
    def plurals(self) -> tuple[str, ...]:
        return tuple(BY_TYPE[type_].plural for type_ in self.types)


TARGET = Kind("target")
"""What `acc connect`, `acc ssh` and `acc proxy` take."""
