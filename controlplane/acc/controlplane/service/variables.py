"""Environment variables that look like a setting and are none: named, never refused, since others use them too."""

from collections.abc import Mapping

from acc.controlplane.service.config import KEYS
from acc.controlplane.service.secret import Secret
from acc.wire.settings import Settings, nearest

CLIENT_VARIABLES = ("ACC_ADDR", "ACC_CACERT", "ACC_TOKEN")
"""What `acc` reads, which may be used in the same environment."""


def strange_variables(settings: Settings, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that look like acc's and are none, nor named by a secret: what is to be said of each."""
    known = (*(key.override for key in KEYS), *CLIENT_VARIABLES)
    values = (settings[key] for key in KEYS)
    named = {value.variable for value in values if isinstance(value, Secret)}
    strange = (name for name in sorted(environment) if name.startswith("ACC_") and name not in {*known, *named})
    return {name: f"no program of acc reads {name}{nearest(name, known)}" for name in strange}
