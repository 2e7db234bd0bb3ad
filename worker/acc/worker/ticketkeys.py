"""The keys that verify tickets, kept on disk so that a worker can start while no controller answers.

Rule: they are replaced as a whole by what a controller sends, and are a `Mapping[str, Verify]` for
`acc.wire.ticket.open_ticket`. Only public keys are here.

Refuses an empty set of keys, which would make every ticket look forged, and one that is too large or malformed: the
keys at hand stay in use.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from acc.rpc.worker_v1 import TicketKey
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name
from acc.wire.ticket import Verify
from acc.worker import statedir
from acc.worker.statedir import StateDir

MAX_KEYS = 64
KEY_BYTES = 32


class TicketKeys(Mapping[str, Verify]):
    """Key ids and what verifies with them, as of the last word of a controller."""

    def __init__(self, state: StateDir) -> None:
        self._state = state
        self._raw: dict[str, bytes] = _load(state) if state.holds(statedir.TICKET_KEYS) else {}
        self._keys = {key_id: _verifier(raw) for key_id, raw in self._raw.items()}

    def __getitem__(self, key_id: str) -> Verify:
        return self._keys[key_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def replace(self, keys: Sequence[TicketKey]) -> None:
        """Takes these keys instead of all others, and remembers them. Raises AccError(PROTOCOL)."""
        raw = {key.key_id: key.public_key for key in keys}
        if not 0 < len(raw) == len(keys) <= MAX_KEYS or not all(map(_fits, raw, raw.values())):
            raise AccError(Code.PROTOCOL, "the controller sent ticket keys that cannot be used")
        if raw == self._raw:
            return
        self._keys = {key_id: _verifier(public) for key_id, public in raw.items()}
        self._raw = raw
        document = {key_id: base64.b64encode(public).decode() for key_id, public in raw.items()}
        self._state.write(statedir.TICKET_KEYS, json.dumps(document, indent=2).encode() + b"\n")


def _fits(key_id: str, public_key: bytes) -> bool:
    return is_name(key_id) and len(public_key) == KEY_BYTES


def _verifier(raw: bytes) -> Verify:
    key = Ed25519PublicKey.from_public_bytes(raw)

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return verify


def _load(state: StateDir) -> dict[str, bytes]:
    damaged = AccError(Code.CONFIG, f"{state.path / statedir.TICKET_KEYS} is damaged: enroll the worker again")
    try:
        document = cast("dict[str, object]", json.loads(state.read(statedir.TICKET_KEYS)))  # judged below
        raw = {key_id: base64.b64decode(str(text), validate=True) for key_id, text in document.items()}
    except (ValueError, AttributeError):
        raise damaged from None
    if not 0 < len(raw) <= MAX_KEYS or not all(map(_fits, raw, raw.values())):
        raise damaged
    return raw
