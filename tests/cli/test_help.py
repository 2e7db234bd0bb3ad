"""What `acc --help` says, and what it costs."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from acc.cli.commands import LINES
from acc.cli.main import LazyGroup
from acc.cli.main import acc as acc_group
from acc.wire.directory.index import RESOURCES
from acc.wire.resources import Exposure
from tests.conftest import Acc, System

SECRETS = [
    field
    for resource in RESOURCES
    for field in (*resource.fields, *(field for action in resource.domain for field in action.takes))
    if field.exposure is Exposure.SECRET
]
LARGE = {"rich", "keyring", "httpx", "trio", "trio_websocket", "asyncio"}


def modules_after(program: str, env: dict[str, str] | None = None) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\nsys.stderr.write(' '.join(sys.modules))"],
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return set(done.stderr.split())


def test_help_imports_nothing_large() -> None:
    program = "from acc.cli.__main__ import _run\n_run(['--help'])"

    assert modules_after(program) & (LARGE | {"click"}) == set()


def test_a_list_that_is_piped_imports_nothing_large(system: System) -> None:
    program = "from acc.cli.main import acc\nacc.main(['targets', 'list'], standalone_mode=False)"

    assert modules_after(program, system.env) & LARGE == set()


@pytest.mark.parametrize("module", ["profile", "credentials", "directories"])
def test_what_the_proxy_reads_first_needs_no_large_module(module: str) -> None:
    unwanted = LARGE | {"click", "dataclasses", "typing", "pathlib", "inspect", "tempfile"}

    assert modules_after(f"import acc.cli.{module}") & unwanted == set()


def test_every_command_is_listed(acc: Acc) -> None:
    shown = acc("--help").stdout

    assert [name for name in LINES if f"\n  {name} " not in shown] == []


@pytest.mark.parametrize("name", list(LINES))
def test_the_listed_line_is_the_commands_own(name: str) -> None:
    assert isinstance(acc_group, LazyGroup)
    command = acc_group.get_command(click.Context(acc_group), name)

    assert command is not None
    assert command.get_short_help_str(200).rstrip(".") == LINES[name].rstrip(".")


@pytest.mark.parametrize("name", list(LINES))
def test_every_command_explains_itself(acc: Acc, name: str) -> None:
    done = acc(name, "--help")

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: acc")


def leaves(command: click.Command) -> Iterator[click.Command]:
    """Every command below `command`, and itself."""
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from leaves(below)


def test_no_option_takes_a_secret() -> None:
    with_value = {
        option.name
        for command in leaves(acc_group)
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag
    }

    assert {"default_port", "password_env", "new_password_file"} <= with_value
    assert with_value & {field.name for field in SECRETS} == set()
    assert with_value & {"password", "token", "ticket", "secret"} == set()


def test_proxy_help_shows_its_usage(acc: Acc) -> None:
    assert "acc proxy NAME [PORT] [--host HOST] [--linger SECONDS]" in acc("proxy", "--help").stdout


def test_an_unknown_command_is_a_usage_error(acc: Acc) -> None:
    done = acc("teleport")

    assert done.returncode == 2
    assert "No such command" in done.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("target", "list"), "targets"),
        (("session", "watch"), "sessions"),
        (("lgoin",), "login"),
        (("host-catalog", "list"), "host-catalogs"),
        (("targets", "lst"), "list"),
        (("sessions", "wacth"), "watch"),
        (("users", "add-account"), "add-accounts"),
        (("audit", "event"), "events"),
    ],
)
def test_a_slip_is_answered_with_the_command_that_was_meant(acc: Acc, typed: tuple[str, ...], meant: str) -> None:
    done = acc(*typed)

    assert done.returncode == 2
    assert "Did you mean" in done.stderr
    assert f"'{meant}'" in done.stderr


def test_what_is_like_no_command_suggests_none(acc: Acc) -> None:
    assert "Did you mean" not in acc("xyzzy").stderr
