"""`acc-controller config check`: what the settings name is tried, and all that cannot be used is said at once."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from acc.wire.errors import Code
from tests.controlplane.conftest import run_sql
from tests.controlplane.system import run


def check(database: str, **settings: str) -> tuple[int, str]:
    """Its exit status, and all that it said."""
    done = run(database, "config", "check", **settings)
    return done.returncode, done.stdout + done.stderr


def put_certificate(
    folder: Path, names: Sequence[str], *, days: int = 30, key: ec.EllipticCurvePrivateKey | None = None
) -> dict[str, str]:
    """A certificate that signed itself, with its key or another: the settings that name the files."""
    own = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api")])
    until = datetime.now(UTC) + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(own.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=90))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .sign(own, hashes.SHA256())
    )
    pem = (key or own).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "api.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "api.key").write_bytes(pem)
    return {"ACC_TLS_CERTIFICATE": str(folder / "api.pem"), "ACC_TLS_KEY": str(folder / "api.key")}


def test_what_can_be_used_is_said_to_be_good(database: str, tmp_path: Path) -> None:
    files = put_certificate(tmp_path, ["*.acc.example"])
    path = tmp_path / "syslog"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(path))
        status, said = check(
            database,
            ACC_PUBLIC_NAMES="api.acc.example,10.0.0.1",
            ACC_AUDIT_SINKS=f"stdout,file:{tmp_path}/audit.log,syslog:{path}",
            **files,
        )

    assert status == 0, said
    assert "\ngood: database.url: the cluster c_" in said
    assert f"\ngood: audit.sinks: file:{tmp_path}/audit.log\n" in said
    assert f"\ngood: audit.sinks: syslog:{path}\n" in said
    assert "\ngood: public.names: api.acc.example, 10.0.0.1\n" in said
    assert "\ngood: tls.certificate: for api.acc.example, not for 10.0.0.1, until 2" in said
    assert not (tmp_path / "audit.log").exists()


def test_a_database_that_does_not_answer_is_said_with_the_cause() -> None:
    status, said = check("postgresql://acc:secretword@127.0.0.1:1/acc")

    assert status == Code.CONFIG.exit_status
    assert "database.pool = 10" in said
    assert "database.url: a part that is needed does not answer: the database does not answer: " in said
    assert "refused" in said
    assert "secretword" not in said


def test_a_database_of_another_schema_is_said_with_what_to_run(cluster_database: str) -> None:
    run_sql(cluster_database, "delete from schema_versions where number = 4")
    status, said = check(cluster_database)

    assert status == Code.CONFIG.exit_status
    assert "lacks 0004_audit.sql: run acc-controller migrate" in said


def test_a_database_that_its_user_may_not_read_is_said(cluster_database: str) -> None:
    run_sql(cluster_database, "alter table cluster rename to clusters")
    status, said = check(cluster_database)

    assert status == Code.CONFIG.exit_status
    assert 'relation "cluster" does not exist' in said


@pytest.mark.parametrize(
    ("sink", "why"),
    [
        ("paper", "is not stdout, file:/path"),
        ("file:/nowhere/audit.log", "No such file or directory"),
        ("file:/proc/version/audit.log", "Not a directory"),
        ("file:/tmp", "Is a directory"),
        ("syslog:/nowhere/log", "No such file or directory"),
        ("syslog:udp://no-such-host.invalid:514", "syslog:udp://no-such-host.invalid:514"),
    ],
)
def test_a_sink_that_cannot_be_used_is_said(database: str, sink: str, why: str) -> None:
    status, said = check(database, ACC_AUDIT_SINKS=sink)

    assert status == Code.CONFIG.exit_status
    assert f"audit.sinks (ACC_AUDIT_SINKS): {sink!r}" in said
    assert why in said


def test_a_key_of_another_certificate_is_said(database: str, tmp_path: Path) -> None:
    files = put_certificate(tmp_path, ["localhost"], key=ec.generate_private_key(ec.SECP256R1()))
    status, said = check(database, **files)

    assert status == Code.CONFIG.exit_status
    assert f"tls.certificate {tmp_path}/api.pem and tls.key {tmp_path}/api.key cannot be used" in said
    assert "KEY_VALUES_MISMATCH" in said


def test_a_file_that_is_not_there_is_said(database: str) -> None:
    status, said = check(database, ACC_TLS_CERTIFICATE="/nowhere/api.pem", ACC_TLS_KEY="/nowhere/api.key")

    assert status == Code.CONFIG.exit_status
    assert "No such file or directory" in said


def test_a_certificate_that_is_over_is_said(database: str, tmp_path: Path) -> None:
    status, said = check(database, **put_certificate(tmp_path, ["localhost"], days=-1))

    assert status == Code.CONFIG.exit_status
    assert f"tls.certificate {tmp_path}/api.pem is good from " in said
    assert "put one there that is good now" in said


def test_a_certificate_for_other_names_is_said(database: str, tmp_path: Path) -> None:
    status, said = check(database, **put_certificate(tmp_path, ["other.example"]))

    assert status == Code.CONFIG.exit_status
    assert "is for other.example, and for none of public.names, which are localhost, 127.0.0.1, ::1" in said


def test_a_name_that_no_certificate_can_hold_is_said(database: str) -> None:
    status, said = check(database, ACC_PUBLIC_NAMES="\N{LATIN SMALL LETTER A WITH DIAERESIS}.example")

    assert status == Code.CONFIG.exit_status
    assert "public.names: " in said
    assert "is neither an address nor a DNS name" in said


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    status, said = check(
        "postgresql://127.0.0.1:1/acc", ACC_AUDIT_SINKS="paper", **put_certificate(tmp_path, ["localhost"], days=-1)
    )

    assert status == Code.CONFIG.exit_status
    assert said.count("acc-controller: ") == 3


def test_a_url_whose_port_is_none_stops_it() -> None:
    status, said = check("postgresql://acc:secretword@h:no-port/acc")

    assert status == Code.CONFIG.exit_status
    assert "secretword" not in said
    assert "Traceback" not in said
