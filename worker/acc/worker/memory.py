"""The buffers that all tunnels of a process share: one handler runs at a time, so one of each is enough."""

from acc.wire.buffers import CHUNK, Buffers

RAW = 262144
"""The most ciphertext that is taken from a socket at once, in bytes."""


class Memory:
    """`raw` for ciphertext as it comes, `plain` for what was in it, `buffers` for what is sent and kept."""

    __slots__ = ("buffers", "plain", "raw")

    def __init__(self) -> None:
        self.raw = memoryview(bytearray(RAW))
        self.plain = memoryview(bytearray(RAW + CHUNK))
        self.buffers = Buffers()
