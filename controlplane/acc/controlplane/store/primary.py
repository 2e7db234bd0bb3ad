"""Which Postgres to connect to, where the database's URL names several: `postgresql://user@a:1,b:2/acc`.

asyncpg tries them in turn within one deadline, so that one host that is silent, as a machine without power is, keeps it
from ever asking the next. Here each host has a deadline of its own, and the one that was right the last time is asked
first. With `target_session_attrs=read-write` in the URL a standby is not right, and the new primary is found.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

import asyncpg  # type: ignore[import-untyped]  # it ships no types

HOST_SECONDS = 1.0

Connect = Callable[..., Awaitable[Any]]  # it ships no types

_connect = cast("Connect", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType] (it ships no types)

_TRY_NEXT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


class Hosts:
    """The hosts of one URL."""

    def __init__(self, url: str) -> None:
        self._urls = split_hosts(url)
        self._right = 0

    async def connect(self, _url: str, *, timeout: float, **settings: Any) -> Any:  # asyncpg ships no types
        """A connection to the first host that is right, for asyncpg's pool. Raises what the last one has said."""
        deadline = timeout if len(self._urls) == 1 else min(timeout, HOST_SECONDS)
        refused: BaseException = OSError("no host")
        for index in (*range(self._right, len(self._urls)), *range(self._right)):
            try:
                connection = await _connect(self._urls[index], timeout=deadline, **settings)
            except _TRY_NEXT as cause:
                refused = cause
            else:
                self._right = index
                return connection
        raise refused


def split_hosts(url: str) -> tuple[str, ...]:
    """One URL for each host that `url` names, else the same but for that."""
    parts: SplitResult = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    return tuple(parts._replace(netloc=f"{user}{at}{host}").geturl() for host in hosts.split(","))
