"""What `acc proxy` imports on its way to the first byte, and not one module more."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kept import keep_ticket, proxy_command
from tests.wire.conftest import make_certificate
from tests.wire.peers import Ours

ALLOWED = Path(__file__).with_name("proxy_imports.txt")

WHY = (
    "ssh waits for `acc proxy` before its first byte, and every import is paid at every connection. Import it where "
    "it is needed and nobody waits, or do without it. If it must be, measure it with `python -X importtime` and add it "
    f"to {ALLOWED.name}: "
)


def imported(errors: str) -> set[str]:
    """The modules in what `-X importtime` says."""
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| *([\w.]+)$", errors, re.MULTILINE))


def imported_by_nothing() -> set[str]:
    """What the interpreter imports to run an empty program."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "pass"], capture_output=True, text=True, check=True, timeout=30
    )
    return imported(done.stderr)


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a connection with a kept ticket imports, from its start to its end."""
    place = tmp_path_factory.mktemp("imports")
    certificate = make_certificate(place)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        env = keep_ticket(place / "home", certificate, listener.getsockname()[1])
        process = subprocess.Popen(
            proxy_command("-X", "importtime"),
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        ours = Ours.accept(listener, certificate)
        with ours.connection:
            ours.link.send_stream(b"first bytes\n")
            ours.flush()
            assert process.stdout is not None
            assert process.stdout.readline() == "first bytes\n"
            ours.link.close(4410, "that was all")
            ours.flush()
            _, errors = process.communicate(timeout=20)
    assert process.returncode == 27, errors
    return imported(errors) - imported_by_nothing()


def test_nothing_new_is_imported(needed: set[str]) -> None:
    new = needed - set(ALLOWED.read_text().split())

    assert new == set(), WHY + ", ".join(sorted(new))


def test_nothing_is_allowed_that_is_not_imported(needed: set[str]) -> None:
    ours = {name for name in ALLOWED.read_text().split() if name.startswith("acc.")}

    assert ours - needed == set()


@pytest.mark.parametrize("module", ["acc.wire.tunnel_end", "acc.cli.pipe", "ssl"])
def test_the_guard_sees_what_is_imported(needed: set[str], module: str) -> None:
    assert module in needed
