"""The gRPC side, for workers: enrolment and the link.

Rules: without a client certificate of our CA, `Enroll` is all there is. The certificate's common name is the worker's
id, and its serial number must be one that the database accepts. A refusal is a gRPC status whose message begins with
the error's code; an unexpected error says nothing about itself.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.events import RecvRequest, listen
from grpclib.server import Stream

from acc.controlplane.audit.attempt import note_outcome
from acc.controlplane.audit.record import AuditEvent, printable
from acc.controlplane.audit.trail import AuditLog, transact
from acc.controlplane.link import admission, books, boots, workers
from acc.controlplane.link.books import Closed, Opened
from acc.controlplane.link.ca import Authority
from acc.controlplane.link.control import Control, ticket_keys
from acc.controlplane.link.linkserver import LinkServer, bound_messages
from acc.controlplane.link.messages import StrictCodec
from acc.controlplane.link.workers import WorkerCertificate
from acc.controlplane.service import metrics
from acc.controlplane.service.log import event
from acc.controlplane.sessions.watcher import Watcher
from acc.controlplane.store.db import Database, Sql, UniqueViolation
from acc.rpc import worker_v1 as rpc
from acc.wire.errors import AccError, Code

MAX_EVENTS = 1000
MAX_TOKEN = 8192

_STATUSES = {
    Code.BAD_REQUEST: Status.INVALID_ARGUMENT,
    Code.LOGIN_REQUIRED: Status.UNAUTHENTICATED,
    Code.NOT_ALLOWED: Status.PERMISSION_DENIED,
    Code.UNAVAILABLE: Status.UNAVAILABLE,
}

_peer: ContextVar[WorkerCertificate | None] = ContextVar("_peer", default=None)


async def admit(request: RecvRequest) -> None:
    """grpclib's listener: bounds the call, and remembers whose certificate its connection came with."""
    method = request.method_func

    async def bounded(stream: Stream[Any, Any]) -> None:
        bound_messages(stream)
        await method(stream)

    request.method_func = bounded
    _peer.set(_read_certificate(request.peer.cert()))


def _read_certificate(certificate: Mapping[str, Any] | None) -> WorkerCertificate | None:
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName" and certificate is not None:
                return WorkerCertificate(str(value), str(certificate["serialNumber"]))
    return None


def _require_peer() -> WorkerCertificate:
    peer = _peer.get()
    if peer is None:
        raise AccError(Code.LOGIN_REQUIRED, "this call needs a worker's certificate")
    return peer


@asynccontextmanager
async def _answered() -> AsyncGenerator[None]:
    try:
        yield
    except AccError as refused:
        status = _STATUSES.get(refused.code, Status.FAILED_PRECONDITION)
        raise GRPCError(status, f"{refused.code.value}: {refused.detail or refused.code.title}") from None


class Enrolment(rpc.EnrolmentBase):
    """Trades a one-time token for an identity."""

    def __init__(self, db: Database, audit: AuditLog, authority: Authority) -> None:
        self._db = db
        self._audit = audit
        self._authority = authority

    async def enroll(self, message: rpc.EnrollRequest) -> rpc.EnrollResponse:
        """The worker's certificate. The token is spent only if that succeeds."""
        wanted = AuditEvent(action="enroll", resource_type="worker", details={"address": printable(message.address)})
        async with _answered(), self._audit.deciding(wanted):
            if len(message.token) > MAX_TOKEN:
                raise AccError(Code.BAD_REQUEST, "the enrolment token is too long")

            async def work(sql: Sql) -> workers.Enrolled:
                return await workers.enroll(
                    sql, self._authority, secret=message.token, csr_der=message.csr_der, address=message.address
                )

            try:
                enrolled = await transact(self._db, work)
            except UniqueViolation:
                raise AccError(Code.CONFLICT, "another worker enrolls under that name right now") from None
            event("worker enrolled", worker=enrolled.worker_id, address=message.address)
            return rpc.EnrollResponse(
                worker_id=enrolled.worker_id,
                certificate_der=enrolled.certificate.der,
                ca_der=[self._authority.der],
                ticket_keys=await ticket_keys(self._db),
            )


