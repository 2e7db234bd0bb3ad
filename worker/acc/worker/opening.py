"""A connection from its accept until its request is complete: TLS, then one HTTP head.

Nobody has proved anything yet, so everything here is bounded: the head by MAX_HEAD, time and number by the door. What
does not fit is answered with a problem document once TLS stands, and closed.

    Opening --(head complete)--> relay decides --> `accept` hands socket and TLS on, or `refuse` answers and closes
"""

import socket
import ssl
from collections.abc import Callable

from acc.wire.errors import AccError, Code
from acc.wire.tls import Tls
from acc.wire.upgrade import MAX_HEAD, Request, encode_refusal, parse_request
from acc.worker.epoll import IN, EpollSet
from acc.worker.memory import Memory

HEAD_END = b"\r\n\r\n"
READ = 16384


class Opening:
    """One connection that has not become a tunnel. `on_request` is called once, with the request and this."""

    __slots__ = (
        "_epoll",
        "_head",
        "_memory",
        "_on_end",
        "_on_request",
        "_refused",
        "_secure",
        "began",
        "connection",
        "peer",
        "tls",
    )

    def __init__(
        self,
        connection: socket.socket,
        peer: str,
        context: ssl.SSLContext,
        *,
        epoll: EpollSet,
        memory: Memory,
        began: float,
        on_request: Callable[["Opening", Request], None],
        on_end: Callable[["Opening"], None],
    ) -> None:
        self.connection = connection
        self.peer = peer
        self.began = began
        self.tls = Tls(context, None)
        self._epoll = epoll
        self._memory = memory
        self._on_request = on_request
        self._on_end = on_end
        self._head = b""
        self._secure = False
        self._refused = False
        epoll.add(connection.fileno(), self._readable, IN)

    def _readable(self, _events: int) -> None:
        try:
            count = self.connection.recv_into(self._memory.raw[:READ])
            if not count:
                raise EOFError
            if self._refused:
                return
            self.tls.feed(self._memory.raw[:count])
            if not self._secure:
                self._secure = self.tls.handshake()
                self._send_ciphertext()
            if self._secure:
                self._read_head()
        except BlockingIOError:
            pass
        except ssl.SSLError:
            self._send_alert()
        except (OSError, EOFError):
            self.drop()
        except AccError as error:
            self.refuse(error)

    def _read_head(self) -> None:
        plain = self._memory.plain
        self._head += plain[: self.tls.read_into(plain[:MAX_HEAD])]
        end = self._head.find(HEAD_END)
        if end < 0:
            if len(self._head) >= MAX_HEAD:
                raise AccError(Code.BAD_REQUEST, "a head that is too long")
            return
        head, rest = self._head[: end + len(HEAD_END)], self._head[end + len(HEAD_END) :]
        if rest:
            raise AccError(Code.BAD_REQUEST, "data before the answer")
        request = parse_request(head)
        self._head = b""
        self._on_request(self, request)

    def _send_alert(self) -> None:
        """Tells the client what TLS found wrong, and closes."""
        try:
            self._send_ciphertext()
        except OSError:
            pass  # it has left
        self.drop()

    def wait(self) -> None:
        """Reads nothing while the request is being decided."""
        self._epoll.want(self.connection.fileno(), 0)

    def accept(self, answer: bytes) -> None:
        """Sends the 101 and lets go of the socket, which is the caller's now. Raises OSError if the client left."""
        self.tls.write(answer)
        self._send_ciphertext()
        self._epoll.forget(self.connection.fileno())
        self._on_end(self)

    def refuse(self, error: AccError) -> None:
        """Answers with `error`, and reads on until the client closes: a close on unread bytes would destroy it."""
        self._refused = True
        try:
            self.tls.write(encode_refusal(error))
            self._send_ciphertext(socket.MSG_MORE)  # the end that follows at once travels with it
            self.connection.shutdown(socket.SHUT_WR)
            self._epoll.want(self.connection.fileno(), IN)
        except OSError:
            self.drop()  # the client has left: there is nobody to tell

    def drop(self) -> None:
        """Closes without a word."""
        self._epoll.forget(self.connection.fileno())
        self.connection.close()
        self._on_end(self)

    def _send_ciphertext(self, flags: int = 0) -> None:
        """Sends at once or fails: what an opening has to say fits into any socket's buffer."""
        data = self.tls.take()
        if data and self.connection.send(data, flags) != len(data):
            raise OSError("the client does not read")
