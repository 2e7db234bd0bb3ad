"""The connection to the host, as a splice uses it: reads and writes that never wait, and three ways to end.

`shut_down` ends our direction only, `close` both, `abort` both with RST, so that the host cannot take a broken stream
for one that ended. Whatever the socket says in its errors is one thing here: BACKEND_RESET.
"""

import fcntl
import os
import socket
import struct
import sys
import termios
from collections.abc import Sequence

from acc.wire.buffers import CHUNK
from acc.wire.errors import AccError, Code

READ = 8192
"""First read size in bytes. It doubles while reads come full, for TLS keeps as much memory as it ever needed."""

_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER without time: close sends RST


class Backend:
    """A connected, non-blocking socket. `descriptor` is what to wait for."""

    __slots__ = ("_read_size", "_socket", "descriptor", "shut")

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._read_size = READ
        self.descriptor = connection.fileno()
        self.shut = False

    def read_into(self, room: memoryview) -> int | None:
        """Bytes read, 0 at the end of the stream, None where nothing is there yet."""
        size = self._read_size
        try:
            count = self._socket.recv_into(room[:size])
        except BlockingIOError:
            return None
        except OSError as error:
            raise _reset(error) from None
        if count == size:
            self._read_size = min(size * 2, CHUNK)
        return count

    def write(self, pieces: Sequence[memoryview | bytearray]) -> int:
        """Bytes taken now, 0 if none fit."""
        try:
            return os.writev(self.descriptor, pieces)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise _reset(error) from None

    @property
    def unacknowledged(self) -> int:
        """Bytes, the end of our direction counting as one, that the host's kernel has not said it has (tcp(7))."""
        told = fcntl.ioctl(self.descriptor, termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(told, sys.byteorder)

    def shut_down(self) -> None:
        """Our stream has ended; the host's goes on."""
        self.shut = True
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the host has gone already, which the next read will tell

    def close(self) -> None:
        """Both have ended."""
        self._socket.close()

    def abort(self) -> None:
        """It broke."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self._socket.close()


def _reset(error: OSError) -> AccError:
    return AccError(Code.BACKEND_RESET, error.strerror or "")
