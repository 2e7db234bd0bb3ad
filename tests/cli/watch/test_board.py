"""The board: what is shown after snapshots and keys, and what is to be done."""

from dataclasses import replace

import pytest

from acc.cli.watch.board import MAX_FILTER, Board, Cancel, Quit, Reload
from acc.cli.watch.rows import Session
from tests.cli.watch.sessions import CACHE, DB, WEB

WALL = 2000.0


@pytest.fixture
def board() -> Board:
    """A board with three sessions; the newest, CACHE, comes first and is selected."""
    filled = Board()
    take(filled, WEB, DB, CACHE)
    return filled


def take(board: Board, *sessions: Session, now: float = 100.0, cut: bool = False) -> None:
    board.take(sessions, cut=cut, now=now, wall=WALL)


def press(board: Board, *keys: str) -> list[object]:
    return [board.press(key) for key in keys]


def targets(board: Board) -> list[str]:
    return [row.session.target for row in board.view(100.0).rows]


def selected(board: Board) -> str:
    view = board.view(100.0)
    return view.rows[view.selected].session.target


def test_the_newest_session_comes_first(board: Board) -> None:
    assert targets(board) == ["cache", "db-1", "web-1"]


def test_a_session_is_as_old_as_the_two_clocks_say(board: Board) -> None:
    oldest = board.view(100.0).rows[-1]

    assert 100.0 - oldest.began == WALL - WEB.since


def test_s_goes_through_the_columns(board: Board) -> None:
    seen = [board.view(0).sort.title]
    press(board, *"sssssssssss")

    assert seen == ["SINCE"]
    assert board.view(0).sort.title == "WORKER"
    press(board, "s")
    assert board.view(0).sort.title == "SINCE"


def test_names_are_sorted_whatever_their_case(board: Board) -> None:
    press(board, *"ssssssss")

    assert board.view(0).sort.title == "USER"
    assert targets(board) == ["web-1", "cache", "db-1"]


def test_r_turns_the_order_round(board: Board) -> None:
    press(board, "r")

    assert targets(board) == ["web-1", "db-1", "cache"]


def test_figures_begin_with_the_greatest() -> None:
    board = Board()
    take(board, replace(WEB, bytes_up=5), replace(DB, bytes_up=7), CACHE)
    press(board, "s")

    assert board.view(0).sort.title == "UP"
    assert targets(board) == ["db-1", "web-1", "cache"]


@pytest.mark.parametrize(
    ("words", "left"),
    [("worker-2", ["cache"]), ("ZOE", ["db-1"]), ("10.0.0.5", ["cache", "web-1"]), ("s_db", ["db-1"]), ("nothing", [])],
)
def test_the_filter_finds_a_part_of_any_name(board: Board, words: str, left: list[str]) -> None:
    press(board, "/", *words)

    assert targets(board) == left


def test_enter_keeps_the_filter_and_keys_mean_what_they_meant(board: Board) -> None:
    press(board, "/", "d", "b", "enter")

    assert press(board, "q") == [Quit()]
    assert targets(board) == ["db-1"]


def test_a_key_that_is_a_command_is_a_letter_while_the_filter_is_typed(board: Board) -> None:
    assert press(board, "/", *"qca") == [None] * 4
    assert board.view(0).filter == "qca"


@pytest.mark.parametrize("keys", [["escape"], ["enter", "escape"], ["backspace", "backspace"], ["ctrl-u"]])
def test_the_filter_can_be_taken_back(board: Board, keys: list[str]) -> None:
    press(board, "/", "d", "b", *keys)

    assert len(targets(board)) == 3


def test_a_filter_has_a_bound(board: Board) -> None:
    press(board, "/", *("x" * 1000))

    assert len(board.view(0).filter) == MAX_FILTER


def test_the_selection_moves_and_stops_at_the_ends(board: Board) -> None:
    press(board, "up")
    assert selected(board) == "cache"
    press(board, "j", "down", "j", "down")
    assert selected(board) == "web-1"
    press(board, "k")
    assert selected(board) == "db-1"
    press(board, "home")
    assert selected(board) == "cache"
    press(board, "pagedown")
    assert selected(board) == "web-1"


def test_the_selection_stays_with_its_session_when_the_list_moves(board: Board) -> None:
    press(board, "down")
    take(board, WEB, DB, CACHE, replace(WEB, session_id="s_newer00000", target="newer", since=1030.0))
    assert selected(board) == "db-1"
    press(board, "r")
    assert selected(board) == "db-1"


