"""What a person at a terminal is told while they wait, and what a table does when it is too wide."""

import socket

import pytest

from acc.cli.terminal import fitted
from tests.conftest import PROGRAMS, Acc
from tests.journeys.terminal import on_terminal


def test_a_long_wait_is_explained_on_a_terminal(acc: Acc) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        addr = f"https://127.0.0.1:{silent.getsockname()[1]}"
        env = acc.env | {"ACC_ADDR": addr, "ACC_TOKEN": "at_0000000001_x"}
        with on_terminal([str(PROGRAMS / "acc"), "targets", "list"], env) as terminal:
            terminal.wait_for(f"waiting for {addr}")


@pytest.mark.parametrize(
    ("widths", "room", "made"),
    [([3, 4], 20, [3, 4]), ([3, 20], 13, [3, 10]), ([9, 9], 10, [5, 5]), ([5, 5], 0, [1, 1])],
)
def test_the_widest_columns_give_way(widths: list[int], room: int, made: list[int]) -> None:
    assert fitted(widths, room) == made
