"""Where the audit log goes besides the database, as JSON lines: stdout, a file, syslog.

The setting `audit.sinks` lists them, separated by commas: `stdout`, `file:/path`, `syslog:/dev/log`, `syslog:udp://host:port`.

Rules: a line is shipped after its event is stored, and the database is the record: a sink that fails stops nothing and
loses nothing at first, for its lines wait, in order, and are tried again. What does not fit into its bounded queue is
lost to it; that is logged and counted. Each sink has a thread of its own, because a pipe that nobody reads blocks.

A file is made for its owner only, and opened again once something else has its name: rotation is a rename.
"""

import errno
import os
import queue
import socket
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from acc.controlplane.audit.record import OK, AuditEvent
from acc.controlplane.service.log import event, warning
from acc.wire.errors import AccError, Code
from acc.wire.names import split_address

MAX_QUEUED = 10_000
RETRY_SECONDS = 1.0
STOP_SECONDS = 2.0
"""How long the end of the program waits for lines that are on their way."""

MAX_DATAGRAM = 8192
"""A syslog message that is longer goes without its details."""

STDOUT, STDERR = 1, 2
"""Descriptors. A command's stdout is for what a person asked of it, so what it decides goes to stderr."""

_AUTHPRIV = 10 * 8
_NOTICE, _INFO = 5, 6


class Sink(Protocol):
    """Somewhere that lines go."""

    def write(self, event: AuditEvent) -> None:
        """Takes one event, whole. Raises OSError."""
        ...

    def close(self) -> None:
        """Lets go of what it holds."""
        ...

    def probe(self) -> None:
        """Writes nothing. Raises OSError where nothing could be written now."""
        ...


