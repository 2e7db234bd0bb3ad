"""Passwords: argon2id, never on the event loop, never more at once than the machine can take.

Rules: at most `MAX_HASHING` hashes run, each holds 64 MiB; at most `MAX_WAITING` more wait, and whoever comes then gets
`Code.TOO_MANY_REQUESTS` at once. A login name that does not exist costs one hash like one that does.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from acc.wire.errors import AccError, Code

HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
MAX_HASHING = 2
MAX_WAITING = 16
MIN_PASSWORD = 8
MAX_PASSWORD = 256

T = TypeVar("T")


class Passwords:
    """Hashes and verifies in a few threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_HASHING, thread_name_prefix="argon2")
        self._under_way = 0
        self._nobody = HASHER.hash("the password of an account that does not exist")

    async def hash(self, password: str) -> str:
        """What is stored of `password`. Raises AccError(BAD_REQUEST) for one too short or too long."""
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise AccError(Code.BAD_REQUEST, f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
        return await self._run(lambda: HASHER.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """True if `password` is the one stored. None, for an unknown account, takes as long and is False."""
        matches = await self._run(lambda: _matches(stored or self._nobody, password[: MAX_PASSWORD + 1]))
        return matches and stored is not None

    def close(self) -> None:
        """Starts no more hashes; those that run end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._under_way >= MAX_HASHING + MAX_WAITING:
            raise AccError(Code.TOO_MANY_REQUESTS, "many people log in right now")
        self._under_way += 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # Counted until the thread is done, even if the client has left meanwhile.
        future.add_done_callback(self._done)
        return await future

    def _done(self, _future: object) -> None:
        self._under_way -= 1


def _matches(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
