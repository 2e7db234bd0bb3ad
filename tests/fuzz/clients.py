"""Targets in the client: what a controller answers."""

import math

from acc.cli import authorize, controller, targets
from acc.wire.errors import AccError, Code
from acc.wire.names import is_name, split_address
from tests.fuzz.target import Target


def ticket_answer(data: bytes) -> None:
    """The answer that holds a ticket: it fits into a header, and its workers can be dialled and verified."""
    grant = authorize._read(200, data)
    assert grant.workers
    assert all(split_address(worker.address) and is_name(worker.server_name) for worker in grant.workers)
    assert grant.ticket.isascii()
    assert grant.ticket.isprintable()
    assert not math.isnan(grant.expires_at)


def refusal(data: bytes) -> None:
    """A refusal, as `acc proxy` and as every other command reads it: it is fit for a terminal."""
    try:
        authorize._read(400, data)
    except AccError as error:
        assert str(error).isprintable()
    problem = controller._problem(400, controller._object(data) or {})
    assert str(problem).isprintable()


def items(data: bytes) -> None:
    """A list of targets."""
    answer = controller._object(data)
    if answer is not None:
        for item in controller.objects(answer.get("items")):
            targets.parse(item)


TARGETS = {
    "ticket_answer": Target(ticket_answer, frozenset({Code.HTTP_PEER, Code.NO_WORKER}), 16384),
    "refusal": Target(refusal, frozenset()),
    "items": Target(items, frozenset({Code.HTTP_PEER})),
}
