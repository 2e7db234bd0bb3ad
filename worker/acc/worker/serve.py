"""`acc-worker serve`: puts the parts together, and takes them apart in order.

Rule: the listener opens before the link is up, because a worker that knows its ticket keys can serve through an
outage; it says that it is ready once both are there. SIGTERM and SIGINT drain: the controller is told, tunnels end
with DRAINING, the last reports are sent, and the process leaves within about three seconds.
"""

import asyncio
import os
import resource
import secrets
import signal
import socket
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from acc.rpc.worker_v1 import WorkerStatus
from acc.wire.errors import AccError, Code
from acc.wire.names import join_address, split_address
from acc.wire.settings import Listen
from acc.worker import log, metrics, statedir
from acc.worker.admission import Admission
from acc.worker.config import Config
from acc.worker.controllink import ControlLink
from acc.worker.health import Health, answering
from acc.worker.identity import Identity, load_identity
from acc.worker.relay import Relay
from acc.worker.renewal import keep_certificate_fresh
from acc.worker.reports import Reports
from acc.worker.spool import Spool
from acc.worker.statedir import StateDir, open_state
from acc.worker.ticketkeys import TicketKeys
from acc.worker.traffic import Traffic

BACKLOG = 4096
FLUSH = 1.0
"""Seconds for the last reports at the end."""


async def serve(config: Config) -> None:
    """Runs the worker until SIGTERM or SIGINT. Raises AccError(CONFIG)."""
    raise_descriptor_limit()
    with closing(open_state(config.state)) as state:
        identity = load_identity(state)
        ticket_keys = TicketKeys(state)
        listener = open_listener(config.listen)
        health = open_listener(config.health)
        address = announced_address(identity.enrolled.address, config.listen, listener)
        with closing(Spool(_spool_path(state))) as spool:
            await _run(identity, ticket_keys, listener, health, address, spool, hold=config.hold)


async def _run(
    identity: Identity,
    ticket_keys: TicketKeys,
    listener: socket.socket,
    health: socket.socket,
    address: str,
    spool: Spool,
    *,
    hold: float,
) -> None:
    link = ControlLink(identity, ticket_keys)
    boot_id = secrets.token_hex(8)
    reports = Reports(spool, link, boot_id)
    admission = Admission(
        ticket_keys, link, audience=identity.enrolled.audience, boot_id=boot_id, abandon=reports.abandoned
    )
    loop = asyncio.get_running_loop()
    relay = Relay(admission=admission, reports=reports, tls=identity.server_context, loop=loop, hold=hold)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    release = version("acc-access")

    def status() -> WorkerStatus:
        return WorkerStatus(
            address=address,
            version=release,
            open_connections=relay.open_connections,
            draining=stopping.is_set(),
            boot_id=boot_id,
        )

    tunnels = join_address(*listener.getsockname()[:2])
    relay.listen(listener)
    metrics.REGISTRY.register(metrics.State(relay, spool, link))
    tasks = [
        asyncio.create_task(link.run(status, relay.end_session)),
        asyncio.create_task(reports.run()),
        asyncio.create_task(Traffic(relay, link).run()),
        asyncio.create_task(keep_certificate_fresh(identity, link)),
        asyncio.create_task(_say_ready(link, tunnels, join_address(*health.getsockname()[:2]))),
    ]
    stop = asyncio.create_task(stopping.wait())
    try:
        async with answering(Health(lambda: link.up and not stopping.is_set()), health):
            await _first_end(stop, [*tasks[:-1], relay.sweeper])
    finally:
        log.event("draining", open_connections=relay.open_connections)
        link.announce()
        await relay.close()
        for task in tasks[1:]:
            task.cancel()
        await asyncio.gather(*tasks[1:], return_exceptions=True)
        await reports.flush(FLUSH)
        tasks[0].cancel()
        await asyncio.gather(tasks[0], return_exceptions=True)
    log.event("stopped")


async def _first_end(stop: asyncio.Task[bool], tasks: list[asyncio.Task[None]]) -> None:
    """Waits for a signal. No task ends by itself: one that does has failed, and raises here."""
    try:
        done, _ = await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
    for task in done:
        task.result()


async def _say_ready(link: ControlLink, tunnels: str, health: str) -> None:
    await link.wait_up()
    log.event("ready", tunnels=tunnels, health=health, pid=os.getpid())


def open_listener(listen: Listen) -> socket.socket:
    """A non-blocking listening socket; `::` takes IPv4 too. Raises AccError(CONFIG)."""
    six = ":" in listen.host
    try:
        listener = socket.create_server(
            (listen.host, listen.port),
            family=socket.AF_INET6 if six else socket.AF_INET,
            backlog=BACKLOG,
            dualstack_ipv6=six and listen.host == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        where = join_address(listen.host, listen.port)
        raise AccError(Code.CONFIG, f"cannot listen on {where}: {error.strerror}") from None
    listener.setblocking(False)
    return listener


def announced_address(enrolled: str, listen: Listen, listener: socket.socket) -> str:
    """Where clients dial: the enrolled address, with the real port where the system chose one."""
    parts = split_address(enrolled)
    if parts is None or listen.port != 0:
        return enrolled
    port: int = listener.getsockname()[1]
    return join_address(parts[0], port)


def raise_descriptor_limit() -> None:
    """Two descriptors a tunnel: takes as many as the system lets this user have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _spool_path(state: StateDir) -> Path:
    return state.checked(statedir.SPOOL) if state.holds(statedir.SPOOL) else state.path / statedir.SPOOL
