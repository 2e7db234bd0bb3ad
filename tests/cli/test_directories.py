"""Who may have written what acc reads."""

import os
from pathlib import Path

import pytest

from acc.cli import directories
from acc.wire.errors import AccError, Code


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no XDG variable."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def refused(path: Path, others: int = directories.OTHERS) -> bool:
    with pytest.raises(AccError) as raised:
        directories.read(str(path), others)
    return raised.value.code is Code.CONFIG


def test_without_xdg_all_is_below_the_home(home: Path) -> None:
    assert directories.config() == str(home / ".config/acc")
    assert directories.state() == str(home / ".local/state/acc")
    assert directories.runtime() == str(home / ".local/state/acc/run")


def test_a_relative_xdg_path_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")

    assert directories.state() == str(home / ".local/state/acc")


def test_the_runtime_directory_is_made_private(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))

    assert mode(Path(directories.runtime())) == 0o700
    assert directories.runtime() == str(home / "acc")


def test_a_runtime_directory_that_others_may_enter_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    (home / "acc").mkdir(mode=0o750)

    with pytest.raises(AccError) as raised:
        directories.runtime()

    assert raised.value.code is Code.CONFIG


def test_a_link_in_place_of_the_runtime_directory_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    (home / "elsewhere").mkdir(mode=0o700)
    (home / "acc").symlink_to(home / "elsewhere")

    with pytest.raises(AccError) as raised:
        directories.runtime()

    assert raised.value.code is Code.CONFIG


def test_no_file_is_no_text(home: Path) -> None:
    assert directories.read(str(home / "none"), directories.OTHERS) is None


def test_what_is_written_is_read(home: Path) -> None:
    directories.write(str(home / "deep" / "file"), "text")

    assert directories.read(str(home / "deep" / "file"), directories.OTHERS) == "text"
    assert mode(home / "deep" / "file") == 0o600
    assert [entry.name for entry in (home / "deep").iterdir()] == ["file"]


def test_a_file_that_others_can_read_is_refused(home: Path) -> None:
    file = home / "file"
    file.write_text("text")
    file.chmod(0o640)

    assert refused(file)


def test_a_directory_in_place_of_a_file_is_refused(home: Path) -> None:
    (home / "file").mkdir(mode=0o700)

    assert refused(home / "file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(home: Path) -> None:
    file = home / "file"
    directories.write(str(file), "text")
    os.chown(file, 65534, 65534)

    assert refused(file)


def test_a_link_is_refused(home: Path) -> None:
    directories.write(str(home / "real"), "text")
    (home / "link").symlink_to(home / "real")

    assert refused(home / "link")


def test_a_pipe_is_refused_at_once(home: Path) -> None:
    os.mkfifo(home / "pipe", 0o600)

    assert refused(home / "pipe")


def test_a_file_that_is_too_long_is_refused(home: Path) -> None:
    directories.write(str(home / "long"), "x" * (directories.MAX_FILE + 1))

    assert refused(home / "long")
