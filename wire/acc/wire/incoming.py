"""The direction that this end receives: what came, what was passed on, and what the peer may still send.

A receiver can always take what it granted: bytes that the sink does not take at once wait here, at most a window of
them, so the reader never blocks and control messages always flow. An acknowledgement says that bytes have left for
their sink, not merely that they came, and moves the limit along.

The window starts at WINDOW and doubles up to MAX_WINDOW each time a whole window has passed while the sink kept up,
but only as far as the path needs: a window of `rtt` x RATE bytes keeps a fast sink busy, and more would only fill
queues.

Refuses, as violations: bytes beyond the limit, bytes after the FIN, a FIN that is not where the stream is.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from acc.wire.errors import Code
from acc.wire.frames import violation

WINDOW = 1 << 20
MAX_WINDOW = 1 << 24
PIECES = 512
"""The most pieces that are written at once: writev takes 1024 on Linux and macOS."""

GATHER = 16384
"""Small chunks are gathered up to this size in bytes, so that a byte a chunk does not cost an object a byte."""

RATE = 160 << 20
"""Bytes a second that a window must be able to carry: 16 MiB over 100 ms."""

PAUSE = 0.025
"""Seconds for which an end may not run because others share its processor; the path is at least so long."""

QUANTUM = 1 << 20
"""Bytes passed on per acknowledgement in a stream in full flow."""

Write = Callable[[Sequence[memoryview | bytearray]], int]
"""Gives pieces to a sink, never waiting, and says how many bytes of them it took."""


class Incoming:
    """One end's receiving direction. Offsets count bytes from the beginning of the stream."""

    __slots__ = (
        "_ack_at",
        "_acked",
        "_growing",
        "_queue",
        "_window",
        "_window_began",
        "delivered",
        "fin",
        "limit",
        "offset",
        "stopped",
    )

    def __init__(self) -> None:
        self._queue: deque[memoryview | bytearray] | None = None  # came, and waits for the sink
        self._growing = False  # small chunks may be added to the last piece, which nobody has seen yet
        self._window = WINDOW
        self._window_began = 0
        self._acked = 0
        self._ack_at = WINDOW // 4  # once so much is passed on, the peer is told
        self.offset = 0
        self.delivered = 0
        self.limit = WINDOW
        self.fin: int | None = None
        self.stopped: Code | None = None

    @property
    def position(self) -> int:
        """How far the stream has come, a FIN counting as one: the offset that a resume names."""
        return self.offset if self.fin is None else self.offset + 1

    @property
    def waiting(self) -> int:
        """Bytes that came and have not left for the sink."""
        return self.offset - self.delivered

    @property
    def holding(self) -> bool:
        """True while bytes are held that the sink has not taken."""
        return self._queue is not None

    @property
    def drained(self) -> bool:
        """True once the stream has ended and every byte of it has left; the sink is then to be closed."""
        return self.fin is not None and self.delivered == self.fin

    @property
    def done(self) -> bool:
        """True once nothing more will be passed on and the peer has been told so."""
        return self.stopped is not None or (self.fin is not None and self._acked > self.fin)

    def accept(self, size: int) -> None:
        """Counts `size` bytes that came."""
        if self.fin is not None:
            raise violation("data after the end of the stream")
        self.offset += size
        if self.offset > self.limit:
            raise violation("data beyond the limit")

    def deliver(self, pieces: list[memoryview], write: Write) -> bool:
        """Passes on `pieces`, which were accepted: what `write` takes at once; the rest is held, in a copy.

        False where nothing is held and nothing is due to be acknowledged: the shell has nothing to settle then.
        """
        taken = 0
        if self._queue is None and self.stopped is None:
            taken = write(pieces if len(pieces) <= PIECES else pieces[:PIECES])
            self.delivered += taken
            if self.delivered == self.offset:
                return self.delivered >= self._ack_at
        for piece in pieces:
            if taken < len(piece):
                self.hold(piece[taken:])
            taken = max(0, taken - len(piece))
        return True

    def relieve(self, write: Write) -> None:
        """Passes on what was held, as far as `write` takes it."""
        while self._queue is not None and (taken := write(self.held())):
            self.pass_on(taken)

    def hold(self, chunk: memoryview) -> None:
        """Keeps a copy of bytes that the sink did not take; they go before any that come later."""
        if self.stopped is not None:
            return
        if self._queue is None:
            self._queue = deque()
        last = self._queue[-1] if self._growing and self._queue else None
        if isinstance(last, bytearray) and len(last) + len(chunk) <= GATHER:
            last += chunk
        else:
            self._queue.append(bytearray(chunk))
            self._growing = True

    def held(self) -> list[memoryview | bytearray]:
        """What waits, oldest first, in at most PIECES pieces, which stay as they are until they are passed on."""
        queue = self._queue
        self._growing = False
        if queue is None:
            return []
        return list(queue) if len(queue) <= PIECES else list(islice(queue, PIECES))

    def pass_on(self, size: int) -> None:
        """Counts `size` bytes as having left for the sink, those that were held first."""
        self.delivered += size
        queue = self._queue
        while queue and size >= len(queue[0]):
            size -= len(queue.popleft())
        if queue and size:
            first = queue[0]
            queue[0] = (first if isinstance(first, memoryview) else memoryview(first))[size:]
        elif not queue:
            self._queue = None

    def end(self, offset: int) -> None:
        """The peer's FIN."""
        if self.fin is not None or offset != self.offset:
            raise violation("end of stream where it cannot be")
        self.fin = offset

    def stop(self, code: Code) -> None:
        """The sink takes no more, and why: what is held is dropped, and what still comes is not kept."""
        self.stopped = code
        self._queue = None

    @property
    def ack_due(self) -> bool:
        """True if the peer should hear now how far its stream has gone."""
        if self.fin is not None:
            return self._acked <= self.fin == self.delivered
        return self.delivered >= self._ack_at

    @property
    def ack_owed(self) -> bool:
        """True if anything was passed on that the peer has not heard of: it is told at the next quiet moment."""
        return self.delivered > self._acked

    def take_ack(self) -> tuple[int, int]:
        """Offset and limit of an acknowledgement, which is then counted as sent."""
        self._acked = self.delivered + 1 if self.drained else self.delivered
        self._ack_at = self.delivered + min(QUANTUM, self._window // 4)
        self.limit = max(self.limit, self.delivered + self._window)
        return self._acked, self.limit

    @property
    def outgrown(self) -> bool:
        """True if a whole window has passed since it last changed, and the sink keeps up: ask `grow`."""
        return (
            self._window < MAX_WINDOW
            and self.delivered - self._window_began >= self._window
            and self.waiting < self._window // 4
        )

    def grow(self, rtt: float) -> None:
        """Doubles the window if a path of `rtt` seconds needs more."""
        self._window_began = self.delivered
        if self._window < max(rtt, PAUSE) * RATE:
            self._window *= 2
            self._ack_at = self._acked + min(QUANTUM, self._window // 4)
