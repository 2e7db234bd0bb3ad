"""Completion in real shells: what a person gets who presses Tab."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import PROGRAMS, System, wait_until
from tests.journeys.terminal import Terminal, on_terminal
from tests.packaging.distribution import ROOT

SCRIPTS = ROOT / "shell-completions"
START = {
    "bash": (["--norc", "--noprofile", "-i"], f"source {SCRIPTS}/acc.bash"),
    "zsh": (["-f", "-i"], f"autoload -U compinit; compinit -D -u; source {SCRIPTS}/_acc"),
    "fish": (["--no-config", "-i"], f"source {SCRIPTS}/acc.fish"),
}
BASH = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_acc
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def env(system: System, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a person who has listed their targets once."""
    system.acc("targets", "list")
    system.acc("scopes", "list")
    theirs = {
        "PATH": f"{PROGRAMS}:{system.acc.env['PATH']}",
        "TMPDIR": str(tmp_path_factory.mktemp("tmp")),
    }
    return system.acc.env | theirs


@contextmanager
def shell(name: str, env: dict[str, str]) -> Iterator[Terminal]:
    """An interactive shell that has read the script, at its prompt."""
    options, setup = START[name]
    program = shutil.which(name)
    assert program is not None
    with on_terminal([program, *options], env, columns=200) as terminal:
        terminal.type(f"{setup}; echo rea''dy\n")
        wait_until(lambda: "ready" in terminal.lines(), 20)
        yield terminal


@pytest.mark.parametrize("name", list(START))
def test_tab_completes_a_command_and_then_a_live_name(name: str, env: dict[str, str]) -> None:
    with shell(name, env) as terminal:
        terminal.type("acc targ\t")
        terminal.wait_for("acc targets")
        terminal.type("rea\tclo\t")
        terminal.wait_for("acc targets read closed")
        terminal.type("-o na\t\n")
        wait_until(lambda: "closed" in terminal.lines(), 20)


@pytest.mark.parametrize("name", list(START))
def test_without_a_login_tab_says_nothing(name: str, env: dict[str, str], tmp_path: Path) -> None:
    bare = {key: value for key, value in env.items() if not key.startswith("ACC_")} | {"HOME": str(tmp_path)}
    with shell(name, bare) as terminal:
        terminal.type("acc ssh clo\t")
        terminal.type("\x15echo no''thing\n")
        wait_until(lambda: "nothing" in terminal.lines(), 20)

        assert re.search(rb"rror|login|Traceback", terminal.written()) is None


def bash(env: dict[str, str], *words: str) -> list[str]:
    program = BASH.format(script=SCRIPTS / "acc.bash", words=" ".join(f"'{word}'" for word in ("acc", *words)))
    done = subprocess.run(["bash", "-c", program], env=env, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def fish(env: dict[str, str], *words: str) -> list[str]:
    program = f"source {SCRIPTS}/acc.fish; complete -C '{' '.join(('acc', *words))}'"
    done = subprocess.run(
        ["fish", "-N", "-c", program], env=env, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""
    return [line.partition("\t")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("ask", [bash, fish])
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("lo",), {"login", "logout"}),
        (("targets", "re"), {"read", "remove-host-sources"}),
        (("targets", "list", "--fil"), {"--filter"}),
        (("targets", "list", "-o", "n"), {"name"}),
        (("targets", "read", "--json", "clo"), {"closed"}),
        (("targets", "delete", "echo", "clo"), {"closed"}),
        (("ssh", "clo"), {"closed"}),
        (("connect", "clo"), {"closed"}),
        (("proxy", "clo"), {"closed"}),
        (("targets", "create", "--scope", "def"), {"default"}),
        (("roles", "create", "--name", "clo"), set()),
        (("users", "update", "ann", "--clear", "em"), {"email"}),
        (("connect", "closed", "--", "clo"), set()),
        (("login", "--cacert", "/etc/passw"), {"/etc/passwd", "/etc/passwd-"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_offered(ask: object, words: tuple[str, ...], offered: set[str], env: dict[str, str]) -> None:
    assert callable(ask)

    assert set(ask(env, *words)) == offered
