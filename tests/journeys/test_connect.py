"""The trio shell: a stream through `acc connect` keeps every promise that trio makes of a half-closeable stream."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio
import trio.testing

from tests.journeys.api import Api
from tests.journeys.backends import LOOPBACK
from tests.journeys.client import ACC, Client

Pair = tuple[trio.SocketStream, trio.SocketStream]


@contextmanager
def connecting(client: Client, target: str) -> Iterator[int]:
    """`acc connect`, running; its local port."""
    process = subprocess.Popen(
        [ACC, "connect", target], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=client.env, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()
        print(errors)


@pytest.mark.parametrize("far", ["client", "server"])
def test_a_stream_through_it_is_half_closeable_as_trio_means_it(api: Api, client: Client, far: str) -> None:
    async def check() -> None:
        (listener,) = await trio.open_tcp_listeners(0, host=LOOPBACK)
        async with listener:
            target = await trio.to_thread.run_sync(api.target, listener.socket.getsockname()[1])

            async def make() -> Pair:
                near = await trio.open_tcp_stream(LOOPBACK, port)
                with trio.fail_after(20):
                    served = await listener.accept()
                return (near, served) if far == "server" else (served, near)

            with connecting(client, target) as port:
                await trio.testing.check_half_closeable_stream(make, None)

    trio.run(check)
