"""Targets in the controller and the worker: bodies, grants and lists of the API, tokens, what workers report."""

import base64
from datetime import UTC
from ipaddress import ip_address

import betterproto2
import msgspec
from grpclib import GRPCError, Status

from acc.controlplane.access import granttext
from acc.controlplane.access.filters import matches
from acc.controlplane.access.filtertext import MAX_FILTER, parse_filter
from acc.controlplane.api import listing
from acc.controlplane.api.bodies import read_body, read_optional_body
from acc.controlplane.directory.accounts import NewAccount
from acc.controlplane.directory.authorize import AuthorizeSession
from acc.controlplane.directory.logins import Authenticate
from acc.controlplane.directory.roles import NewRole
from acc.controlplane.directory.sessions import Cancel
from acc.controlplane.directory.targets import NewTarget
from acc.controlplane.link import messages, workerlink
from acc.controlplane.service.proxyheader import HEAD_BYTES, MAX_BODY, body_length, read_header
from acc.rpc import worker_v1 as rpc
from acc.wire.errors import Code
from acc.wire.names import is_name, split_address
from acc.worker.enrolment import MAX_SECRET, MAX_TOKEN, PREFIX, parse_token
from acc.worker.identity import MAX_CONTROLLERS
from tests.fuzz.target import Target


def _body(kind: type[msgspec.Struct]) -> Target:
    def run(data: bytes) -> None:
        parsed = read_body(data, kind)
        assert read_optional_body(msgspec.json.encode(parsed), kind) == parsed

    return Target(run, frozenset({Code.BAD_REQUEST}))


def grant(data: bytes) -> None:
    """A grant: it says the same when it is written again."""
    parsed = granttext.parse_grant(data.decode("utf-8", "replace"))
    assert granttext.parse_grant(granttext.canonical(parsed)) == parsed


def filter_text(data: bytes) -> None:
    """A filter: what is read can be asked of anything."""
    wanted = parse_filter(data.decode("utf-8", "replace"))
    assert matches(wanted, {"item": {"name": "web-1", "tags": ["a", "b"], "version": 1, "none": None}}) in {True, False}


def list_token(data: bytes) -> None:
    """A list token as a query holds it."""
    _page(data.decode("latin-1"))


def list_place(data: bytes) -> None:
    """What a list token holds: a place that the database can be asked about."""
    _page(base64.urlsafe_b64encode(data).decode())


def _page(text: str) -> None:
    after = listing.read_page(None, text).after
    if after is not None:
        after.created_time.astimezone(UTC)
        after.id.encode()


def enrolment_token(data: bytes) -> None:
    """What is pasted into `acc-worker enroll`."""
    _enrolment(data.decode("utf-8", "replace"))


def enrolment(data: bytes) -> None:
    """What an enrolment token holds."""
    _enrolment(PREFIX + base64.urlsafe_b64encode(data).rstrip(b"=").decode())


def _enrolment(text: str) -> None:
    token = parse_token(text)
    assert 0 < len(token.controllers) <= MAX_CONTROLLERS
    assert all(map(split_address, token.controllers))
    assert 0 < len(token.secret) <= MAX_SECRET
    assert is_name(token.cluster)
    assert token.secret not in repr(token) or len(token.secret) < 8


def _message(kind: type[betterproto2.Message]) -> Target:
    def run(data: bytes) -> None:
        try:
            parsed = messages.read_message(data, kind)
        except GRPCError as error:
            assert error.status is Status.INVALID_ARGUMENT
        else:
            assert messages.read_message(bytes(parsed), kind) == parsed

    return Target(run, frozenset())


def report(data: bytes) -> None:
    """What a worker reports, down to what is written into the books."""
    try:
        parsed = messages.read_message(data, rpc.ReportRequest)
    except GRPCError as error:
        assert error.status is Status.INVALID_ARGUMENT
        return
    assert isinstance(parsed, rpc.ReportRequest)
    for one in parsed.events:
        workerlink._happened(one)


def proxy_header(data: bytes) -> None:
    """What a load balancer writes before its client's bytes: the client is an address, or the balancer asks itself."""
    whole = data[: HEAD_BYTES + body_length(data[:HEAD_BYTES])]
    client = read_header(whole)
    assert client is None or (ip_address(client.address) and 0 <= client.port < 65536)


TARGETS = {
    "authenticate": _body(Authenticate),
    "authorize_session": _body(AuthorizeSession),
    "cancel": _body(Cancel),
    "new_account": _body(NewAccount),
    "new_role": _body(NewRole),
    "new_target": _body(NewTarget),
    "filter": Target(filter_text, frozenset({Code.BAD_REQUEST}), MAX_FILTER + 100),
    "grant": Target(grant, frozenset({Code.BAD_REQUEST}), granttext.MAX_GRANT + 100),
    "list_token": Target(list_token, frozenset({Code.BAD_REQUEST}), 600),
    "list_place": Target(list_place, frozenset({Code.BAD_REQUEST}), 600),
    "enrolment_token": Target(enrolment_token, frozenset({Code.CONFIG}), MAX_TOKEN + 100),
    "enrolment": Target(enrolment, frozenset({Code.CONFIG}), MAX_TOKEN),
    "proxy_header": Target(proxy_header, frozenset({Code.BAD_REQUEST}), HEAD_BYTES + MAX_BODY + 16),
    "enroll_request": _message(rpc.EnrollRequest),
    "worker_status": _message(rpc.WorkerStatus),
    "report": Target(report, frozenset({Code.BAD_REQUEST})),
}
