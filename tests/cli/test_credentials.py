"""Where the token comes from, and where it is put."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acc.cli import credentials
from acc.cli.profile import Profile
from acc.wire.errors import AccError, Code

ADDR = "https://host:9200"
BY_FILE = Profile(ADDR, None, "file")

KEYRING = '''
import json, os
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

class Folder(KeyringBackend):
    """A keyring that keeps its secrets in a file."""
    priority = 1
    path = os.environ["FOLDER_KEYRING"]

    def _all(self):
        return json.load(open(self.path)) if os.path.exists(self.path) else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        json.dump(self._all() | {f"{service} {username}": password}, open(self.path, "w"))

    def delete_password(self, service, username):
        secrets = self._all()
        if secrets.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError
        json.dump(secrets, open(self.path, "w"))
'''


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state directory."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("ACC_TOKEN", raising=False)
    return tmp_path / "acc"


def put(state: Path, text: str, mode: int = 0o600) -> None:
    state.mkdir()
    (state / "token").write_text(text)
    (state / "token").chmod(mode)


def test_the_environment_wins(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(state, "at_stored")
    monkeypatch.setenv("ACC_TOKEN", "at_given")

    assert credentials.token(BY_FILE) == "at_given"


def test_the_file_has_it_where_the_profile_says_so(state: Path) -> None:
    put(state, "at_stored\n")

    assert credentials.token(BY_FILE) == "at_stored"


def test_a_file_is_not_read_for_an_address_that_did_not_issue_it(state: Path) -> None:
    put(state, "at_stored")

    with pytest.raises(AccError) as raised:
        credentials.token(Profile("https://other:9200", None))

    assert raised.value.code is Code.LOGIN_REQUIRED


def test_a_token_file_that_others_can_read_is_refused(state: Path) -> None:
    put(state, "at_stored", 0o644)

    with pytest.raises(AccError) as raised:
        credentials.token(BY_FILE)

    assert raised.value.code is Code.CONFIG
    assert "chmod" in raised.value.detail
    assert "at_stored" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "at_a b", "at_a\r\nHost: x", "at_ä", "x" * 513])
def test_what_fits_into_no_header_is_no_token(state: Path, text: str) -> None:
    put(state, text)

    with pytest.raises(AccError) as raised:
        credentials.token(BY_FILE)

    assert raised.value.code is Code.LOGIN_REQUIRED


def test_a_missing_file_asks_for_a_login() -> None:
    with pytest.raises(AccError) as raised:
        credentials.token(BY_FILE)

    assert raised.value.code is Code.LOGIN_REQUIRED


@pytest.mark.parametrize("backend", ["fail", "null"])
def test_a_keyring_that_keeps_nothing_is_not_used(state: Path, backend: str) -> None:
    assert stored_by({"PYTHON_KEYRING_BACKEND": f"keyring.backends.{backend}.Keyring"}) == "file"
    assert (state / "token").read_text() == "at_new\n"
    assert (state / "token").stat().st_mode & 0o777 == 0o600


def test_a_keyring_has_it_and_forgets_it(state: Path, tmp_path: Path) -> None:
    (tmp_path / "folder_keyring.py").write_text(KEYRING)
    kept = tmp_path / "kept.json"
    env = {
        "PYTHONPATH": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "folder_keyring.Folder",
        "FOLDER_KEYRING": str(kept),
    }

    assert stored_by(env) == "keyring"
    assert not (state / "token").exists()
    assert python(env, f"print(credentials.token(Profile({ADDR!r}, None, 'keyring')))") == "at_new"
    assert python(env, f"credentials.forget(Profile({ADDR!r}, None, 'keyring'))") == ""
    assert kept.read_text() == "{}"


def stored_by(env: dict[str, str]) -> str:
    """Where a fresh process puts a token: the choice of a keyring is made once in a process."""
    return python(env, f"print(credentials.store({ADDR!r}, 'at_new'))")


def python(env: dict[str, str], line: str) -> str:
    program = f"from acc.cli import credentials\nfrom acc.cli.profile import Profile\n{line}"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | env, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()
