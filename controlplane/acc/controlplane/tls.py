"""The controller's own TLS: TLS 1.3 only.

The workers' link has a certificate of the cluster's CA, which is renewed while it serves. So has the API, unless its
operator gives it files of theirs; those are read again when they say so. What cannot be used then is refused whole, and
the certificate before it stays in use.
"""

import asyncio
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from acc.controlplane.link.ca import SERVER_LIFE, Authority
from acc.controlplane.service.config import CertificateFiles
from acc.controlplane.service.log import event, warning
from acc.wire.errors import AccError, Code


class ServerTls:
    """The contexts of both listeners. Raises AccError(CONFIG) for `files` that cannot be used."""

    def __init__(self, authority: Authority, names: Sequence[str], files: CertificateFiles | None) -> None:
        self._authority = authority
        self._names = tuple(names)
        self._files = files
        self.api = _context(["http/1.1"])
        self.worker_link = _context(["h2"])
        # Enrolment comes without a certificate; what needs one is refused call by call.
        self.worker_link.verify_mode = ssl.CERT_OPTIONAL
        self.worker_link.load_verify_locations(cadata=authority.pem)
        self.renew()
        self._read_files()

    def renew(self) -> None:
        """A new key and certificate of the cluster's CA for every handshake from now on."""
        issued, key_pem = self._authority.issue_server(self._names)
        # The ssl module reads certificates from files only; this one is gone when the block ends.
        with tempfile.TemporaryDirectory(prefix="acc-controller-") as folder:
            path = Path(folder) / "server.pem"
            path.touch(mode=0o600)
            path.write_bytes(issued.pem + key_pem)
            for context in (self.worker_link,) if self._files else (self.api, self.worker_link):
                context.load_cert_chain(path)

    def reload(self) -> None:
        """Reads the operator's files again, for every handshake from now on."""
        try:
            self._read_files()
        except AccError as refused:
            warning("certificate not reloaded", reason=refused.detail)
        else:
            event("certificate reloaded")

    async def keep_renewed(self) -> None:
        """Renews at half of the certificate's life, until cancelled."""
        while True:
            await asyncio.sleep(SERVER_LIFE.total_seconds() / 2)
            self.renew()
            event("server certificate renewed")

    def _read_files(self) -> None:
        if self._files is not None:
            # Tried on another context first: one that fails half-way would leave a key without its certificate.
            check_files(self._files)
            _load(self.api, self._files)


def check_files(files: CertificateFiles) -> None:
    """Raises AccError(CONFIG) where no listener could use them."""
    _load(_context([]), files)


def _load(context: ssl.SSLContext, files: CertificateFiles) -> None:
    try:
        context.load_cert_chain(files.certificate, files.key, password=_refuse_passphrase)
    except (OSError, ValueError) as cause:  # ssl's own error is an OSError
        raise AccError(
            Code.CONFIG, f"tls.certificate {files.certificate} and tls.key {files.key} cannot be used: {cause}"
        ) from None


def _refuse_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _context(protocols: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(protocols)
    return context
