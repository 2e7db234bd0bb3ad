"""What the audit tests share: a worker, a target, and a database that takes no event."""

import asyncio
from collections.abc import Generator

import httpx
import pytest

from tests.controlplane.audit.events import UNSTORABLE
from tests.controlplane.peer import Worker, new_worker
from tests.controlplane.system import (
    Controller,
    execute,
    make_target,
)


@pytest.fixture(scope="module")
def worker(controller: Controller) -> Worker:
    return asyncio.run(new_worker(controller, "carrier"))


@pytest.fixture
def live(controller: Controller, worker: Worker) -> Worker:
    """The worker, which counts as live for now."""
    execute(controller, "update workers set last_status_time = now() where id = $1", worker.id)
    return worker


@pytest.fixture
def unstorable(controller: Controller) -> Generator[None]:
    """No event can be stored meanwhile."""
    execute(controller, UNSTORABLE)
    yield
    execute(controller, "alter table audit_events drop constraint none_fits")


@pytest.fixture
def target(admin: httpx.Client, project: str) -> dict[str, str]:
    return make_target(admin, project)
