"""Names, ports and addresses, as hostile input spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.wire.names import MAX_NAME, is_name, join_address, parse_port, split_address

NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", fullmatch=True)


@given(NAME)
def test_letters_digits_dot_underscore_and_hyphen_make_a_name(name: str) -> None:
    assert is_name(name)


@given(st.text(max_size=70))
def test_whatever_is_a_name_can_be_carried_anywhere(text: str) -> None:
    if is_name(text):
        assert len(text) <= MAX_NAME
        assert all(character.isascii() and (character.isalnum() or character in "._-") for character in text)
        assert text[0].isalnum()


@pytest.mark.parametrize(
    "text",
    ["", "-v", ".x", "_x", "a b", "a\n", "\na", "a\0", "a;b", "$(x)", "a/b", "a:b", "é", "a٣", "٣", "a" * 64, "a\x7f"],
)
def test_anything_else_is_not_a_name(text: str) -> None:
    assert not is_name(text)


@given(st.integers(1, 65535))
def test_a_port_is_plain_decimal(port: int) -> None:
    assert parse_port(str(port)) == port


@pytest.mark.parametrize(
    "text", ["", "0", "65536", "99999", "000022", "+22", "-1", "2 2", " 22", "22\n", "0x16", "٢٢", "²"]
)
def test_anything_else_is_not_a_port(text: str) -> None:
    assert parse_port(text) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("web-1:22", ("web-1", 22)),
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("[::1]:65535", ("::1", 65535)),
        ("[fe80::1%eth0]:22", ("fe80::1%eth0", 22)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":22",
        "web",
        "web:",
        "::1:22",
        "[]:22",
        "[::1]22",
        "a b:22",
        "a\n:22",
        "é:22",
        "a" * 256 + ":22",
        "a:0",
        "[[]]:2",
        "[a:2",
        "a]:2",
    ],
)
def test_anything_else_is_not_an_address(text: str) -> None:
    assert split_address(text) is None


@given(st.text(max_size=300) | st.from_regex(r"[!-~]{0,260}:[0-9]{0,6}", fullmatch=True))
def test_whatever_is_an_address_is_bounded_and_fits_a_header(text: str) -> None:
    parts = split_address(text)
    if parts is not None:
        host, port = parts
        assert 0 < len(host) <= 255
        assert all("!" <= character <= "~" for character in host)
        assert 0 < port < 65536


@given(NAME | st.ip_addresses().map(str), st.integers(1, 65535))
def test_what_was_joined_is_split_again(host: str, port: int) -> None:
    assert split_address(join_address(host, port)) == (host, port)
