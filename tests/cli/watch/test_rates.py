"""Rates: what a counter that moves in steps is said to move at."""

from hypothesis import given
from hypothesis import strategies as st

from acc.cli.watch.rates import IDLE, WINDOW, Rate


def test_a_counter_that_does_not_move_has_no_rate() -> None:
    rate = Rate(500, 0.0)
    rate.look(500, 1.0)

    assert rate.per_second == 0.0


def test_looks_between_two_steps_change_nothing() -> None:
    rate = Rate(0, 0.0)
    rate.look(200, 1.0)
    rate.look(200, 2.0)
    rate.look(400, 3.0)
    assert rate.per_second == 100.0

    rate.look(400, 4.0)
    assert rate.per_second == 100.0


def test_a_first_step_is_measured_from_the_look_before_it() -> None:
    rate = Rate(0, 0.0)
    rate.look(0, 60.0)
    rate.look(500, 61.0)

    assert rate.per_second == 500.0


def test_what_has_stopped_has_no_rate() -> None:
    rate = Rate(0, 0.0)
    rate.look(100, 1.0)
    rate.look(100, 1.0 + IDLE + 0.1)

    assert rate.per_second == 0.0


def test_old_steps_are_forgotten() -> None:
    rate = Rate(0, 0.0)
    rate.look(1_000_000, 1.0)
    rate.look(2_000_000, 2.0)
    rate.look(2_000_100, 3.0)
    rate.look(2_000_200, 4.0 + WINDOW - 6)
    rate.look(2_000_300, 3.0 + WINDOW)

    assert rate.per_second == 20.0


def test_a_look_every_minute_is_enough() -> None:
    rate = Rate(0, 0.0)
    rate.look(6000, 60.0)
    rate.look(12000, 120.0)

    assert rate.per_second == 100.0


def test_a_counter_that_went_back_begins_again() -> None:
    rate = Rate(1000, 0.0)
    rate.look(0, 1.0)
    assert rate.per_second == 0.0
    rate.look(50, 2.0)
    assert rate.per_second == 50.0


@given(st.lists(st.tuples(st.integers(0, 2**63), st.floats(0.01, 100.0)), max_size=50))
def test_a_rate_is_never_negative(looks: list[tuple[int, float]]) -> None:
    now, rate = 0.0, Rate(0, 0.0)
    for count, pause in looks:
        now += pause
        rate.look(count, now)
        assert rate.per_second >= 0.0
