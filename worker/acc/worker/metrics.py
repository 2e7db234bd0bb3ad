"""What a worker counts, for Prometheus.

Rule: what is counted per tunnel is read from the relay when somebody asks, so that carrying bytes costs nothing more.
Labels are codes and directions; no metric names a session, a person or a target.
"""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

OPENINGS = Counter(
    "acc_worker_openings", "Requests for a tunnel, by the code of what came of them.", ("outcome",), registry=REGISTRY
)
RESUMES = Counter("acc_worker_resumes", "Tunnels that went on with a new transport.", registry=REGISTRY)


class Tunnels(Protocol):
    """What the relay can say of all its tunnels."""

    @property
    def open_connections(self) -> int:
        """Tunnels that are open or held."""
        ...

    @property
    def held_connections(self) -> int:
        """Tunnels without a transport, kept for a resume."""
        ...

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes up and down, since the start."""
        ...


class Waiting(Protocol):
    """What the spool can say of itself."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes that no controller has accepted yet."""
        ...


class Link(Protocol):
    """What the control link can say of itself."""

    @property
    def up(self) -> bool:
        """True while a controller answers."""
        ...


class State(Collector):
    """Reads the worker's parts, each time that somebody asks."""

    def __init__(self, tunnels: Tunnels, spool: Waiting, link: Link) -> None:
        self._tunnels = tunnels
        self._spool = spool
        self._link = link

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        held = self._tunnels.held_connections
        tunnels = GaugeMetricFamily("acc_worker_tunnels", "Tunnels, by whether a client is there.", labels=("state",))
        tunnels.add_metric(("open",), self._tunnels.open_connections - held)
        tunnels.add_metric(("held",), held)
        yield tunnels
        up, down = self._tunnels.traffic
        moved = CounterMetricFamily("acc_worker_bytes", "Bytes that tunnels carried.", labels=("direction",))
        moved.add_metric(("up",), up)
        moved.add_metric(("down",), down)
        yield moved
        yield GaugeMetricFamily("acc_worker_spool_bytes", "Reports that wait.", value=self._spool.waiting_bytes)
        yield GaugeMetricFamily("acc_worker_link_up", "1 while a controller answers.", value=float(self._link.up))


def exposition() -> bytes:
    """Every metric, in Prometheus' text format."""
    return generate_latest(REGISTRY)
