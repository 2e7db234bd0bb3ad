"""The pipe: standard input and output over one tunnel, in one poll loop.

    stdin -> `_read_source` -> TunnelEnd -> socket          socket -> TunnelEnd -> `_write` -> stdout

How it ends:

- stdin's EOF becomes a FIN; what the far end still sends is delivered, with no timer of ours;
- the far end's FIN closes descriptor 1 once all is delivered, so that ssh sees it; a stdin that is silent from then
  on is given up after `linger` seconds, one that goes on is carried to its end;
- nobody reads stdout any more, or a signal comes: gone at once, with a Close;
- a lost transport is opened again, and neither end of the stream notices. Only when the worker no longer holds the
  tunnel is that an error.
"""

import os
import select
import time

from acc.cli.descriptors import STDIN
from acc.cli.interrupt import Departed, Interrupt
from acc.cli.opening import Opener, Transport
from acc.cli.resume import Resumption
from acc.cli.stdio import Sink, widen
from acc.wire.buffers import Buffers
from acc.wire.errors import AccError, Code
from acc.wire.tunnel import LOST_AFTER, PING_AFTER, Tunnel
from acc.wire.tunnel_end import CLOSE_NORMAL, TunnelClosed, TunnelEnd, TunnelReset

RAW = 131072
"""The most ciphertext that is taken from the socket at once, in bytes."""

HEAP = 2 << 20
"""glibc gives the end of its heap back to the kernel as soon as 128 KiB of it are free, and gets it again
page by page for the next bytes that wait for stdout. Once a block of this size was freed, it keeps twice as much."""

FULL = 32768
"""A read of stdin that gives so many bytes shows a stream in full flow."""

QUIET = 0.2
"""Seconds without traffic after which an acknowledgement that was not due is sent."""

