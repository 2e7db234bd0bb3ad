"""What `acc --help` says, and what it costs."""

import subprocess
import sys

import click
import pytest

from acc.cli.main import COMMANDS, LazyGroup
from acc.cli.main import acc as acc_group
from tests.conftest import Acc

LARGE = {"rich", "keyring", "httpx", "trio", "trio_websocket", "asyncio"}


def modules_after(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\nsys.stderr.write(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return set(done.stderr.split())


def test_help_imports_nothing_large() -> None:
    program = "from acc.cli.main import acc\nacc.main(['--help'], standalone_mode=False)"

    assert modules_after(program) & LARGE == set()


@pytest.mark.parametrize("module", ["profile", "credentials", "directories"])
def test_what_the_proxy_reads_first_needs_no_large_module(module: str) -> None:
    unwanted = LARGE | {"click", "dataclasses", "typing", "pathlib", "inspect", "tempfile"}

    assert modules_after(f"import acc.cli.{module}") & unwanted == set()


def test_every_command_is_listed(acc: Acc) -> None:
    shown = acc("--help").stdout

    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_listed_line_is_the_commands_own(name: str) -> None:
    assert isinstance(acc_group, LazyGroup)
    command = acc_group.get_command(click.Context(acc_group), name)

    assert command is not None
    assert command.get_short_help_str(200).rstrip(".") == COMMANDS[name][1].rstrip(".")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(acc: Acc, name: str) -> None:
    done = acc(name, "--help")

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: acc")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_no_option_takes_a_secret(name: str) -> None:
    assert isinstance(acc_group, LazyGroup)
    command = acc_group.get_command(click.Context(acc_group), name)
    assert command is not None
    with_value = [option for option in command.params if isinstance(option, click.Option) and not option.is_flag]

    assert [option.name for option in with_value if option.name in {"password", "token", "ticket", "secret"}] == []


def test_proxy_help_shows_its_usage(acc: Acc) -> None:
    assert "acc proxy NAME [PORT] [--host HOST] [--linger SECONDS]" in acc("proxy", "--help").stdout


def test_an_unknown_command_is_a_usage_error(acc: Acc) -> None:
    done = acc("teleport")

    assert done.returncode == 2
    assert "No such command" in done.stderr
