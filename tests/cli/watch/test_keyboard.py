"""The keyboard: what terminals send for a key, in whatever pieces it comes."""

import os
import pty
import tty
from collections.abc import Iterator
from contextlib import aclosing

import pytest
import trio
import trio.testing

from acc.cli.watch.keyboard import keys_in, pressed


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("q", ["q"]),
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOA\x1bOB", ["up", "down"]),
        ("\x1b[5~\x1b[6~\x1b[H\x1b[F", ["pageup", "pagedown", "home", "end"]),
        ("\x1b", ["escape"]),
        ("\r\n\x7f\b\x15\x03\x04", ["enter", "enter", "backspace", "backspace", "ctrl-u", "ctrl-c", "ctrl-d"]),
        ("ä管", ["ä", "管"]),
        ("\x1b[1;5Cx", ["x"]),
        ("\x1b[3~\x1b[<0;1;1Mx", ["x"]),
        ("\x00\x01\x1fx", ["x"]),
    ],
)
def test_keys(typed: str, keys: list[str]) -> None:
    assert keys_in(typed) == keys


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Where keys are typed, and where they are read."""
    near, far = pty.openpty()
    os.set_blocking(far, False)
    tty.setraw(far)
    yield near, far
    os.close(far)
    os.close(near)


async def first_of(descriptor: int) -> str:
    with trio.fail_after(5):
        async with aclosing(pressed(descriptor)) as keys:
            return await anext(keys)


@pytest.mark.trio
async def test_a_sequence_in_two_pieces_is_one_key(terminal: tuple[int, int]) -> None:
    near, far = terminal
    os.write(near, b"\x1b[")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(type_later, near, b"A")
        assert await first_of(far) == "up"


async def type_later(near: int, rest: bytes) -> None:
    await trio.testing.wait_all_tasks_blocked()
    os.write(near, rest)


@pytest.mark.trio
async def test_escape_alone_is_a_key_after_a_moment(terminal: tuple[int, int]) -> None:
    near, far = terminal
    os.write(near, b"\x1b")

    assert await first_of(far) == "escape"


@pytest.mark.trio
async def test_a_letter_in_two_pieces_is_one_key(terminal: tuple[int, int]) -> None:
    near, far = terminal
    first, second = "ä".encode()[:1], "ä".encode()[1:]
    os.write(near, first)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(type_later, near, second)
        assert await first_of(far) == "ä"
