"""What cannot be opened says why: each cause has its code, its sentence and its exit status, within a bound."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from acc.wire.errors import AccError, Code
from acc.wire.incoming import WINDOW
from acc.wire.names import split_address
from acc.wire.tls import Tls, client_context
from acc.wire.upgrade import Request, answer_length, encode_request, new_key, parse_answer
from tests.conftest import System, wait_until
from tests.controlplane.system import Controller, Person, make_person
from tests.journeys.api import Api, Json
from tests.journeys.backends import LOOPBACK, echo, read_all, reset, serving
from tests.journeys.client import Client, assert_failed, await_exit, finish, read_exactly_from, write

SHORT = 3
"""Seconds of a session that expires while a test waits."""

BROADCAST = "127.255.255.255"
"""The kernel has no route for TCP to it, whatever the network is."""


def test_a_backend_that_refuses(api: Api, client: Client) -> None:
    assert_failed(client.attempt(api.target(1)), Code.BACKEND_REFUSED)


def test_a_backend_that_cannot_be_reached(api: Api, client: Client) -> None:
    assert_failed(client.attempt(api.target(22, BROADCAST)), Code.BACKEND_UNREACHABLE)


def test_a_backend_on_a_link_local_address_is_never_dialled(api: Api, client: Client) -> None:
    assert_failed(client.attempt(api.target(80, "169.254.169.254")), Code.BACKEND_UNREACHABLE)


def test_a_backend_whose_name_does_not_resolve(api: Api, client: Client) -> None:
    assert_failed(client.attempt(api.target(22, "no-such-host.invalid")), Code.BACKEND_UNRESOLVED)


@contextmanager
def deaf() -> Iterator[int]:
    """The port of a listener whose queue is full, so that the next connection gets no answer."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_backend_that_never_answers_the_dial(api: Api, client: Client) -> None:
    with deaf() as port:
        began = time.monotonic()
        assert_failed(client.attempt(api.target(port)), Code.BACKEND_TIMEOUT)
        assert time.monotonic() - began < 15


def test_a_dial_that_never_ends_delays_nobody_else(api: Api, client: Client) -> None:
    with deaf() as port, serving(echo) as backend, ThreadPoolExecutor(10) as threads:
        silent = api.target(port)
        waiting = [threads.submit(client.attempt, silent) for _ in range(9)]
        began = time.monotonic()
        assert client.exchange(api.target(backend.port), b"x") == b"x"
        assert time.monotonic() - began < 5
        for one in waiting:
            assert_failed(one.result(), Code.BACKEND_TIMEOUT)


def test_a_backend_that_resets_at_once(api: Api, client: Client) -> None:
    with serving(reset) as backend:
        done = client.attempt(api.target(backend.port))
    assert_failed(done, Code.BACKEND_RESET)


def test_an_unknown_target(client: Client) -> None:
    assert_failed(client.attempt("no-such-target"), Code.NOT_FOUND, "acc targets list")


def test_a_name_that_is_none(client: Client) -> None:
    assert_failed(client.attempt("../etc"), Code.BAD_NAME)


def test_a_port_that_the_target_does_not_have(client: Client, api: Api) -> None:
    done = finish(client.proxy(api.target(22), "23"))
    assert_failed(done, Code.PORT_NOT_ALLOWED)


def test_nobody_is_logged_in(client: Client) -> None:
    nobody = Client({name: value for name, value in client.env.items() if name != "ACC_TOKEN"})
    assert_failed(nobody.attempt("any"), Code.LOGIN_REQUIRED)


def test_a_token_that_is_none(client: Client) -> None:
    assert_failed(Client(client.env | {"ACC_TOKEN": "at_1234567890_nonsense"}).attempt("any"), Code.LOGIN_REQUIRED)


def test_no_controller_answers(client: Client) -> None:
    elsewhere = Client(client.env | {"ACC_ADDR": "https://127.0.0.1:1"})
    assert_failed(elsewhere.attempt("any"), Code.CONTROLLER_UNREACHABLE)


