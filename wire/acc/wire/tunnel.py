"""One end of a tunnel: two directions, and the control messages between them. The machine of `acc.tunnel.v1`.

A tunnel outlives its transports. A shell owns a `Tunnel` for the whole connection and moves values:

    from the transport   data      -> `accept`, then `pass_on` what the sink took, `hold` the rest
                         a text    -> `receive`, whose answer says what has changed for the shell
    to the transport     stream    -> `outgoing.room`, `outgoing.sent`, `outgoing.finish`; first `outgoing.replay`
                         texts     -> `messages`, whenever something has happened

Each direction ends by itself: `outgoing.done` and `incoming.done` are its two bits of state, and a tunnel is
`finished` when both are. Only then may a WebSocket Close with 1000 follow.

No clock, no socket, no waiting: what depends on time (quiet acknowledgements, round trips) is told by the shell.
"""

from acc.wire import control
from acc.wire.buffers import Buffers
from acc.wire.errors import Code
from acc.wire.incoming import Incoming
from acc.wire.outgoing import Outgoing

SUBPROTOCOL = "acc.tunnel.v1"

PING_AFTER = 20.0
"""Seconds without a byte from the peer after which it is pinged."""

LOST_AFTER = 10.0
"""Seconds of silence after a ping that count as the loss of the transport."""


class Tunnel:
    """The state of one connection at one end. `send_limit` is the window that the peer granted at the opening."""

    __slots__ = ("_ack_due", "_stop_due", "incoming", "outgoing")

    def __init__(self, buffers: Buffers, send_limit: int) -> None:
        self.outgoing = Outgoing(buffers, send_limit)
        self.incoming = Incoming()
        self._ack_due = False
        self._stop_due = False

    @property
    def finished(self) -> bool:
        """True once both directions have ended and both ends know it."""
        return self.outgoing.done and self.incoming.done

    def receive(self, payload: bytes) -> control.Message:
        """Takes a text message and returns it. What it changes here is done; the rest is the shell's:

        - Ack: there may be room to send;
        - Fin: when `incoming.drained`, close the sink for writing;
        - Stop: read the source no more;
        - Reset: abort both.

        Raises AccError with PROTOCOL.
        """
        message = control.parse(payload)
        match message:
            case control.Ack():
                self.outgoing.acknowledge(message.offset, message.limit)
            case control.Fin():
                self.incoming.end(message.offset)
            case control.Stop():
                self.outgoing.stop()
            case control.Reset():
                pass
        return message

    def refuse(self, code: Code) -> None:
        """The sink takes no more: tells the peer to stop."""
        if self.incoming.stopped is None:
            self.incoming.stop(code)
            self._stop_due = True

    def resume(self, received: int) -> None:
        """A new transport, on which the peer has received all before `received`. Raises AccError with PROTOCOL.

        An acknowledgement and a stop that were sent before may have been lost, so both are said again.
        """
        self.outgoing.rewind(received)
        self._ack_due = True
        self._stop_due = self.incoming.stopped is not None

    def messages(self) -> list[bytes]:
        """The texts to be sent now, which are then counted as sent."""
        if not (self._ack_due or self.incoming.ack_due or self.outgoing.fin_due or self._stop_due):
            return []
        texts: list[bytes] = []
        if self._ack_due or self.incoming.ack_due:
            texts.append(self._ack())
        fin = self.outgoing.take_fin()
        if fin is not None:
            texts.append(control.Fin(fin).encode())
        if self._stop_due and self.incoming.stopped is not None:
            texts.append(control.Stop(self.incoming.stopped).encode())
            self._stop_due = False
        return texts

    def quiet(self) -> list[bytes]:
        """The texts for a quiet moment: an acknowledgement that was not due yet, so that the peer keeps nothing."""
        return [self._ack()] if self.incoming.ack_owed else []

    def _ack(self) -> bytes:
        self._ack_due = False
        return control.Ack(*self.incoming.take_ack()).encode()
