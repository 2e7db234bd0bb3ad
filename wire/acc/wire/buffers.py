"""The memory that streams are read into.

Reading into fresh memory costs an allocation a chunk; reading into one shared buffer costs a copy a chunk, because
what was sent must be kept until it is acknowledged. So a pool lends one buffer for reading, shared by all tunnels
of a process. A chunk that fills at least half of it is kept by taking the buffer itself away, a smaller one by
copying it out: what is kept never takes more than twice its size, and a stream in full flow is never copied.

Rule: a buffer that was taken comes back through `release`; the pool holds at most SPARE of them.
"""

from acc.wire.frames import HEADROOM
from acc.wire.tls import RECORD

CHUNK = 8 * RECORD - HEADROOM
"""Bytes read at once: with its header, a chunk fills eight TLS records to the last byte. Measured, in CPU for each GiB:
64 KiB cost an eighth more, and a header that spills into a record of its own some of that; 256 KiB gain nothing."""

SPARE = 32


class Buffers:
    """Lends `current`: HEADROOM bytes for a frame's header, then `room`, CHUNK bytes to read into."""

    __slots__ = ("_spare", "current", "room")

    def __init__(self) -> None:
        self._spare: list[memoryview] = []
        self._lend(memoryview(bytearray(HEADROOM + CHUNK)))

    def _lend(self, buffer: memoryview) -> None:
        self.current = buffer
        self.room = buffer[HEADROOM:]

    def take(self, size: int) -> memoryview:
        """The first `size` bytes of `room`, for keeps: another buffer is lent from now on."""
        taken = self.room[:size]
        self._lend(self._spare.pop() if self._spare else memoryview(bytearray(HEADROOM + CHUNK)))
        return taken

    def release(self, taken: memoryview) -> None:
        """Gives back what `take` gave, when nobody reads it any more."""
        if len(self._spare) < SPARE:
            self._spare.append(memoryview(taken.obj))
