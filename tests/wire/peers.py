"""WebSocket implementations of others, each behind the same few blocking calls, over TLS on loopback.

    websockets      its synchronous client and server
    wsproto         its state machine over a TLS socket
    trio-websocket  its client and server in a thread of their own

`Ours` is the same for our Link. Every wait has DEADLINE seconds.
"""

import contextlib
import queue
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Protocol, TypeVar

import pytest
import trio
import trio_websocket
import wsproto
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve
from wsproto import events

from acc.wire import upgrade
from acc.wire.frames import BINARY, CLOSE, PING, PONG, TEXT, Control, Event, frame, parse_close
from acc.wire.link import Link
from acc.wire.tls import Tls, client_context, server_context
from acc.wire.tunnel import SUBPROTOCOL
from tests.wire.pair import Certificate

DEADLINE = 20.0
HEADERS = {"Authorization": "Bearer acct1.a.b", "Acc-Window": "1048576"}
READ = 65536

Answer = TypeVar("Answer")


class Peer(Protocol):
    """What a test does with somebody else's end."""

    def send(self, message: bytes | str) -> None: ...
    def send_fragments(self, parts: list[bytes]) -> None: ...
    def ping(self) -> None:
        """Sends a ping and waits for its pong."""
        ...

    def receive(self) -> bytes | str: ...
    def close(self, code: int, reason: str) -> None: ...
    def wait_closed(self) -> tuple[int, str]:
        """Code and reason of the Close that came."""
        ...


class Ours:
    """Our end of a connection: a Link on a blocking socket."""

    def __init__(self, connection: socket.socket, tls: Tls, key: bytes | None) -> None:
        self.connection = connection
        self.link = Link(tls, key)
        self._plain = memoryview(bytearray(4 * READ))
        self._events: list[Event] = []

    @classmethod
    def connect(cls, port: int, certificate: Certificate, key: bytes | None) -> "Ours":
        """As a client; offers nothing that another WebSocket server would not understand."""
        connection = socket.create_connection(("127.0.0.1", port), DEADLINE)
        tls = Tls(client_context(certificate.pem), "127.0.0.1")
        _shake(connection, tls)
        wanted = upgrade.new_key()
        request = upgrade.Request(
            ticket="acct1.a.b", key=wanted, window=1 << 20, zero_mask=False, resume=None, received=0
        )
        tls.write(upgrade.encode_request(request, f"127.0.0.1:{port}"))
        connection.sendall(tls.take())
        head = _read_head(connection, tls)
        assert upgrade.accept_key(wanted).encode() in head
        return cls(connection, tls, key)

    @classmethod
    def accept(cls, listener: socket.socket, certificate: Certificate) -> "Ours":
        """As a worker whose backend is connected at once."""
        connection, _ = listener.accept()
        connection.settimeout(DEADLINE)
        tls = Tls(server_context(certificate.path, certificate.key_path), None)
        _shake(connection, tls)
        request = upgrade.parse_request(_read_head(connection, tls))
        accepted = upgrade.Accepted(
            connection="sc_1", resume="sc_1.t", hold=60, window=1 << 20, received=0, zero_mask=request.zero_mask
        )
        tls.write(upgrade.encode_accepted(accepted, request.key))
        connection.sendall(tls.take())
        return cls(connection, tls, b"")

    def flush(self) -> None:
        """Sends what the link has written."""
        self.connection.sendall(self.link.tls.take())

    def send(self, data: bytes) -> None:
        """Stream bytes in one frame."""
        self.link.send_stream(data)
        self.flush()

    def send_fragments(self, parts: list[bytes], key: bytes) -> None:
        """Stream bytes in fragments, with an empty ping between any two."""
        for index, part in enumerate(parts):
            made = bytearray(frame(0 if index else BINARY, part, key))
            if index < len(parts) - 1:
                made[0] &= 0x7F
            self.link.tls.write(made)
            self.link.ping()
        self.flush()

    def next(self) -> Event:
        """The next event; pings are answered on the way."""
        while True:
            event = self._next()
            if isinstance(event, Control) and event.opcode == PING:
                self.link.pong(event.payload)
                self.flush()
            elif not isinstance(event, Control) or event.opcode != PONG:
                return event

    def leave(self) -> None:
        """Sends no more, as a worker does behind its last word."""
        self.connection.shutdown(socket.SHUT_WR)

    def wait_pong(self) -> None:
        """Returns when a pong came."""
        while not (isinstance(event := self._next(), Control) and event.opcode == PONG):
            pass

    def read_stream(self, size: int) -> bytes:
        """The next `size` stream bytes."""
        found = bytearray()
        while len(found) < size:
            event = self.next()
            assert isinstance(event, memoryview)
            found += event
        return bytes(found)

    def read_text(self) -> bytes:
        """The next message, which is a text."""
        event = self.next()
        assert isinstance(event, Control)
        assert event.opcode == TEXT
        return event.payload

    def wait_closed(self) -> tuple[int, str]:
        """Code and reason of the Close that comes next."""
        event = self.next()
        assert isinstance(event, Control)
        assert event.opcode == CLOSE
        return parse_close(event.payload)

    def _next(self) -> Event:
        while not self._events:
            filled = self.link.tls.read_into(self._plain)
            if filled:
                found = self.link.receive(self._plain[:filled])
                self._events = [bytes(event) if isinstance(event, memoryview) else event for event in found]  # type: ignore[misc]  # kept longer than the buffer
            else:
                data = self.connection.recv(READ)
                assert data, "the peer has left"
                self.link.tls.feed(memoryview(data))
        event = self._events.pop(0)
        return memoryview(event) if isinstance(event, bytes) else event


