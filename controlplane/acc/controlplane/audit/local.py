"""The record of a command on the controller's own machine.

Whoever may run one is trusted with the database, so all that it leaves behind is what it writes down. Rule: a command
that decides something is one event, whether it did what was asked, refused, or broke, and goes to the sinks that its
settings name. What changes the database belongs into `trail.transact`, so that neither is there without the other.

What no database can keep, because none answers or the one that does is somebody else's, is said in the log.
"""

import os
import pwd
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from acc.controlplane.audit.attempt import Attempt, begin
from acc.controlplane.audit.record import OK, AuditEvent
from acc.controlplane.audit.sinks import AuditSinks, shipping
from acc.controlplane.audit.trail import store
from acc.controlplane.service.log import warning
from acc.controlplane.store.db import Database, DatabaseError
from acc.wire.errors import AccError, Code


@asynccontextmanager
async def recorded_locally(db: Database, sinks: AuditSinks, event: AuditEvent) -> AsyncGenerator[None]:
    """The block's attempt, by whoever runs this program. Raises AccError(UNAVAILABLE) for what was done unrecorded."""
    with shipping(sinks) as shipper:
        attempt = Attempt(_by_local_user(event), shipper.offer)
        begin(attempt)
        outcome = Code.INTERNAL.value  # until it is known better: what nobody foresaw ends the block too
        try:
            yield
            outcome = OK
        except AccError as refused:
            outcome = refused.code.value
            raise
        finally:
            await _keep(db, attempt, outcome)


async def _keep(db: Database, attempt: Attempt, outcome: str) -> None:
    if outcome == OK and attempt.stored:
        return
    attempt.ended(outcome)
    try:
        times = await store(db, [attempt.event])
    except (AccError, DatabaseError) as failed:
        warning("audit event not stored", action=attempt.event.action, outcome=outcome, reason=str(failed))
        if outcome == OK:
            raise AccError(Code.UNAVAILABLE, "it was done, but the record of it could not be stored") from None
    else:
        attempt.kept(times[attempt.event.id])


def _by_local_user(event: AuditEvent) -> AuditEvent:
    return replace(event, user_name=f"{_system_user()} (local)", client_address="local")


def _system_user() -> str:
    """The name of the system's user, which no environment variable can change."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container that runs as a number
        return f"uid {os.getuid()}"
