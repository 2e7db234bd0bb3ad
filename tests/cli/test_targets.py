"""`acc targets list`: for a person, a pipe and a program."""

import json
import os
import pty
import subprocess

from acc.cli.terminal import printable
from tests.conftest import PROGRAMS, System


def test_piped_it_is_plain_columns(system: System) -> None:
    heading, *rows = system.acc("targets", "list").stdout.splitlines()

    assert heading.split() == ["NAME", "ADDRESS", "PORT", "ID", "SCOPE"]
    assert [row.split()[:3] for row in rows if row.startswith("closed ")] == [["closed", "127.0.0.1", "1"]]


def test_as_json_it_is_the_apis_own_shape(system: System) -> None:
    items = json.loads(system.acc("targets", "list", "--json").stdout)["items"]
    closed = next(item for item in items if item["name"] == "closed")

    assert closed["id"].startswith("ttcp_")
    assert closed["attributes"]["default_port"] == 1


def test_on_a_terminal_it_is_a_table(system: System) -> None:
    ours, theirs = pty.openpty()
    env = system.acc.env | {"COLUMNS": "120", "TERM": "xterm"}
    with subprocess.Popen([PROGRAMS / "acc", "targets", "list"], stdin=theirs, stdout=theirs, env=env) as process:
        os.close(theirs)
        shown = read_all(ours)
        assert process.wait(30) == 0
    os.close(ours)

    assert "─" in shown
    assert "closed" in shown


def read_all(terminal: int) -> str:
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # EIO: nobody holds the other end any more
            return shown.decode()
        shown += part


def test_what_a_terminal_would_act_on_is_spelled_out() -> None:
    assert printable("a\x1b[31mb\nc\u202ed") == "a\\x1b[31mb\\nc\\u202ed"
