"""The gRPC side: enrolment, who may call what, and what is pushed."""

import asyncio
import secrets
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from grpclib import GRPCError, Status
from grpclib.client import UnaryUnaryMethod
from grpclib.exceptions import StreamTerminatedError

from acc.controlplane.link import linkserver
from acc.rpc import worker_v1 as rpc
from acc.wire.names import worker_server_name
from tests.controlplane.peer import (
    ADDRESS,
    Worker,
    connection_id,
    enroll,
    enrolment_secret,
    link,
    make_csr,
    new_worker,
    tls,
)
from tests.controlplane.system import Controller, NewPerson, execute, make_target, wait_until

pytestmark = pytest.mark.asyncio

CALLS = [
    lambda stub: stub.renew(rpc.RenewRequest()),
    lambda stub: stub.authorize_connection(rpc.AuthorizeConnectionRequest()),
    lambda stub: stub.report(rpc.ReportRequest()),
]


async def refused(controller: Controller, secret: str, **fields: object) -> Status:
    with pytest.raises(GRPCError) as error:
        await enroll(controller, secret, **fields)
    return error.value.status


async def test_an_enrolled_worker_has_a_certificate_for_its_identity_only(controller: Controller) -> None:
    worker = await new_worker(controller)

    names = worker.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    alternative = worker.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usage = worker.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [name.value for name in names] == [worker.id]
    assert list(alternative) == [x509.DNSName(worker_server_name(worker.id))]
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert worker.certificate.public_key() == worker.key.public_key()
    assert len(worker.enrolled.ticket_keys[0].public_key) == 32


async def test_an_enrolment_token_works_once(controller: Controller) -> None:
    secret = enrolment_secret(controller, "once")
    await enroll(controller, secret)

    assert await refused(controller, secret) is Status.PERMISSION_DENIED


async def test_of_two_that_enroll_at_once_one_gets_in(controller: Controller) -> None:
    secret = enrolment_secret(controller, "race")

    results = await asyncio.gather(*(enroll(controller, secret) for _ in range(6)), return_exceptions=True)

    assert sum(isinstance(result, Worker) for result in results) == 1


async def test_an_expired_enrolment_token_is_refused(controller: Controller) -> None:
    secret = enrolment_secret(controller, "late")
    execute(controller, "update enrolment_tokens set expiration_time = now() where worker_name = 'late'")

    assert await refused(controller, secret) is Status.PERMISSION_DENIED


@pytest.mark.parametrize("secret", ["", "0" * 43])
async def test_a_forged_enrolment_token_is_refused(controller: Controller, secret: str) -> None:
    assert await refused(controller, secret) is Status.PERMISSION_DENIED


@pytest.mark.parametrize("address", ["", "nowhere", "127.0.0.1:0", "127.0.0.1:99999", "x" * 300 + ":1"])
async def test_an_address_that_is_none_is_refused_and_spends_no_token(controller: Controller, address: str) -> None:
    secret = enrolment_secret(controller, f"address-{secrets.token_hex(4)}")

    assert await refused(controller, secret, address=address) is Status.INVALID_ARGUMENT
    assert (await enroll(controller, secret)).id.startswith("w_")


async def test_a_message_without_measure_is_refused(controller: Controller) -> None:
    assert await refused(controller, "x" * (linkserver.MAX_MESSAGE + 1)) is Status.RESOURCE_EXHAUSTED


async def test_a_number_where_a_text_belongs_is_refused(controller: Controller) -> None:
    async with link(controller, tls(controller)) as channel:
        enroll_with = UnaryUnaryMethod(
            channel, "/acc.worker.v1.Enrolment/Enroll", rpc.ConnectionEvent, rpc.EnrollResponse
        )
        with pytest.raises(GRPCError) as error:
            await enroll_with(rpc.ConnectionEvent(at_ms=5))  # the number of an enrolment's address

    assert error.value.status is Status.INVALID_ARGUMENT


async def test_too_many_events_at_once_are_refused(controller: Controller) -> None:
    worker = await new_worker(controller)
    async with worker.stub() as stub:
        with pytest.raises(GRPCError) as error:
            await stub.report(rpc.ReportRequest(events=[rpc.ConnectionEvent()] * 1001))

    assert error.value.status is Status.INVALID_ARGUMENT


