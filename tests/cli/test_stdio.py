"""Standard output of every kind: what fits is written, nothing waits, and nobody else's descriptor is changed."""

import fcntl
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FILL = """
import os, sys
from acc.cli.stdio import Sink
sink = Sink()
total, piece = 0, memoryview(bytes(65536))
while (taken := sink.write([piece, piece])) and total < 10_000_000:
    total += taken
total += taken
sys.stderr.write(f"{total}")
"""

SAY = """
from acc.cli.stdio import Sink
sink = Sink()
assert sink.write([memoryview(b"hel"), memoryview(b"lo")]) >= 3
sink.close()
import time; time.sleep(20)
"""

BREAK = """
import sys
from acc.cli.stdio import Sink
sink = Sink()
sys.stdin.read()
try:
    while sink.write([memoryview(bytes(65536))]):
        pass
except OSError as error:
    sys.stderr.write(type(error).__name__)
"""

Ends = tuple[int, int]


def make_pipe() -> Ends:
    reading, writing = os.pipe()
    return reading, writing


def make_socket() -> Ends:
    one, other = socket.socketpair()
    return one.detach(), other.detach()


def make_terminal() -> Ends:
    return pty.openpty()


KINDS = {"pipe": make_pipe, "socket": make_socket, "terminal": make_terminal}


@pytest.fixture(params=KINDS)
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    """A reading end, and one to be somebody's stdout."""
    made = KINDS[request.param]()
    yield made
    for descriptor in made:
        if is_open(descriptor):
            os.close(descriptor)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def start(program: str, stdout: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(program: str, stdout: int) -> str:
    """What the program says on stderr."""
    process = start(program, stdout)
    _, errors = process.communicate(timeout=20)
    return errors


def test_a_sink_that_is_full_takes_nothing_and_does_not_wait(ends: Ends) -> None:
    assert 0 < int(said(FILL, ends[1])) < 10_000_000


def test_the_descriptor_stays_in_blocking_mode(ends: Ends) -> None:
    said(FILL, ends[1])

    assert not fcntl.fcntl(ends[1], fcntl.F_GETFL) & os.O_NONBLOCK


@pytest.mark.parametrize("make", [make_pipe, make_socket])
def test_the_reader_sees_the_end_though_the_process_goes_on(make: Callable[[], Ends]) -> None:
    reading, writing = make()
    process = start(SAY, writing)
    os.close(writing)
    found = b""
    while part := os.read(reading, 100):
        found += part
    assert found == b"hello"
    assert process.poll() is None
    process.kill()
    process.communicate()
    os.close(reading)


@pytest.mark.parametrize("make", [make_pipe, make_socket])
def test_a_reader_that_has_gone_is_noticed(make: Callable[[], Ends]) -> None:
    reading, writing = make()
    process = start(BREAK, writing)
    os.close(writing)
    os.close(reading)
    _, errors = process.communicate(timeout=20)

    assert errors == "BrokenPipeError"


def test_a_file_takes_everything(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        total = int(said(FILL, file.fileno()))

    assert total >= 10_000_000
    assert (tmp_path / "out").stat().st_size == total
