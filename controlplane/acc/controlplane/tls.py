"""The controller's own TLS: TLS 1.3 only, with a certificate of the cluster's CA that is renewed while it serves."""

import asyncio
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from acc.controlplane.ca import SERVER_LIFE, Authority
from acc.controlplane.log import event


class ServerTls:
    """The contexts of both listeners, and their common certificate."""

    def __init__(self, authority: Authority, names: Sequence[str]) -> None:
        self._authority = authority
        self._names = tuple(names)
        self.api = _context(["http/1.1"])
        self.worker_link = _context(["h2"])
        # Enrolment comes without a certificate; what needs one is refused call by call.
        self.worker_link.verify_mode = ssl.CERT_OPTIONAL
        self.worker_link.load_verify_locations(cadata=authority.pem)
        self.renew()

    def renew(self) -> None:
        """A new key and certificate for every handshake from now on."""
        issued, key_pem = self._authority.issue_server(self._names)
        # The ssl module reads certificates from files only; this one is gone when the block ends.
        with tempfile.TemporaryDirectory(prefix="acc-controller-") as folder:
            path = Path(folder) / "server.pem"
            path.touch(mode=0o600)
            path.write_bytes(issued.pem + key_pem)
            for context in (self.api, self.worker_link):
                context.load_cert_chain(path)

    async def keep_renewed(self) -> None:
        """Renews at half of the certificate's life, until cancelled."""
        while True:
            await asyncio.sleep(SERVER_LIFE.total_seconds() / 2)
            self.renew()
            event("server certificate renewed")


def _context(protocols: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(protocols)
    return context
