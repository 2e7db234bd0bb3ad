"""Workers: how one is enrolled, which are alive.

Rules: an enrolment token is used once, by whoever comes first; only its hash is stored. The operator names the
worker in the token. Enrolling again under the same name takes that worker's place: its old certificates are no longer
accepted. A certificate is accepted if it is the newest one or the one that the newest was asked with, so that a lost
answer to a renewal locks nobody out.

A worker is live while its last status is at most `LIVE_SECONDS` old, by the database's clock.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import cast

from acc.controlplane.access.filters import JsonValue
from acc.controlplane.audit.attempt import note_details, note_thing
from acc.controlplane.link import boots
from acc.controlplane.link.ca import Authority, Issued
from acc.controlplane.store.db import Row, Sql
from acc.controlplane.store.ids import hash_secret, new_id, new_secret
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, split_address

LIVE_SECONDS = 15
MAX_WORKERS_OFFERED = 8
TOKEN_PREFIX = "acce1"  # noqa: S105 (a prefix, no secret)

LIVE_WORKERS = f"""
    array(
        select w.id || ' ' || w.address from workers w
        where w.last_status_time >= now() - interval '{LIVE_SECONDS} seconds' and not w.draining
        order by w.open_connections / 16, random() limit {MAX_WORKERS_OFFERED}
    )
"""  # noqa: S608 (only constants of ours are put in)
"""A column: `id address` of the live workers, the least loaded first, in a fresh order among about equal ones."""


Tags = dict[str, list[str]]


def tags_in(stored: str) -> Tags:
    """The tags in a column, which only ever holds what was checked."""
    return cast("Tags", json.loads(stored))  # json.loads gives no more exact type


def merged_tags(one: Tags, other: Tags) -> Tags:
    """The tags of both, each value once."""
    return {key: sorted({*one.get(key, ()), *other.get(key, ())}) for key in sorted({*one, *other})}


def facts_of(row: Row) -> JsonValue:
    """What a filter may ask of the worker in `row`."""
    return {"name": row["name"], "tags": merged_tags(tags_in(row["api_tags"]), tags_in(row["config_tags"]))}


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A worker and its new certificate."""

    worker_id: str
    certificate: Issued


@dataclass(frozen=True, slots=True)
class WorkerCertificate:
    """What a client certificate of our CA says."""

    worker_id: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a worker says about itself."""

    address: str
    version: str
    open_connections: int
    draining: bool
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentToken:
    """What a worker needs to find and trust the controllers, once."""

    controllers: tuple[str, ...]
    ca_der: bytes
    cluster_id: str
    secret: str = field(repr=False)

    def text(self) -> str:
        """The one line that an operator carries to the worker."""
        content = {
            "controllers": list(self.controllers),
            "secret": self.secret,
            "ca": base64.b64encode(self.ca_der).decode(),
            "cluster": self.cluster_id,
        }
        packed = base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode())
        return f"{TOKEN_PREFIX}.{packed.decode().rstrip('=')}"


async def create_enrolment_secret(sql: Sql, *, name: str, valid_seconds: float) -> str:
    """A new single-use secret for the worker called `name`."""
    if not is_name(name):
        raise AccError(Code.BAD_NAME, f"{name!r} cannot be a worker's name")
    secret = new_secret()
    await sql.execute(
        "insert into enrolment_tokens (secret_hash, worker_name, expiration_time)"
        " values ($1, $2, now() + $3 * interval '1 second')",
        hash_secret(secret),
        name,
        valid_seconds,
    )
    return secret


async def enroll(sql: Sql, authority: Authority, *, secret: str, csr_der: bytes, address: str) -> Enrolled:
    """A worker for a secret. Raises AccError(NOT_ALLOWED) for one that is unknown, used or expired."""
    _host(address)
    token = await sql.fetchrow(
        "update enrolment_tokens set used_time = now()"
        " where secret_hash = $1 and used_time is null and expiration_time > now() returning worker_name",
        hash_secret(secret),
    )
    if token is None:
        raise AccError(Code.NOT_ALLOWED, "the enrolment token is unknown, used or expired")
    known = await sql.fetchrow("select id from workers where name = $1 for update", token["worker_name"])
    worker_id = known["id"] if known else new_id("w")
    certificate = authority.issue_worker(worker_id, csr_der)
    await sql.execute(
        "insert into workers (id, name, address, certificate_serial) values ($1, $2, $3, $4)"
        " on conflict (id) do update set address = excluded.address, certificate_serial = excluded.certificate_serial,"
        " previous_serial = '', last_status_time = null, updated_time = now()",
        worker_id,
        token["worker_name"],
        address,
        certificate.serial,
    )
    note_thing("worker", worker_id, token["worker_name"])
    return Enrolled(worker_id, certificate)


async def renew(sql: Sql, authority: Authority, peer: WorkerCertificate, csr_der: bytes) -> Enrolled:
    """A fresh certificate for a worker that has an accepted one."""
    await recognise(sql, peer)
    certificate = authority.issue_worker(peer.worker_id, csr_der)
    await sql.execute(
        "update workers set certificate_serial = $2, previous_serial = $3, updated_time = now() where id = $1",
        peer.worker_id,
        certificate.serial,
        peer.serial,
    )
    return Enrolled(peer.worker_id, certificate)


async def recognise(sql: Sql, peer: WorkerCertificate) -> str:
    """The worker's address. Raises AccError(LOGIN_REQUIRED) unless its certificate is accepted."""
    row = await sql.fetchrow(
        "select name, address from workers where id = $1 and $2 in (certificate_serial, previous_serial)",
        peer.worker_id,
        peer.serial,
    )
    if row is None:
        raise AccError(Code.LOGIN_REQUIRED, "the worker is not enrolled, or was enrolled again elsewhere")
    note_thing("worker", peer.worker_id, row["name"])
    note_details(worker_id=peer.worker_id, worker_name=row["name"])
    return str(row["address"])


async def record_status(sql: Sql, peer: WorkerCertificate, status: Status) -> None:
    """Writes down that the worker lives and how it is. Raises AccError for a host that is not the enrolled one."""
    address = await recognise(sql, peer)
    if _host(status.address) != _host(address):
        raise AccError(Code.BAD_REQUEST, f"the worker is enrolled at {_host(address)}, not at {_host(status.address)}")
    await sql.execute(
        "update workers set address = $2, release_version = $3, open_connections = $4, draining = $5,"
        " last_status_time = now() where id = $1",
        peer.worker_id,
        status.address,
        status.version[:64],
        min(status.open_connections, 2**31 - 1),
        status.draining,
    )
    await boots.hear_of(sql, peer.worker_id, status.boot_id)


def _host(address: str) -> str:
    parts = split_address(address)
    if parts is None:
        raise AccError(Code.BAD_REQUEST, "a worker's address is host:port")
    return parts[0]
