"""What a load balancer writes before the bytes of its client, as bytes."""

import socket
import struct

import pytest

from acc.controlplane.service.proxyheader import HEAD_BYTES, MAX_BODY, SIGNATURE, Proxied, body_length, read_header
from acc.wire.errors import AccError, Code

PROXY, LOCAL = 0x21, 0x20
TCP4, TCP6, UDP4, UNIX = 0x11, 0x21, 0x12, 0x31


def header(body: bytes, *, command: int = PROXY, family: int = TCP4, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(body) if length is None else length) + body


def tcp4(client: str, port: int = 50000) -> bytes:
    return socket.inet_aton(client) + socket.inet_aton("10.0.0.1") + struct.pack("!HH", port, 9200)


def tcp6(client: str, port: int = 50000) -> bytes:
    addresses = socket.inet_pton(socket.AF_INET6, client) + socket.inet_pton(socket.AF_INET6, "::1")
    return addresses + struct.pack("!HH", port, 9200)


def read(data: bytes) -> Proxied | None:
    assert body_length(data[:HEAD_BYTES]) == len(data) - HEAD_BYTES
    return read_header(data)


def test_a_client_of_ipv4() -> None:
    assert read(header(tcp4("192.0.2.7", 40001))) == Proxied("192.0.2.7", 40001)


def test_a_client_of_ipv6() -> None:
    assert read(header(tcp6("2001:db8::7"), family=TCP6)) == Proxied("2001:db8::7", 50000)


def test_a_client_of_ipv4_that_is_written_as_ipv6_is_one_of_ipv4() -> None:
    assert read(header(tcp6("::ffff:192.0.2.7"), family=TCP6)) == Proxied("192.0.2.7", 50000)


def test_what_follows_the_addresses_is_passed_over() -> None:
    extension = struct.pack("!BH", 0x04, 300) + b"\0" * 300
    assert read(header(tcp4("192.0.2.7") + extension)) == Proxied("192.0.2.7", 50000)


def test_what_the_balancer_asks_for_itself_has_no_client() -> None:
    assert read(header(b"", command=LOCAL, family=0)) is None
    assert read(header(tcp4("192.0.2.7"), command=LOCAL)) is None


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 5, id="TLS"),
        pytest.param(b"PROXY TCP4 192.0", id="version 1"),
        pytest.param(header(b"")[:-1], id="cut short"),
        pytest.param(header(b"", length=MAX_BODY + 1), id="too long"),
        pytest.param(header(b"", command=0x11), id="another version"),
        pytest.param(header(b"", command=0x22), id="another command"),
    ],
)
def test_a_head_that_is_none_is_refused(head: bytes) -> None:
    with pytest.raises(AccError) as refused:
        body_length(head)

    assert refused.value.code is Code.BAD_REQUEST


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(header(tcp4("192.0.2.7")[:-1]), id="too short for IPv4"),
        pytest.param(header(tcp4("192.0.2.7"), family=TCP6), id="too short for IPv6"),
        pytest.param(header(tcp4("192.0.2.7"), family=UDP4), id="UDP"),
        pytest.param(header(b"\0" * 216, family=UNIX), id="a path"),
        pytest.param(header(b"", family=0), id="nobody knows whom"),
    ],
)
def test_a_client_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(AccError) as refused:
        read(data)

    assert refused.value.code is Code.BAD_REQUEST
