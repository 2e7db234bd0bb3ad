"""The spool: a queue of records on disk that outlives the process.

    record = length (4 bytes, big-endian) | CRC-32 of the payload (4 bytes) | payload

Rule: a record is in the file before `append` returns, so that a worker that is killed loses none; surviving a loss of
power is not promised, because it would cost a disk flush per connection. Records leave in the order in which they came,
and only once they were accepted. What was accepted just before a crash may be read again.

Refuses to grow beyond `limit` bytes. A record that is cut short or damaged ends the file: what follows is not trusted.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

LIMIT = 64 << 20
"""Bytes; some 300,000 records of connections."""
COMPACT = 1 << 20
"""Accepted bytes at the front that are worth a rewrite."""
MAX_RECORD = 4096

_HEAD = struct.Struct(">II")


class SpoolFull(Exception):
    """The spool takes no more."""


class Spool:
    """One spool file, open for this process alone."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit
        self._file = _open(path)
        self._accepted = 0
        self._size = _sound_size(self._file, os.fstat(self._file).st_size)
        os.ftruncate(self._file, self._size)

    def close(self) -> None:
        """Closes the file; what was not accepted stays in it."""
        os.close(self._file)

    @property
    def empty(self) -> bool:
        """True if everything was accepted."""
        return self._accepted == self._size

    @property
    def waiting_bytes(self) -> int:
        """Bytes of what was not accepted yet."""
        return self._size - self._accepted

    def append(self, payload: bytes) -> None:
        """Puts a record at the end. Raises SpoolFull, or OSError if the disk takes it not."""
        record = _HEAD.pack(len(payload), zlib.crc32(payload)) + payload
        if len(payload) > MAX_RECORD or self._size - self._accepted + len(record) > self._limit:
            raise SpoolFull
        written = os.pwrite(self._file, record, self._size)
        if written < len(record):
            os.ftruncate(self._file, self._size)
            raise SpoolFull
        self._size += written

    def peek(self, count: int) -> tuple[list[bytes], int]:
        """Up to `count` records from the front, and the position behind them for `accept`."""
        end = min(self._size, self._accepted + count * (MAX_RECORD + _HEAD.size))
        data = os.pread(self._file, end - self._accepted, self._accepted)
        payloads: list[bytes] = []
        position = self._accepted
        for payload, length in _records(data):
            if len(payloads) == count:
                break
            payloads.append(payload)
            position += length
        return payloads, position

    def accept(self, position: int) -> None:
        """Forgets the records before `position`."""
        self._accepted = position
        if self.empty:
            os.ftruncate(self._file, 0)
            self._accepted = self._size = 0
        elif self._accepted > max(COMPACT, self._size - self._accepted):
            self._compact()

    def _compact(self) -> None:
        """Moves what is left into a new file; costs no more than was accepted since the last time."""
        fresh = self._path.with_name(f".{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        file = _open(fresh)
        left = self._size - self._accepted
        copied = 0
        while copied < left:
            copied += os.copy_file_range(self._file, file, left - copied, self._accepted + copied, copied)
        fresh.replace(self._path)
        os.close(self._file)
        self._file, self._accepted, self._size = file, 0, left


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _sound_size(file: int, size: int) -> int:
    """How many bytes from the front are whole records."""
    sound = 0
    while chunk := os.pread(file, min(size - sound, COMPACT), sound):
        lengths = [length for _, length in _records(chunk)]
        if not lengths:
            break
        sound += sum(lengths)
    return sound


def _records(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The whole records at the front of `data`, with their lengths in the file."""
    position = 0
    while position + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, position)
        payload = data[position + _HEAD.size : position + _HEAD.size + length]
        if length > MAX_RECORD or len(payload) < length or zlib.crc32(payload) != checksum:
            return
        yield payload, _HEAD.size + length
        position += _HEAD.size + length