def _shake(connection: socket.socket, tls: Tls) -> None:
    while not tls.handshake():
        connection.sendall(tls.take())
        tls.feed(memoryview(connection.recv(READ)))
    connection.sendall(tls.take())


def _read_head(connection: socket.socket, tls: Tls) -> bytes:
    room, data = memoryview(bytearray(READ)), b""
    while b"\r\n\r\n" not in data:
        while count := tls.read_into(room):
            data += room[:count]
        if b"\r\n\r\n" not in data:
            tls.feed(memoryview(connection.recv(READ)))
    head, end, rest = data.partition(b"\r\n\r\n")
    tls.unread(rest)
    return head + end


class Websockets:
    """websockets."""

    def __init__(self, connection: ClientConnection | ServerConnection) -> None:
        self._connection = connection

    def send(self, message: bytes | str) -> None:
        self._connection.send(message)

    def send_fragments(self, parts: list[bytes]) -> None:
        self._connection.send(iter(parts))

    def ping(self) -> None:
        assert self._connection.ping().wait(DEADLINE)

    def receive(self) -> bytes | str:
        return self._connection.recv(DEADLINE)

    def close(self, code: int, reason: str) -> None:
        self._connection.close(code, reason)

    def wait_closed(self) -> tuple[int, str]:
        with pytest.raises(ConnectionClosed) as caught:
            self._connection.recv(DEADLINE)
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code, caught.value.rcvd.reason


class Wsproto:
    """wsproto."""

    def __init__(self, connection: ssl.SSLSocket, machine: wsproto.WSConnection) -> None:
        self._connection = connection
        self._machine = machine
        self._events: Iterator[events.Event] = iter(())

    def tell(self, event: events.Event) -> None:
        self._connection.sendall(self._machine.send(event))

    def send(self, message: bytes | str) -> None:
        self.tell(events.BytesMessage(message) if isinstance(message, bytes) else events.TextMessage(message))

    def send_fragments(self, parts: list[bytes]) -> None:
        for index, part in enumerate(parts):
            self.tell(events.BytesMessage(part, message_finished=index == len(parts) - 1))
            self.tell(events.Ping(b"between"))

    def ping(self) -> None:
        self.tell(events.Ping(b"are you there"))
        while not isinstance(self.event(), events.Pong):
            pass

    def receive(self) -> bytes | str:
        found: bytes | str | None = None
        while True:
            event = self.event()
            match event:
                case events.Ping():
                    self.tell(event.response())
                case events.BytesMessage() | events.TextMessage():
                    found = event.data if found is None else found + event.data
                    if event.message_finished:
                        return found if isinstance(found, str) else bytes(found)
                case _:
                    assert isinstance(event, events.Pong)

    def close(self, code: int, reason: str) -> None:
        self.tell(events.CloseConnection(code, reason))

    def wait_closed(self) -> tuple[int, str]:
        event = self.event()
        assert isinstance(event, events.CloseConnection)
        if self._machine.state is wsproto.ConnectionState.REMOTE_CLOSING:
            self.tell(event.response())
        return event.code, event.reason or ""

    def event(self) -> events.Event:
        while (event := next(self._events, None)) is None:
            self._machine.receive_data(self._connection.recv(READ) or None)
            self._events = self._machine.events()
        return event


