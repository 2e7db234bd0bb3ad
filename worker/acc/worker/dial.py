"""Dials a backend: the first of its addresses that answers.

Rule: one deadline covers resolving and connecting. A name is resolved once, its addresses are checked, and the checked
address is dialled, so that a name that changes its mind between check and use gains nothing. Addresses are tried in
order, the next one as soon as one fails or is silent for STAGGER (RFC 8305 section 5), and the first to connect wins.

Refuses addresses that belong to the worker's own link or cloud and never to a target: link-local and with it the
metadata services, unspecified, multicast, broadcast. A target that could name them would read the worker's own cloud
credentials.
"""

import asyncio
import errno
import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from acc.wire.errors import AccError, Code
from acc.wire.names import join_address, split_address

DIAL_TIMEOUT = 10.0
STAGGER = 0.25


_FORBIDDEN = (
    "0.0.0.0/8",  # "this host": Linux takes 0.0.0.0 for loopback
    "169.254.0.0/16",  # link-local, and the metadata service of most clouds
    "100.100.100.200/32",  # Alibaba Cloud's metadata service
    "192.0.0.192/32",  # Oracle Cloud's
    "224.0.0.0/4",  # multicast
    "255.255.255.255/32",
    "::/128",
    "fe80::/10",  # link-local
    "fd00:ec2::/32",  # the metadata service of AWS
    "ff00::/8",  # multicast
)
FORBIDDEN = tuple(ipaddress.ip_network(text) for text in _FORBIDDEN)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Endpoint = tuple[str, int]

Sockaddr = tuple[str, int] | tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Address:
    """One address that may be dialled, as `socket` spells it."""

    family: socket.AddressFamily
    sockaddr: Sockaddr


@dataclass(frozen=True, slots=True)
class Dialled:
    """A connected, non-blocking socket, and both its ends as host:port."""

    socket: socket.socket
    local_address: str
    address: str


def parse_endpoint(text: str) -> Endpoint:
    """`host:port` as its two parts. Raises AccError(TICKET_MALFORMED)."""
    parts = split_address(text)
    if parts is None:
        raise AccError(Code.TICKET_MALFORMED, "it names an endpoint that cannot be dialled")
    return parts


def is_forbidden(text: str) -> bool:
    """True if the IP address `text` is never dialled, however it is spelled."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return any(address in network for network in FORBIDDEN)


async def dial(endpoints: Sequence[Endpoint], timeout: float = DIAL_TIMEOUT) -> Dialled:
    """Connects to the first of `endpoints` that answers, within `timeout` seconds.

    Raises AccError with one of the BACKEND codes, or with WORKER_BUSY.
    """
    failure = AccError(Code.BACKEND_UNREACHABLE, "the target has no address")
    try:
        async with asyncio.timeout(timeout):
            for host, port in endpoints:
                try:
                    return await _connect_any(await _resolve(host, port))
                except AccError as error:
                    failure = error
    except TimeoutError:
        raise AccError(Code.BACKEND_TIMEOUT, f"no answer within {timeout:g} s") from None
    raise failure


async def _resolve(host: str, port: int) -> Sequence[Address]:
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        found = await _look_up(host, port)
    else:
        family = socket.AF_INET if literal.version == 4 else socket.AF_INET6
        found = [Address(family, (host, port))]
    allowed = [address for address in found if not is_forbidden(address.sockaddr[0])]
    if not allowed:
        raise AccError(Code.BACKEND_UNREACHABLE, "acc never dials link-local, metadata or multicast addresses")
    return allowed


async def _look_up(host: str, port: int) -> Sequence[Address]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except socket.gaierror as error:
        raise AccError(Code.BACKEND_UNRESOLVED, error.strerror or "no such name") from None
    except UnicodeError:
        raise AccError(Code.BACKEND_UNRESOLVED, "that is no host name") from None
    return [Address(socket.AddressFamily(family), _sockaddr(sockaddr)) for family, _, _, _, sockaddr in found]


def _sockaddr(found: tuple[str | int | bytes, ...]) -> Sockaddr:
    match found:
        case (str(host), int(port)):
            return host, port
        case (str(host), int(port), int(flow), int(scope)):
            return host, port, flow, scope
        case _:
            raise AccError(Code.BACKEND_UNRESOLVED, "the resolver gave an address that is none")


async def _connect_any(addresses: Sequence[Address]) -> Dialled:
    """The first of `addresses` to connect. Raises the last one's AccError if none does."""
    waiting = list(addresses)
    running: set[asyncio.Task[Dialled]] = set()
    failure = AccError(Code.BACKEND_UNREACHABLE)
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_connect(waiting.pop(0))))
            stagger = STAGGER if waiting else None
            done, running = await asyncio.wait(running, timeout=stagger, return_when=asyncio.FIRST_COMPLETED)
            winners: list[Dialled] = []
            for task in done:
                match task.exception():
                    case None:
                        winners.append(task.result())
                    case AccError() as error:
                        failure = error
                    case error:
                        raise error
            if winners:
                for late in winners[1:]:
                    late.socket.close()
                return winners[0]
    finally:
        await _abandon(running)
    raise failure


async def _abandon(running: set[asyncio.Task[Dialled]]) -> None:
    for task in running:
        task.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, Dialled):
            result.socket.close()


async def _connect(address: Address) -> Dialled:
    try:
        backend = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    except OSError as error:
        raise _failure(error) from None
    try:
        backend.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        backend.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await asyncio.get_running_loop().sock_connect(backend, address.sockaddr)
    except OSError as error:
        backend.close()
        raise _failure(error) from None
    except BaseException:
        backend.close()
        raise
    local: Sockaddr = backend.getsockname()
    return Dialled(backend, join_address(*local[:2]), join_address(*address.sockaddr[:2]))


def _failure(error: OSError) -> AccError:
    match error.errno:
        case errno.ECONNREFUSED:
            code = Code.BACKEND_REFUSED
        case errno.ETIMEDOUT:
            code = Code.BACKEND_TIMEOUT
        case errno.ECONNRESET:
            code = Code.BACKEND_RESET
        case errno.EMFILE | errno.ENFILE | errno.ENOBUFS | errno.EADDRNOTAVAIL:
            code = Code.WORKER_BUSY
        case _:
            code = Code.BACKEND_UNREACHABLE
    return AccError(code, os.strerror(error.errno) if error.errno else "")
