"""A worker's identity, tickets and link without a controller process."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acc.controlplane.link.ca import Authority, make_authority
from acc.rpc.worker_v1 import TicketKey, WorkerStatus
from acc.wire.errors import Code
from acc.wire.ticket import Ticket, mint
from acc.worker.controllink import ControlLink
from acc.worker.identity import Enrolled, Identity, load_identity, make_csr, make_key, store_enrolled, store_identity
from acc.worker.statedir import StateDir

CLUSTER = "cluster1"
AUDIENCE = f"acc-worker:{CLUSTER}"
WORKER = "w_1234567890"
KEY = Ed25519PrivateKey.generate()

TICKET = Ticket(
    key_id="tk_1",
    audience=AUDIENCE,
    session_id="s_1",
    user_id="u_1",
    target_id="ttcp_1",
    endpoints=("127.0.0.1:9",),
    connection_limit=-1,
    issued_at=0,
    expires_at=int(time.time()) + 3600,
    outage="deny",
)


def public_key(key_id: str = "tk_1", key: Ed25519PrivateKey = KEY) -> TicketKey:
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return TicketKey(key_id=key_id, public_key=raw)


def sign(ticket: Ticket, key: Ed25519PrivateKey = KEY, **changes: object) -> str:
    """The text of `ticket` with some claims changed."""
    return mint(replace(ticket, **changes), key.sign)  # type: ignore[arg-type]  # tests change any claim


def make_identity(state: StateDir, *controllers: str, authority: Authority | None = None) -> Identity:
    """Writes an enrolled worker's state, as enrolment does, and loads it."""
    issuer = authority or make_authority(CLUSTER)
    key = make_key()
    issued = issuer.issue_worker(WORKER, make_csr(key, WORKER))
    store_identity(state, WORKER, key, issued.der, [issuer.der])
    known = controllers or ("127.0.0.1:1",)
    store_enrolled(state, Enrolled(worker_id=WORKER, cluster=CLUSTER, address="127.0.0.1:9202", controllers=known))
    return load_identity(state)


def ignore(_session_id: str, _code: Code) -> None:
    """Nothing is open that could be ended."""


@contextlib.asynccontextmanager
async def running(link: ControlLink, end_session: Callable[[str, Code], None] = ignore) -> AsyncIterator[None]:
    """`link`, kept up while the block runs."""
    address = "127.0.0.1:9202"
    task = asyncio.create_task(link.run(lambda: WorkerStatus(address=address, version="0"), end_session))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
