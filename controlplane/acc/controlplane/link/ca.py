"""The controller's own certificate authority: P-256, one CA, short-lived leaves.

Rule: what a certificate says is decided here and never copied from a request. Of a worker's signing request only the
public key is used, after its signature proves that the worker holds the private half.

Refuses keys that are not P-256.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from acc.wire.errors import AccError, Code
from acc.wire.names import worker_server_name

CA_LIFE = timedelta(days=3650)
WORKER_LIFE = timedelta(days=7)
SERVER_LIFE = timedelta(days=2)
MAX_CSR = 4096

_BACKDATED = timedelta(minutes=5)
"""Clocks differ a little; a certificate must not begin in its reader's future."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate."""

    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """Its DER bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """Its PEM text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def serial(self) -> str:
        """Its serial number as `ssl.getpeercert` spells it."""
        text = f"{self.certificate.serial_number:X}"
        return text.zfill(len(text) + len(text) % 2)


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA: its certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def der(self) -> bytes:
        """The CA certificate's DER bytes."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        """The CA certificate's PEM text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def private_der(self) -> bytes:
        """The CA key in PKCS#8, for the database."""
        return self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def issue_server(self, names: Sequence[str]) -> tuple[Issued, bytes]:
        """A certificate for the controller's own listeners, with the PEM of its new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH]
        issued = self._issue("acc-controller", key.public_key(), names, usages, SERVER_LIFE)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return issued, pem

    def issue_worker(self, worker_id: str, csr_der: bytes) -> Issued:
        """A certificate for the worker whose key signed `csr_der`. Raises AccError(BAD_REQUEST)."""
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return self._issue(worker_id, _proved_key(csr_der), [worker_server_name(worker_id)], usages, WORKER_LIFE)

    def _issue(
        self,
        common_name: str,
        key: ec.EllipticCurvePublicKey,
        names: Sequence[str],
        usages: Sequence[x509.ObjectIdentifier],
        life: timedelta,
    ) -> Issued:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        return Issued(builder.sign(self.key, hashes.SHA256()))


def make_authority(cluster_id: str) -> Authority:
    """A new CA for one cluster."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"acc {cluster_id}")
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def load_authority(certificate_der: bytes, private_key_der: bytes) -> Authority:
    """The CA as the database holds it."""
    key = serialization.load_der_private_key(private_key_der, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AccError(Code.CONFIG, "the stored CA key is not an elliptic curve key")
    return Authority(x509.load_der_x509_certificate(certificate_der), key)


def _proved_key(csr_der: bytes) -> ec.EllipticCurvePublicKey:
    if len(csr_der) > MAX_CSR:
        raise AccError(Code.BAD_REQUEST, "the signing request is too long")
    try:
        request = x509.load_der_x509_csr(csr_der)
        key = request.public_key()
        proved = request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature):
        raise AccError(Code.BAD_REQUEST, "the signing request is malformed") from None
    if not proved or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise AccError(Code.BAD_REQUEST, "the signing request must be signed by its own P-256 key")
    return key


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError:
        raise AccError(Code.BAD_REQUEST, f"{name!r} is neither an address nor a DNS name") from None


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
