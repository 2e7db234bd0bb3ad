"""The corpus, replayed: inputs that reach all that a fuzzer has reached, and those that once broke a target."""

import tracemalloc
from pathlib import Path

import pytest

from tests.fuzz.table import TARGETS

CORPUS = Path(__file__).parent / "corpus"
MENDED = Path(__file__).parent / "mended"
ENOUGH = 512 * 1024
"""Bytes that a parser may take, and as many more as A_BYTE for each byte that it is given."""
A_BYTE = 64

INPUTS = [
    pytest.param(path.parent.name, path, id=f"{path.parent.name}-{path.name}")
    for directory in (CORPUS, MENDED)
    for path in sorted(directory.glob("*/*"))
]


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_has_a_corpus_and_takes_nothing_and_noise(name: str) -> None:
    assert any((CORPUS / name).iterdir())
    TARGETS[name].check(b"")
    TARGETS[name].check(bytes(range(256)))


@pytest.mark.parametrize(("name", "path"), INPUTS)
def test_an_input_is_taken_or_refused_in_bounded_memory(name: str, path: Path) -> None:
    data = path.read_bytes()
    TARGETS[name].check(data)  # once before, so that what is kept for good is there
    tracemalloc.start()
    try:
        TARGETS[name].check(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < ENOUGH + A_BYTE * len(data)