class WorkerLink(rpc.WorkerLinkBase):
    """What an enrolled worker calls."""

    def __init__(self, db: Database, audit: AuditLog, authority: Authority, watcher: Watcher) -> None:
        self._db = db
        self._audit = audit
        self._authority = authority
        self._control_stream = Control(db, watcher)

    def __mapping__(self) -> dict[str, Handler]:
        """The generated calls; the control stream is ours, because both its directions live at once."""
        control = Handler(self._control, Cardinality.STREAM_STREAM, rpc.WorkerStatus, rpc.Command)
        return super().__mapping__() | {"/acc.worker.v1.WorkerLink/Control": control}

    async def renew(self, message: rpc.RenewRequest) -> rpc.RenewResponse:
        """A fresh certificate for the calling worker."""
        async with _answered(), self._audit.deciding(AuditEvent(action="renew", resource_type="worker")):
            peer = _require_peer()

            async def work(sql: Sql) -> workers.Enrolled:
                return await workers.renew(sql, self._authority, peer, message.csr_der)

            renewed = await transact(self._db, work)
            event("worker renewed", worker=peer.worker_id)
            return rpc.RenewResponse(certificate_der=renewed.certificate.der, ca_der=[self._authority.der])

    async def authorize_connection(self, message: rpc.AuthorizeConnectionRequest) -> rpc.AuthorizeConnectionResponse:
        """Counts one connection against its session, or says why not."""
        wanted = AuditEvent(
            action="authorize-connection",
            resource_type="session",
            resource_id=printable(message.session_id),
            client_address=printable(message.client_address),
            details={"connection_id": printable(message.connection_id)},
        )
        async with _answered(), self._audit.deciding(wanted):
            peer = _require_peer()

            async def work(sql: Sql) -> admission.Answer:
                await workers.recognise(sql, peer)
                answer = await admission.authorize_connection(
                    sql,
                    worker_id=peer.worker_id,
                    boot_id=boots.read_boot(message.boot_id),
                    connection_id=message.connection_id,
                    session_id=message.session_id,
                    client_address=message.client_address,
                )
                note_outcome(answer.refusal)
                return answer

            answer = await transact(self._db, work)
            refusal = answer.refusal.value if answer.refusal else ""
            metrics.CONNECTION_AUTHORIZATIONS.labels(refusal or "ok").inc()
            return rpc.AuthorizeConnectionResponse(refusal=refusal, expires_at_ms=answer.expires_at_ms)

    async def report(self, message: rpc.ReportRequest) -> rpc.ReportResponse:
        """Writes down what happened to connections."""
        async with _answered():
            peer = _require_peer()
            if max(len(message.events), len(message.traffic)) > MAX_EVENTS:
                raise AccError(Code.BAD_REQUEST, f"at most {MAX_EVENTS} events, and as many connections, at once")

            async def known(sql: Sql) -> None:
                await workers.recognise(sql, peer)

            await self._db.transact(known)
            happened = [_happened(one) for one in message.events]
            await books.report(self._db, peer.worker_id, happened, self._audit.ship)
            if message.traffic:
                traffic = [(one.connection_id, one.bytes_up, one.bytes_down) for one in message.traffic]
                await books.record_traffic(self._db, peer.worker_id, traffic)
            for one in message.events:
                metrics.CONNECTION_REPORTS.labels(
                    "opened" if one.kind is rpc.ConnectionEventKind.OPENED else "closed"
                ).inc()
            return rpc.ReportResponse()

    async def _control(self, stream: Stream[rpc.WorkerStatus, rpc.Command]) -> None:
        async with _answered():
            await self._control_stream.serve(_require_peer(), stream)


def make_link(db: Database, audit: AuditLog, authority: Authority, watcher: Watcher) -> LinkServer:
    """The gRPC server, not yet listening."""
    server = LinkServer(
        [Enrolment(db, audit, authority), WorkerLink(db, audit, authority, watcher)], codec=StrictCodec()
    )
    listen(server, RecvRequest, admit)
    return server


def _happened(reported: rpc.ConnectionEvent) -> Opened | Closed:
    opened = Opened(
        connection_id=reported.connection_id,
        session_id=reported.session_id,
        at_ms=reported.at_ms,
        client_address=reported.client_address,
        local_address=reported.local_address,
        backend_address=reported.backend_address,
        during_outage=reported.during_outage,
        boot_id=boots.read_boot(reported.boot_id),
    )
    match reported.kind:
        case rpc.ConnectionEventKind.OPENED:
            return opened
        case rpc.ConnectionEventKind.CLOSED:
            return Closed(
                opened=opened,
                bytes_up=reported.bytes_up,
                bytes_down=reported.bytes_down,
                closed_by=reported.closed_by,
                closed_reason=reported.closed_reason,
                resumes=reported.resumes,
            )
        case _:
            raise AccError(Code.BAD_REQUEST, "an event is an opening or a closing")