async def test_the_traffic_of_too_many_connections_at_once_is_refused(controller: Controller) -> None:
    worker = await new_worker(controller)
    async with worker.stub() as stub:
        with pytest.raises(GRPCError) as error:
            await stub.report(rpc.ReportRequest(traffic=[rpc.ConnectionTraffic()] * 1001))

    assert error.value.status is Status.INVALID_ARGUMENT


async def test_traffic_over_the_link_is_shown_while_the_connection_is_open(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    worker = await new_worker(controller)
    session, connection = await open_session(controller, admin, project, worker)
    carried = rpc.ConnectionTraffic(connection_id=connection, bytes_up=7, bytes_down=9)
    async with worker.stub() as stub:
        await stub.report(rpc.ReportRequest(traffic=[carried]))

    [shown] = (await asyncio.to_thread(admin.get, f"/v1/sessions/{session}")).json()["connections"]
    assert (shown["bytes_up"], shown["bytes_down"], shown["status"]) == ("7", "9", "authorized")


def _csr_with_p384() -> bytes:
    return make_csr(ec.generate_private_key(ec.SECP384R1()))


def _csr_signed_by_nobody() -> bytes:
    csr = bytearray(make_csr(ec.generate_private_key(ec.SECP256R1())))
    csr[-1] ^= 1
    return bytes(csr)


@pytest.mark.parametrize("csr", [b"x", b"\x30" * 9000, _csr_with_p384(), _csr_signed_by_nobody()])
async def test_a_signing_request_that_proves_nothing_is_refused(controller: Controller, csr: bytes) -> None:
    secret = enrolment_secret(controller, f"csr-{secrets.token_hex(4)}")

    assert await refused(controller, secret, csr=csr) is Status.INVALID_ARGUMENT


async def test_a_certificate_never_takes_names_from_the_request(controller: Controller) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    greedy = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "w_somebodyelse")]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("controller.example")]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    worker = await enroll(controller, enrolment_secret(controller, "greedy"), csr=greedy)

    assert worker.certificate.subject.rfc4514_string() == f"CN={worker.id}"
    assert not worker.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    alternative = worker.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(alternative) == [x509.DNSName(worker_server_name(worker.id))]


@pytest.mark.parametrize("call", CALLS)
async def test_without_a_certificate_only_enrolment_answers(controller: Controller, call: object) -> None:
    async with link(controller, tls(controller)) as channel:
        with pytest.raises(GRPCError) as error:
            await call(rpc.WorkerLinkStub(channel))

    assert error.value.status is Status.UNAUTHENTICATED


async def test_without_a_certificate_there_is_no_control_stream(controller: Controller) -> None:
    async with link(controller, tls(controller)) as channel:
        with pytest.raises(GRPCError) as error:
            async for _ in rpc.WorkerLinkStub(channel).control([rpc.WorkerStatus(address=ADDRESS)]):
                pass

    assert error.value.status is Status.UNAUTHENTICATED


async def test_a_certificate_of_another_ca_is_not_let_in(controller: Controller) -> None:
    worker = await new_worker(controller)
    key = ec.generate_private_key(ec.SECP256R1())
    now = worker.certificate.not_valid_before_utc
    worker.certificate = (
        x509.CertificateBuilder(worker.certificate.issuer, worker.certificate.subject, key.public_key())
        .serial_number(worker.certificate.serial_number)
        .not_valid_before(now)
        .not_valid_after(worker.certificate.not_valid_after_utc)
        .sign(key, hashes.SHA256())
    )
    worker.key = key

    with pytest.raises((OSError, GRPCError, StreamTerminatedError)):
        async with worker.stub() as stub:
            await stub.report(rpc.ReportRequest(), timeout=5)


async def test_enrolling_a_name_again_takes_its_place(controller: Controller) -> None:
    first = await new_worker(controller, "again")
    second = await new_worker(controller, "again")

    assert first.id == second.id
    async with second.stub() as stub:
        await stub.report(rpc.ReportRequest())
    async with first.stub() as stub:
        with pytest.raises(GRPCError) as error:
            await stub.report(rpc.ReportRequest())
    assert error.value.status is Status.UNAUTHENTICATED


