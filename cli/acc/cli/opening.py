"""Opens a tunnel to a worker: TCP, TLS, one upgrade; and opens it again when its transport was lost.

Imports wait until there is something to wait for: TLS is imported while TCP connects, what the caller needs next while
the worker authorises and dials. That hides a third of the start-up behind the network and the worker's own work.

Workers are tried in the order that the controller gave, the next at once where one does not answer; any other
refusal is final, because it is about the ticket or the backend, which the next worker would find the same.
"""

import errno
import os
import select
import socket
import sys
import time
from collections.abc import Callable

from acc.cli.interrupt import Interrupt
from acc.cli.tickets import Grant, Worker
from acc.wire.errors import AccError, Code
from acc.wire.names import split_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from acc.wire.link import Link
    from acc.wire.tls import Tls
    from acc.wire.upgrade import Accepted

CONNECT_DEADLINE = 5.0
"""Seconds for a worker to answer TCP and TLS."""

ANSWER_DEADLINE = 20.0
"""Seconds for a worker to authorise the connection and dial its backend; the worker's own bounds are shorter."""

READ = 16384

PATIENT_RTT = 0.1
"""Seconds: the path that windows are made for, where the kernel does not tell."""

_MIN_RTT = slice(148, 152)  # of struct tcp_info in linux/tcp.h, microseconds

ELSEWHERE = (Code.WORKER_UNREACHABLE, Code.WORKER_BUSY, Code.DRAINING)
"""Refusals of a new connection that the next worker may not share."""


class Refused(AccError):
    """Nothing listens at the worker's address."""


class Transport:
    """An open tunnel's socket and link, and what its worker said."""

    __slots__ = ("accepted", "connection", "link", "worker")

    def __init__(self, connection: socket.socket, link: "Link", accepted: "Accepted", worker: Worker) -> None:
        self.connection = connection
        self.link = link
        self.accepted = accepted
        self.worker = worker

    def min_rtt(self) -> float:
        """Seconds of the fastest round trip that the kernel has seen; a long one where it does not say."""
        if not hasattr(socket, "TCP_INFO"):
            return PATIENT_RTT
        info = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _MIN_RTT.stop)
        return int.from_bytes(info[_MIN_RTT], sys.byteorder) / 1e6