class TrioWebsocket:
    """trio-websocket; `run` runs a function in its event loop."""

    def __init__(
        self, connection: trio_websocket.WebSocketConnection, token: trio.lowlevel.TrioToken, over: trio.Event
    ) -> None:
        self._connection = connection
        self._token = token
        self._over = over

    def run(self, function: Callable[[], Awaitable[Answer]]) -> Answer:
        async def bounded() -> Answer:
            with trio.fail_after(DEADLINE):
                return await function()

        return trio.from_thread.run(bounded, trio_token=self._token)

    def send(self, message: bytes | str) -> None:
        self.run(lambda: self._connection.send_message(message))

    def send_fragments(self, parts: list[bytes]) -> None:
        async def fragments() -> None:
            for index, part in enumerate(parts):
                last = index == len(parts) - 1
                await self._connection._send(events.BytesMessage(part, message_finished=last))
                await self._connection._send(events.Ping(b"between"))

        self.run(fragments)

    def ping(self) -> None:
        self.run(lambda: self._connection.ping(b"are you there"))

    def receive(self) -> bytes | str:
        message = self.run(self._connection.get_message)
        assert isinstance(message, bytes | str)
        return message

    def close(self, code: int, reason: str) -> None:
        self.run(lambda: self._connection.aclose(code, reason))

    def wait_closed(self) -> tuple[int, str]:
        with pytest.raises(trio_websocket.ConnectionClosed) as caught:
            self.run(self._connection.get_message)
        assert caught.value.reason is not None
        return caught.value.reason.code, caught.value.reason.reason or ""

    def leave(self) -> None:
        """Lets the event loop end."""
        self._token.run_sync_soon(self._over.set)


Opened = tuple[Ours, Peer]


