"""The state directory: nobody else's business."""

from pathlib import Path

import pytest

from acc.wire.errors import AccError, Code
from acc.worker import statedir
from acc.worker.statedir import MAX_FILE, StateDir, create_state, open_state
from tests.worker.offline import make_identity


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def refused(path: Path) -> str:
    with pytest.raises(AccError) as caught:
        open_state(path)
    assert caught.value.code is Code.CONFIG
    return caught.value.detail


def test_only_the_owner_may_use_what_enrolment_writes(state: StateDir) -> None:
    make_identity(state)
    assert mode(state.path) == 0o700
    assert {mode(path) for path in state.path.iterdir()} == {0o600}


def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    create_state(tmp_path / "loose").close()
    (tmp_path / "loose").chmod(0o750)
    assert "make its mode 0700" in refused(tmp_path / "loose")


def test_a_missing_directory_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "missing")


def test_a_directory_serves_one_worker(state: StateDir) -> None:
    assert "another acc-worker" in refused(state.path)


@pytest.mark.parametrize("name", [statedir.IDENTITY, statedir.WORKER, statedir.CA, statedir.TICKET_KEYS])
@pytest.mark.parametrize("loose", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_touch_is_refused(state: StateDir, name: str, loose: int) -> None:
    state.write(name, b"data")
    (state.path / name).chmod(loose)
    with pytest.raises(AccError, match="make its mode 0600"):
        state.read(name)


def test_a_link_to_a_file_is_refused(state: StateDir, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"data")
    (state.path / statedir.IDENTITY).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AccError, match="not what it should be"):
        state.read(statedir.IDENTITY)


def test_a_file_that_is_too_large_is_refused(state: StateDir) -> None:
    state.write(statedir.WORKER, b"x" * (MAX_FILE + 1))
    with pytest.raises(AccError, match="too large"):
        state.read(statedir.WORKER)


def test_a_left_over_of_a_crash_does_not_stop_a_write(state: StateDir) -> None:
    (state.path / f".{statedir.WORKER}.new").write_bytes(b"half")
    state.write(statedir.WORKER, b"whole")
    assert state.read(statedir.WORKER) == b"whole"
