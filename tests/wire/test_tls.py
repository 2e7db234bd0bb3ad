"""TLS as a value machine: two ends in memory."""

import ssl

import pytest

from acc.wire.tls import RECORD, Tls, client_context, server_context
from tests.wire.pair import Certificate, secured, shake_hands


def read(tls: Tls, size: int = 1 << 20) -> bytes:
    """All plaintext that is there."""
    room = memoryview(bytearray(size))
    found = b""
    while count := tls.read_into(room):
        found += room[:count]
    return found


def ends(certificate: Certificate) -> tuple[Tls, Tls]:
    """A client and a server before their handshake."""
    client = Tls(client_context(certificate.pem), "localhost")
    return client, Tls(server_context(certificate.path, certificate.key_path), None)


@pytest.fixture
def joined(certificate: Certificate) -> tuple[Tls, Tls]:
    """A client and a server after their handshake."""
    client, server = secured(certificate)()
    assert isinstance(client, Tls)
    assert isinstance(server, Tls)
    return client, server


def test_what_is_written_is_read(joined: tuple[Tls, Tls]) -> None:
    client, server = joined
    client.write(b"hello")
    server.feed(memoryview(client.take()))

    assert read(server) == b"hello"


@pytest.mark.parametrize("size", [RECORD - 1, RECORD, RECORD + 1, 1 << 20])
def test_more_than_a_record_is_written_at_once(joined: tuple[Tls, Tls], size: int) -> None:
    client, server = joined
    data = bytes(range(256)) * (size // 256 + 1)
    client.write(data[:size])
    server.feed(memoryview(client.take()))

    assert read(server) == data[:size]


def test_a_room_smaller_than_a_record_is_filled_again_and_again(joined: tuple[Tls, Tls]) -> None:
    client, server = joined
    client.write(bytes(range(250)))
    server.feed(memoryview(client.take()))

    assert read(server, 7) == bytes(range(250))


def test_ciphertext_may_come_a_byte_at_a_time(joined: tuple[Tls, Tls]) -> None:
    client, server = joined
    client.write(b"hello")
    found = b""
    for byte in client.take():
        server.feed(memoryview(bytes((byte,))))
        found += read(server)

    assert found == b"hello"


def test_a_handshake_may_come_a_byte_at_a_time(certificate: Certificate) -> None:
    client, server = ends(certificate)
    complete = False
    while not complete:
        complete = client.handshake()
        for byte in client.take():
            server.feed(memoryview(bytes((byte,))))
            complete = server.handshake() and complete
        client.feed(memoryview(server.take()))

    assert complete


def test_a_server_has_nothing_more_to_say_after_the_handshake(certificate: Certificate) -> None:
    """No session tickets: they would be sent behind it."""
    client, server = ends(certificate)
    shake_hands(client, server)

    assert server.take() == b""


def test_what_is_put_back_is_read_first(joined: tuple[Tls, Tls]) -> None:
    client, server = joined
    server.write(b" world")
    client.feed(memoryview(server.take()))
    client.unread(b"hello")

    assert read(client, 3) == b"hello world"


def test_a_record_that_was_changed_does_not_verify(joined: tuple[Tls, Tls]) -> None:
    client, server = joined
    client.write(b"hello")
    changed = bytearray(client.take())
    changed[-1] ^= 1
    server.feed(memoryview(changed))

    with pytest.raises(ssl.SSLError):
        read(server)


def test_a_peer_that_closes_tls_is_a_transport_that_ends(joined: tuple[Tls, Tls]) -> None:
    client, server = joined
    with pytest.raises(ssl.SSLWantReadError):
        client._object.unwrap()
    server.feed(memoryview(client.take()))

    with pytest.raises(EOFError):
        read(server)


def test_a_certificate_of_another_authority_is_refused(certificate: Certificate) -> None:
    client = Tls(client_context(None), "localhost")
    _, server = ends(certificate)

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server)


def test_a_certificate_of_another_name_is_refused(certificate: Certificate) -> None:
    client = Tls(client_context(certificate.pem), "example.org")
    _, server = ends(certificate)

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server)


def test_an_address_is_a_name(certificate: Certificate) -> None:
    client = Tls(client_context(certificate.pem), "127.0.0.1")
    _, server = ends(certificate)
    shake_hands(client, server)

    assert client._object.version() == "TLSv1.3"


def test_a_client_of_tls_1_2_is_refused(certificate: Certificate) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate.pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client = Tls(context, "localhost")
    _, server = ends(certificate)

    with pytest.raises(ssl.SSLError):
        shake_hands(client, server)


def test_what_is_not_tls_is_refused(certificate: Certificate) -> None:
    _, server = ends(certificate)
    server.feed(memoryview(b"GET / HTTP/1.1\r\n\r\n"))

    with pytest.raises(ssl.SSLError):
        server.handshake()