class Loopback:
    """Opens connections between our end and a peer's; `stack` ends what they need."""

    def __init__(self, certificate: Certificate, stack: ExitStack) -> None:
        self._certificate = certificate
        self._stack = stack
        self._client_tls = ssl.create_default_context(cadata=certificate.pem)
        self._server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server_tls.load_cert_chain(certificate.path, certificate.key_path)

    # their client, our server

    def to_us(self, name: str) -> Opened:
        """The peer is the client."""
        listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(DEADLINE)
        port = listener.getsockname()[1]
        box: queue.Queue[Peer] = queue.Queue()
        client = {"websockets": self._websockets_client, "wsproto": self._wsproto_client, "trio": self._trio_client}
        self._start(lambda: client[name](port, box))
        ours = Ours.accept(listener, self._certificate)
        peer = box.get(timeout=DEADLINE)
        self._stack.callback(ours.connection.close)  # the first to be called: a peer that closes waits for us
        return ours, peer

    def _websockets_client(self, port: int, box: queue.Queue[Peer]) -> None:
        opening = connect(
            f"wss://127.0.0.1:{port}/v1/tunnel",
            ssl=self._client_tls,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]  # a NewType of str
            additional_headers=HEADERS,
            compression=None,
            max_size=None,
        )
        box.put(Websockets(self._stack.enter_context(opening)))

    def _wsproto_client(self, port: int, box: queue.Queue[Peer]) -> None:
        connection = self._client_tls.wrap_socket(
            socket.create_connection(("127.0.0.1", port), DEADLINE), server_hostname="127.0.0.1"
        )
        self._stack.callback(connection.close)
        peer = Wsproto(connection, wsproto.WSConnection(wsproto.ConnectionType.CLIENT))
        headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        peer.tell(
            events.Request(
                host=f"127.0.0.1:{port}", target="/v1/tunnel", subprotocols=[SUBPROTOCOL], extra_headers=headers
            )
        )
        answer = peer.event()
        assert isinstance(answer, events.AcceptConnection)
        assert answer.subprotocol == SUBPROTOCOL
        box.put(peer)

    def _trio_client(self, port: int, box: queue.Queue[Peer]) -> None:
        async def main() -> None:
            tcp = await trio.open_tcp_stream("127.0.0.1", port)
            stream = trio.SSLStream(tcp, self._client_tls, server_hostname="127.0.0.1", https_compatible=True)
            async with trio.open_nursery() as nursery:
                connection = await trio_websocket.wrap_client_stream(
                    nursery,
                    stream,
                    f"127.0.0.1:{port}",
                    "/v1/tunnel",
                    subprotocols=[SUBPROTOCOL],
                    extra_headers=[(name.encode(), value.encode()) for name, value in HEADERS.items()],
                    max_message_size=1 << 24,
                )
                await self._hand_over(connection, box)
                nursery.cancel_scope.cancel()
            await trio.aclose_forcefully(stream)  # which trio-websocket leaves open where the peer has left first

        trio.run(main)

    # our client, their server

    def from_us(self, name: str, key: bytes | None) -> Opened:
        """The peer is the server."""
        box: queue.Queue[Peer] = queue.Queue()
        ports: queue.Queue[int] = queue.Queue()
        server = {"websockets": self._websockets_server, "wsproto": self._wsproto_server, "trio": self._trio_server}
        self._start(lambda: server[name](ports, box))
        ours = Ours.connect(ports.get(timeout=DEADLINE), self._certificate, key)
        peer = box.get(timeout=DEADLINE)
        self._stack.callback(ours.connection.close)  # the first to be called: a peer that closes waits for us
        return ours, peer

    def _websockets_server(self, ports: queue.Queue[int], box: queue.Queue[Peer]) -> None:
        over = threading.Event()

        def handle(connection: ServerConnection) -> None:
            box.put(Websockets(connection))
            over.wait(DEADLINE)

        with serve(
            handle,
            "127.0.0.1",
            0,
            ssl=self._server_tls,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]  # a NewType of str
            compression=None,
            max_size=None,
        ) as server:
            self._stack.callback(server.shutdown)
            self._stack.callback(over.set)
            ports.put(server.socket.getsockname()[1])
            server.serve_forever()

    def _wsproto_server(self, ports: queue.Queue[int], box: queue.Queue[Peer]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ports.put(listener.getsockname()[1])
            accepted, _ = listener.accept()
        accepted.settimeout(DEADLINE)
        connection = self._server_tls.wrap_socket(accepted, server_side=True)
        self._stack.callback(connection.close)
        peer = Wsproto(connection, wsproto.WSConnection(wsproto.ConnectionType.SERVER))
        assert isinstance(peer.event(), events.Request)
        peer.tell(events.AcceptConnection(subprotocol=SUBPROTOCOL))
        box.put(peer)

    def _trio_server(self, ports: queue.Queue[int], box: queue.Queue[Peer]) -> None:
        async def handle(request: trio_websocket.WebSocketRequest) -> None:
            connection = await request.accept(subprotocol=SUBPROTOCOL)
            await self._hand_over(connection, box)

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                server = await nursery.start(
                    lambda task_status: trio_websocket.serve_websocket(
                        handle, "127.0.0.1", 0, self._server_tls, max_message_size=1 << 24, task_status=task_status
                    )
                )
                token = trio.lowlevel.current_trio_token()
                self._stack.callback(lambda: token.run_sync_soon(nursery.cancel_scope.cancel))
                ports.put(server.port)

        trio.run(main)

    # both

    async def _hand_over(self, connection: trio_websocket.WebSocketConnection, box: queue.Queue[Peer]) -> None:
        peer = TrioWebsocket(connection, trio.lowlevel.current_trio_token(), over := trio.Event())
        self._stack.callback(self._leave, peer)
        box.put(peer)
        with trio.move_on_after(2 * DEADLINE):
            await over.wait()

    def _leave(self, peer: TrioWebsocket) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            peer.leave()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._stack.callback(thread.join, DEADLINE)  # the last to be called: what ends the thread is registered by it
        thread.start()
