"""Settings: which of several values is in force, and what is refused."""

from collections.abc import Mapping

import pytest

from acc.wire.errors import AccError, Code
from acc.wire.settings import MAX_FILE, Key, Listen, Settings, address, load, number, text, words

LISTEN = Key("api.listen", address(), "127.0.0.1:1", "Where.", "ACC_API_LISTEN")
POOL = Key("database.pool", number(2, 50), 10, "How many.", "ACC_DATABASE_POOL")
NAMES = Key("public.names", words("a list of names"), ["localhost"], "Which.", "ACC_PUBLIC_NAMES")
STATE = Key("state", text("a directory"), "/tmp/x", "Where.", "--state")
KEYS = (LISTEN, POOL, NAMES, STATE)


def loaded(document: bytes = b"", overrides: Mapping[str, str] | None = None) -> Settings:
    return load(KEYS, document, "acc.toml", overrides or {})


def refusal(document: bytes = b"", overrides: Mapping[str, str] | None = None) -> str:
    with pytest.raises(AccError) as refused:
        loaded(document, overrides)
    assert refused.value.code is Code.CONFIG
    return refused.value.detail


def test_without_a_file_the_defaults_are_in_force() -> None:
    settings = loaded()

    assert settings[LISTEN] == Listen("127.0.0.1", 1)
    assert settings[NAMES] == ("localhost",)
    assert settings.origins == dict.fromkeys((key.name for key in KEYS), "default")


def test_the_file_wins_over_the_default_and_an_override_over_the_file() -> None:
    document = b'public.names = ["a", "b"]\n[database]\npool = 20\n'
    settings = loaded(document, {"ACC_PUBLIC_NAMES": "c, d"})

    assert (settings[POOL], settings.origins[POOL.name]) == (20, "acc.toml")
    assert (settings[NAMES], settings.origins[NAMES.name]) == (("c", "d"), "ACC_PUBLIC_NAMES")


def test_an_override_spells_a_number_in_digits() -> None:
    assert loaded(overrides={"ACC_DATABASE_POOL": "50"})[POOL] == 50


@pytest.mark.parametrize(
    ("written", "nearest"), [("database.pol = 3", "database.pool"), ("[api]\nlistn = 'a:1'", "api.listen")]
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(written: str, nearest: str) -> None:
    assert f"did you mean {nearest!r}?" in refusal(written.encode())


def test_an_unknown_key_like_no_other_is_refused_alone() -> None:
    assert refusal(b"zzz = 1") == "acc.toml: there is no key 'zzz'"


@pytest.mark.parametrize(
    ("document", "key"),
    [
        (b"database.pool = '10'", "database.pool (ACC_DATABASE_POOL)"),
        (b"database.pool = true", "database.pool"),
        (b"database.pool = 1", "a number from 2 to 50"),
        (b"database.pool = 51", "a number from 2 to 50"),
        (b"database.pool = 2.5", "database.pool"),
        (b"api.listen = 9200", "api.listen"),
        (b"api.listen = ':9200'", "host:port"),
        (b"api.listen = 'host:99999'", "host:port"),
        (b"public.names = []", "public.names"),
        (b"public.names = 'a'", "public.names"),
        (b"public.names = ['a', 1]", "public.names"),
        (b"state = ''", "state (--state)"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_key(document: bytes, key: str) -> None:
    assert key in refusal(document)


@pytest.mark.parametrize("digits", ["", "-5", "5x", "\u0665", "1_0", "9" * 30])
def test_an_override_that_is_no_number_is_refused(digits: str) -> None:
    assert "ACC_DATABASE_POOL says is not" in refusal(overrides={"ACC_DATABASE_POOL": digits})


@pytest.mark.parametrize("document", [b"[", b"a = ", b"\xff", b"a = 1\na = 2", b"#" * (MAX_FILE + 1)])
def test_a_file_that_is_no_toml_is_refused_with_its_name(document: bytes) -> None:
    assert refusal(document).startswith("acc.toml: ")


def test_a_key_that_must_be_set_says_so() -> None:
    needed = Key("state", text("a directory"), None, "Where.", "--state")
    with pytest.raises(AccError, match=r"state \(--state\) is not set: it is a directory"):
        load((needed,), b"", "acc.toml", {})


@pytest.mark.parametrize("written", ["[::1]:0", "[::]:9200", "localhost:0", "10.0.0.1:65535"])
def test_an_address_is_written_as_it_was_read(written: str) -> None:
    assert str(loaded(overrides={"ACC_API_LISTEN": written})[LISTEN]) == written
