"""The two inherited descriptors that are the stream: read what is there, write what fits, never wait in either.

ssh hands its pipes over in blocking mode and shares them, so O_NONBLOCK must not be set on them: it would stay
behind for whoever shares the description. A read after poll never blocks. A write might, so:

- a pipe or a terminal is opened anew through /proc, which gives a description of our own that may be non-blocking;
- a socket is written to with MSG_DONTWAIT;
- a file takes everything;
- where none of that is to be had, a write after poll is kept to PIPE_BUF bytes, which POSIX says will fit.
"""

import os
import select
import socket
import stat
from collections.abc import Sequence

from acc.cli.descriptors import STDOUT

PIPE = 1 << 20
"""Bytes that a pipe is asked to hold; more is for root only (/proc/sys/fs/pipe-max-size)."""


class Sink:
    """Standard output. `descriptor` is what to poll for POLLOUT, and for the errors that poll always reports."""

    __slots__ = ("_opened", "_socket", "_whole", "_widened", "descriptor")

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._opened: int | None = None
        self._whole = False
        self._widened = False
        mode = os.fstat(STDOUT).st_mode
        if stat.S_ISSOCK(mode):
            self._socket = socket.socket(fileno=os.dup(STDOUT))
        elif stat.S_ISREG(mode):
            self._whole = True
        else:
            try:
                self._opened = os.open("/proc/self/fd/1", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            except OSError:
                pass  # no /proc, or a pipe of another user's: short writes then
        self.descriptor = STDOUT if self._opened is None else self._opened

    def write(self, pieces: Sequence[memoryview | bytearray]) -> int:
        """Bytes taken now, 0 if none fit. Raises OSError, BrokenPipeError above all, if nobody reads any more."""
        try:
            if self._socket is not None:
                return self._socket.sendmsg(pieces, (), socket.MSG_DONTWAIT)
            if self._opened is not None:
                return os.writev(self._opened, pieces)
        except BlockingIOError:
            return 0
        if self._whole:
            return os.writev(STDOUT, pieces)
        return os.write(STDOUT, bytes(pieces[0][: select.PIPE_BUF])) if self._writable() else 0

    def widen(self) -> None:
        """Makes the pipe larger, if it is one, the first time."""
        if self._opened is not None and not self._widened:
            self._widened = True
            widen(self._opened)

    def _writable(self) -> bool:
        poll = select.poll()
        poll.register(STDOUT, select.POLLOUT)
        return bool(poll.poll(0))

    def close(self) -> None:
        """Ends the stream for its reader: every descriptor of ours that leads to it is closed."""
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the reader has gone, and needs no end any more
            self._socket.close()
        if self._opened is not None:
            os.close(self._opened)
        os.close(STDOUT)


def widen(descriptor: int) -> None:
    """Asks for a larger pipe, which saves a fast stream many turns. A pipe that stays small works too."""
    import fcntl  # noqa: PLC0415  only a stream in full flow needs it

    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE)
    except OSError:
        pass  # no pipe, or the user's share of pipe memory is used up