DRAIN = 5.0
"""Seconds that a reader has to take what came before the stream broke."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    Serve = Callable[[int], bool]

IN, OUT = select.POLLIN, select.POLLOUT
BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Pipe:
    """Carries the process's stdin and stdout through one tunnel."""

    def __init__(self, transport: Transport, opener: Opener, interrupt: Interrupt, linger: float) -> None:
        self._interrupt = interrupt
        self._resumption = Resumption(opener, interrupt)
        self._linger = linger
        bytes(HEAP)  # which touches none of it
        self._buffers = Buffers()
        self._raw = memoryview(bytearray(RAW))
        self._plain = memoryview(bytearray(RAW + 65536))
        self._sink = Sink()
        self._sink_open = True
        self._widened = False  # stdin's pipe, for a stream in full flow
        self._poll = select.poll()
        self._watched: dict[int, int] = {}
        self._tunnel = Tunnel(self._buffers, transport.accepted.window)
        self._end = TunnelEnd(self._tunnel, transport.link)
        self._transport = transport
        self._socket = transport.connection.fileno()
        self._servers: dict[int, Serve] = {
            STDIN: self._serve_source,
            self._socket: self._serve_transport,
            self._sink.descriptor: self._serve_sink,
            interrupt.descriptor: self._serve_interrupt,
        }
        self._watch(self._socket, IN)
        self._fresh = True  # the link has not been read, and poll cannot see what is in it
        self._waits: tuple[bool, ...] = ()  # what decides the events that are waited for
        self._over = False
        self._patience = QUIET  # how long to wait for anything to happen
        self._heard = self._moved = time.monotonic()  # last byte from the worker; from stdin
        self._pinged = False

    def run(self) -> None:
        """Returns when both directions have ended by themselves. Raises AccError otherwise."""
        self._watch(self._interrupt.descriptor, IN)
        self._watch(self._sink.descriptor, 0)
        while not self._over:
            if self._fresh:
                self._fresh = False
                self._serve(self._read_link, IN)
                continue
            ready = self._poll.poll(self._patience * 1000)
            self._patience = QUIET
            for descriptor, events in ready:
                if descriptor in self._watched:
                    self._serve(self._servers[descriptor], events)
            if not ready:
                self._tend()
        self._leave(CLOSE_NORMAL)

    # what is ready

    def _serve(self, serve: "Serve", events: int) -> None:
        """One turn, and what its failures mean. `serve` says whether there is anything to settle."""
        try:
            if serve(events):
                self._settle()
        except TunnelClosed as closed:
            self._over = closed.close == CLOSE_NORMAL and self._tunnel.finished
            if not self._over:
                self._drain(closed.error)
                raise closed.error from None
        except TunnelReset as reset:
            self._drain(reset)
            raise
        except Departed:
            raise
        except AccError as violation:
            self._end.send_reset(violation)
            self._end.transmit(self._transport.connection.send)
            raise
        except (OSError, EOFError) as error:  # the transport's; stdin's and stdout's are dealt with where they are read
            self._resume(str(error) or "the worker closed the connection")

    def _read_link(self, _events: int) -> bool:
        """What came with the 101 is in the link already, where poll cannot see it."""
        self._end.deliver(self._raw[:0], self._plain, self._write)
        return True

    def _serve_transport(self, events: int) -> bool:
        if events & OUT:
            self._end.transmit(self._transport.connection.send)
        if events & (IN | BROKEN):
            connection = self._transport.connection
            unsettled = self._end.receive(connection.recv_into, self._raw, self._plain, self._write)
            self._heard = time.monotonic()
            self._pinged = False
            return unsettled or events != IN
        return True

    def _write(self, pieces: "Sequence[memoryview | bytearray]") -> int:
        try:
            return self._sink.write(pieces)
        except OSError as error:
            self._depart(f"stdout: {error.strerror}")

    def _serve_sink(self, events: int) -> bool:
        incoming = self._tunnel.incoming
        if events & BROKEN:
            self._depart("nobody reads stdout any more")
        incoming.relieve(self._write)
        return True

    def _serve_interrupt(self, _events: int) -> "NoReturn":
        self._depart("a signal came")

    def _serve_source(self, _events: int) -> bool:
        self._read_source()
        return self._end.blocked or not self._tunnel.outgoing.room

    def _read_source(self) -> None:
        outgoing = self._tunnel.outgoing
        self._moved = time.monotonic()
        silence = self._moved - self._heard
        if silence > (PING_AFTER + LOST_AFTER if self._pinged else PING_AFTER):
            self._tend()  # which may bring a new transport, with a replay to be sent before anything new
            return
        room = 0 if self._end.blocked else outgoing.room
        if not room:
            return  # a resume in this same turn has a replay to send first; reading nothing would look like the end
        try:
            count = os.readv(STDIN, [self._buffers.room[:room]])
        except BlockingIOError:
            return  # stdin is shared, and somebody else was faster
        except OSError as error:
            raise AccError(Code.CLIENT_GONE, f"stdin: {error.strerror}") from None
        if count:
            if count >= FULL and not self._widened:
                self._widened = True
                widen(STDIN)
            self._end.send_room(self._buffers, count)
            self._end.transmit(self._transport.connection.send)
        else:
            outgoing.finish()

    # after every turn

    def _settle(self) -> None:
        """Says what is to be said, passes on an end, and waits for what can happen next."""
        end, tunnel = self._end, self._tunnel
        if tunnel.incoming.drained and self._sink_open:
            self._close_sink()
        end.settle(self._transport.connection.send)
        self._over = tunnel.finished
        if tunnel.incoming.outgrown:
            tunnel.incoming.grow(self._transport.min_rtt())
        waits = (end.blocked, end.broken, tunnel.outgoing.room > 0, tunnel.incoming.holding, self._sink_open)
        if waits != self._waits:
            self._waits = waits
            self._watch_all()

    def _watch_all(self) -> None:
        end, tunnel = self._end, self._tunnel
        self._watch(self._socket, IN | OUT if end.blocked and not end.broken else IN)
        self._watch(STDIN, IN if tunnel.outgoing.room and not end.blocked else None)
        if self._sink_open:
            self._watch(self._sink.descriptor, OUT if tunnel.incoming.holding else 0)
        if tunnel.incoming.holding:
            self._sink.widen()

    def _close_sink(self) -> None:
        self._watch(self._sink.descriptor, None)
        self._sink.close()
        self._sink_open = False
        self._patience = self._linger
        self._moved = time.monotonic()

    def _watch(self, descriptor: int, events: int | None) -> None:
        """Polls `descriptor` for `events`, and for the errors that poll always reports; for nothing with None."""
        if self._watched.get(descriptor) == events:
            return
        if events is None:
            del self._watched[descriptor]
            self._poll.unregister(descriptor)
        else:
            self._watched[descriptor] = events
            self._poll.register(descriptor, events)

    # time

    def _tend(self) -> None:
        """A quiet moment: says what could wait, pings a silent worker, leaves a stdin that is silent at the end."""
        now = time.monotonic()
        silence = now - self._heard
        if silence > PING_AFTER + LOST_AFTER:
            self._resume(f"no answer to a ping within {LOST_AFTER:.0f} s")
        elif silence > PING_AFTER and not self._pinged:
            self._pinged = True
            self._end.link.ping()
        self._end.send_quiet()
        self._serve(self._serve_transport, OUT)
        due = self._heard + PING_AFTER + (LOST_AFTER if self._pinged else 0.0)
        if not self._sink_open and self._tunnel.outgoing.fin is None:
            due = min(due, self._moved + self._linger)
            if now >= due and not self._tunnel.outgoing.unacknowledged and not self._end.blocked:
                self._tunnel.outgoing.finish()
                self._end.send_messages()
                self._over = True
        self._patience = max(0.001, due - now)

    # ends

    def _resume(self, why: str) -> None:
        """Opens a new transport for the same tunnel. Raises AccError if there is none to be had in time."""
        if self._tunnel.finished:
            self._over = True
            return
        if self._end.heard:
            self._resumption.over()
        self._watch(self._socket, None)
        del self._servers[self._socket]
        self._transport.connection.close()
        self._transport = self._resumption.replace(self._transport, self._tunnel.incoming.position, why)
        self._socket = self._transport.connection.fileno()
        self._servers[self._socket] = self._serve_transport
        self._end.resume(self._transport.link, self._transport.accepted.received)
        self._heard = time.monotonic()
        self._pinged = False
        self._waits = ()
        self._fresh = True

    def _depart(self, why: str) -> "NoReturn":
        """Leaves now, but not without what stdin holds already: ssh's last words come with its SIGHUP."""
        poll = select.poll()
        poll.register(STDIN, IN)
        while self._tunnel.outgoing.room and not self._end.blocked and poll.poll(0):
            self._read_source()
        self._end.send_messages()
        self._leave(Code.CLIENT_GONE.close)
        raise Departed(Code.CLIENT_GONE, why)

    def _drain(self, error: AccError) -> None:
        """Delivers what came before the stream broke with `error`, to a reader that takes it in time."""
        incoming = self._tunnel.incoming
        deadline = time.monotonic() + DRAIN
        while incoming.holding:
            self._interrupt.wait(self._sink.descriptor, OUT, deadline, error)
            incoming.pass_on(self._write(incoming.held()))

    def _leave(self, close: int) -> None:
        """Says Close, without waiting for what the worker makes of it."""
        self._end.link.close(close, "")
        self._end.transmit(self._transport.connection.send)
