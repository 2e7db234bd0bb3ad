"""What a running controller reads once: the cluster's id, its CA and the key that signs tickets."""

from dataclasses import dataclass

from acc.controlplane.link.ca import Authority, load_authority
from acc.controlplane.sessions.tickets import TicketSigner, load_signer
from acc.controlplane.store.db import Database
from acc.controlplane.store.migrate import check_schema
from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster, as its controllers know it."""

    id: str
    authority: Authority
    signer: TicketSigner


async def load_cluster(db: Database) -> Cluster:
    """The cluster in the database. Raises AccError(CONFIG) where there is none, or of another schema."""
    await check_schema(db)
    row = await db.fetchrow(
        "select k.id, a.certificate_der, a.private_key_der from cluster k cross join certificate_authorities a"
        " order by a.created_time desc limit 1"
    )
    if row is None:
        raise AccError(Code.CONFIG, "the database holds no cluster: run acc-controller init")
    authority = load_authority(row["certificate_der"], row["private_key_der"])
    return Cluster(row["id"], authority, await load_signer(db, row["id"]))
