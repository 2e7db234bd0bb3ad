"""`acc ssh-config` and `acc ssh`: what ssh makes of them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from acc.cli.ssh import proxy_command
from acc.wire.errors import Code
from tests.conftest import PROGRAMS, Acc, System

ACC = str(PROGRAMS / "acc")


def ssh_says(config: Path, host: str) -> dict[str, str]:
    """What `ssh -G` says that it would do for `host`."""
    done = subprocess.run(["ssh", "-G", "-F", config, host], capture_output=True, text=True, timeout=30, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.fixture
def config(system: System, tmp_path: Path) -> Path:
    """An ssh_config that includes what `acc ssh-config` prints."""
    included = tmp_path / "acc_config"
    included.write_text(system.acc("ssh-config").stdout)
    file = tmp_path / "config"
    file.write_text(f"Include {included}\n")
    return file


def test_ssh_accepts_the_block_for_a_target(config: Path) -> None:
    assert ssh_says(config, "echo")["proxycommand"] == f"{ACC} proxy %h"


def test_other_hosts_are_left_alone(config: Path) -> None:
    assert "proxycommand" not in ssh_says(config, "example.org")


def test_all_hosts_needs_no_controller(acc: Acc, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(acc("ssh-config", "--all-hosts", "*.acc").stdout)

    assert ssh_says(file, "web-1.acc")["proxycommand"] == f"{ACC} proxy %h"


@pytest.mark.parametrize("pattern", ["a b", "*\nProxyCommand x", "!a", "a;b", ""])
def test_a_pattern_that_is_more_than_one_is_refused(acc: Acc, pattern: str) -> None:
    done = acc("ssh-config", "--all-hosts", pattern)

    assert done.returncode == Code.BAD_NAME.exit_status
    assert done.stdout == ""


@pytest.mark.parametrize("folder", ["plain", "with space", "per%cent", "quo'te", 'dou"ble', "$(touch x)", "a;b"])
def test_any_path_of_acc_survives_ssh_and_its_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    program = tmp_path / folder / "acc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/arguments"\n')
    program.chmod(0o700)
    monkeypatch.setattr("sys.argv", [str(program)])
    subprocess.run(
        ["ssh", "-F", "none", "-o", f"ProxyCommand={proxy_command('%h')}", "web-1"],
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert (tmp_path / "arguments").read_text() == "proxy\nweb-1\n"


def test_a_name_with_capitals_is_spelled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [ACC])

    assert proxy_command("Web-1") == f"{ACC} proxy Web-1"


def test_a_path_that_no_config_can_spell_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "new\nline" / "acc"
    program.parent.mkdir()
    shutil.copy(ACC, program)
    monkeypatch.setattr("sys.argv", [str(program)])

    with pytest.raises(Exception, match="cannot spell"):
        proxy_command("%h")


@pytest.fixture
def told(acc: Acc, tmp_path: Path) -> Acc:
    """`acc` with an ssh on the PATH that writes down its arguments."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ssh").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/arguments"\nexit 7\n')
    (tools / "ssh").chmod(0o700)
    return Acc(acc.env | {"PATH": f"{tools}:{acc.env['PATH']}"})


def test_ssh_gets_its_arguments_behind_the_name(told: Acc, tmp_path: Path) -> None:
    done = told("ssh", "ada@web-1", "-l", "root", "--", "ls", "-l")

    assert done.returncode == 7
    assert (tmp_path / "arguments").read_text().splitlines() == [
        "-o",
        f"ProxyCommand={ACC} proxy web-1",
        "ada@web-1",
        "-l",
        "root",
        "--",
        "ls",
        "-l",
    ]


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "a b", "web;1", "web$(x)", "@", "a@-b", "-l@b"])
def test_ssh_is_not_run_for_what_is_no_name(told: Acc, tmp_path: Path, name: str) -> None:
    done = told("ssh", "--", name)

    assert done.returncode == Code.BAD_NAME.exit_status
    assert not (tmp_path / "arguments").exists()


def test_no_line_of_the_block_is_long_or_strange(config: Path) -> None:
    block = (config.parent / "acc_config").read_text()

    assert re.fullmatch(r"(#[^\n]*\n|\nHost [\w.-]+\n    ProxyCommand [^\n]+\n)+", block)
