"""What a list is asked for by its query."""

import pytest

from acc.controlplane.api.listing import MAX_PAGE, read_page
from acc.wire.errors import AccError, Code


@pytest.mark.parametrize(
    ("said", "size"),
    [
        (None, MAX_PAGE),
        ("", MAX_PAGE),
        ("0", MAX_PAGE),
        ("000000000", MAX_PAGE),
        ("7", 7),
        ("0000002", 2),
        ("0001000", 1000),
    ],
)
def test_a_page_has_the_size_that_was_said(said: str | None, size: int) -> None:
    assert read_page(said, None).size == size


@pytest.mark.parametrize("said", ["1001", "00001001", "100000000000", "9" * 5000, "-1", "+1", "1.0", " 1", "\u0661"])
def test_a_size_that_no_page_has_is_refused(said: str) -> None:
    with pytest.raises(AccError, match="page_size must be from 0 to 1000") as refused:
        read_page(said, None)

    assert refused.value.code is Code.BAD_REQUEST
