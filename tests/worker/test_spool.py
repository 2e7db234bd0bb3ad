"""The spool: what it took, it gives back, whatever happened in between."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc.worker import spool as spool_module
from acc.worker.spool import MAX_RECORD, Spool, SpoolFull

WRITER = """
import sys
from pathlib import Path
from acc.worker.spool import Spool
spool = Spool(Path(sys.argv[1]))
number = 0
while True:
    spool.append(b"%d" % number)
    print(number, flush=True)
    number += 1
"""


def everything(spool: Spool) -> list[bytes]:
    taken: list[bytes] = []
    while not spool.empty:
        payloads, position = spool.peek(7)
        taken += payloads
        spool.accept(position)
    return taken


def reopened(path: Path) -> list[bytes]:
    spool = Spool(path)
    try:
        return everything(spool)
    finally:
        spool.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_records_leave_in_the_order_in_which_they_came(path: Path) -> None:
    spool = Spool(path)
    sent = [b"%d" % number for number in range(100)]
    for payload in sent:
        spool.append(payload)
    assert everything(spool) == sent
    assert path.stat().st_size == 0
    spool.close()


def test_a_killed_process_loses_nothing(path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(1000):
        writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    said = writer.stdout.read().split()
    writer.wait()
    writer.stdout.close()
    kept = reopened(path)
    assert len(kept) >= 1000 + len(said) - (1 if said else 0)
    assert kept == [b"%d" % number for number in range(len(kept))]


def test_what_was_not_accepted_is_there_again(path: Path) -> None:
    spool = Spool(path)
    for payload in (b"one", b"two", b"three"):
        spool.append(payload)
    _, position = spool.peek(1)
    spool.accept(position)
    assert spool.peek(9)[0] == [b"two", b"three"]
    spool.close()
    assert reopened(path)[-2:] == [b"two", b"three"]


@given(cut=st.integers(0, 51), flipped=st.integers(0, 50))
def test_damage_costs_what_is_behind_it_and_nothing_before(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int
) -> None:
    path = tmp_path_factory.mktemp("damage") / "spool"
    spool = Spool(path)
    sent = [b"payload-%d" % number for number in range(3)]  # 17 bytes each on disk
    for payload in sent:
        spool.append(payload)
    spool.close()
    data = bytearray(path.read_bytes())
    data[flipped] ^= 1
    path.write_bytes(data[:cut])
    assert reopened(path) == sent[: min(cut, flipped) // 17]


def test_a_full_spool_takes_no_more_and_keeps_what_it_has(path: Path) -> None:
    spool = Spool(path, limit=64)
    spool.append(b"x" * 40)
    with pytest.raises(SpoolFull):
        spool.append(b"y" * 40)
    assert everything(spool) == [b"x" * 40]
    spool.append(b"y" * 40)
    assert everything(spool) == [b"y" * 40]
    spool.close()


def test_a_record_that_is_too_long_is_refused(path: Path) -> None:
    spool = Spool(path)
    with pytest.raises(SpoolFull):
        spool.append(b"x" * (MAX_RECORD + 1))
    assert spool.empty
    spool.close()


def test_the_file_does_not_grow_while_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "COMPACT", 1000)
    spool = Spool(path)
    spool.append(b"first")
    sent, taken = [b"first"], list[bytes]()
    for number in range(2000):
        sent.append(b"%d" % number)
        spool.append(sent[-1])
        payloads, position = spool.peek(1)
        taken += payloads
        spool.accept(position)
        assert path.stat().st_size < 3000
    assert taken + everything(spool) == sent
    spool.close()
    assert os.listdir(path.parent) == ["spool"]
