"""What a tunnel costs the worker that holds it: memory while idle, memory after it carried something, CPU to keep it.

A system of its own, whose worker has carried next to nothing: a worker that has been busy has free memory inside, in
which tunnels would hide. HAProxy, just as fresh, holds as many TLS connections.
"""

import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from acc.wire.tls import client_context
from bench import peers, system
from bench.ground import HOST, Broken, Ground, cpu_seconds, ground, pss_kib
from bench.holding import Holder

PAYLOAD = 16384
WARM = 20
OPEN_WITHIN = 180.0
ECHO_WITHIN = 60.0
SETTLE = 2.0
"""Seconds after which a server has nothing left to do about what was just opened or closed."""

SETUP_SECONDS = 75.0
"""What all this takes beside the holding itself, generously."""


@dataclass(frozen=True, slots=True)
class Idle:
    """KiB for each connection that is held; `cpu_percent` is of one core, over `held_seconds`."""

    tunnels: int
    acc_kib: float
    acc_kib_after: float
    cpu_percent: float
    held_seconds: float
    opens_per_second: float
    haproxy_kib: float
    haproxy_kib_after: float


def run(tunnels: int, hold: float) -> Idle:
    """Opens, holds and uses that many connections through each."""
    with ground() as base:
        port = peers.backend(base)
        request = struct.pack("=cQ", b"e", PAYLOAD)
        certificate, both = base.certificate()
        haproxy_kib, haproxy_kib_after = _haproxy(base, port, certificate, both, request, tunnels)
        started = system.start(base, port, port)
        pid = started.worker_pid
        holder = Holder(started.grant())
        holder.open(WARM, time.monotonic() + OPEN_WITHIN)
        holder.echo(request, PAYLOAD, time.monotonic() + ECHO_WITHIN)
        holder.close()
        time.sleep(SETTLE)
        before = pss_kib(pid)
        began = time.monotonic()
        holder.open(tunnels, began + OPEN_WITHIN)
        opening = time.monotonic() - began
        holder.serve(SETTLE)
        idle = pss_kib(pid)
        began, cpu = time.monotonic(), cpu_seconds(pid)
        holder.serve(hold)
        cpu, held = cpu_seconds(pid) - cpu, time.monotonic() - began
        holder.echo(request, PAYLOAD, time.monotonic() + ECHO_WITHIN)
        after = pss_kib(pid)
        holder.close()
    return Idle(
        tunnels=tunnels,
        acc_kib=(idle - before) / tunnels,
        acc_kib_after=(after - before) / tunnels,
        cpu_percent=100 * cpu / held,
        held_seconds=held,
        opens_per_second=tunnels / opening,
        haproxy_kib=haproxy_kib,
        haproxy_kib_after=haproxy_kib_after,
    )


def _haproxy(base: Ground, port: int, certificate: Path, both: Path, request: bytes, count: int) -> tuple[float, float]:
    """KiB for each TLS connection, before and after the same echo."""
    server = peers.haproxy(base, port, both)
    context = client_context(certificate.read_text())
    held: list[socket.socket] = []

    def open_more(wanted: int) -> None:
        for _ in range(wanted):
            plain = socket.create_connection((HOST, server.relay), 10)
            secure = context.wrap_socket(plain, server_hostname=HOST)
            held.append(secure)
            if secure.recv(1) != b"!":
                raise Broken("HAProxy passed no greeting on")

    def echo() -> None:
        for secure in held:
            secure.sendall(request + bytes(PAYLOAD))
            left = PAYLOAD
            while left:
                left -= len(secure.recv(left)) or left + 1
            if left:
                raise Broken("HAProxy did not pass an echo on")

    def close() -> None:
        for secure in held:
            secure.close()
        held.clear()
        time.sleep(SETTLE)

    open_more(WARM)
    echo()
    close()
    before = pss_kib(server.pid)
    open_more(count)
    idle = pss_kib(server.pid)
    echo()
    after = pss_kib(server.pid)
    close()
    return (idle - before) / count, (after - before) / count
