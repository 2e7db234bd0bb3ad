"""Which controller holds: the environment's or the last login's."""

import json
from pathlib import Path

import pytest

from acc.cli import profile
from acc.wire.errors import AccError, Code

STORED = {
    "addr": "https://stored:9200",
    "cacert": "/stored/ca.pem",
    "token_store": "file",
    "login_name": "ada",
    "user_id": "u_1234567890",
}


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty config directory."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("ACC_ADDR", "ACC_CACERT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "acc"


def store(config: Path, text: str) -> Path:
    config.mkdir()
    file = config / "profile.json"
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_without_an_address_a_login_is_required() -> None:
    with pytest.raises(AccError) as raised:
        profile.load()

    assert raised.value.code is Code.LOGIN_REQUIRED


def test_the_stored_profile_holds_by_itself(config: Path) -> None:
    store(config, json.dumps(STORED))
    found = profile.load()

    assert (found.addr, found.cacert, found.token_store) == ("https://stored:9200", "/stored/ca.pem", "file")


def test_acc_cacert_wins_over_the_stored_one(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(config, json.dumps(STORED))
    monkeypatch.setenv("ACC_CACERT", "/other/ca.pem")

    assert profile.load().cacert == "/other/ca.pem"


def test_another_address_puts_aside_the_stored_ca_and_token(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(config, json.dumps(STORED))
    monkeypatch.setenv("ACC_ADDR", "https://other:9200")
    found = profile.load()

    assert (found.addr, found.cacert, found.token_store) == ("https://other:9200", None, "")


def test_the_same_address_in_another_spelling_is_the_same(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(config, json.dumps(STORED))
    monkeypatch.setenv("ACC_ADDR", "https://stored:9200/")

    assert profile.load().token_store == "file"


def test_what_is_saved_is_found_and_private(config: Path) -> None:
    profile.save(profile.Profile("https://a:1", None, "keyring", "ada", "u_1"))
    found = profile.load()

    assert (found.addr, found.cacert, found.token_store, found.login_name) == ("https://a:1", None, "keyring", "ada")
    assert (config / "profile.json").stat().st_mode & 0o777 == 0o600


def test_a_profile_that_others_can_write_is_refused(config: Path) -> None:
    store(config, json.dumps(STORED)).chmod(0o622)

    with pytest.raises(AccError) as raised:
        profile.load()

    assert raised.value.code is Code.CONFIG


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"addr": 1}', "[" * 100_000, json.dumps(STORED | {"addr": "x"})])
def test_a_damaged_profile_is_refused(config: Path, text: str) -> None:
    store(config, text)

    with pytest.raises(AccError) as raised:
        profile.load()

    assert raised.value.code is Code.CONFIG


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("https://host", ("host", 443)),
        ("https://host:9200", ("host", 9200)),
        ("https://host:9200/", ("host", 9200)),
        ("https://[::1]", ("::1", 443)),
        ("https://[::1]:9200", ("::1", 9200)),
    ],
)
def test_an_address_is_a_host_and_perhaps_a_port(text: str, authority: tuple[str, int]) -> None:
    assert profile.authority(profile.address(text)) == authority


@pytest.mark.parametrize(
    "text",
    ["http://host", "host:9200", "https://", "https://user@host", "https://host/path", "https://host?x", "https://::1"],
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(AccError) as raised:
        profile.address(text)

    assert raised.value.code is Code.CONFIG
