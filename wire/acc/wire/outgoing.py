"""The direction that this end sends: offsets, credit, and what is kept for replay.

Credit and replay are one mechanism. What was sent and not acknowledged is kept, and the peer's limit bounds what
may be sent, so a tunnel keeps at most its window, and never more than MAX_WINDOW whatever was granted. After a resume
the peer names how far it had received, and from there everything is sent again, the FIN included. A FIN takes one
place in the sequence, behind the last byte.

    source read -> `room`, `sent` -> ... -> `acknowledge`        (`rewind`, then `replay`, after a resume)

Refuses, as violations of the protocol: acknowledging what was not sent, or taking an acknowledgement back.
"""

from collections import deque

from acc.wire.buffers import CHUNK, Buffers
from acc.wire.frames import violation
from acc.wire.incoming import GATHER, MAX_WINDOW


class Outgoing:
    """One end's sending direction. Offsets count bytes from the beginning of the stream."""

    __slots__ = (
        "_acked",
        "_base",
        "_bound",
        "_buffers",
        "_kept",
        "_replayed",
        "fin",
        "fin_due",
        "limit",
        "offset",
        "stopped",
    )

    def __init__(self, buffers: Buffers, limit: int) -> None:
        self._buffers = buffers
        self._kept: deque[memoryview | bytearray] | None = None  # bytes _base to offset; None while idle
        self._base = 0  # where the first piece that is kept begins
        self._acked = 0
        self._replayed: int | None = None  # while replaying: what comes before it was sent again
        self._bound = min(MAX_WINDOW, limit)  # where what may be sent now ends
        self.fin_due = False
        """True while a FIN is still to be said, once all before it has been."""
        self.offset = 0
        self.limit = limit
        self.fin: int | None = None
        self.stopped = False

    @property
    def done(self) -> bool:
        """True once nothing more will be sent: the FIN is acknowledged, or the peer asked to stop."""
        return self.stopped or (self.fin is not None and self._acked > self.fin)

    @property
    def replaying(self) -> bool:
        """True while anything is to be sent again."""
        return self._replayed is not None

    @property
    def unacknowledged(self) -> int:
        """Bytes that were sent and are kept."""
        return self.offset - self._base

    @property
    def room(self) -> int:
        """How many bytes of new data may be sent now, at most CHUNK."""
        room = self._bound - self.offset
        return min(room, CHUNK)

    def sent(self, size: int) -> None:
        """Records that the first `size` bytes of the pool's room were sent, and keeps them.

        Raises ValueError if there was no room for them: a shell that goes on would send the stream out of order.
        """
        if size > self._bound - self.offset:
            raise ValueError("more was sent than there was room for")
        kept = self._kept
        if kept is None:
            kept = self._kept = deque()
        if size >= CHUNK // 2:
            kept.append(self._buffers.take(size))
        else:
            chunk = self._buffers.room[:size]
            last = kept[-1] if kept else None
            if isinstance(last, bytearray) and len(last) + size <= GATHER:
                last += chunk
            else:
                kept.append(bytearray(chunk))
        self.offset += size

    def finish(self) -> None:
        """Records that the source has ended; the FIN follows the last byte."""
        if self.fin is None:
            self.fin = self.offset
            self.fin_due = True
            self._rebound()

    def take_fin(self) -> int | None:
        """The FIN's offset if it is to be sent now; it is then counted as sent."""
        if not self.fin_due or self._replayed is not None or self.stopped:
            return None
        self.fin_due = False
        return self.fin

    def acknowledge(self, offset: int, limit: int) -> None:
        """The peer has passed on all before `offset` and takes up to `limit`."""
        if offset < self._acked or offset > self._reached():
            raise violation("acknowledgement out of order")
        self._acked = offset
        self.limit = max(self.limit, limit)
        self._drop(min(offset, self.offset))
        self._rebound()

    def check_received(self, received: int) -> None:
        """Raises AccError with PROTOCOL unless a peer that has received all before `received` can be served."""
        if received > self._end() or (received < max(self._base, self._acked) and not self.stopped):
            raise violation("resume at an offset that was never sent, or was given up")

    def rewind(self, received: int) -> None:
        """A new transport: the peer has received all before `received`; all after is to be sent again."""
        self.check_received(received)
        if self.stopped:
            return
        self._drop(min(received, self.offset))
        self._replayed = received if received < self.offset else None
        self.fin_due = self.fin is not None and received <= self.fin
        self._rebound()

    def replay(self) -> memoryview | bytes | None:
        """The next bytes to be sent again, at most CHUNK; None where nothing is left to replay."""
        if self._replayed is None or self._kept is None:
            return None
        start = self._base
        for piece in self._kept:
            if self._replayed < start + len(piece):
                skip = self._replayed - start
                # a copy of what is gathered, which could not grow while a view of it exists
                chunk = piece[skip:] if isinstance(piece, memoryview) else bytes(piece[skip:])
                self._replayed = start + len(piece) if start + len(piece) < self.offset else None
                self._rebound()
                return chunk
            start += len(piece)
        return None

    def stop(self) -> None:
        """The peer reads no more: nothing is sent, nothing is kept."""
        self.stopped = True
        self._drop(self.offset)
        self._replayed = None
        self._rebound()

    def _rebound(self) -> None:
        """Sets `_bound` after anything that it depends on: no more than the peer takes, or than is kept here."""
        if self.fin is not None or self.stopped or self._replayed is not None:
            self._bound = self.offset
        else:
            self._bound = min(self.limit, self._base + MAX_WINDOW)

    def _reached(self) -> int:
        """Where the peer can have come to by what was sent on this transport and before it."""
        if self._replayed is not None:
            return self._replayed
        return self.offset if self.fin_due else self._end()

    def _end(self) -> int:
        return self.offset if self.fin is None else self.fin + 1

    def _drop(self, offset: int) -> None:
        kept = self._kept
        while kept and self._base + len(kept[0]) <= offset:
            piece = kept.popleft()
            self._base += len(piece)
            if isinstance(piece, memoryview):
                self._buffers.release(piece)
        if not kept:
            self._kept = None
