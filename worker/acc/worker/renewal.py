"""Renewal: a fresh certificate in good time, without a restart.

Rule: asked for when half of the certificate's life is over, with a key made for it, and again until it comes. Until
then the old one serves; new connections use the new one from the moment it is stored.
"""

import asyncio
import time

from grpclib.exceptions import GRPCError

from acc.rpc.worker_v1 import RenewRequest
from acc.wire.errors import AccError
from acc.worker import log
from acc.worker.backoff import Backoff
from acc.worker.controllink import ControlLink
from acc.worker.identity import Identity, make_csr, make_key

LONGEST_SLEEP = 60.0
"""Seconds until the clock is looked at again: it may be set while we sleep."""


async def keep_certificate_fresh(identity: Identity, link: ControlLink) -> None:
    """Renews whenever it is time, until it is cancelled."""
    backoff = Backoff()
    while True:
        left = identity.certificate.renew_at - time.time()
        if left > 0:
            await asyncio.sleep(min(left, LONGEST_SLEEP))
            continue
        await link.wait_up()
        try:
            await renew(identity, link)
        except (OSError, GRPCError, AccError) as error:
            log.warning("certificate not renewed", reason=str(error), expires_at=identity.certificate.expires_at)
            await asyncio.sleep(backoff.next())
        else:
            backoff.reset()


async def renew(identity: Identity, link: ControlLink) -> None:
    """Gets a certificate for a new key and takes it into use. Raises OSError, GRPCError or AccError."""
    key = make_key()
    answer = await link.renew(RenewRequest(csr_der=make_csr(key, identity.enrolled.worker_id)))
    identity.replace(key, answer.certificate_der, answer.ca_der)
    log.event("certificate renewed", expires_at=identity.certificate.expires_at)
