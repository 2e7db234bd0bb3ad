"""Reads whose client has left before their answer: they end at once, and so does what they ask of the database.

Rule: only what has not begun to be answered ends so, because an answer has its record, and only a read, because a
change that somebody has asked for is made or not made, but not by the chance of when they left.
"""

import asyncio

from litestar.types import ASGIApp, HTTPRequestEvent, HTTPScope, Message, Receive, Send

READS = frozenset({"GET", "HEAD"})


async def read_while_wanted(app: ASGIApp, scope: HTTPScope, receive: Receive, send: Send) -> bool:
    """Lets `app` answer a read, which has no body. False if its client left first."""
    answering = False

    async def answer(message: Message) -> None:
        nonlocal answering
        answering = True
        await send(message)

    reading = asyncio.ensure_future(app(scope, _receive_nothing, answer))
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answering:
            reading.cancel()
        await asyncio.wait({reading})
    finally:  # neither outlives the request, not even one that is cancelled itself
        reading.cancel()
        leaving.cancel()
        await asyncio.wait({reading, leaving})
    if reading.cancelled():
        return False
    reading.result()
    return True


async def _receive_nothing() -> HTTPRequestEvent:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _left(receive: Receive) -> None:
    """Ends when the client has left, or has its answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
