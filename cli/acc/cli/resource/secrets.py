"""Secrets that a command needs: from the environment, from a file or stdin, or typed on the terminal.

Rule: a secret is never an argument, because every user of a machine can read those. What is typed is not echoed, and
a new secret is typed twice.

Refuses more than one line, and more than `MAX_SECRET` characters.
"""

import os
import sys
from collections.abc import Iterable, Mapping

import click

from acc.wire.resources import Exposure, Field

MAX_SECRET = 1024


def secrets_of(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Those of `fields` that are secrets."""
    return tuple(field for field in fields if field.exposure is Exposure.SECRET)


def options(hidden: Iterable[Field]) -> list[click.Option]:
    """For each secret the two ways to give it without a terminal."""
    made: list[click.Option] = []
    for field in hidden:
        flag = f"--{field.name.replace('_', '-')}"
        made += [
            click.Option([f"{flag}-env"], metavar="VARIABLE", help=f"{field.says} From this environment variable."),
            click.Option([f"{flag}-file"], metavar="FILE", help=f"{field.says} From this file; - is stdin."),
        ]
    return made


def read_all(hidden: Iterable[Field], values: Mapping[str, object]) -> list[tuple[Field, str]]:
    """What was given for each secret."""
    found = [(field, read(field, values)) for field in hidden]
    return [(field, secret) for field, secret in found if secret is not None]


def read(field: Field, values: Mapping[str, object]) -> str | None:
    """The secret for `field`; None where it is not needed and was not given."""
    secret = given(_spoken(field), values.get(f"{field.name}_env"), values.get(f"{field.name}_file"))
    if secret is not None:
        return secret
    if sys.stdin.isatty():
        return _ask(field)
    if field.required:
        flag = f"--{field.name.replace('_', '-')}"
        raise click.UsageError(f"use {flag}-file or {flag}-env; there is no terminal to ask on")
    return None


def given(spoken: str, variable: object, path: object) -> str | None:
    """The secret in the environment variable or the file that was named; None where neither was."""
    if variable is not None and path is not None:
        raise click.UsageError(f"give the {spoken} once: in the environment or in a file")
    if isinstance(variable, str):
        return _one_line(os.environ.get(variable, ""), f"the environment variable {variable}")
    if isinstance(path, str):
        return _one_line(_read_file(path), "stdin" if path == "-" else path)
    return None


def _read_file(path: str) -> str:
    if path == "-":
        return sys.stdin.readline(MAX_SECRET + 2)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(MAX_SECRET + 2)
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {getattr(error, 'strerror', 'it is not text')}") from None


def _one_line(text: str, where: str) -> str:
    line = text.rstrip("\r\n")
    if not 0 < len(line) <= MAX_SECRET or "\n" in line:
        raise click.UsageError(f"{where} must hold one line of at most {MAX_SECRET} characters")
    return line


def _ask(field: Field) -> str | None:
    spoken = _spoken(field)
    is_new = not field.name.startswith("current_")
    question = spoken.capitalize() if field.required else f"{spoken.capitalize()} (empty: none)"
    answer: str = click.prompt(
        question,
        hide_input=True,
        err=True,
        default=None if field.required else "",
        show_default=False,
        confirmation_prompt=f"{spoken.capitalize()} again" if is_new else False,
    )
    return _one_line(answer, f"the {spoken}") if answer else None


def _spoken(field: Field) -> str:
    return field.name.replace("_", " ")
