"""One tunnel and one backend, spliced: the data path of the worker.

    client ~~> TunnelEnd ~~> `_write`        ~~> Backend    (upload)
    client <~~ TunnelEnd <~~ `_read_backend` <~~ Backend    (download)

Each direction ends by itself: the client's FIN shuts the backend's receiving side once all before it is written, the
backend's EOF becomes our FIN. A broken backend becomes a reset; one that refuses to be written to becomes a stop,
and what it had sent before is still delivered.

When the transport is lost, the splice is held: the backend stays, nothing is read from it, and a resume brings a new
link. What can no longer be resumed aborts the backend with RST, so that an abort never looks like an end.
"""

import socket
import sys
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from acc.wire.errors import AccError, Code
from acc.wire.link import Link
from acc.wire.tunnel import LOST_AFTER, PING_AFTER, Tunnel
from acc.wire.tunnel_end import CLOSE_NORMAL, NO_STATUS, TURNS, TunnelClosed, TunnelEnd, TunnelReset
from acc.worker.admission import Admitted
from acc.worker.backend import READ, Backend
from acc.worker.epoll import BROKEN, IN, OUT, EpollSet
from acc.worker.memory import Memory

Closer = Literal["client", "backend", "worker", "controller"]

_MIN_RTT = slice(148, 152)  # of struct tcp_info in linux/tcp.h, microseconds


class Host(Protocol):
    """What a splice needs of the relay it belongs to."""

    @property
    def epoll(self) -> EpollSet: ...
    @property
    def memory(self) -> Memory: ...
    def now(self) -> float:
        """Monotonic seconds, by the clock."""
        ...

    def ended(self, splice: "Splice", closed_by: Closer, reason: Code | None) -> None:
        """The splice is over: `reason` is None where both directions ended by themselves."""
        ...

    def part(self, connection: socket.socket, end: TunnelEnd) -> None:
        """Takes over a transport on which the last word has been written."""
        ...


