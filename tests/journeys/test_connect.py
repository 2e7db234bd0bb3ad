"""The trio shell: a stream through `acc connect` keeps every promise that trio makes of a half-closeable stream."""

import pytest
import trio
import trio.testing

from tests.journeys.api import Api
from tests.journeys.backends import LOOPBACK
from tests.journeys.client import Client
from tests.journeys.connecting import connecting

Pair = tuple[trio.SocketStream, trio.SocketStream]


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
