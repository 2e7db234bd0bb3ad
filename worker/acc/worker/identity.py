"""Who the worker is: its id, its key, its certificate, and what is made of them.

Rule: the private key is made here and never leaves the state directory. The certificate in use changes while the
worker runs; `Identity.server_context` and `Identity.client_context` always give the newest, for new connections.

Refuses a certificate that is not for our key or our id, and one that has expired.
"""

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from acc.wire.errors import AccError, Code
from acc.wire.names import is_name
from acc.wire.tls import client_context, server_context
from acc.worker import statedir
from acc.worker.statedir import StateDir

MAX_CERTIFICATE = 16384
MAX_CONTROLLERS = 16
MAX_CAS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What enrolment settled: `worker.json`. Addresses are host:port."""

    worker_id: str
    cluster: str
    address: str
    controllers: tuple[str, ...]

    @property
    def audience(self) -> str:
        """Whom the tickets that this worker accepts are made for."""
        return f"acc-worker:{self.cluster}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The worker's certificate, checked."""

    certificate: x509.Certificate

    @property
    def expires_at(self) -> float:
        """Unix seconds."""
        return self.certificate.not_valid_after_utc.timestamp()

    @property
    def renew_at(self) -> float:
        """Unix seconds: when half of its life is over."""
        begins = self.certificate.not_valid_before_utc.timestamp()
        return begins + (self.expires_at - begins) / 2


class Identity:
    """The worker's identity as it is now."""

    def __init__(self, state: StateDir, enrolled: Enrolled) -> None:
        self.enrolled = enrolled
        self._state = state
        self._load()

    def server_context(self) -> ssl.SSLContext:
        """TLS for clients of tunnels."""
        return self._server

    def client_context(self) -> ssl.SSLContext:
        """TLS towards controllers: trusts the cluster's CA alone and presents our certificate."""
        return self._client

    def replace(self, key: ec.EllipticCurvePrivateKey, certificate_der: bytes, ca_der: Sequence[bytes]) -> None:
        """Takes a renewed certificate into use. Raises AccError(UNTRUSTED) if it is not ours."""
        store_identity(self._state, self.enrolled.worker_id, key, certificate_der, ca_der)
        self._load()

    def _load(self) -> None:
        path = str(self._state.checked(statedir.IDENTITY))
        ca_pem = self._state.read(statedir.CA)
        try:
            self.certificate = Certificate(x509.load_pem_x509_certificate(self._state.read(statedir.IDENTITY)))
            self._server = server_context(path, path)
            self._client = client_context(ca_pem.decode())
            self._client.load_cert_chain(path)
        except (ValueError, ssl.SSLError) as error:
            raise AccError(Code.CONFIG, f"{path} cannot be used: {error}") from None
        self._client.set_alpn_protocols(["h2"])
        if self.certificate.certificate.not_valid_after_utc <= datetime.now(UTC):
            raise AccError(Code.CONFIG, "the worker's certificate has expired: enroll it again, in a new directory")


def load_identity(state: StateDir) -> Identity:
    """The identity in `state`. Raises AccError(CONFIG)."""
    try:
        document = json.loads(state.read(statedir.WORKER))
    except ValueError:
        document = None
    match document:
        case {
            "worker_id": str(worker_id),
            "cluster": str(cluster),
            "address": str(address),
            "controllers": [str(), *_] as controllers,
        }:
            texts = tuple(str(controller) for controller in controllers)
        case _:
            raise AccError(Code.CONFIG, f"{state.path / statedir.WORKER} is damaged")
    enrolled = Enrolled(worker_id=worker_id, cluster=cluster, address=address, controllers=texts)
    return Identity(state, enrolled)


def store_enrolled(state: StateDir, enrolled: Enrolled) -> None:
    """Writes what makes the directory an enrolled worker's; everything else is there before it."""
    document = {
        "worker_id": enrolled.worker_id,
        "cluster": enrolled.cluster,
        "address": enrolled.address,
        "controllers": list(enrolled.controllers),
    }
    state.write(statedir.WORKER, json.dumps(document, indent=2).encode() + b"\n")


def store_identity(
    state: StateDir,
    worker_id: str,
    key: ec.EllipticCurvePrivateKey,
    certificate_der: bytes,
    ca_der: Sequence[bytes],
) -> None:
    """Checks and writes a certificate, its key and the CA. Raises AccError(UNTRUSTED)."""
    if not is_name(worker_id):
        raise AccError(Code.UNTRUSTED, "the controller gave an id that is none")
    certificate = _parse(certificate_der)
    public_key = certificate.public_key()
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or public_key != key.public_key():
        raise AccError(Code.UNTRUSTED, "the controller gave a certificate for another key")
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if [name.value for name in names] != [worker_id]:
        raise AccError(Code.UNTRUSTED, "the controller gave a certificate for another worker")
    if not 0 < len(ca_der) <= MAX_CAS:
        raise AccError(Code.UNTRUSTED, "the controller gave no CA, or too many")
    cas = [_parse(der) for der in ca_der]
    state.write(statedir.CA, b"".join(ca.public_bytes(serialization.Encoding.PEM) for ca in cas))
    state.write(
        statedir.IDENTITY,
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM),
    )


def make_key() -> ec.EllipticCurvePrivateKey:
    """A new key for a certificate."""
    return ec.generate_private_key(ec.SECP256R1())


def make_csr(key: ec.EllipticCurvePrivateKey, common_name: str) -> bytes:
    """A signing request in DER. The controller decides what the certificate says; the name is for people."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)


def _parse(der: bytes) -> x509.Certificate:
    if len(der) > MAX_CERTIFICATE:
        raise AccError(Code.UNTRUSTED, "the controller gave a certificate that is too long")
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise AccError(Code.UNTRUSTED, "the controller gave a certificate that is none") from None