class Splice:
    """One connection, from its 101 to its end."""

    __slots__ = (
        "_backend",
        "_broken",
        "_end",
        "_first_end",
        "_heard",
        "_host",
        "_left",
        "_left_for",
        "_pinged",
        "_transport",
        "admitted",
        "held_since",
        "peer",
        "resumes",
    )

    def __init__(self, host: Host, admitted: Admitted, end: TunnelEnd) -> None:
        self._host = host
        self._end = end
        self._backend = Backend(admitted.backend)
        self._broken: AccError | None = None  # a write failed: how the stream ends once all was read
        self._transport: socket.socket | None = None
        self._heard = 0.0  # when the last byte came from the client
        self._pinged = False  # since then
        self._first_end: Closer | None = None  # who ended its direction first
        self._left = False  # the client has closed; only what it sent is still delivered
        self._left_for: Code | None = None  # why, if that is no good end
        self.admitted = admitted
        self.peer = ""
        self.resumes = 0
        self.held_since: float | None = None
        host.epoll.add(self._backend.descriptor, self._backend_ready, 0)

    @property
    def tunnel(self) -> Tunnel:
        """The state of its two directions."""
        return self._end.tunnel

    @property
    def bytes_up(self) -> int:
        """Bytes that were written to the backend."""
        return self._end.tunnel.incoming.delivered

    @property
    def bytes_down(self) -> int:
        """Bytes that were read from the backend."""
        return self._end.tunnel.outgoing.offset

    @property
    def received(self) -> int:
        """How far the client's stream has come, as a resume is told."""
        return self._end.tunnel.incoming.position

    @property
    def confirmed(self) -> bool:
        """True once the client has sent anything on the link it has now: it knows its new resume token."""
        return self._end.heard

    # transports

    def attach(self, transport: socket.socket, peer: str) -> None:
        """Goes to work on a transport whose 101 has been sent; `peer` is the client's host:port."""
        self._transport = transport
        self.peer = peer
        self._heard = self._host.now()
        self._pinged = False
        self.held_since = None
        self._host.epoll.add(transport.fileno(), self._transport_ready, IN)
        self._guard(self._serve_transport, OUT)

    def check_resume(self, received: int) -> None:
        """Raises AccError if this splice cannot go on with a client that has received so much, or has closed."""
        if self._left:
            raise AccError(Code.RESUME_REFUSED)
        self._end.tunnel.outgoing.check_received(received)

    def resume(self, link: Link, transport: socket.socket, peer: str, received: int) -> None:
        """Goes on over a new transport, from what `check_resume` found good."""
        self.hold()
        self._end.resume(link, received)
        self.resumes += 1
        self.attach(transport, peer)

    def hold(self) -> None:
        """The transport is gone: keeps the backend for a resume."""
        if self._transport is None:
            return
        self._host.epoll.forget(self._transport.fileno())
        self._transport.close()
        self._transport = None
        self.held_since = self._host.now()
        self._want()

    # ends

    def fail(self, error: AccError, closed_by: Closer) -> None:
        """Breaks both directions: tells the client why, and the backend with RST."""
        if self._transport is not None:
            self._end.send_reset(error)
            self._part()
        self._abort(closed_by, error.code)

    def _finish(self) -> None:
        """Both directions have ended, and both ends know it."""
        self._end.link.close(CLOSE_NORMAL, "")
        self._part()
        self._close("client", None)

    def _part(self) -> None:
        transport = self._transport
        if transport is not None:
            self._transport = None
            self._host.epoll.forget(transport.fileno())
            self._host.part(transport, self._end)

    def _abort(self, closed_by: Closer, reason: Code) -> None:
        self._host.epoll.forget(self._backend.descriptor)
        self._backend.abort()
        self._host.ended(self, self._first_end or closed_by, reason)

    def _close(self, closed_by: Closer, reason: Code | None) -> None:
        self._host.epoll.forget(self._backend.descriptor)
        self._backend.close()
        self._host.ended(self, self._first_end or closed_by, reason)

    # what is ready

    def _transport_ready(self, events: int) -> None:
        self._guard(self._serve_transport, events)

    def _backend_ready(self, events: int) -> None:
        self._guard(self._serve_backend, events)

    def _guard(self, serve: Callable[[int], bool], events: int) -> None:
        """One turn, and what its failures mean. `serve` says whether there is anything to settle."""
        try:
            if serve(events):
                self._settle()
        except TunnelClosed as closed:
            self._closed_by_client(closed)
        except TunnelReset as error:
            self._part()
            self._abort("client", error.code)
        except AccError as error:
            self.fail(error, "backend" if error.code is Code.BACKEND_RESET else "client")
        except (OSError, EOFError):  # the transport's, ssl.SSLError among them; a backend's were made an AccError
            self.hold()

    def _closed_by_client(self, closed: TunnelClosed) -> None:
        """A client that has ended its stream may leave; what it sent before is still delivered."""
        incoming, outgoing = self._end.tunnel.incoming, self._end.tunnel.outgoing
        ended = closed.close == CLOSE_NORMAL or outgoing.fin is not None
        self._left, self._left_for = True, None if ended else Code.CLIENT_GONE
        self._end.link.close(closed.close if closed.close != NO_STATUS else CLOSE_NORMAL, "")
        self._part()
        if incoming.fin is None and incoming.stopped is None:
            self._abort("client", Code.CLIENT_GONE)
        else:
            self.held_since = self._host.now()
            self._take_leave()

    def _take_leave(self) -> None:
        """Closes the backend once it has all; closing a socket with unread bytes would take back what is on its way."""
        incoming = self._end.tunnel.incoming
        if incoming.drained and not self._backend.shut:
            self._first_end = self._first_end or "client"
            self._backend.shut_down()
        if incoming.holding or (incoming.stopped is None and self._backend.unacknowledged):
            self._want()
        else:
            self._close("client", self._left_for)

    def _serve_transport(self, events: int) -> bool:
        transport = self._transport
        if transport is None:
            return False
        if events & OUT:
            self._end.transmit(transport.send)
        if events & (IN | BROKEN):
            memory = self._host.memory
            unsettled = self._end.receive(transport.recv_into, memory.raw, memory.plain, self._write)
            self._heard = self._host.now()
            self._pinged = False
            return unsettled or events != IN
        return True

    def _write(self, pieces: Sequence[memoryview | bytearray]) -> int:
        """Bytes that the backend took. If it takes no more the client stops, but what it has said is still read."""
        tunnel = self._end.tunnel
        if tunnel.incoming.stopped is not None:
            return 0
        try:
            return self._backend.write(pieces)
        except AccError as error:
            if tunnel.outgoing.fin is None:
                self._broken = error
            tunnel.refuse(Code.BACKEND_CLOSED)
            return 0

    def _serve_backend(self, events: int) -> bool:
        end = self._end
        incoming, outgoing = end.tunnel.incoming, end.tunnel.outgoing
        if events & (OUT | BROKEN):
            incoming.relieve(self._write)
        if events & (IN | BROKEN) and self._transport is not None:
            self._read_backend(self._transport)
        return events != IN or end.blocked or not outgoing.room

    def _read_backend(self, transport: socket.socket) -> None:
        end, buffers = self._end, self._host.memory.buffers
        outgoing = end.tunnel.outgoing
        for _ in range(TURNS):
            room = outgoing.room
            if not room or end.blocked:
                return
            count = self._backend.read_into(buffers.room[:room])
            if count is None:
                return
            if not count:
                if self._broken is not None:
                    raise self._broken
                outgoing.finish()
                self._first_end = self._first_end or "backend"
                return
            end.send_room(buffers, count)
            end.transmit(transport.send)
            if count < READ:
                return

    # after every turn

    def _settle(self) -> None:
        """Says what is to be said, passes on an end, and waits for what can happen next."""
        end, transport = self._end, self._transport
        incoming = end.tunnel.incoming
        if self._left:
            self._take_leave()
            return
        if incoming.drained and not self._backend.shut:
            self._first_end = self._first_end or "client"
            self._backend.shut_down()
        if transport is not None:
            end.settle(transport.send)
            if incoming.outgrown:
                incoming.grow(_min_rtt(transport))
            if end.tunnel.finished:
                self._finish()
                return
        self._want()

    def _want(self) -> None:
        end, epoll = self._end, self._host.epoll
        tunnel = end.tunnel
        backend = OUT if tunnel.incoming.holding else 0
        if self._transport is not None:
            epoll.want(self._transport.fileno(), IN | OUT if end.blocked and not end.broken else IN)
            if not end.blocked and tunnel.outgoing.room:
                backend |= IN
        epoll.want(self._backend.descriptor, backend)

    def tend(self, now: float) -> None:
        """Once a second or so: pings a silent client, gives up one that stays silent, says what can wait no longer."""
        if self._left:
            self._take_leave()
        if self._transport is None:
            return
        silence = now - self._heard
        if silence > PING_AFTER + LOST_AFTER:
            self.hold()
            return
        if silence > PING_AFTER and not self._pinged:
            self._pinged = True
            self._guard(self._ping, OUT)
        elif self._end.tunnel.incoming.ack_owed:
            self._guard(self._speak, OUT)

    def _ping(self, events: int) -> bool:
        self._end.link.ping()
        return self._serve_transport(events)

    def _speak(self, events: int) -> bool:
        self._end.send_quiet()
        return self._serve_transport(events)


def _min_rtt(transport: socket.socket) -> float:
    """Seconds of the fastest round trip that the kernel has seen on this connection."""
    info = transport.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _MIN_RTT.stop)
    return int.from_bytes(info[_MIN_RTT], sys.byteorder) / 1e6
