"""One HTTPS connection to the controller, and what may go wrong on it.

On `http.client`, because its import is a tenth of a fuller client's, and a person waits for it at each command.

Rule: the certificate is verified before a byte of the request is sent; TLS 1.3 or nothing; a call has a deadline for
the whole of its body, and each wait before that has the same one. What fails is CONTROLLER_UNREACHABLE or UNTRUSTED.

Refuses answers over the limit that it was given, redirects (a token follows none) and proxies from the environment.
"""

import http.client
import ssl
import time

from acc.cli.profile import Profile
from acc.wire.errors import AccError, Code

MAX_IDLE = 2.0
"""Seconds after which a connection is not used again: the controller may have closed it in between."""

_CHUNK = 65536


class Connection:
    """The way to the controller of `profile`: opened when it is needed, kept for the calls after that."""

    __slots__ = ("_addr", "_connection", "_last", "_max_answer", "_seconds")

    def __init__(self, profile: Profile, seconds: float, max_answer: int) -> None:
        host, port = profile.authority()
        self._addr = profile.addr
        self._seconds = seconds
        self._max_answer = max_answer
        self._last = 0.0
        self._connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=_context(profile))

    def call(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        try:
            self._open()
            self._connection.request(method, path, body=body, headers=headers)
            answer = self._connection.getresponse()
            with answer:
                raw = self._read(answer, time.monotonic() + self._seconds)
        except TimeoutError:
            raise self._unreachable("it gave no answer in time") from None
        except OSError as error:
            raise self._unreachable(error.strerror or str(error) or type(error).__name__) from None
        except http.client.HTTPException as error:
            raise self._unreachable(str(error) or type(error).__name__) from None
        self._last = time.monotonic()
        return answer.status, raw

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> None:
        if time.monotonic() - self._last > MAX_IDLE:
            self._connection.close()
        if self._connection.sock is not None:
            return
        try:
            self._connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise AccError(Code.UNTRUSTED, f"{self._addr}: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise AccError(Code.UNTRUSTED, f"{self._addr}: TLS failed: {error.reason}") from None

    def _read(self, answer: http.client.HTTPResponse, deadline: float) -> bytes:
        raw = bytearray()
        while part := answer.read1(_CHUNK):
            raw += part
            if len(raw) > self._max_answer:
                raise AccError(Code.HTTP_PEER, f"the answer of {self._addr} is too long")
            if time.monotonic() > deadline:
                raise self._unreachable("it answers too slowly")
        return bytes(raw)

    def _unreachable(self, why: str) -> AccError:
        self._connection.close()
        return AccError(Code.CONTROLLER_UNREACHABLE, f"{self._addr}: {why}")


def _context(profile: Profile) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if profile.cacert is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(profile.cacert)
    except OSError as error:
        raise AccError(Code.CONFIG, f"the CA file {profile.cacert}: {error.strerror or error}") from None
    return context