@dataclass(slots=True)
class FileSink:
    """A file, or where there is no path, a descriptor that the program has."""

    path: Path | None
    _descriptor: int = -1
    _rest: bytes = b""

    def write(self, event: AuditEvent) -> None:
        """Appends the line; one that was cut off by an error is gone on with."""
        self._open()
        self._rest = self._rest or event.line()
        while self._rest:
            self._rest = self._rest[os.write(self._descriptor, self._rest) :]

    def close(self) -> None:
        """Closes the file."""
        if self.path is not None and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def probe(self) -> None:
        """Opens the file, or where there is none yet, sees that it could be made. Makes none: its owner would be us."""
        if self.path is None:
            return
        if self.path.exists():
            os.close(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC))
            return
        os.close(os.open(self.path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def _open(self) -> None:
        if self.path is not None and (self._descriptor < 0 or not self._is_in_place(self.path)):
            self.close()
            self._rest = b""
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _is_in_place(self, path: Path) -> bool:
        try:
            there = path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(self._descriptor))


@dataclass(slots=True)
class SyslogSink:
    """A syslog daemon: the local one at a path, in its own format, or one at (host, port), in that of RFC 5424."""

    address: str | tuple[str, int]
    _socket: socket.socket | None = None

    def write(self, event: AuditEvent) -> None:
        """Sends one datagram."""
        message = self._message(event)
        if len(message) > MAX_DATAGRAM:
            message = self._message(replace(event, details={"truncated": True}))
        try:
            self._connected().send(message)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Closes the socket."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def probe(self) -> None:
        """Connects, which finds out whether a local daemon is there, and of a remote one only its address."""
        _dialled(self.address).close()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = _dialled(self.address)
        return self._socket

    def _message(self, event: AuditEvent) -> bytes:
        priority = _AUTHPRIV + (_INFO if event.outcome == OK else _NOTICE)
        process = os.getpid()
        if isinstance(self.address, str):
            head = f"<{priority}>acc-controller[{process}]: "
        else:
            sent = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            head = f"<{priority}>1 {sent} {socket.gethostname()} acc-controller {process} audit - "
        return head.encode() + event.line().rstrip(b"\n")


def _dialled(address: str | tuple[str, int]) -> socket.socket:
    if isinstance(address, str):
        dialled = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        dialled.connect(address)
    else:
        family, _, _, _, found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
        dialled = socket.socket(family, socket.SOCK_DGRAM)
        dialled.connect(found)
    return dialled


@dataclass(frozen=True, slots=True)
class AuditSinks:
    """The sinks that were asked for, each under the name that it was given."""

    sinks: tuple[tuple[str, Sink], ...] = ()


def read_sinks(text: str, stdout: int = STDOUT) -> AuditSinks:
    """The sinks that `text` lists; `stdout` is the descriptor that goes by that name. Raises AccError(CONFIG)."""
    return AuditSinks(tuple((one.strip(), _sink(one.strip(), stdout)) for one in text.split(",") if one.strip()))


def _sink(name: str, stdout: int) -> Sink:
    kind, _, where = name.partition(":")
    address = split_address(where.removeprefix("udp://")) if where.startswith("udp://") else None
    match kind:
        case "stdout" if not where:
            return FileSink(None, stdout)
        case "file" if where.startswith("/"):
            return FileSink(Path(where))
        case "syslog" if address is not None:
            return SyslogSink(address)
        case "syslog" if where.startswith("/"):
            return SyslogSink(where)
        case _:
            known = "stdout, file:/path, syslog:/dev/log or syslog:udp://host:port"
            raise AccError(Code.CONFIG, f"audit.sinks (ACC_AUDIT_SINKS): {name!r} is not {known}")


@dataclass(slots=True)
class _Feed:
    """One sink, the events that wait for it, and what its thread does.

    `lost` counts what it never got, `told` how much of that the log says.
    """

    name: str
    sink: Sink
    lost: int = 0
    told: int = 0
    waiting: queue.Queue[AuditEvent | None] = field(default_factory=lambda: queue.Queue(MAX_QUEUED))
    stopped: threading.Event = field(default_factory=threading.Event)

    def offer(self, audited: AuditEvent) -> None:
        """Queues an event, or counts it as lost."""
        try:
            self.waiting.put_nowait(audited)
        except queue.Full:
            if self.lost == self.told:
                warning("audit sink loses events", sink=self.name)
            self.lost += 1

    def run(self) -> None:
        """Writes what comes, in order, until it is told to stop."""
        while (audited := self.waiting.get()) is not None:
            failed = False
            while not self._written(audited, failed=failed) and not self.stopped.wait(RETRY_SECONDS):
                failed = True
        self.sink.close()

    def _written(self, audited: AuditEvent, *, failed: bool) -> bool:
        try:
            self.sink.write(audited)
        except OSError as cause:
            if not failed:
                warning("audit sink fails", sink=self.name, reason=str(cause))
            return False
        if failed or (self.lost > self.told and self.waiting.empty()):
            event("audit sink works again", sink=self.name, lost=self.lost - self.told)
            self.told = self.lost
        return True


class Shipper:
    """Hands stored events to every sink."""

    def __init__(self, feeds: Sequence[_Feed]) -> None:
        self._feeds = feeds

    def offer(self, audited: AuditEvent) -> None:
        """Queues an event for each sink; never waits."""
        for feed in self._feeds:
            feed.offer(audited)


@contextmanager
def shipping(sinks: AuditSinks) -> Generator[Shipper]:
    """A shipper to `sinks` while the block runs; what is on its way then has `STOP_SECONDS`."""
    feeds = [_Feed(name, sink) for name, sink in sinks.sinks]
    # Daemons, so that a sink that blocks for good cannot keep the program from ending.
    threads = [threading.Thread(target=feed.run, name=f"audit {feed.name}", daemon=True) for feed in feeds]
    for thread in threads:
        thread.start()
    try:
        yield Shipper(feeds)
    finally:
        until = time.monotonic() + STOP_SECONDS
        for feed in feeds:
            with suppress(queue.Full):
                feed.waiting.put_nowait(None)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        for feed in feeds:
            feed.stopped.set()
