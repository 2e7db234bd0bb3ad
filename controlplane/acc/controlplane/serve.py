"""One controller process: API, worker link, health, and what runs beside them.

Rules: health listens first and is not ready until everything else listens; the API listens last, when all it needs is
there. Every task belongs to the one task group here. SIGTERM and SIGINT make it not ready, after the drain's seconds
stop the listeners, give requests two seconds and end with status 0. A task that dies unexpectedly ends the process,
because half a controller helps nobody.
"""

import asyncio
import resource
import signal
import socket
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, closing, suppress

from acc.controlplane.app import Parts, make_api
from acc.controlplane.audit.sinks import read_sinks, shipping
from acc.controlplane.audit.trail import AuditLog
from acc.controlplane.cluster import Cluster, load_cluster
from acc.controlplane.directory.authorize import CaText
from acc.controlplane.directory.fleet import WorkerDoor
from acc.controlplane.directory.passwords import Passwords
from acc.controlplane.health import Health
from acc.controlplane.link.linkserver import LinkServer
from acc.controlplane.link.workerlink import make_link
from acc.controlplane.service.config import Config
from acc.controlplane.service.httpd import STOP_SECONDS, Listener, bind, listening
from acc.controlplane.service.limits import LoginLimit, RequestLimits
from acc.controlplane.service.log import event, warning
from acc.controlplane.sessions.watcher import Watcher, run_forgetter
from acc.controlplane.store.db import Database, open_database
from acc.controlplane.tls import ServerTls
from acc.wire.errors import AccError, Code
from acc.wire.settings import Listen

RETRY_SECONDS = 0.5


async def serve(config: Config) -> None:
    """Serves until a signal comes. Raises AccError(CONFIG) for what no waiting mends."""
    raise_descriptor_limit()
    # Until there is a certificate to read again; by itself the signal would end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_database(config.database_url, pool=config.database_pool) as db:
        health = Health(db)
        with _bind(config.health, "ACC_HEALTH_LISTEN") as health_sock:
            async with listening(Listener(health, health_sock, None)):
                cluster = await _until(stop, _load_patiently(db))
                if cluster is not None:
                    await _serve_cluster(config, db, cluster, health, health_sock, stop)
    event("stopped")


def raise_descriptor_limit() -> None:
    """One descriptor a connection: takes as many as the system lets this user have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve_cluster(
    config: Config, db: Database, cluster: Cluster, health: Health, health_sock: socket.socket, stop: asyncio.Event
) -> None:
    tls = ServerTls(cluster.authority, config.public_names, config.certificate)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, tls.reload)
    with (
        shipping(read_sinks(config.audit_sinks)) as shipper,
        closing(await asyncio.to_thread(Passwords)) as passwords,
        _bind(config.worker_link, "ACC_WORKER_LISTEN") as link_sock,
        _bind(config.api, "ACC_API_LISTEN") as api_sock,
    ):
        door = WorkerDoor((_dialled(link_sock, config.public_names),), cluster.authority.der, cluster.id)
        audit = AuditLog(db, shipper.offer)
        watcher = Watcher(db, shipper.offer)
        limits = (RequestLimits(config.limits), LoginLimit(config.limits))
        authority = CaText(cluster.authority.pem)
        api = make_api(Parts(db, audit, passwords, cluster.signer, watcher, authority, door, *limits))
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(audit.run()),
                group.create_task(watcher.run()),
                group.create_task(watcher.run_sweeper()),
                group.create_task(run_forgetter(db)),
                group.create_task(tls.keep_renewed()),
            ]
            async with (
                _linking(make_link(db, audit, cluster.authority, watcher), link_sock, tls),
                listening(Listener(api, api_sock, tls.api, config.trusted_proxies)),
            ):
                health.ready = True
                event("ready", api=_name(api_sock), worker_link=_name(link_sock), health=_name(health_sock))
                await stop.wait()
                health.ready = False
                event("stopping", after_seconds=config.drain_seconds)
                # Served on meanwhile: whoever balances load must first notice that this controller is not ready.
                await asyncio.sleep(config.drain_seconds)
            for task in beside:
                task.cancel()


async def _load_patiently(db: Database) -> Cluster:
    """The cluster, as soon as the database answers."""
    waiting = False
    while True:
        try:
            return await load_cluster(db)
        except AccError as refused:
            if refused.code is not Code.UNAVAILABLE:
                raise
            if not waiting:
                warning("waiting for the database", reason=str(refused))
                waiting = True
        await asyncio.sleep(RETRY_SECONDS)


async def _until(stop: asyncio.Event, loading: Coroutine[object, object, Cluster]) -> Cluster | None:
    """What `loading` gives, or None if the program is told to stop first."""
    load = asyncio.create_task(loading)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({load, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return load.result() if load.done() else None
    finally:
        load.cancel()
        stopped.cancel()
        await asyncio.gather(load, stopped, return_exceptions=True)


@asynccontextmanager
async def _linking(server: LinkServer, sock: socket.socket, tls: ServerTls) -> AsyncGenerator[None]:
    """The gRPC server, serving while the block runs."""
    await server.listen(sock, tls.worker_link)
    try:
        yield
    finally:
        server.close()
        # A worker that holds its connection open is left behind; it dials another controller.
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await server.wait_closed()


def _bind(listen: Listen, variable: str) -> socket.socket:
    try:
        return bind(listen.host, listen.port)
    except OSError as cause:
        raise AccError(Code.CONFIG, f"{variable}: cannot listen on {listen}: {cause.strerror}") from None


def _dialled(sock: socket.socket, public_names: tuple[str, ...]) -> str:
    """Where workers dial: the address that is listened on if it is one, else the first public name."""
    host, port = sock.getsockname()[:2]
    return str(Listen(public_names[0] if host in ("0.0.0.0", "::") else host, port))  # noqa: S104 (recognised, not bound)


def _name(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return str(Listen(host, port))
