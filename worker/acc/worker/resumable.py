"""What a client may come back to, and with which token.

A tunnel that is open or held is resumed. One that has ended well is remembered for as long as a lost one is held: the
worker's last acknowledgement and its Close may be lost with the transport that carried them, and then all was
delivered, but the client cannot know. What is over has nothing to resume but its last words; they are said again.

Rule: of what has ended, the counters and the token are kept, neither TLS nor a byte of the stream, and at most
MAX_FINISHED of them, the oldest given up first.
"""

import hmac
from dataclasses import dataclass

from acc.wire.link import Link
from acc.wire.tunnel import Tunnel
from acc.wire.tunnel_end import CLOSE_NORMAL, TunnelEnd
from acc.worker.splice import Splice

MAX_FINISHED = 4096


class Resumable:
    """A splice and the tokens that resume it: the one in force, and the one before until the client knows that."""

    __slots__ = ("previous", "splice", "token")

    def __init__(self, splice: Splice, token: str) -> None:
        self.splice = splice
        self.token = token
        self.previous: str | None = None

    def opens(self, token: str, session_id: str) -> bool:
        """True if a client with that token and a ticket of that session may go on with it."""
        if self.splice.admitted.session_id != session_id:
            return False
        if hmac.compare_digest(token, self.token):
            return True
        known = None if self.splice.confirmed else self.previous
        return known is not None and hmac.compare_digest(token, known)


@dataclass(slots=True, eq=False)
class Finished:
    """A tunnel whose both directions have ended, and the token that a client of it knows. `since` is monotonic."""

    session_id: str
    tunnel: Tunnel
    token: str
    since: float

    def opens(self, token: str, session_id: str) -> bool:
        """True if a client with that token and a ticket of that session may hear how it ended."""
        return session_id == self.session_id and hmac.compare_digest(token, self.token)

    def say_again(self, link: Link, received: int) -> TunnelEnd:
        """The end of a new transport, on which the last words wait to be transmitted."""
        end = TunnelEnd(self.tunnel, link)
        end.resume(link, received)
        end.send_messages()
        link.close(CLOSE_NORMAL, "")
        return end


class FinishedTunnels:
    """The newest of them, by connection id."""

    def __init__(self) -> None:
        self._known: dict[str, Finished] = {}  # oldest first

    def add(self, connection_id: str, finished: Finished) -> None:
        self._known[connection_id] = finished
        if len(self._known) > MAX_FINISHED:
            del self._known[next(iter(self._known))]

    def find(self, token: str, session_id: str) -> Finished | None:
        """What that token may hear the end of; a token begins with its connection's id."""
        finished = self._known.get(token.partition(".")[0])
        return finished if finished is not None and finished.opens(token, session_id) else None

    def forget(self, before: float) -> None:
        """Forgets what ended before that time."""
        while self._known and (oldest := next(iter(self._known.items())))[1].since < before:
            del self._known[oldest[0]]
