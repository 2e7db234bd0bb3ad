"""What `acc proxy` takes from a command line, which ssh fills from anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.cli.proxy import LINGER, MAX_LINGER, Arguments, parse
from acc.wire.errors import Code
from acc.wire.names import is_name
from tests.wire.verdict import verdict


def parsed(*words: str) -> tuple[str, int | None, float] | Code:
    match verdict(lambda: parse(list(words))):
        case Arguments() as arguments:
            return arguments.name, arguments.port, arguments.linger
        case refused:
            return refused


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (["web-1"], ("web-1", None, LINGER)),
        (["web-1", "22"], ("web-1", 22, LINGER)),
        (["ttcp_1234567890"], ("ttcp_1234567890", None, LINGER)),
        (["web-1", "--linger", "0"], ("web-1", None, 0.0)),
        (["--linger", "2.5", "web-1", "22"], ("web-1", 22, 2.5)),
        (["web-1", "--linger", str(MAX_LINGER)], ("web-1", None, MAX_LINGER)),
    ],
)
def test_a_name_and_perhaps_a_port_and_a_linger(words: list[str], meaning: tuple[str, int | None, float]) -> None:
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
    ],
)
def test_anything_else_is_refused(words: list[str]) -> None:
    assert parsed(*words) is Code.BAD_NAME


@given(st.lists(st.text(max_size=90) | st.sampled_from(["--linger", "1", "22", "web-1"]), max_size=5))
def test_any_words_are_a_name_or_refused(words: list[str]) -> None:
    match parsed(*words):
        case (str(name), port, linger):
            assert is_name(name)
            assert port is None or 0 < port < 65536
            assert 0 <= linger <= MAX_LINGER
        case refused:
            assert refused is Code.BAD_NAME
