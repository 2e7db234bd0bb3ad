"""What a controller counts and times, for Prometheus.

Rule: every label has few values, whatever anybody sends. Requests are named by the template of their route, never by
their path; outcomes are codes of `acc.wire.errors`. No metric names a person or a target.
"""

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
UNMATCHED = "unmatched"
"""The route of what led nowhere."""

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter(
    "acc_http_requests", "Requests to the API that were answered.", ("method", "route", "status"), registry=REGISTRY
)
REQUEST_SECONDS = Histogram(
    "acc_http_request_seconds",
    "From a request's head to the end of its answer.",
    ("method", "route"),
    buckets=_SECONDS,
    registry=REGISTRY,
)
LIMITED = Counter("acc_http_limited", "Requests that were over a limit, by the limit.", ("limit",), registry=REGISTRY)
LOGINS = Counter("acc_logins", "Attempts to log in, by the code of what came of them.", ("outcome",), registry=REGISTRY)
SESSION_AUTHORIZATIONS = Counter(
    "acc_session_authorizations", "Requests for a session, by code.", ("outcome",), registry=REGISTRY
)
CONNECTION_AUTHORIZATIONS = Counter(
    "acc_connection_authorizations", "Workers' requests for one more connection, by code.", ("outcome",),
    registry=REGISTRY,
)  # fmt: skip
CONNECTION_REPORTS = Counter(
    "acc_connection_reports", "Openings and closings of connections that workers reported.", ("kind",),
    registry=REGISTRY,
)  # fmt: skip
CONTROL_STREAMS = Gauge("acc_control_streams", "Workers whose control stream is here.", registry=REGISTRY)
DATABASE_IN_USE = Gauge("acc_database_connections_in_use", "Connections at work.", registry=REGISTRY)
DATABASE_WAITING = Gauge("acc_database_waiting", "Use cases that wait for a connection.", registry=REGISTRY)
DATABASE_WAIT_SECONDS = Histogram(
    "acc_database_wait_seconds", "Waiting for a connection.", buckets=_SECONDS, registry=REGISTRY
)
DATABASE_FAILURES = Counter(
    "acc_database_failures", "Use cases that ended because the database did not answer.", registry=REGISTRY
)


def method_label(method: str) -> str:
    """One of the methods that there are, or `other`."""
    return method if method in _METHODS else "other"


@lru_cache(maxsize=512)  # the routes of one program
def route_label(template: str) -> str:
    """Litestar's `/v1/targets/{target_id}/:authorize-session` as the API spells it."""
    return template.replace("/:", ":")


def exposition() -> bytes:
    """Every metric, in Prometheus' text format."""
    return generate_latest(REGISTRY)
