"""What the journeys share: targets for the servers that tests open, and clients with homes of their own.

Rule: everything between a test's two ends is real: processes, sockets, certificates, a database. A test owns both
ends, and whatever stands between them on the network.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import System
from tests.journeys.api import Api, opened
from tests.journeys.client import Client


@pytest.fixture(scope="session")
def api(system: System) -> Iterator[Api]:
    """The running system's controller, as its administrator."""
    with opened(system.env) as opened_api:
        yield opened_api


@pytest.fixture
def client(system: System, tmp_path: Path) -> Client:
    """A person on a machine without any ticket."""
    home = tmp_path / "home"
    home.mkdir()
    return Client(system.acc.env | {"HOME": str(home)})
