"""Small real TCP servers that tests put behind acc: a thread a connection, and what each connection came to.

Rule: every socket has a timeout, so that a server never waits for ever for a client that is broken.
"""

import queue
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"
PATIENCE = 100.0
BLOCK = 1 << 18

Serve = Callable[[socket.socket], object]
"""Serves one connection. What it returns is the connection's outcome."""


class Backend:
    """A listening server. Made by `serving`."""

    def __init__(self, serve: Serve, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self._serve = serve
        self._listener = listener
        self._outcomes: queue.Queue[object] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []

    def outcome(self, seconds: float = PATIENCE) -> object:
        """What the next connection came to: the value that `serve` returned, or the OSError that ended it."""
        return self._outcomes.get(timeout=seconds)

    def accept(self) -> None:
        """Accepts until the listener is shut down."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            self._connections.append(connection)
            thread = threading.Thread(target=self._run, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Ends every connection that is left."""
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended before
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self, connection: socket.socket) -> None:
        with connection:
            try:
                outcome = self._serve(connection)
            except OSError as error:
                outcome = error
        self._outcomes.put(outcome)


@contextmanager
def serving(serve: Serve, host: str = LOOPBACK) -> Iterator[Backend]:
    """A server that handles each connection with `serve` while the block runs."""
    with socket.create_server((host, 0), backlog=1024) as listener:
        backend = Backend(serve, listener)
        acceptor = threading.Thread(target=backend.accept)
        acceptor.start()
        try:
            yield backend
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(PATIENCE)
            backend.end()


def read_all(connection: socket.socket) -> bytes:
    """Everything up to the other side's end."""
    parts = []
    while part := connection.recv(BLOCK):
        parts.append(part)
    return b"".join(parts)


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """The next `size` bytes, or fewer if the other side ends before."""
    data = b""
    while len(data) < size and (part := connection.recv(size - len(data))):
        data += part
    return data


def echo(connection: socket.socket) -> int:
    """Sends back what comes, as it comes; the outcome is how much that was."""
    total = 0
    while part := connection.recv(BLOCK):
        connection.sendall(part)
        total += len(part)
    return total


def reset(connection: socket.socket) -> None:
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
