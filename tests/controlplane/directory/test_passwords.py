"""Passwords: who has a place to have one looked at, and in which turn."""

import asyncio
from collections.abc import Generator
from contextlib import closing

import pytest

from acc.controlplane.directory.passwords import MAX_HASHING, MAX_WAITING, Passwords
from acc.controlplane.service.exchange import Exchange, begin
from acc.wire.errors import AccError, Code

PLACES = MAX_HASHING + MAX_WAITING


@pytest.fixture
def passwords() -> Generator[Passwords]:
    with closing(Passwords()) as opened:
        yield opened


async def log_in(passwords: Passwords, address: str, ends: list[str]) -> Code:
    """What comes of one login; it is written down that it has come."""
    begin(Exchange("", address))
    try:
        await passwords.verify(None, "a wrong guess")
    except AccError as refused:
        return refused.code
    ends.append(address)
    return Code.LOGIN_FAILED


@pytest.mark.asyncio
async def test_an_address_has_as_many_places_as_it_leaves_free(passwords: Passwords) -> None:
    ends: list[str] = []
    async with asyncio.TaskGroup() as group:
        one = [group.create_task(log_in(passwords, "a", ends)) for _ in range(PLACES)]
        other = [group.create_task(log_in(passwords, "b", ends)) for _ in range(PLACES)]

    assert [task.result() for task in one].count(Code.LOGIN_FAILED) == PLACES // 2
    assert [task.result() for task in other].count(Code.LOGIN_FAILED) == PLACES // 4
    assert {task.result() for task in (*one, *other)} == {Code.LOGIN_FAILED, Code.TOO_MANY_REQUESTS}


@pytest.mark.asyncio
async def test_who_comes_from_elsewhere_does_not_wait_for_all_who_came_before(passwords: Passwords) -> None:
    ends: list[str] = []
    async with asyncio.TaskGroup() as group:
        flood = [group.create_task(log_in(passwords, "a", ends)) for _ in range(10)]
        late = group.create_task(log_in(passwords, "b", ends))

    assert late.result() is Code.LOGIN_FAILED
    assert len(flood) == ends.count("a")
    assert ends.index("b") <= 2 * MAX_HASHING


@pytest.mark.asyncio
async def test_a_place_is_free_again_when_its_hash_is_done_though_nobody_waits_for_it(passwords: Passwords) -> None:
    ends: list[str] = []
    left = [asyncio.create_task(log_in(passwords, "a", ends)) for _ in range(PLACES // 2)]
    await asyncio.sleep(0)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    refused = await log_in(passwords, "a", ends)
    await log_in(passwords, "b", ends)
    await log_in(passwords, "b", ends)

    assert refused is Code.TOO_MANY_REQUESTS
    assert await log_in(passwords, "a", ends) is Code.LOGIN_FAILED
