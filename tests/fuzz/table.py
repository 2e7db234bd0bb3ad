"""Every target, by the name of its corpus."""

from tests.fuzz import clients, servers, wire
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = wire.TARGETS | servers.TARGETS | clients.TARGETS
