"""`acc __complete`: at once, from files, silent, and harmless."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from acc.cli import offers
from acc.cli.profile import Profile
from tests.cli.test_help import LARGE, modules_after
from tests.conftest import Acc, System, wait_until

HOSTILE = ["$(reboot)", "a b", "x;y", "`id`", "-rf", "a\x1b[31m", "../../etc", "näme", "x" * 64]


@pytest.fixture
def kept(acc: Acc, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A controller that is not there, and a login on it; this process looks where `acc` does."""
    for name, value in (acc.env | {"ACC_ADDR": "https://127.0.0.1:1", "ACC_TOKEN": "at_0000000001_secret"}).items():
        monkeypatch.setenv(name, value)
    return Profile("https://127.0.0.1:1", None)


def asked(acc: Acc, *arguments: str, addr: str = "https://127.0.0.1:1") -> list[str]:
    done = acc("__complete", *arguments, ACC_ADDR=addr, ACC_TOKEN="at_0000000001_secret")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_it_needs_neither_click_nor_http() -> None:
    unwanted = LARGE | {"click", "http.client", "ssl", "dataclasses", "typing", "subprocess"}

    assert modules_after("from acc.cli import complete, __main__") & unwanted == set()


def test_it_offers_what_was_kept_and_begins_so(acc: Acc, kept: Profile) -> None:
    offers.replace(kept, "targets", [("web-1", "10.0.0.1"), ("db-1", ""), ("web-2", "")])

    assert asked(acc, "web", "targets") == ["web-1\t10.0.0.1", "web-2\t"]


def test_it_offers_of_several_types(acc: Acc, kept: Profile) -> None:
    offers.replace(kept, "users", [("ann", "")])
    offers.replace(kept, "groups", [("ops", "")])

    assert asked(acc, "", "users", "groups") == ["ann\t", "ops\t"]


def test_what_was_seen_comes_first_and_once(kept: Profile) -> None:
    offers.replace(kept, "targets", [("a", ""), ("b", "")])
    offers.add(kept, "targets", [("b", ""), ("c", "")])

    assert [value for value, _ in offers.kept(kept, "targets")] == ["b", "c", "a"]


@pytest.mark.parametrize("name", HOSTILE)
def test_only_names_are_kept_and_only_names_are_offered(acc: Acc, kept: Profile, name: str) -> None:
    offers.replace(kept, "targets", [(name, ""), ("good", "")])
    file = Path(offers.asked_path(kept, "targets").removesuffix(".asked"))

    assert file.read_text() == "good\t\n"
    file.write_text(f"{name}\t\ngood\t\n")
    assert asked(acc, "", "targets") == ["good\t"]


def test_words_about_a_name_are_names_too(kept: Profile) -> None:
    offers.replace(kept, "targets", [("good", "10.0.0.1 $(reboot) \x1b[31m web")])

    assert offers.kept(kept, "targets") == [("good", "10.0.0.1 web")]


def test_what_is_kept_is_bounded(kept: Profile) -> None:
    offers.replace(kept, "targets", [(f"target-{number:050}", "") for number in range(10_000)])
    file = Path(offers.asked_path(kept, "targets").removesuffix(".asked"))

    assert 0 < file.stat().st_size <= offers.MAX_BYTES


def test_nobody_else_can_read_it(kept: Profile) -> None:
    offers.replace(kept, "targets", [("a", "")])
    file = Path(offers.asked_path(kept, "targets").removesuffix(".asked"))

    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_another_login_is_offered_nothing_of_it(acc: Acc, kept: Profile) -> None:
    offers.replace(kept, "targets", [("a", "")])

    assert acc("__complete", "", "targets", ACC_ADDR=kept.addr, ACC_TOKEN="at_0000000002_x").stdout == ""


@pytest.mark.parametrize("arguments", [(), ("x",), ("", "targets"), ("", "../targets")])
def test_without_a_login_it_says_nothing(acc: Acc, arguments: tuple[str, ...]) -> None:
    done = acc("__complete", *arguments)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_file_that_others_could_change_offers_nothing(acc: Acc, kept: Profile) -> None:
    offers.replace(kept, "targets", [("a", "")])
    Path(offers.asked_path(kept, "targets").removesuffix(".asked")).chmod(0o666)

    assert asked(acc, "", "targets") == []


def test_it_waits_for_no_controller(acc: Acc) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        addr = f"https://127.0.0.1:{silent.getsockname()[1]}"
        # It has answered and closed its pipes, or the call would not have come back while nobody answers.
        assert asked(acc, "", "targets", addr=addr) == []
        peer, _ = silent.accept()
        peer.close()


def test_one_refresh_runs_at_a_time(acc: Acc, kept: Profile) -> None:
    path = offers.asked_path(kept, "targets")
    offers.replace(kept, "targets", [])
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.utime(descriptor, (0, 0))
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    asked(acc, "", "targets")
    asked(acc, "", "users")
    wait_until(lambda: Path(offers.asked_path(kept, "users")).exists())

    assert Path(path).stat().st_mtime == 0
    os.close(descriptor)


def test_names_come_by_themselves(system: System, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")

    assert system.acc("__complete", "clo", "targets", XDG_CACHE_HOME=cache).stdout == ""
    wait_until(lambda: system.acc("__complete", "clo", "targets", XDG_CACHE_HOME=cache).stdout == "closed\t127.0.0.1\n")


def test_what_was_listed_is_offered_at_once(system: System, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    system.acc("targets", "list", XDG_CACHE_HOME=cache)

    assert system.acc("__complete", "clo", "targets", XDG_CACHE_HOME=cache).stdout == "closed\t127.0.0.1\n"
