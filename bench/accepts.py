"""What it costs a server to accept a connection, in CPU milliseconds of its process.

The like of what acc-worker does before it asks anybody is what HAProxy does for a request that it denies: TLS, the
head of one HTTP request, a refusal, the end. Both get the same bytes. The ticket in them is well-formed and of a key
that nobody has; another row has one whose signature is wrong, which costs the worker an Ed25519 verification.
"""

import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from acc.wire.tls import client_context
from acc.wire.upgrade import Request, encode_request, new_key
from bench.ground import HOST, Broken, cpu_seconds
from bench.peers import Haproxy
from bench.samples import Samples
from bench.system import Grant, System

CPU = "CPU ms/accept"
UNKNOWN_KEY, WRONG_SIGNATURE = "acc", "acc, a signature to verify"
REFUSING, RELAYING = "HAProxy, TLS and a request denied", "HAProxy, TLS and a relay opened"
TURNS = 25
ACCEPTS = 50
DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Door:
    """A server, how to be refused by it, and with which status; without a status, the backend's greeting is awaited."""

    name: str
    pid: int
    address: tuple[str, int]
    server_name: str
    context: ssl.SSLContext
    request: bytes
    status: bytes | None


def run(samples: Samples, system: System, haproxy: Haproxy, certificate: str, until: Callable[[], float]) -> None:
    """Measures all doors in turns, while there is time."""
    grant = system.grant()
    acc, theirs = client_context(grant.ca), client_context(certificate)
    unknown, wrong = _request(grant, _unknown_key(grant.ticket)), _request(grant, _wrong_signature(grant.ticket))
    doors = (
        Door(UNKNOWN_KEY, system.worker_pid, grant.worker, grant.server_name, acc, unknown, b"401"),
        Door(WRONG_SIGNATURE, system.worker_pid, grant.worker, grant.server_name, acc, wrong, b"401"),
        Door(REFUSING, haproxy.pid, (HOST, haproxy.refusing), HOST, theirs, unknown, b"403"),
        Door(RELAYING, haproxy.pid, (HOST, haproxy.relay), HOST, theirs, b"", None),
    )
    for turn in range(TURNS):
        if turn and until() <= 0:
            return
        for door in doors:
            before = cpu_seconds(door.pid)
            for _ in range(ACCEPTS):
                _knock(door)
            samples.add(CPU, door.name, turn, (cpu_seconds(door.pid) - before) / ACCEPTS * 1e3)


def _knock(door: Door) -> None:
    with socket.create_connection(door.address, DEADLINE) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with door.context.wrap_socket(plain, server_hostname=door.server_name) as secure:
            if door.status is None:
                answer = secure.recv(1)
                expected = b"!"
            else:
                secure.sendall(door.request)
                answer = b"".join(iter(lambda: secure.recv(4096), b""))[9:12]
                expected = door.status
    if answer != expected:
        raise Broken(f"{door.name}: it answered {answer!r}, not {expected!r}")


def _request(grant: Grant, ticket: str) -> bytes:
    request = Request(ticket=ticket, key=new_key(), window=1 << 20, zero_mask=True, resume=None, received=0)
    return encode_request(request, grant.authority)


def _unknown_key(ticket: str) -> str:
    prefix, claims, signature = ticket.split(".")
    raw = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    at = raw.index(b'"kid":"') + len(b'"kid":"')
    other = raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]
    return ".".join((prefix, base64.urlsafe_b64encode(other).rstrip(b"=").decode(), signature))


def _wrong_signature(ticket: str) -> str:
    prefix, claims, signature = ticket.split(".")
    other = "A" if signature[0] != "A" else "B"
    return ".".join((prefix, claims, other + signature[1:]))
