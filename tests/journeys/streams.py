"""Long streams that can be checked at their end: made as they are sent, hashed as they come."""

import hashlib
import random
from collections.abc import Callable, Iterator

BLOCK = 1 << 20


def blocks(seed: int, size: int) -> Iterator[bytes]:
    """A stream of `size` bytes: random, and each block different from every other by its number."""
    body = random.Random(seed).randbytes(BLOCK - 8)
    for number in range(size // BLOCK):
        yield number.to_bytes(8, "big") + body
    if size % BLOCK:
        yield body[: size % BLOCK]


def digest_of(seed: int, size: int) -> tuple[int, str]:
    """Length and SHA-256 of the stream."""
    sha = hashlib.sha256()
    for block in blocks(seed, size):
        sha.update(block)
    return size, sha.hexdigest()


def digest_from(read: Callable[[int], bytes]) -> tuple[int, str]:
    """Length and SHA-256 of what `read` gives until it gives nothing."""
    sha, size = hashlib.sha256(), 0
    while part := read(BLOCK):
        sha.update(part)
        size += len(part)
    return size, sha.hexdigest()
