"""The worker's identity on disk and in use."""

import ssl
from datetime import timedelta

import pytest

from acc.controlplane.link import ca
from acc.controlplane.link.ca import make_authority
from acc.wire.errors import AccError, Code
from acc.wire.names import worker_server_name
from acc.wire.tls import Tls, client_context
from acc.worker import statedir
from acc.worker.identity import Identity, load_identity, make_csr, make_key, store_identity
from acc.worker.statedir import StateDir
from tests.worker.offline import CLUSTER, WORKER, make_identity


def certificate_shown(identity: Identity, ca_pem: str) -> bytes:
    """What a client that trusts `ca_pem` sees in a handshake through memory."""
    client, server = Tls(client_context(ca_pem), worker_server_name(WORKER)), Tls(identity.server_context(), None)
    while not client.handshake() or not server.handshake():
        for source, sink in ((client, server), (server, client)):
            source.handshake()
            sink.feed(memoryview(source.take()))
    der = client._object.getpeercert(binary_form=True)
    assert der is not None
    return der


def test_what_was_stored_is_loaded(state: StateDir) -> None:
    stored = make_identity(state, "c1:9201", "c2:9201")
    loaded = load_identity(state)
    assert loaded.enrolled == stored.enrolled
    assert loaded.enrolled.controllers == ("c1:9201", "c2:9201")
    assert loaded.enrolled.audience == f"acc-worker:{CLUSTER}"


def test_a_renewed_certificate_is_used_for_the_next_connection(state: StateDir) -> None:
    authority = make_authority(CLUSTER)
    identity = make_identity(state, authority=authority)
    before = certificate_shown(identity, authority.pem)
    key = make_key()
    renewed = authority.issue_worker(WORKER, make_csr(key, WORKER))
    identity.replace(key, renewed.der, [authority.der])
    assert certificate_shown(identity, authority.pem) == renewed.der != before


def test_renewal_is_due_at_half_of_the_life(state: StateDir) -> None:
    certificate = make_identity(state).certificate
    begins = certificate.certificate.not_valid_before_utc.timestamp()
    assert certificate.renew_at - begins == certificate.expires_at - certificate.renew_at


def test_a_certificate_for_another_key_is_refused(state: StateDir) -> None:
    authority = make_authority(CLUSTER)
    issued = authority.issue_worker(WORKER, make_csr(make_key(), WORKER))
    with pytest.raises(AccError, match="another key"):
        store_identity(state, WORKER, make_key(), issued.der, [authority.der])


def test_a_certificate_for_another_worker_is_refused(state: StateDir) -> None:
    authority, key = make_authority(CLUSTER), make_key()
    issued = authority.issue_worker("w_other", make_csr(key, WORKER))
    with pytest.raises(AccError, match="another worker"):
        store_identity(state, WORKER, key, issued.der, [authority.der])


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"x" * 20000], ids=["empty", "not one", "too long"])
def test_what_is_no_certificate_is_refused(state: StateDir, der: bytes) -> None:
    with pytest.raises(AccError) as caught:
        store_identity(state, WORKER, make_key(), der, [make_authority(CLUSTER).der])
    assert caught.value.code is Code.UNTRUSTED


def test_an_expired_certificate_says_so(state: StateDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ca, "WORKER_LIFE", timedelta(seconds=-1))
    with pytest.raises(AccError, match="has expired"):
        make_identity(state)


@pytest.mark.parametrize("name", [statedir.IDENTITY, statedir.CA, statedir.WORKER])
@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe"])
def test_damaged_state_is_refused(state: StateDir, name: str, data: bytes) -> None:
    make_identity(state)
    state.write(name, data)
    with pytest.raises(AccError) as caught:
        load_identity(state)
    assert caught.value.code is Code.CONFIG


def test_the_link_speaks_tls_1_3_only(state: StateDir) -> None:
    assert make_identity(state).client_context().minimum_version is ssl.TLSVersion.TLSv1_3