@pytest.fixture(scope="module")
def database(system: System) -> str:
    """The URL of the running system's database."""
    for child in psutil.Process(system.dev.process.pid).children(recursive=True):
        url = child.environ().get("ACC_DATABASE_URL")
        if url:
            return url
    raise AssertionError("no controller runs")


def person(system: System, database: str, *grants: str) -> Person:
    """A user of the running system."""
    controller = Controller(
        process=system.dev.process,
        database=database,
        ca=Path(system.env["ACC_CACERT"]).read_text(),
        api=system.api.removeprefix("https://"),
        worker_link="",
        health="",
    )
    return make_person(controller, *grants, scope_id="global", reach=("this", "descendants"))


def as_person(client: Client, someone: Person) -> Client:
    with someone.client as http:
        token = str(http.headers["authorization"]).removeprefix("Bearer ")
    return Client(client.env | {"ACC_TOKEN": token})


def test_a_user_who_may_see_nothing_is_told_no_more_than_that(
    system: System, database: str, api: Api, client: Client
) -> None:
    someone = person(system, database)
    assert_failed(as_person(client, someone).attempt(api.target(22)), Code.NOT_FOUND, "acc targets list")


def test_a_user_who_may_see_a_target_but_not_use_it(system: System, database: str, api: Api, client: Client) -> None:
    someone = person(system, database, "ids=*;type=target;actions=read,list")
    assert_failed(as_person(client, someone).attempt(api.target(22)), Code.NOT_ALLOWED)


def test_a_user_who_may_use_a_target_uses_it(system: System, database: str, api: Api, client: Client) -> None:
    someone = person(system, database, "ids=*;type=target;actions=read,authorize-session")
    with serving(echo) as backend:
        assert as_person(client, someone).exchange(api.target(backend.port), b"x") == b"x"


# tickets


def ask(granted: Json, ticket: str, seconds: float = 20.0) -> None:
    """Asks the granted worker for a tunnel with `ticket`. Raises the refusal."""
    match granted:
        case {"workers": [{"address": str(worker), "server_name": str(name)}, *_], "worker_ca": str(ca)}:
            address = split_address(worker)
        case _:
            raise AssertionError(granted)
    assert address is not None
    tls, room = Tls(client_context(ca), name), memoryview(bytearray(65536))
    with socket.create_connection(address, seconds) as connection:
        while not tls.handshake():
            connection.sendall(tls.take())
            tls.feed(memoryview(connection.recv(65536)))
        key = new_key()
        request = Request(ticket=ticket, key=key, window=WINDOW, zero_mask=True, resume=None, received=0)
        tls.write(encode_request(request, worker))
        connection.sendall(tls.take())
        answer = b""
        while (length := answer_length(answer)) is None:
            tls.feed(memoryview(connection.recv(65536)))
            answer += room[: tls.read_into(room)]
        parse_answer(answer[:length], key)


def changed(ticket: object, **claims: object) -> str:
    """A ticket that says something else than what was signed."""
    head, payload, signature = str(ticket).split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    raw = json.dumps(said | claims, separators=(",", ":"), sort_keys=True).encode()
    return f"{head}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}.{signature}"


