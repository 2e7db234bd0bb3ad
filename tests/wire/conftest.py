"""What the tests of the wire share: a certificate for loopback, and how hard hypothesis tries.

A run has a minute; `pytest tests/wire --hypothesis-profile=long` takes as long as it takes.
"""

import datetime as dt
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import settings

from tests.wire.pair import Certificate

settings.register_profile("short", max_examples=60, stateful_step_count=40, deadline=None)
settings.register_profile("long", max_examples=5000, stateful_step_count=100, deadline=None)
settings.load_profile("short")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A self-signed certificate for `localhost` and 127.0.0.1, with its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def make_certificate(directory: Path) -> Certificate:
    """Writes a fresh certificate and its key into `directory`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "worker")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "certificate.pem").write_bytes(pem)
    (directory / "key.pem").write_bytes(private)
    return Certificate(pem.decode(), str(directory / "certificate.pem"), str(directory / "key.pem"))
