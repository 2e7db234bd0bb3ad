"""The network between a client and its worker, in the test's hands: a TCP forwarder that breaks connections.

A client that holds a ticket for a target dials the worker that the ticket names. `between` names itself there, and
passes everything on until the plan for that connection says that it breaks. It breaks as networks do: what was on
its way is lost, both sides get RST.
"""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from acc.wire.names import split_address
from tests.journeys.api import Api
from tests.journeys.backends import BLOCK, LOOPBACK, reset
from tests.journeys.client import Client

QUIET = 0.7
"""Seconds, longer than the 0.2 s after which an acknowledgement is sent in a quiet moment."""

UP, DOWN = "up", "down"

Passes = Callable[[str, int], int]
"""How many of the bytes that came in a direction are passed on; where it is not all, the connection breaks."""

Plan = Callable[[int], Passes]
"""What is done to the connection with that number, from 0."""


def keep(_number: int) -> Passes:
    """Breaks nothing."""
    return lambda _direction, size: size


class Network:
    """A forwarder to one worker. Made by `between`."""

    def __init__(self, listener: socket.socket, worker: tuple[str, int], plan: Plan) -> None:
        self.plan = plan
        self.cuts = 0
        self.connections = 0
        self.refused = 0
        self._silent = 0
        self._listener = listener
        self._worker = worker
        self._open: set[socket.socket] = set()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._down = False
        self._last = time.monotonic()

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self._listener.getsockname()[1]}"

    def quiet(self) -> bool:
        """True when nothing has passed for so long that nothing more will by itself, but pings."""
        return time.monotonic() - self._last > QUIET

    def fall_silent(self) -> None:
        """Passes nothing on any more in the connections that are open now, and says nothing of it.

        Those that come have small packets, as on a real network, so that a sender's buffer is soon full.
        """
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self._silent = self.connections

    def cut(self) -> None:
        """Breaks every connection that is open now."""
        with self._lock:
            found = list(self._open)
        for connection in found:
            _break(connection)

    def go_down(self) -> None:
        """Breaks every connection, and every one that is made from now on."""
        self._down = True
        self.cut()

    def come_back(self) -> None:
        """Passes connections on again."""
        self._down = False

    def accept(self) -> None:
        """Accepts until the listener is shut down."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._down:
                self.refused += 1
                reset(client)
                continue
            thread = threading.Thread(target=self._run, args=(client, self.connections, self.plan(self.connections)))
            self.connections += 1
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Ends every connection."""
        self._over.set()
        self.go_down()
        for thread in self._threads:
            thread.join(10)

    def _run(self, client: socket.socket, number: int, passes: Passes) -> None:
        with client, socket.create_connection(self._worker) as worker, selectors.DefaultSelector() as selector:
            with self._lock:
                self._open |= {client, worker}
            selector.register(client, selectors.EVENT_READ, (UP, worker))
            selector.register(worker, selectors.EVENT_READ, (DOWN, client))
            try:
                while selector.get_map() and not self._down:
                    ready = selector.select()
                    if number < self._silent:
                        self._over.wait(0.1)
                        continue
                    for key, _ in ready:
                        direction, other = key.data
                        source = key.fileobj
                        assert isinstance(source, socket.socket)
                        piece = source.recv(BLOCK)
                        if not piece:
                            selector.unregister(source)
                            other.shutdown(socket.SHUT_WR)
                            continue
                        self._last = time.monotonic()
                        passed = passes(direction, len(piece))
                        other.sendall(piece[:passed])
                        if passed < len(piece):
                            self.cuts += 1
                            raise ConnectionResetError
            except OSError:
                with self._lock:
                    self._open -= {client, worker}
                reset(client)
                reset(worker)
            else:
                with self._lock:
                    self._open -= {client, worker}


def _break(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended


@contextmanager
def between(api: Api, client: Client, target: str, plan: Plan = keep) -> Iterator[Network]:
    """A network between `client` and the worker that it reaches `target` by."""
    granted = api.authorize(target)
    match granted:
        case {"workers": [{"address": str(address), "server_name": str(server_name)}, *_]}:
            worker = split_address(address)
        case _:
            raise AssertionError(granted)
    assert worker is not None
    with socket.create_server((LOOPBACK, 0), backlog=256) as listener:
        network = Network(listener, worker, plan)
        acceptor = threading.Thread(target=network.accept)
        acceptor.start()
        client.keep_ticket(target, granted, workers=[{"address": network.address, "server_name": server_name}])
        try:
            yield network
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(10)
            network.end()
