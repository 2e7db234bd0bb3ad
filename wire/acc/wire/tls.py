"""TLS 1.3 as a value machine: ciphertext in, plaintext out, and back, through `ssl.MemoryBIO`.

One `Tls` is one end of one connection. The shell moves ciphertext between it and a socket. TLS says nothing about
the end of a stream here: a transport that ends, with a close_notify or without, is a lost transport, because a
tunnel's ends travel inside it (age's rule for files: what stops early is never a quiet end).

Refuses anything older than TLS 1.3, and certificates that do not verify.
"""

import ssl

RECORD = 16384
"""The most plaintext that one TLS record holds (RFC 8446 section 5.1)."""


def client_context(ca_pem: str | None) -> ssl.SSLContext:
    """Trusts `ca_pem` alone, or without it what the system trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if ca_pem is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cadata=ca_pem)
    return context


def server_context(certificate_path: str, key_path: str) -> ssl.SSLContext:
    """Presents the PEM chain at `certificate_path`. No session tickets: in TLS 1.3 they save no round trip."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.load_cert_chain(certificate_path, key_path)
    return context


class Tls:
    """One end of a connection; `server_name` names the peer that a client verifies, None makes a server."""

    __slots__ = ("_ended", "_incoming", "_object", "_outgoing", "_unread", "feed", "take", "write")

    def __init__(self, context: ssl.SSLContext, server_name: str | None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_name is None,
            # as bytes: a str would be encoded with IDNA, whose import costs a client 5 ms
            server_hostname=None if server_name is None else server_name.encode("ascii"),
        )
        self._unread = b""
        self._ended = False
        self.write = self._object.write
        """Encrypts all of its argument; `take` has the ciphertext."""
        self.take = self._outgoing.read
        """The ciphertext to be sent, once."""
        self.feed = self._incoming.write
        """Takes what came from the transport."""

    def handshake(self) -> bool:
        """Goes on with the handshake; True once it is complete. Raises ssl.SSLError if it fails."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def read_into(self, room: memoryview) -> int:
        """Fills `room` with plaintext; less than its size where more ciphertext must come first.

        Raises EOFError if the peer closed TLS and all before was read, ssl.SSLError if a record does not verify.
        """
        if self._unread:
            return self._reread(room)
        if self._ended:
            raise EOFError
        filled, size = 0, len(room)
        incoming, read = self._incoming, self._object.read
        if not incoming.pending and not self._object.pending():
            return 0
        try:
            while filled < size:
                # typeshed knows only the read without a buffer; with one, the answer is a count
                count: int = read(size - filled, room[filled:] if filled else room)  # type: ignore[assignment]
                if not count:
                    self._ended = True
                    break
                filled += count
                if not incoming.pending:
                    break  # a record that did not fill the room has been read to its end
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self._ended = True
        if self._ended and not filled:
            raise EOFError
        return filled

    def unread(self, plaintext: bytes) -> None:
        """Puts back what was read beyond an HTTP head: the next `read_into` gives it again."""
        self._unread = plaintext

    def _reread(self, room: memoryview) -> int:
        count = min(len(room), len(self._unread))
        room[:count] = self._unread[:count]
        self._unread = self._unread[count:]
        return count