class Opener:
    """Opens tunnels on one grant. `meanwhile` is done while a worker authorises and dials."""

    __slots__ = ("_grant", "_interrupt", "_meanwhile")

    def __init__(self, grant: Grant, interrupt: Interrupt, meanwhile: Callable[[], None]) -> None:
        self._grant = grant
        self._interrupt = interrupt
        self._meanwhile = meanwhile

    def open(self) -> Transport:
        """A new connection, through the first worker that answers."""
        last = AccError(Code.WORKER_UNREACHABLE)
        for worker in self._grant.workers:
            try:
                return self._open(worker, None, 0)
            except AccError as error:
                if error.code not in ELSEWHERE:
                    raise
                last = error
        raise last

    def reopen(self, worker: Worker, token: str, received: int) -> Transport:
        """The same connection over a new transport, to the worker that holds it."""
        return self._open(worker, token, received)

    def _open(self, worker: Worker, token: str | None, received: int) -> Transport:
        deadline = time.monotonic() + CONNECT_DEADLINE
        late = AccError(Code.WORKER_UNREACHABLE, f"{worker} did not answer within {CONNECT_DEADLINE:.0f} s")
        connection = self._connect(worker, deadline, late)
        try:
            tls = self._secure(connection, worker, deadline, late)
            return self._upgrade(connection, tls, worker, token, received)
        except OSError as error:
            connection.close()
            raise AccError(Code.WORKER_UNREACHABLE, f"{worker}: {error.strerror or error}") from None
        except AccError:
            connection.close()
            raise

    def _connect(self, worker: Worker, deadline: float, late: AccError) -> socket.socket:
        """A connected socket to the first of the worker's addresses that answers."""
        error = AccError(Code.WORKER_UNREACHABLE, str(worker))
        for family, sockaddr in _resolve(worker):
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            status = connection.connect_ex(sockaddr)
            if status == errno.EINPROGRESS:
                _load_tls()
                try:
                    self._interrupt.wait(connection.fileno(), select.POLLOUT, deadline, late)
                except AccError:
                    connection.close()
                    raise
                status = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not status:
                return connection
            connection.close()
            kind = Refused if status == errno.ECONNREFUSED else AccError
            error = kind(Code.WORKER_UNREACHABLE, f"{worker}: {os.strerror(status)}")
        raise error

    def _secure(self, connection: socket.socket, worker: Worker, deadline: float, late: AccError) -> "Tls":
        """TLS with the worker's certificate verified."""
        import ssl  # noqa: PLC0415  see the module's docstring

        from acc.wire.tls import Tls, client_context  # noqa: PLC0415  likewise

        try:
            tls = Tls(client_context(self._grant.ca), worker.server_name)
        except ssl.SSLError:
            raise AccError(Code.UNTRUSTED, "the controller's answer holds no usable CA for workers") from None
        room = memoryview(bytearray(READ))
        try:
            while not tls.handshake():
                self._send(connection, tls, deadline, late)
                self._receive(connection, tls, room, deadline, late)
        except ssl.SSLCertVerificationError as error:
            self._send(connection, tls, deadline, late)  # the alert that says so
            raise AccError(Code.UNTRUSTED, f"{worker}: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise AccError(Code.HTTP_PEER, f"{worker}: {error.reason or error}") from None
        return tls

    def _upgrade(
        self, connection: socket.socket, tls: "Tls", worker: Worker, token: str | None, received: int
    ) -> Transport:
        """Asks for the tunnel and reads the answer. Raises the refusal."""
        from acc.wire import upgrade  # noqa: PLC0415  see the module's docstring
        from acc.wire.frames import ZERO_KEY  # noqa: PLC0415  likewise
        from acc.wire.incoming import WINDOW  # noqa: PLC0415  likewise
        from acc.wire.link import Link  # noqa: PLC0415  likewise

        key = upgrade.new_key()
        request = upgrade.Request(
            ticket=self._grant.ticket, key=key, window=WINDOW, zero_mask=True, resume=token, received=received
        )
        deadline = time.monotonic() + ANSWER_DEADLINE
        late = AccError(Code.WORKER_UNREACHABLE, f"{worker} did not answer within {ANSWER_DEADLINE:.0f} s")
        tls.write(upgrade.encode_request(request, worker.address))
        self._send(connection, tls, deadline, late)
        self._meanwhile()
        room, data = memoryview(bytearray(READ)), b""
        while (length := upgrade.answer_length(data)) is None:
            self._receive(connection, tls, room, deadline, late)
            while count := tls.read_into(room):
                data += room[:count]
        accepted = upgrade.parse_answer(data[:length], key)
        tls.unread(data[length:])
        return Transport(connection, Link(tls, ZERO_KEY if accepted.zero_mask else None), accepted, worker)

    def _send(self, connection: socket.socket, tls: "Tls", deadline: float, late: AccError) -> None:
        data = memoryview(tls.take())
        while data:
            try:
                data = data[connection.send(data) :]
            except BlockingIOError:
                self._interrupt.wait(connection.fileno(), select.POLLOUT, deadline, late)

    def _receive(
        self, connection: socket.socket, tls: "Tls", room: memoryview, deadline: float, late: AccError
    ) -> None:
        self._interrupt.wait(connection.fileno(), select.POLLIN, deadline, late)
        try:
            count = connection.recv_into(room)
        except BlockingIOError:
            return
        if not count:
            raise ConnectionResetError(errno.ECONNRESET, "the worker closed the connection")
        tls.feed(room[:count])


def _load_tls() -> None:
    """Imports what is needed when TCP stands, while its packets travel."""
    import acc.wire.tls  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]  see the module's docstring


def _resolve(worker: Worker) -> list[tuple[int, tuple[str, int] | tuple[str, int, int, int]]]:
    """Family and address of each way to the worker."""
    address = split_address(worker.address)
    if address is None:
        raise AccError(Code.HTTP_PEER, f"{worker} is not an address")
    try:
        # as bytes, for the reason that acc.wire.tls gives
        found = socket.getaddrinfo(address[0].encode("ascii"), address[1], type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise AccError(Code.WORKER_UNREACHABLE, f"{worker}: {error.strerror}") from None
    return [(family, sockaddr) for family, _, _, _, sockaddr in found]  # type: ignore[misc]  # no other family is asked
