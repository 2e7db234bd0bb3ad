"""Writes shell-completions/ from the commands that there are, or with --check says whether they are current.

Rule: a script is a template of tools/completions/ with four tables in it, as functions of the shell: the commands at a
place, its options, the kind of an option's value, the kind of an argument. What a person reads of a script is in the
template; what follows from the code is in the tables.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from acc.cli.kinds import Kind
from acc.cli.main import acc

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "tools" / "completions"
SCRIPTS = ROOT / "shell-completions"

Words = dict[str, str]
"""Words and what each means."""

Cases = dict[str, list[str]]
"""What a function does, and for which patterns, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Place:
    """A command, by the words that lead to it: what may stand after them."""

    at: str
    commands: Words
    options: Words
    values: Words
    arguments: tuple[str, ...]


def places(command: click.Command, at: tuple[str, ...] = ()) -> Iterator[Place]:
    """Every command from `command` on."""
    context = click.Context(command, info_name=at[-1] if at else "acc", help_option_names=["-h", "--help"])
    below = _below(command, context)
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    yield Place(
        " ".join(at),
        {name: one.get_short_help_str(70) for name, one in below.items()},
        {flag: _first_sentence(option) for option in options for flag in (*option.opts, *option.secondary_opts)},
        {flag: kind(option) for option in options if not option.is_flag for flag in option.opts},
        tuple(kind(argument) + ("..." if argument.nargs == -1 else "") for argument in arguments),
    )
    for name, one in below.items():
        yield from places(one, (*at, name))


def kind(parameter: click.Parameter) -> str:
    """What a value of the parameter may be, in a word."""
    match parameter.type:
        case Kind() as named:
            return " ".join(f"@{plural}" for plural in named.plurals)
        case click.Choice() as choice:
            return "=" + " ".join(map(str, choice.choices))
        case _:
            return "files" if parameter.metavar in {"FILE", "DIR"} else "any"


def _below(command: click.Command, context: click.Context) -> dict[str, click.Command]:
    if not isinstance(command, click.Group):
        return {}
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return {name: one for name, one in found.items() if one is not None}


def _first_sentence(option: click.Option) -> str:
    return (option.help or "").partition(". ")[0].removesuffix(".")


@dataclass(frozen=True, slots=True)
class Shell:
    """How a shell spells a table: a function that looks up its arguments and answers."""

    script: str
    function: Callable[[str, Cases], str]
    words: Callable[[Words], str]
    word: Callable[[str], str]


def quoted(text: str) -> str:
    """`text` for bash, zsh and fish alike."""
    return "'" + text.replace("\\", "").replace("'", r"'\''") + "'"


def posix_function(name: str, cases: Cases) -> str:
    lines = [f"    {_alternatives(patterns)}) {body.strip()} ;;" for body, patterns in cases.items()]
    return "\n".join([f"_acc_{name}() {{", '  case "$*" in', *lines, "    *) REPLY='' reply=() ;;", "  esac", "}"])


def _alternatives(patterns: list[str]) -> str:
    """As a shell of POSIX's family has them: a star outside the quotes matches anything."""
    spelled = [
        "*".join(quoted(part) if part or not pattern else "" for part in pattern.split("*")) for pattern in patterns
    ]
    return " | ".join(spelled)


def fish_function(name: str, cases: Cases) -> str:
    # A star inside the quotes, because outside it would stand for files.
    lines = [
        f"        case {' '.join(map(quoted, patterns))}\n            {body.strip()}"
        for body, patterns in cases.items()
    ]
    return "\n".join([f"function __acc_{name}", '    switch "$argv"', *lines, "    end", "end"])


def _described(words: Words) -> Iterator[str]:
    for word, meaning in words.items():
        yield quoted(f"{word}:{meaning.replace(':', ';')}")


BASH = Shell(
    "acc.bash",
    posix_function,
    lambda words: f"REPLY={quoted(' '.join(words))}",
    lambda word: f"REPLY={quoted(word)}",
)
ZSH = Shell(
    "_acc",
    posix_function,
    lambda words: f"reply=({' '.join(_described(words))})",
    lambda word: f"REPLY={quoted(word)}",
)
FISH = Shell(
    "acc.fish",
    fish_function,
    lambda words: r"printf '%s\t%s\n' " + " ".join(f"{quoted(word)} {quoted(said)}" for word, said in words.items()),
    lambda word: f"echo {quoted(word)}",
)


def tables(shell: Shell, found: list[Place]) -> str:
    """The four functions of a script."""
    return "\n\n".join(
        [
            shell.function(
                "commands", cases((place.at, shell.words(place.commands)) for place in found if place.commands)
            ),
            shell.function("options", cases((place.at, shell.words(place.options)) for place in found)),
            shell.function("value", cases((at, shell.word(one)) for at, one in values(found))),
            shell.function("argument", cases((at, shell.word(one)) for at, one in arguments(found))),
        ]
    )


def cases(pairs: Iterable[tuple[str, str]]) -> Cases:
    """Patterns by what is done for them, those that are exact first, because the first that fits counts."""
    found: Cases = {}
    for pattern, body in sorted(pairs, key=lambda pair: "*" in pair[0]):
        key = f"{body} " if "*" in pattern else body  # the exact and the others stay apart
        found.setdefault(key, []).append(pattern)
    return found


def values(found: list[Place]) -> Iterator[tuple[str, str]]:
    """The kinds of options' values: by place and option, and for all places where it is the same everywhere."""
    kinds: dict[str, set[str]] = {}
    for place in found:
        for flag in place.options:
            kinds.setdefault(flag, set()).add(place.values.get(flag, ""))
    for flag, ones in kinds.items():
        if len(ones) == 1 and ones != {""}:
            yield f"* {flag}", min(ones)
    for place in found:
        yield from ((f"{place.at} {flag}", one) for flag, one in place.values.items() if len(kinds[flag]) > 1)


def arguments(found: list[Place]) -> Iterator[tuple[str, str]]:
    """The kinds of arguments, by place and number; the last may be any number of them."""
    for place in found:
        for index, one in enumerate(place.arguments):
            number = "*" if one.endswith("...") else str(index)
            yield f"{place.at} {number}", one.removesuffix("...")


def script(shell: Shell) -> str:
    """The whole script for a shell."""
    template = (TEMPLATES / shell.script).read_text()
    return template.replace("@TABLES@", tables(shell, list(places(acc))))


def run(options: list[str]) -> int:
    """Writes the scripts; with --check, 1 if one of them is stale."""
    status = 0
    for shell in (BASH, ZSH, FISH):
        path, text = SCRIPTS / shell.script, script(shell)
        if path.exists() and path.read_text() == text:
            continue
        if options == ["--check"]:
            print(f"{path.relative_to(ROOT)} is stale: run python tools/gencompletions.py", file=sys.stderr)
            status = 1
        else:
            path.write_text(text)
    return status


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
