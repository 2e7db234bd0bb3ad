"""The relay's door in this process: what a client hears where something goes wrong before it has a tunnel."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from acc.wire.errors import AccError, Code
from acc.wire.ticket import Verify
from acc.wire.upgrade import Request, encode_request, new_key, parse_answer
from acc.worker.admission import Admission
from acc.worker.controllink import ControlLink
from acc.worker.relay import Relay
from acc.worker.reports import Reports
from acc.worker.spool import Spool
from acc.worker.statedir import StateDir
from acc.worker.ticketkeys import TicketKeys
from tests.worker.offline import AUDIENCE, TICKET, make_identity, sign

pytestmark = pytest.mark.asyncio

Address = tuple[str, int]


def any_signature(_signature: bytes, _signed: bytes) -> bool:
    return True


def broken(_attempt: object, _closed_by: object, _code: object) -> None:
    raise ZeroDivisionError("the arithmetic of the books")


KEYS: Mapping[str, Verify] = {TICKET.key_id: any_signature}


@pytest_asyncio.fixture
async def address(state: StateDir, tmp_path: Path) -> AsyncIterator[Address]:
    """Where a relay takes tunnels that has KEYS, no controller, and broken books for attempts that come to nothing."""
    identity = make_identity(state)
    link = ControlLink(identity, TicketKeys(state))
    spool = Spool(tmp_path / "spool")
    reports = Reports(spool, link, "b1")
    admission = Admission(KEYS, link, audience=AUDIENCE, boot_id="b1", abandon=broken)
    relay = Relay(
        admission=admission, reports=reports, tls=identity.server_context, loop=asyncio.get_running_loop(), hold=1.0
    )
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    relay.listen(listener)
    yield listener.getsockname()
    await relay.close()
    spool.close()


def ask(address: Address, data: bytes) -> bytes:
    """The whole answer to `data`, to the end of TLS. Raises ConnectionResetError where it does not come whole."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(address, 10)) as client:
        client.sendall(data)
        answer = b""
        while part := client.recv(65536):
            answer += part
    return answer


async def refused(address: Address, data: bytes, key: str) -> AccError:
    with pytest.raises(AccError) as caught:
        parse_answer(await asyncio.to_thread(ask, address, data), key)
    return caught.value


async def test_an_admission_that_fails_unexpectedly_is_answered_and_logged(
    address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    key = new_key()
    request = Request(
        ticket=sign(TICKET, outage="allow", endpoints=("127.0.0.1:1",)),
        key=key,
        window=1 << 20,
        zero_mask=True,
        resume=None,
        received=0,
    )

    assert (await refused(address, encode_request(request, "w:1"), key)).code is Code.INTERNAL
    assert [one.getMessage() for one in caplog.records if one.exc_info] == ["admission failed"]
    assert "the arithmetic of the books" in caplog.text


@pytest.mark.parametrize("unread", [0, 1, 100_000])
async def test_a_refusal_outlives_what_was_not_read(address: Address, unread: int) -> None:
    data = b"GET /elsewhere HTTP/1.1\r\n\r\n" + bytes(unread)

    assert (await refused(address, data, new_key())).code is Code.BAD_REQUEST
