"""What `acc proxy` takes from a command line, which ssh fills from anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.cli.proxy import LINGER, MAX_LINGER, Arguments, parse
from acc.cli.tickets import Destination
from acc.wire.errors import Code
from acc.wire.names import is_name
from tests.wire.verdict import verdict


def parsed(*words: str) -> tuple[Destination, float] | Code:
    match verdict(lambda: parse(list(words))):
        case Arguments() as arguments:
            return arguments.destination, arguments.linger
        case refused:
            return refused


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (["web-1"], (Destination("web-1"), LINGER)),
        (["web-1", "22"], (Destination("web-1", 22), LINGER)),
        (["ttcp_1234567890"], (Destination("ttcp_1234567890"), LINGER)),
        (["web-1", "--linger", "0"], (Destination("web-1"), 0.0)),
        (["--linger", "2.5", "web-1", "22"], (Destination("web-1", 22), 2.5)),
        (["web-1", "--linger", str(MAX_LINGER)], (Destination("web-1"), MAX_LINGER)),
        (["web", "--host", "web-2", "22"], (Destination("web", 22, "web-2"), LINGER)),
        (["--host", "hst_1234567890", "--linger", "0", "web"], (Destination("web", None, "hst_1234567890"), 0.0)),
    ],
)
def test_a_name_and_perhaps_a_port_and_a_linger(words: list[str], meaning: tuple[Destination, float]) -> None:
    assert parsed(*words) == meaning


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["web-1", "22", "x"],
        ["-oProxyCommand=x"],
        ["--"],
        ["web 1"],
        ["web-1\n"],
        ["$(id)"],
        ["web-1", "ssh"],
        ["web-1", "0"],
        ["web-1", "65536"],
        ["web-1", ""],
        ["web-1", "--linger"],
        ["web-1", "--linger", "soon"],
        ["web-1", "--linger", "-1"],
        ["web-1", "--linger", "nan"],
        ["web-1", "--linger", "inf"],
        ["web-1", "--linger", "3601"],
        ["web-1", "--linger", "1", "--linger", "1"],
        ["web-1", "--host"],
        ["web-1", "--host", "-x"],
        ["web-1", "--host", "a b"],
        ["web-1", "--host", ""],
        ["web-1", "--host", "a", "--host", "a"],
    ],
)
def test_anything_else_is_refused(words: list[str]) -> None:
    assert parsed(*words) is Code.BAD_NAME


@given(st.lists(st.text(max_size=90) | st.sampled_from(["--linger", "--host", "1", "22", "web-1"]), max_size=5))
def test_any_words_are_a_name_or_refused(words: list[str]) -> None:
    match parsed(*words):
        case (destination, linger):
            assert is_name(destination.name)
            assert destination.host is None or is_name(destination.host)
            assert destination.port is None or 0 < destination.port < 65536
            assert 0 <= linger <= MAX_LINGER
        case refused:
            assert refused is Code.BAD_NAME