async def test_a_renewed_certificate_works_and_so_does_the_one_before(controller: Controller) -> None:
    worker = await new_worker(controller)
    old = Worker(**vars(worker))
    async with worker.stub() as stub:
        answer = await stub.renew(rpc.RenewRequest(csr_der=make_csr(worker.key)))
    worker.certificate = x509.load_der_x509_certificate(answer.certificate_der)

    for one in (worker, old):
        async with one.stub() as stub:
            assert await stub.report(rpc.ReportRequest()) == rpc.ReportResponse()


async def test_a_status_makes_a_worker_live(controller: Controller, admin: httpx.Client, project: str) -> None:
    worker = await new_worker(controller)
    target = make_target(admin, project)

    async with worker.control(rpc.WorkerStatus(address="127.0.0.1:7777", version="1")):
        answer = await asyncio.to_thread(admin.post, f"/v1/targets/{target['id']}:authorize-session")

    assert "127.0.0.1:7777" in [one["address"] for one in answer.json()["workers"] if one["id"] == worker.id]


async def test_a_status_from_another_host_than_the_enrolled_one_is_refused(controller: Controller) -> None:
    worker = await new_worker(controller)

    with pytest.raises(GRPCError) as error:
        async with worker.control(rpc.WorkerStatus(address="10.9.9.9:9202")):
            pass
    assert error.value.status is Status.INVALID_ARGUMENT


