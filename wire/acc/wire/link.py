"""One transport's life: TLS with WebSocket frames inside, as a value machine.

A tunnel has one link at a time and gets a new one when it resumes. The shell moves ciphertext; what is written
waits as ciphertext in `tls.take()`. The key is the role: empty for a server; for a client `ZERO_KEY` where
the worker agreed to that, and `None`, a fresh random one for each frame (RFC 6455 section 5.3), where it did not.
"""

import os

from acc.wire import frames
from acc.wire.buffers import Buffers
from acc.wire.tls import Tls


class Link:
    """An open WebSocket over TLS."""

    __slots__ = ("_key", "receive", "tls")

    def __init__(self, tls: Tls, key: bytes | None) -> None:
        self.tls = tls
        self._key = key
        self.receive = frames.FrameReader(expects_mask=key == b"").feed
        """What plaintext that was read from `tls` holds; see `FrameReader.feed`."""

    def send_room(self, buffers: Buffers, size: int) -> None:
        """Sends the first `size` bytes of the pool's room as stream bytes, without copying them."""
        if self._key is None:
            self.send_stream(buffers.room[:size])
        else:
            self.tls.write(frames.frame_in_place(buffers.current, size, self._key))

    def send_stream(self, chunk: memoryview | bytes) -> None:
        """Sends stream bytes from any memory."""
        self._send(frames.BINARY, chunk)

    def send_text(self, text: bytes) -> None:
        self._send(frames.TEXT, text)

    def ping(self) -> None:
        self._send(frames.PING, b"")

    def pong(self, payload: bytes) -> None:
        self._send(frames.PONG, payload)

    def close(self, code: int, reason: str) -> None:
        self._send(frames.CLOSE, frames.close_payload(code, reason))

    def _send(self, opcode: int, payload: memoryview | bytes) -> None:
        key = os.urandom(4) if self._key is None else self._key
        self.tls.write(frames.frame(opcode, payload, key))
