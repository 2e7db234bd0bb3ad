"""The key that signs tickets, and what workers need to verify them.

The private half never leaves the controllers and their database. Workers get every public key, so that a key can be
changed while tickets of the old one still run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acc.controlplane.store.db import Database, Sql
from acc.controlplane.store.ids import new_id
from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True)
class TicketSigner:
    """The newest key of the cluster, and the audience that its tickets name."""

    key_id: str
    audience: str
    key: Ed25519PrivateKey = field(repr=False)

    def sign(self, signed: bytes) -> bytes:
        """The signature over `signed`."""
        return self.key.sign(signed)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a worker gets."""

    id: str
    raw: bytes


async def make_ticket_key(sql: Sql) -> None:
    """Stores a new key, which signs from now on."""
    key = Ed25519PrivateKey.generate()
    raw = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    await sql.execute(
        "insert into ticket_keys (id, public_key, private_key) values ($1, $2, $3)", new_id("tk"), public, raw
    )


async def load_signer(db: Database, cluster_id: str) -> TicketSigner:
    """The key that signs. Raises AccError(CONFIG) where there is none."""
    row = await db.fetchrow("select id, private_key from ticket_keys order by created_time desc, id desc limit 1")
    if row is None:
        raise AccError(Code.CONFIG, "the database holds no ticket key")
    key = Ed25519PrivateKey.from_private_bytes(row["private_key"])
    return TicketSigner(row["id"], f"acc-worker:{cluster_id}", key)


async def public_keys(db: Database) -> Sequence[PublicKey]:
    """The keys that verify tickets."""
    rows = await db.fetch("select id, public_key from ticket_keys order by created_time desc, id desc limit 16")
    return [PublicKey(row["id"], row["public_key"]) for row in rows]
