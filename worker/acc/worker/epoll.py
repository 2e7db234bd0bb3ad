"""One epoll set for every socket of the data path, waited for by the event loop as a single descriptor.

An event loop's own readers and writers cost tens of KiB and several calls a socket; here a socket is a number in the
kernel's set and an entry in a dictionary, so that a worker can hold many thousands of idle tunnels. The set is level
triggered: a handler does a bounded piece of work, and what is left comes again, after everybody else's turn.

Rule: a descriptor that nothing is wanted of is not in the set, because the kernel reports errors and hang-ups even
for an empty mask, again and again. Whoever closes a socket forgets it first.
"""

import asyncio
import select
from collections.abc import Callable

IN = select.EPOLLIN
OUT = select.EPOLLOUT
BROKEN = select.EPOLLERR | select.EPOLLHUP

BATCH = 128
"""Events handled before the event loop has its turn again."""

Handler = Callable[[int], None]
"""Takes the events that are ready."""


class EpollSet:
    """Descriptors, what is wanted of each, and who handles it."""

    __slots__ = ("_epoll", "_handlers", "_loop", "_wanted")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._wanted: dict[int, int] = {}
        loop.add_reader(self._epoll.fileno(), self._dispatch)

    def add(self, descriptor: int, handler: Handler, events: int) -> None:
        """Lets `handler` answer for `descriptor`."""
        self._handlers[descriptor] = handler
        self._wanted[descriptor] = 0
        self.want(descriptor, events)

    def want(self, descriptor: int, events: int) -> None:
        """Changes the events that are waited for; 0 for none."""
        before = self._wanted[descriptor]
        if events == before:
            return
        if not before:
            self._epoll.register(descriptor, events)
        elif events:
            self._epoll.modify(descriptor, events)
        else:
            self._epoll.unregister(descriptor)
        self._wanted[descriptor] = events

    def forget(self, descriptor: int) -> None:
        """Ends the watch; the descriptor may then be closed."""
        del self._handlers[descriptor]
        if self._wanted.pop(descriptor):
            self._epoll.unregister(descriptor)

    def close(self) -> None:
        """Leaves the event loop. The descriptors belong to others."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _dispatch(self) -> None:
        handlers = self._handlers
        for descriptor, events in self._epoll.poll(0, BATCH):
            handler = handlers.get(descriptor)
            if handler is not None:  # an earlier handler of this batch may have forgotten it
                handler(events)
