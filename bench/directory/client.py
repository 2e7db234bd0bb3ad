"""A lean HTTPS client, so that the figures are the server's: one connection kept open, one request at a time."""

import asyncio
import http.client
import json
import ssl
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, to be made again and again."""

    method: str
    path: str
    body: str | None = None


class Client:
    """One open connection to a server."""

    def __init__(self, address: str, token: str, trust: ssl.SSLContext) -> None:
        self._connection = http.client.HTTPSConnection(address, context=trust, timeout=60)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def ask(self, ask: Ask) -> dict[str, object]:
        """The answer, which must be a good one."""
        self._connection.request(ask.method, ask.path, ask.body, self._headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        assert answer.status == 200, raw[:400]
        return dict(json.loads(raw))

    def milliseconds(self, ask: Ask, times: int) -> float:
        """The median of so many requests, one after the other."""
        taken: list[float] = []
        for _ in range(times):
            before = time.perf_counter()
            self.ask(ask)
            taken.append(time.perf_counter() - before)
        return statistics.median(taken) * 1000

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Load:
    """What a load found: answers a second, and milliseconds from when a request was due."""

    rate: float
    p50: float
    p99: float


async def capacity(address: str, token: str, trust: ssl.SSLContext, ask: Ask, seconds: float, clients: int = 8) -> Load:
    """As many requests as the server takes from `clients` connections, each sending the next when it was answered."""
    until = time.perf_counter() + seconds
    taken: list[float] = []

    async def one() -> None:
        link = await _open(address, trust)
        while time.perf_counter() < until:
            before = time.perf_counter()
            await _exchange(link, token, ask)
            taken.append(time.perf_counter() - before)
        link[1].close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return _load(taken, seconds)


async def steady(
    address: str, token: str, trust: ssl.SSLContext, ask: Ask, rate: float, seconds: float, clients: int = 8
) -> Load:
    """`rate` requests a second, whether or not the last were answered; a late one counts from when it was due."""
    due: asyncio.Queue[float | None] = asyncio.Queue()
    taken: list[float] = []

    async def one() -> None:
        link = await _open(address, trust)
        while (when := await due.get()) is not None:
            await _exchange(link, token, ask)
            taken.append(time.perf_counter() - when)
        link[1].close()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(one())
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            when = began + number / rate
            await asyncio.sleep(max(0.0, when - time.perf_counter()))
            due.put_nowait(when)
        for _ in range(clients):
            due.put_nowait(None)
    return _load(taken, seconds)


def _load(taken: list[float], seconds: float) -> Load:
    cuts = statistics.quantiles(taken, n=100)
    return Load(len(taken) / seconds, cuts[49] * 1000, cuts[98] * 1000)


async def _open(address: str, trust: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port), ssl=trust, server_hostname=host)


async def _exchange(link: tuple[asyncio.StreamReader, asyncio.StreamWriter], token: str, ask: Ask) -> None:
    reader, writer = link
    body = (ask.body or "").encode()
    writer.write(
        f"{ask.method} {ask.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b" 200 " in head.split(b"\r\n", 1)[0], head
    await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
