"""The screen: every size is filled, and what matters stays longest."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from acc.cli.watch.board import Board
from acc.cli.watch.rows import Session
from acc.cli.watch.screen import Screen, fit
from tests.cli.watch.sessions import CACHE, DB, WEB, row


def shown(board: Board, width: int = 80, height: int = 24, now: float = 100.0) -> list[str]:
    console = Console(width=width, height=height)
    options = console.options.update(height=height)
    lines = console.render_lines(Screen(board.view(now)), options, pad=False)
    return ["".join(segment.text for segment in line) for line in lines]


def filled(*sessions: Session, cut: bool = False) -> Board:
    board = Board()
    board.take(sessions, cut=cut, now=100.0, wall=1060.0)
    return board


def test_a_row_says_who_where_since_when_how_much_and_in_what_state() -> None:
    row_of_web = shown(filled(replace(WEB, bytes_up=1234, bytes_down=5_600_000)))[2]

    assert row_of_web.split() == [
        "admin", "web-1", "10.0.0.5:22", "worker-1", "1m00s", "1.2K", "-", "5.6M", "-", "active",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 3, 500])
@given(width=st.integers(1, 250), height=st.integers(1, 60))
def test_every_size_is_filled_and_not_more(count: int, width: int, height: int) -> None:
    board = filled(*(replace(WEB, session_id=f"s_{number}", target=f"web-{number}") for number in range(count)))
    lines = shown(board, width, height)

    assert len(lines) == height
    assert {len(line) for line in lines} == {width}


def test_wide_characters_take_their_two_cells() -> None:
    lines = shown(filled(replace(WEB, user="管理者"), DB), width=120)

    assert cell_len(lines[3].partition("web-1")[0]) == cell_len(lines[2].partition("db-1")[0]) == 8


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (200, "USER TARGET HOST WORKER SINCE UP UP/S DOWN DOWN/S STATE OPEN ID"),
        (80, "USER TARGET HOST WORKER SINCE UP UP/S DOWN DOWN/S STATE"),
        (60, "USER TARGET HOST SINCE UP/S DOWN/S STATE"),
        (30, "USER TARGET DOWN/S STATE"),
        (10, "TARGET"),
    ],
)
def test_the_less_important_columns_go_first(width: int, titles: str) -> None:
    assert " ".join(column.title for column, _ in fit([row(WEB), row(DB)], 0.0, width)[0]) == titles


def test_the_selected_row_is_in_sight_however_long_the_list() -> None:
    board = filled(*(replace(WEB, session_id=f"s_{n:03}", target=f"web-{n:03}", since=n) for n in range(100)))
    board.press("end")
    lines = shown(board, height=10)

    assert "100, 95 to 100 shown" in lines[0]
    assert "web-000" in lines[7]


def test_the_heading_counts_what_the_filter_left() -> None:
    board = filled(WEB, DB, CACHE)
    board.press("/")
    board.press("d")
    board.press("b")

    assert shown(board)[0].startswith("acc sessions  1 of 3 ")
    assert shown(board)[-2].startswith("/db_")


def test_a_list_that_was_cut_says_so() -> None:
    assert shown(filled(WEB, cut=True))[0].startswith("acc sessions  1+ ")


def test_an_error_says_how_old_the_rows_are() -> None:
    board = filled(WEB)
    board.fail("the controller does not answer")

    assert shown(board, now=165.0)[-2].startswith("1m05s old: the controller does not answer")


def test_silence_is_told_of_too() -> None:
    assert "old: the controller has not answered yet" in shown(filled(WEB), now=106.0)[-2]


def test_no_session_is_said_in_words() -> None:
    assert shown(filled())[2].startswith("No session is open.")


def test_the_help_says_every_key_and_how_to_leave_it() -> None:
    board = filled(WEB)
    board.press("?")
    screen = "\n".join(shown(board))

    assert [key for key in ("select", "cancel", "/", "sort", "reverse", "ended", "Ctrl-C") if key not in screen] == []
    assert "leaves this help" in screen
    assert "web-1" not in screen


@given(width=st.integers(1, 250), height=st.integers(1, 60))
def test_the_help_fills_every_size_and_not_more(width: int, height: int) -> None:
    board = filled(WEB)
    board.press("?")
    lines = shown(board, width, height)

    assert len(lines) == height
    assert {len(line) for line in lines} == {width}


def test_the_keys_fit_a_terminal_of_eighty_columns() -> None:
    assert shown(filled(WEB))[-1].rstrip().endswith("by since ▼")
