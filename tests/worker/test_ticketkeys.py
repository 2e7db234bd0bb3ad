"""The keys that verify tickets."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acc.rpc.worker_v1 import TicketKey
from acc.wire.errors import AccError, Code
from acc.worker import statedir
from acc.worker.statedir import StateDir
from acc.worker.ticketkeys import MAX_KEYS, TicketKeys
from tests.worker.offline import KEY, public_key


def test_a_key_verifies_what_it_signed_and_nothing_else(state: StateDir) -> None:
    ticket_keys = TicketKeys(state)
    ticket_keys.replace([public_key()])
    assert ticket_keys["tk_1"](KEY.sign(b"said"), b"said")
    assert not ticket_keys["tk_1"](KEY.sign(b"said"), b"unsaid")
    assert not ticket_keys["tk_1"](b"short", b"said")


def test_keys_outlive_the_process(state: StateDir) -> None:
    TicketKeys(state).replace([public_key()])
    assert TicketKeys(state)["tk_1"](KEY.sign(b"said"), b"said")


def test_new_keys_replace_the_old_ones(state: StateDir) -> None:
    ticket_keys = TicketKeys(state)
    ticket_keys.replace([public_key()])
    ticket_keys.replace([public_key("tk_2", Ed25519PrivateKey.generate())])
    assert list(ticket_keys) == ["tk_2"] == list(TicketKeys(state))


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [public_key(), public_key()],
        [TicketKey(key_id="tk_1", public_key=b"short")],
        [TicketKey(key_id="", public_key=b"k" * 32)],
        [TicketKey(key_id=f"tk_{number}", public_key=b"k" * 32) for number in range(MAX_KEYS + 1)],
    ],
    ids=["none", "twice the same", "no key", "no id", "too many"],
)
def test_keys_that_cannot_be_used_leave_the_old_ones(state: StateDir, keys: list[TicketKey]) -> None:
    ticket_keys = TicketKeys(state)
    ticket_keys.replace([public_key("tk_0")])
    with pytest.raises(AccError) as caught:
        ticket_keys.replace(keys)
    assert caught.value.code is Code.PROTOCOL
    assert list(ticket_keys) == ["tk_0"]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"tk_1": "AA=="}', b'{"tk_1": 1}', b"\xff"])
def test_a_damaged_file_is_refused(state: StateDir, data: bytes) -> None:
    state.write(statedir.TICKET_KEYS, data)
    with pytest.raises(AccError) as caught:
        TicketKeys(state)
    assert caught.value.code is Code.CONFIG
