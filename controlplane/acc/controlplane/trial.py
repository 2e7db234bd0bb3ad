"""What the settings name, tried: the database, the sinks of audit events, the API's certificate and its names.

Reading the settings finds what cannot be meant; only trying finds what is not there. Each trial has a deadline, changes
nothing, and ends with what it has found, so that everything that is wrong is said at once. It tells what is so for the
user who runs it, which should be the one that the controller runs as.

Nothing is listened on: a controller that serves already has its addresses.
"""

import ipaddress
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from acc.controlplane.audit.sinks import read_sinks
from acc.controlplane.cluster import load_cluster
from acc.controlplane.link.ca import make_authority
from acc.controlplane.service.config import (
    AUDIT_SINKS,
    DATABASE_URL,
    PUBLIC_NAMES,
    TLS_CERTIFICATE,
    CertificateFiles,
    Config,
)
from acc.controlplane.store.db import DatabaseError, open_database
from acc.controlplane.tls import check_files
from acc.wire.errors import AccError, Code
from acc.wire.settings import Key


@dataclass(frozen=True, slots=True)
class Good:
    """What a setting names can be used; `said` tells what it is."""

    setting: str
    said: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.said}"


@dataclass(frozen=True, slots=True)
class Bad:
    """What a setting names cannot be used: what, why, and what next."""

    said: str

    def __str__(self) -> str:
        return self.said


Finding = Good | Bad


async def try_out(config: Config) -> AsyncGenerator[Finding]:
    """Tries one thing after another."""
    yield await _try_database(config)
    for finding in (*_try_sinks(config.audit_sinks), _try_names(config.public_names)):
        yield finding
    if config.certificate is not None:
        yield _try_certificate(config.certificate, config.public_names)


async def _try_database(config: Config) -> Finding:
    try:
        async with open_database(config.database_url, pool=config.database_pool) as db:
            cluster = await load_cluster(db)
    except AccError as refused:
        return Bad(f"{DATABASE_URL.name}: {refused}{_why(refused.__cause__)}{_database_hint(refused.code)}")
    except DatabaseError as refused:
        return Bad(f"{DATABASE_URL.name}: the database refuses to be read: {refused}; see whose tables they are")
    return Good(DATABASE_URL.name, f"the cluster {cluster.id}, in a schema that this program can serve on")


def _why(cause: BaseException | None) -> str:
    return f": {str(cause) or type(cause).__name__}" if cause is not None else ""


def _database_hint(code: Code) -> str:
    """What next, where the refusal does not say it itself."""
    if code is not Code.UNAVAILABLE:
        return ""
    return "; see that it runs, that the URL names it, and that its user may log in from here"


def _try_sinks(named: str) -> Generator[Finding]:
    try:
        found = read_sinks(named)
    except AccError as refused:
        yield Bad(refused.detail)
        return
    for name, sink in found.sinks:
        try:
            sink.probe()
        except OSError as cause:
            yield Bad(
                f"{_named(AUDIT_SINKS)}: {name!r} cannot be written to: {cause.strerror}; make what it names, or"
                " name another"
            )
        else:
            yield Good(AUDIT_SINKS.name, name)


def _try_names(names: Sequence[str]) -> Finding:
    try:
        make_authority("trial").issue_server(names)
    except AccError as refused:
        return Bad(f"{PUBLIC_NAMES.name}: {refused.detail}, so no certificate can hold it; write it as it is dialled")
    return Good(PUBLIC_NAMES.name, ", ".join(names))


def _try_certificate(files: CertificateFiles, names: Sequence[str]) -> Finding:
    try:
        check_files(files)
    except AccError as refused:
        return Bad(refused.detail)
    certificate = x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    which = f"{TLS_CERTIFICATE.name} {files.certificate}"
    if not begin <= datetime.now(UTC) <= end:
        return Bad(f"{which} is good from {begin:%F %T} to {end:%F %T} UTC only: put one there that is good now")
    held = _names_of(certificate)
    covered = [name for name in names if any(_covers(one, name) for one in held)]
    if not covered:
        return Bad(
            f"{which} is for {', '.join(held) or 'no name'}, and for none of {PUBLIC_NAMES.name}, which are"
            f" {', '.join(names)}: clients that dial those refuse it; name there what they dial, or get one for it"
        )
    others = [name for name in names if name not in covered]
    but = f", not for {', '.join(others)}" if others else ""
    return Good(TLS_CERTIFICATE.name, f"for {', '.join(covered)}{but}, until {end:%F %T} UTC")


def _names_of(certificate: x509.Certificate) -> Sequence[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns = names.get_values_for_type(x509.DNSName)
    return (*dns, *(str(address) for address in names.get_values_for_type(x509.IPAddress)))


def _covers(held: str, dialled: str) -> bool:
    """Whether a client that dials one name takes a certificate for the other (RFC 6125; addresses are not names)."""
    try:
        return ipaddress.ip_address(dialled) == ipaddress.ip_address(held)
    except ValueError:
        pass
    label, _, rest = held.lower().partition(".")
    return dialled.lower() in {held.lower(), f"{dialled.lower().partition('.')[0]}.{rest}" if label == "*" else ""}


def _named(key: Key[object]) -> str:
    return f"{key.name} ({key.override})"