def test_where_the_selected_session_is_gone_its_neighbour_is_selected(board: Board) -> None:
    press(board, "end")
    take(board, DB, CACHE)

    assert selected(board) == "db-1"


def test_a_cancel_is_asked_for_and_confirmed(board: Board) -> None:
    press(board, "down", "c")

    assert board.view(0).question == "Cancel s_db00000000, Zoe on db-1? y/n"
    assert press(board, "y") == [Cancel("s_db00000000")]
    assert board.view(0).question == ""


@pytest.mark.parametrize("key", ["n", "N", "q", "escape"])
def test_no_leaves_everything_as_it_was(board: Board, key: str) -> None:
    assert press(board, "c", key) == [None, None]
    assert board.view(0).question == ""


def test_another_key_is_no_answer(board: Board) -> None:
    assert press(board, "c", "down", "enter", "c") == [None] * 4
    assert "s_cache" in board.view(0).question


def test_what_was_asked_for_is_cancelled_though_the_list_moves(board: Board) -> None:
    press(board, "c")
    take(board, CACHE, replace(WEB, session_id="s_newer00000", since=1030.0))

    assert press(board, "y") == [Cancel(CACHE.session_id)]


def test_a_question_about_a_session_that_ends_meanwhile_is_withdrawn(board: Board) -> None:
    press(board, "c")
    take(board, WEB, DB)

    assert board.view(0).question == ""
    assert board.view(0).notice == "s_cache00000 is over"
    assert press(board, "y") == [None]


@pytest.mark.parametrize(
    ("session", "why"),
    [
        (replace(WEB, state="canceling"), "s_web0000000 is canceling already"),
        (replace(WEB, state="terminated"), "s_web0000000 is terminated already"),
        (replace(WEB, cancellable=False), "you may not cancel s_web0000000"),
    ],
)
def test_what_cannot_be_cancelled_is_not_asked_for(session: Session, why: str) -> None:
    board = Board()
    take(board, session)
    press(board, "c")

    assert (board.view(0).question, board.view(0).notice) == ("", why)


def test_an_empty_board_takes_every_key() -> None:
    board = Board()
    take(board)

    assert press(board, "c", "down", "up", "end", "s", "r", "escape", "x") == [None] * 8
    assert board.view(0).notice == ""


def test_a_asks_for_those_that_have_ended_and_again_for_the_others(board: Board) -> None:
    assert press(board, "a") == [Reload()]
    assert board.include_terminated
    press(board, "a")
    assert not board.include_terminated


def test_an_error_leaves_the_rows_and_the_next_snapshot_takes_it_away(board: Board) -> None:
    board.fail("the controller does not answer")
    view = board.view(107.0)
    assert (view.error, view.stale, len(view.rows)) == ("the controller does not answer", 7.0, 3)

    take(board, WEB, now=108.0)
    assert board.view(108.0).error == ""


def test_bytes_that_grow_have_a_rate(board: Board) -> None:
    take(board, replace(WEB, bytes_up=1000, bytes_down=4000), now=101.0)
    take(board, replace(WEB, bytes_up=3000, bytes_down=8000), now=103.0)

    (only,) = board.view(103.0).rows
    assert (only.up_rate, only.down_rate) == (1000.0, 2000.0)


def test_a_filter_may_be_given_from_the_start() -> None:
    board = Board("db")
    take(board, WEB, DB)

    assert targets(board) == ["db-1"]


def test_a_question_mark_shows_the_keys(board: Board) -> None:
    assert not board.view(0).helping
    press(board, "?")
    assert board.view(0).helping


@pytest.mark.parametrize("key", ["q", "escape", "?", "enter"])
def test_the_help_is_left_and_not_the_view(board: Board, key: str) -> None:
    assert press(board, "?", key) == [None, None]
    assert not board.view(0).helping


def test_keys_do_nothing_behind_the_help(board: Board) -> None:
    before = selected(board)
    press(board, "?", *"cyasj/x")

    assert board.view(0).helping
    press(board, "q")
    assert (selected(board), board.view(0).question, board.view(0).filter) == (before, "", "")
    assert not board.include_terminated


def test_ctrl_c_leaves_from_the_help_too(board: Board) -> None:
    assert press(board, "?", "ctrl-c") == [None, Quit()]


def test_a_question_mark_in_a_filter_is_text(board: Board) -> None:
    press(board, "/", "?")

    assert (board.view(0).filter, board.view(0).helping) == ("?", False)
