"""Passwords: argon2id, never on the event loop, never more at once than the machine can take.

Rules: at most `MAX_HASHING` hashes run, each holds 64 MiB; at most `MAX_WAITING` more wait. Of these places an address
may have as many as it leaves free, which is half for one and a third each for two: whoever floods the others' place to
log in fills their own share. Who comes to no place gets `Code.TOO_MANY_REQUESTS` at once; those who wait are taken in
turns, one of each address, not in the order in which they came. A login name that does not
exist costs one hash like one that does.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from acc.controlplane.service.exchange import current
from acc.wire.errors import AccError, Code

HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
MAX_HASHING = 2
MAX_WAITING = 34
MIN_PASSWORD = 8
MAX_PASSWORD = 256

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """A hash that waits: the turn in which it is taken, and when it came among those of that turn."""

    turn: int
    number: int
    start: Callable[[], None] = field(compare=False)


class Passwords:
    """Hashes and verifies in a few threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MAX_HASHING, thread_name_prefix="argon2")
        self._places = Counter[str]()
        self._waiting: list[_Waiting] = []
        self._numbers = count()
        self._turn = 0
        self._hashing = 0
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
        self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        exchange = current()
        address = exchange.address if exchange else ""
        own = self._places[address]
        if own >= MAX_HASHING + MAX_WAITING - self._places.total():
            raise AccError(Code.TOO_MANY_REQUESTS, "many people log in right now")
        loop = asyncio.get_running_loop()
        started: asyncio.Future[asyncio.Future[T]] = loop.create_future()

        def start() -> None:
            if started.cancelled():  # the client has left before its turn
                self._done(address)
                return
            hashing = loop.run_in_executor(self._threads, work)
            hashing.add_done_callback(lambda _: self._done(address))
            started.set_result(hashing)

        self._places[address] += 1
        heappush(self._waiting, _Waiting(self._turn + own, next(self._numbers), start))
        self._start()
        # Counted until the thread is done, even if the client leaves meanwhile.
        return await asyncio.shield(await started)

    def _start(self) -> None:
        while self._waiting and self._hashing < MAX_HASHING:
            self._hashing += 1
            first = heappop(self._waiting)
            self._turn = first.turn
            first.start()

    def _done(self, address: str) -> None:
        self._hashing -= 1
        self._places[address] -= 1
        if not self._places[address]:
            del self._places[address]
        self._start()


def _matches(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