TICKETS = {
    "truncated": (lambda ticket: ticket[: len(ticket) // 2], Code.TICKET_MALFORMED),
    "without its last letter": (lambda ticket: ticket[:-1], Code.TICKET_MALFORMED),
    "of nonsense": (lambda _ticket: "nonsense", Code.TICKET_MALFORMED),
    "too long": (lambda ticket: ticket + "A" * 4000, Code.TICKET_MALFORMED),
    "with another endpoint": (lambda ticket: changed(ticket, ep=["127.0.0.1:22"]), Code.TICKET_FORGED),
    "with a later end": (lambda ticket: changed(ticket, exp=1 << 40), Code.TICKET_FORGED),
    "of an unknown key": (lambda ticket: changed(ticket, kid="tk_unknown"), Code.TICKET_FORGED),
    "missing": (lambda _ticket: "", Code.TICKET_MISSING),
}


@pytest.mark.parametrize("name", TICKETS)
def test_the_worker_refuses_a_ticket(api: Api, name: str) -> None:
    spoil, code = TICKETS[name]
    granted = api.authorize(api.target(1))
    with pytest.raises(AccError) as refused:
        ask(granted, spoil(str(granted["authorization_token"])))
    assert refused.value.code is code


@pytest.mark.parametrize("name", [name for name in TICKETS if name != "missing"])
def test_a_kept_ticket_that_is_spoilt_is_replaced(api: Api, client: Client, name: str) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        granted = api.authorize(target)
        client.keep_ticket(target, granted, authorization_token=TICKETS[name][0](str(granted["authorization_token"])))
        assert client.exchange(target, b"x") == b"x"
        assert client.ticket(target)["authorization_token"] != granted["authorization_token"]


def test_a_spoilt_ticket_without_a_controller_says_that_the_controller_is_missing(api: Api, client: Client) -> None:
    target = api.target(1)
    alone = Client(client.env | {"ACC_ADDR": "https://127.0.0.1:1"})
    alone.keep_ticket(target, api.authorize(target), authorization_token="nonsense")
    assert_failed(alone.attempt(target), Code.CONTROLLER_UNREACHABLE)


def test_an_expired_ticket_is_refused_by_the_worker(api: Api) -> None:
    granted = api.authorize(api.target(1, seconds=SHORT))
    wait_until(lambda: time.time() > float(str(granted["expires_at"])), SHORT + 1)
    with pytest.raises(AccError) as refused:
        ask(granted, str(granted["authorization_token"]))
    assert refused.value.code is Code.TICKET_EXPIRED


def test_a_kept_ticket_that_has_expired_is_replaced(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        client.keep_ticket(target, api.authorize(target), expires_at=time.time() - 1)
        assert client.exchange(target, b"x") == b"x"


def test_a_stream_ends_with_its_session(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        process = client.proxy(api.target(backend.port, seconds=SHORT))
        write(process, b"x")
        assert read_exactly_from(process, 1) == b"x"
        assert_failed(await_exit(process, SHORT + 3), Code.SESSION_EXPIRED)
        assert isinstance(backend.outcome(5), ConnectionResetError)


def test_a_used_up_limit_is_refused_by_the_worker(api: Api) -> None:
    with serving(read_all) as backend:
        granted = api.authorize(api.target(backend.port, connections=1))
        ask(granted, str(granted["authorization_token"]))
        with pytest.raises(AccError) as refused:
            ask(granted, str(granted["authorization_token"]))
    assert refused.value.code is Code.SESSION_LIMIT


def test_a_used_up_session_is_followed_by_a_new_one(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port, connections=1)
        for _ in range(3):
            assert client.exchange(target, b"x") == b"x"


def test_a_cancelled_session_opens_nothing_more(api: Api) -> None:
    granted = api.authorize(api.target(1))
    api.cancel(granted["session_id"])
    with pytest.raises(AccError) as refused:
        ask(granted, str(granted["authorization_token"]))
    assert refused.value.code is Code.SESSION_CANCELLED


def test_a_cancelled_session_ends_its_streams_within_a_second(api: Api, client: Client) -> None:
    def serve(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(65536))

    with serving(serve) as backend:
        target = api.target(backend.port)
        process = client.proxy(target)
        assert len(read_exactly_from(process, 1 << 20)) == 1 << 20
        began = time.monotonic()
        api.cancel(client.ticket(target)["session_id"])
        outcome = backend.outcome()
        took = time.monotonic() - began
        done = finish(process)
    print(f"the server heard of the cancellation after {took * 1000:.0f} ms")
    assert isinstance(outcome, ConnectionResetError | BrokenPipeError)
    assert took < 1.0
    assert done.returncode == Code.SESSION_CANCELLED.exit_status
    assert b"(session_cancelled)" in done.stderr


def test_a_cancelled_idle_stream_says_why(api: Api, client: Client) -> None:
    with serving(echo) as backend:
        target = api.target(backend.port)
        process = client.proxy(target)
        write(process, b"x")
        assert read_exactly_from(process, 1) == b"x"
        api.cancel(client.ticket(target)["session_id"])
        assert_failed(await_exit(process, 5), Code.SESSION_CANCELLED)
