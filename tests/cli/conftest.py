"""The place that the commands of resources share."""

import pytest

from tests.cli.places import Place
from tests.conftest import System


@pytest.fixture(scope="session")
def place(system: System) -> Place:
    place = Place(system)
    place.id("scopes", "create", "--scope", "global", "--name", "lab")
    place.id("scopes", "create", "--scope", "lab", "--name", "blue")
    place.id("scopes", "create", "--scope", "lab", "--name", "green")
    twin = ("--name", "twin", "--address", "127.0.0.1", "--default-port", "1")
    place.id("targets", "create", "--scope", "blue", *twin)
    place.id("targets", "create", "--scope", "green", *twin)
    return place