async def test_a_draining_worker_is_offered_to_nobody(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    execute(controller, "update workers set last_status_time = null")
    worker = await new_worker(controller)
    target = make_target(admin, project)

    async with worker.control(rpc.WorkerStatus(address=ADDRESS, draining=True)):
        answer = await asyncio.to_thread(admin.post, f"/v1/targets/{target['id']}:authorize-session")

    assert answer.json()["code"] == "no_worker"


async def test_a_quiet_stream_hears_a_keepalive(controller: Controller) -> None:
    worker = await new_worker(controller)

    async with worker.control() as control:
        began = time.monotonic()
        command = await control.command(seconds=10)

    assert command.keepalive is not None
    assert time.monotonic() - began < 7


async def report_opened_in_outage(worker: Worker, session: str) -> None:
    opened = rpc.ConnectionEvent(
        connection_id=connection_id(),
        session_id=session,
        kind=rpc.ConnectionEventKind.OPENED,
        at_ms=int(time.time() * 1000),
        during_outage=True,
    )
    async with worker.stub() as stub:
        await stub.report(rpc.ReportRequest(events=[opened]))


async def open_session(
    controller: Controller, admin: httpx.Client, project: str, worker: Worker, **fields: object
) -> tuple[str, str]:
    """A session with one open connection on `worker`: their ids."""
    execute(controller, "update workers set last_status_time = now() where id = $1", worker.id)
    target = make_target(admin, project, **fields)
    answer = await asyncio.to_thread(admin.post, f"/v1/targets/{target['id']}:authorize-session")
    session = answer.json()["session_id"]
    connection = connection_id()
    async with worker.stub() as stub:
        answer = await stub.authorize_connection(
            rpc.AuthorizeConnectionRequest(
                connection_id=connection, session_id=session, client_address="192.0.2.1:5000"
            )
        )
        assert answer.refusal == ""
    return session, connection


async def report_closed(worker: Worker, session: str, connection: str) -> None:
    closed = rpc.ConnectionEvent(
        connection_id=connection,
        session_id=session,
        kind=rpc.ConnectionEventKind.CLOSED,
        at_ms=int(time.time() * 1000),
        closed_by="controller",
        closed_reason="session_cancelled",
    )
    async with worker.stub() as stub:
        await stub.report(rpc.ReportRequest(events=[closed]))


async def test_a_cancel_reaches_the_worker_within_a_second(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    worker = await new_worker(controller)
    async with worker.control() as control:
        session, connection = await open_session(controller, admin, project, worker)

        began = time.monotonic()
        answer = await asyncio.to_thread(admin.post, f"/v1/sessions/{session}:cancel", json={})
        end = await control.end()

        assert time.monotonic() - began < 1
        assert answer.json()["status"] == "canceling"
        assert (end.session_id, end.code) == (session, "session_cancelled")
        await report_closed(worker, session, connection)
        assert (await asyncio.to_thread(admin.get, f"/v1/sessions/{session}")).json()["status"] == "terminated"


async def test_a_cancel_by_another_controller_reaches_the_worker_within_a_second(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    worker = await new_worker(controller)
    async with worker.control() as control:
        session, _ = await open_session(controller, admin, project, worker)
        began = time.monotonic()
        execute(
            controller,
            "update sessions set state = 'canceling', termination_reason = 'canceled', canceling_time = now()"
            " where id = $1",
            session,
        )
        end = await control.end()

    assert end.session_id == session
    assert time.monotonic() - began < 1


async def test_an_end_is_repeated_until_the_worker_reports_it(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    worker = await new_worker(controller)
    async with worker.control() as control:
        session, connection = await open_session(controller, admin, project, worker)
        await asyncio.to_thread(admin.post, f"/v1/sessions/{session}:cancel", json={})

        assert [(await control.end()).session_id for _ in range(2)] == [session, session]
        await report_closed(worker, session, connection)
        with pytest.raises(TimeoutError):
            await control.end(seconds=2.5)


async def test_an_expired_session_is_pushed_as_expired(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    worker = await new_worker(controller)
    async with worker.control() as control:
        session, _ = await open_session(controller, admin, project, worker, session_max_seconds=2)
        end = await control.end()

    assert (end.session_id, end.code) == (session, "session_expired")


@pytest.mark.parametrize("kind", ["target", "user"])
async def test_deleting_a_target_or_its_user_ends_the_session(
    controller: Controller, admin: httpx.Client, project: str, kind: str, person: NewPerson
) -> None:
    worker = await new_worker(controller)
    somebody = person("ids=*;type=target;actions=authorize-session")
    target = make_target(admin, project)
    async with worker.control() as control, worker.stub() as stub:
        session = somebody.client.post(f"/v1/targets/{target['id']}:authorize-session").json()["session_id"]
        request = rpc.AuthorizeConnectionRequest(connection_id=connection_id(), session_id=session)
        await stub.authorize_connection(request)
        gone = {"target": f"/v1/targets/{target['id']}", "user": f"/v1/users/{somebody.user_id}"}[kind]

        assert (await asyncio.to_thread(admin.delete, gone)).status_code == 204
        assert (await control.end()).session_id == session
        request.connection_id = connection_id()
        assert (await stub.authorize_connection(request)).refusal == "session_cancelled"


async def test_a_worker_that_was_away_hears_what_was_closed_meanwhile(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    worker = await new_worker(controller)
    session, _ = await open_session(controller, admin, project, worker)
    await asyncio.to_thread(admin.post, f"/v1/sessions/{session}:cancel", json={})
    execute(controller, "update sessions set canceling_time = now() - interval '31 seconds' where id = $1", session)

    def closed() -> bool:
        return admin.get(f"/v1/sessions/{session}").json()["status"] == "terminated"

    await asyncio.to_thread(wait_until, closed)
    connection = (await asyncio.to_thread(admin.get, f"/v1/sessions/{session}")).json()["connections"][0]
    assert (connection["closed_by"], connection["closed_reason"]) == ("controller", "worker_unreachable")
    async with worker.control() as control:
        assert (await control.end()).session_id == session


async def test_what_was_opened_in_an_outage_on_a_session_that_is_over_is_ended(
    controller: Controller, admin: httpx.Client, project: str
) -> None:
    worker = await new_worker(controller)
    async with worker.control() as control:
        target = make_target(admin, project)
        answer = await asyncio.to_thread(admin.post, f"/v1/targets/{target['id']}:authorize-session")
        session = answer.json()["session_id"]
        cancelled = await asyncio.to_thread(admin.post, f"/v1/sessions/{session}:cancel")
        assert cancelled.json()["status"] == "terminated"

        await report_opened_in_outage(worker, session)

        end = await control.end()
        assert (end.session_id, end.code) == (session, "session_cancelled")
