"""A worker as the controller meets it: a key, a certificate, and the generated gRPC stubs on a real connection."""

import asyncio
import secrets
import ssl
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from grpclib.client import Channel, Stream
from grpclib.const import Cardinality

from acc.controlplane.link.workers import create_enrolment_secret
from acc.controlplane.store.db import Sql
from acc.rpc import worker_v1 as rpc
from acc.wire.names import split_address
from tests.controlplane.system import Controller, in_database

ADDRESS = "127.0.0.1:9202"


def enrolment_secret(controller: Controller, name: str) -> str:
    """The secret of a new enrolment token, valid for an hour."""

    async def work(sql: Sql) -> str:
        return await create_enrolment_secret(sql, name=name, valid_seconds=3600)

    return in_database(controller, work)


def make_csr(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A signing request that asks for nothing but a certificate for `key`."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def tls(controller: Controller) -> ssl.SSLContext:
    """A context that trusts the cluster's CA and has no certificate."""
    context = ssl.create_default_context(cadata=controller.ca)
    context.set_alpn_protocols(["h2"])
    return context


@asynccontextmanager
async def link(controller: Controller, context: ssl.SSLContext) -> AsyncGenerator[Channel]:
    """A connection to the worker link."""
    parts = split_address(controller.worker_link)
    assert parts is not None
    channel = Channel(*parts, ssl=context)
    protocol = await channel.__connect__()
    tls_below = protocol.connection._transport._ssl_protocol
    try:
        yield channel
    finally:
        channel.close()
        # grpclib does not wait until the connection is closed, and what is left open at the loop's end is a warning.
        async with asyncio.timeout(5):
            while tls_below._transport is not None:  # noqa: ASYNC110 (there is no event to wait for)
                await asyncio.sleep(0.001)


@dataclass
class Worker:
    """An enrolled worker."""

    controller: Controller
    id: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    enrolled: rpc.EnrollResponse = field(repr=False)

    def context(self) -> ssl.SSLContext:
        """TLS with the worker's certificate."""
        context = tls(self.controller)
        pem = self.certificate.public_bytes(serialization.Encoding.PEM) + self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "worker.pem"
            path.write_bytes(pem)
            context.load_cert_chain(path)
        return context

    @asynccontextmanager
    async def stub(self) -> AsyncGenerator[rpc.WorkerLinkStub]:
        """The worker's calls."""
        async with link(self.controller, self.context()) as channel:
            yield rpc.WorkerLinkStub(channel)

    @asynccontextmanager
    async def control(self, status: rpc.WorkerStatus | None = None) -> AsyncGenerator["Control"]:
        """An open control stream, after the controller's first command."""
        async with (
            link(self.controller, self.context()) as channel,
            channel.request(
                "/acc.worker.v1.WorkerLink/Control", Cardinality.STREAM_STREAM, rpc.WorkerStatus, rpc.Command
            ) as stream,
        ):
            await stream.send_message(status or rpc.WorkerStatus(address=ADDRESS, version="test"))
            control = Control(stream)
            keys = await control.command()
            assert keys.ticket_keys is not None
            yield control
            await stream.cancel()


@dataclass
class Control:
    """One control stream, the worker's end."""

    stream: Stream[rpc.WorkerStatus, rpc.Command]

    async def command(self, seconds: float = 5.0) -> rpc.Command:
        """The next command."""
        command = await asyncio.wait_for(self.stream.recv_message(), seconds)
        assert command is not None
        return command

    async def end(self, seconds: float = 5.0) -> rpc.EndSession:
        """The next EndSession."""
        while True:
            command = await self.command(seconds)
            if command.end_session is not None:
                return command.end_session


async def enroll(controller: Controller, secret: str, *, address: str = ADDRESS, csr: bytes | None = None) -> Worker:
    """A worker enrolled with `secret`. Raises GRPCError."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = rpc.EnrollRequest(token=secret, csr_der=csr or make_csr(key), name="", address=address)
    async with link(controller, tls(controller)) as channel:
        answer = await rpc.EnrolmentStub(channel).enroll(request, timeout=10)
    certificate = x509.load_der_x509_certificate(answer.certificate_der)
    return Worker(controller, answer.worker_id, key, certificate, answer)


async def new_worker(controller: Controller, name: str | None = None) -> Worker:
    """A worker with a token of its own."""
    return await enroll(controller, enrolment_secret(controller, name or f"w-{secrets.token_hex(4)}"))


def connection_id() -> str:
    """An id as workers make them."""
    return f"sc_{secrets.token_hex(10)}"
