"""Workers, and a session for them to carry."""

import asyncio

import httpx
import pytest
import pytest_asyncio

from tests.controlplane.link.reporting import new_session
from tests.controlplane.peer import Worker, new_worker
from tests.controlplane.system import Controller


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest.fixture(scope="module")
def other_worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller))


@pytest_asyncio.fixture
async def session(controller: Controller, admin: httpx.Client, project: str) -> str:
    return new_session(controller, admin, project)
