"""The child processes of `acc dev`: started, watched, and ended in order.

Rule: no child outlives us. On the way out each is asked to end, waited for with a deadline and then killed; and if
we are killed, the kernel ends it (PR_SET_PDEATHSIG). A server that ends by itself ends everything, and its last
lines are shown. Each line that a child writes goes to its log file.

The kernel ties a child to the *thread* that forked it, so children are forked by the main thread: forking takes a
few milliseconds, and trio's own `open_process`, which forks in a worker thread, would see them die with it.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import IO

import trio

from acc.cli.terminal import printable
from acc.wire.errors import AccError, Code

START_SECONDS = 60.0
"""A step takes a second where the machine is idle; this is for one that is not."""

STOP_SECONDS = 1.9
STOP_LAST_SECONDS = 0.5
KILL_SECONDS = 0.2
"""The three, with the last two taken twice, stay within the 3 s in which everything must be gone."""

KEPT_LINES = 20
MAX_LINE = 16 * 1024
MAX_OUTPUT = 64 * 1024
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How to run one child. A `last` one is ended after all others, because the others need it."""

    name: str
    argv: tuple[str, ...]
    log: str
    env: Mapping[str, str] = field(repr=False)  # it may hold a secret
    user: tuple[int, int] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    last: bool = False


class Child:
    """A running child: its process, and the last lines that it wrote."""

    def __init__(
        self, program: Program, process: subprocess.Popen[bytes], is_ready: Callable[[str], bool] | None = None
    ) -> None:
        self.program = program
        self.process = process
        self.ended = trio.Event()
        self.end_wanted = False
        self.attention = trio.CancelScope(shield=True)
        """Watching goes on while everything else is being cancelled: the end is what must be seen."""
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._is_ready = is_ready
        self._ready = trio.Event()

    async def wait_ready(self) -> None:
        """Return once the child has written the line that says it serves."""
        with trio.move_on_after(START_SECONDS):
            await self._ready.wait()
            return
        raise AccError(Code.UNAVAILABLE, f"{self.program.name} was not ready within {START_SECONDS:.0f} s")

    async def finish(self, text: str) -> str:
        """Give the child `text` as its whole stdin, wait for its end, and return what it wrote to stdout."""
        with trio.move_on_after(START_SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_give, _stream(self.process.stdin), text.encode())
                output = await _take(_stream(self.process.stdout))
                await self.ended.wait()
            if self.process.returncode != 0:
                raise self.death()
            return output.decode()
        raise AccError(Code.UNAVAILABLE, f"{self.program.name} took longer than {START_SECONDS:.0f} s")

    def hear(self, line: str) -> None:
        """Take note of `line`, which the child wrote."""
        self._lines.append(line)
        with open(self.program.log, "a", encoding="utf-8") as log:
            log.write(line + "\n")
        if self._is_ready is not None and self._is_ready(line):
            self._ready.set()

    def death(self) -> AccError:
        """What to say about an end that should not be; the child's last lines go to stderr."""
        status = self.process.returncode
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        sys.stderr.writelines(f"{self.program.name}: {printable(line)}\n" for line in self._lines)
        why = "its last lines are above" if self._lines else "it wrote nothing"
        return AccError(Code.UNAVAILABLE, f"{self.program.name} {how}; {why}")


class Children:
    """The children that run now. Made by `supervised`."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._running: list[Child] = []

    def serve(self, program: Program, is_ready: Callable[[str], bool]) -> Child:
        """Fork a server, which is to run until `stop`. It serves once it has written a line that `is_ready`."""
        child = Child(program, _spawn(program, subprocess.DEVNULL, subprocess.STDOUT), is_ready)
        self._own(child, child.process.stdout)
        self._nursery.start_soon(_mourn, child)
        return child

    def launch(self, program: Program) -> Child:
        """Fork a program that ends by itself: call its `finish`."""
        child = Child(program, _spawn(program, subprocess.PIPE, subprocess.PIPE))
        self._own(child, child.process.stderr)
        return child

    async def stop(self) -> None:
        """End all children, the last ones last."""
        await _end([child for child in self._running if not child.program.last], STOP_SECONDS)
        await _end([child for child in self._running if child.program.last], STOP_LAST_SECONDS)
        for child in self._running:
            child.attention.cancel()

    def _own(self, child: Child, lines: IO[bytes] | None) -> None:
        self._running.append(child)
        self._nursery.start_soon(_attend, child, _stream(lines))


@asynccontextmanager
async def supervised() -> AsyncGenerator[Children]:
    """Children that end with this block. The death of a server cancels the block and is raised from it."""
    async with trio.open_nursery() as nursery:
        children = Children(nursery)
        try:
            yield children
        finally:
            with trio.CancelScope(shield=True):
                await children.stop()
            nursery.cancel_scope.cancel()


def _spawn(program: Program, stdin: int, stderr: int) -> subprocess.Popen[bytes]:
    user, group = program.user or (None, None)
    return subprocess.Popen(
        program.argv,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=program.env,
        cwd="/",
        user=user,
        group=group,
        extra_groups=None if user is None else [],
        process_group=0,  # Ctrl-C is for us alone; we end the children in order
        preexec_fn=_tie(os.getpid(), program.orphan_signal),  # noqa: PLW1509  two system calls, no lock, no import
    )


def _tie(parent: int, orphan_signal: signal.Signals) -> Callable[[], None]:
    """What the child does before exec: ask for `orphan_signal` when `parent` dies; leave if it is dead already."""

    def tie() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(orphan_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tie


async def _attend(child: Child, lines: trio.lowlevel.FdStream) -> None:
    with child.attention:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_reap, child)
            nursery.start_soon(_listen, child, lines)


async def _reap(child: Child) -> None:
    descriptor = os.pidfd_open(child.process.pid)
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)
    child.process.wait()  # it has ended, so this does not block
    child.ended.set()


async def _mourn(child: Child) -> None:
    await child.ended.wait()
    if not child.end_wanted:
        raise child.death()


async def _listen(child: Child, stream: trio.lowlevel.FdStream) -> None:
    """Read the child's lines. A line without an end is cut, so that it cannot fill the memory."""
    rest = b""
    async with stream:
        async for part in stream:
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                child.hear(line.decode(errors="replace"))
            rest = rest[-MAX_LINE:]


async def _give(stream: trio.lowlevel.FdStream, raw: bytes) -> None:
    async with stream:
        try:
            await stream.send_all(raw)
        except trio.BrokenResourceError:
            return  # it has ended without reading; its status says why


async def _take(stream: trio.lowlevel.FdStream) -> bytes:
    output = bytearray()
    async with stream:
        async for part in stream:
            output += part
            if len(output) > MAX_OUTPUT:
                raise AccError(Code.INTERNAL, "a program of acc wrote more than it should")
    return bytes(output)


async def _end(group: list[Child], seconds: float) -> None:
    for child in group:
        child.end_wanted = True
        child.process.send_signal(child.program.stop_signal)
    with trio.move_on_after(seconds):
        for child in group:
            await child.ended.wait()
    for child in group:
        child.process.kill()
    with trio.move_on_after(KILL_SECONDS):
        for child in group:
            await child.ended.wait()


def _stream(pipe: IO[bytes] | None) -> trio.lowlevel.FdStream:
    """Our end of a pipe that `_spawn` has asked for, as a stream of trio's."""
    assert pipe is not None  # noqa: S101  Popen's type cannot say that PIPE gives a pipe
    stream = trio.lowlevel.FdStream(os.dup(pipe.fileno()))
    pipe.close()
    return stream
