"""Figures: short, and never wider than their column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.cli.watch.figures import age, rate, size


@pytest.mark.parametrize(
    ("count", "spelled"),
    [
        (0, "0B"), (999, "999B"), (1000, "1.0K"), (1234, "1.2K"), (9949, "9.9K"), (9950, "10K"), (999_499, "999K"),
        (999_500, "1.0M"), (50_000_000, "50M"), (2**63 - 1, "9.2E"),
    ],
)  # fmt: skip
def test_sizes(count: int, spelled: str) -> None:
    assert size(count) == spelled


@pytest.mark.parametrize(("per_second", "spelled"), [(0, "-"), (0.4, "-"), (1, "1B/s"), (1_500_000, "1.5M/s")])
def test_rates(per_second: float, spelled: str) -> None:
    assert rate(per_second) == spelled


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [
        (-3, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m00s"), (3599, "59m59s"), (3600, "1h00m"), (86399, "23h59m"),
        (86400, "1d00h"), (100 * 86400, "100d"),
    ],
)  # fmt: skip
def test_ages(seconds: float, spelled: str) -> None:
    assert age(seconds) == spelled


@given(st.floats(0, 1e30))
def test_no_size_is_wider_than_four(count: float) -> None:
    assert len(size(count)) <= 4
    assert len(rate(count)) <= 6


@given(st.floats(-1e9, 8e9))
def test_no_age_is_wider_than_six(seconds: float) -> None:
    assert len(age(seconds)) <= 6
