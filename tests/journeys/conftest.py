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
from tests.journeys.sshd import Ssh, Sshd, serving_ssh, ssh_of


@pytest.fixture(scope="session")
def api(system: System) -> Iterator[Api]:
    """The running system's controller, as its administrator."""
    with opened(system.env) as opened_api:
        yield opened_api


@pytest.fixture
def client(system: System, tmp_path: Path) -> Iterator[Client]:
    """A person on a machine without any ticket. What a failed test has left running is ended."""
    home = tmp_path / "home"
    home.mkdir()
    person = Client(system.acc.env | {"HOME": str(home)})
    yield person
    for process in person.running():
        process.kill()


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real sshd."""
    with serving_ssh(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def ssh(client: Client, sshd: Sshd, tmp_path: Path) -> Ssh:
    """ssh that runs `acc proxy %h`."""
    return ssh_of(client, sshd, tmp_path)


@pytest.fixture
def web(api: Api, sshd: Sshd) -> str:
    """The target that is the sshd."""
    return api.target(sshd.port)


def pytest_configure(config: pytest.Config) -> None:
    """`-m "not heavy"` leaves out what moves gibibytes or opens thousands of sockets."""
    config.addinivalue_line("markers", "heavy: moves gibibytes, or opens thousands of sockets")
