"""`make fuzz`: searches for inputs that break a target, for FUZZ_SECONDS each, and keeps those that reach new code.

    python -m tests.fuzz [TARGET...]

libFuzzer, which atheris drives, ends its process when it is done, so each search has one of its own. What it found is
then merged with the corpus of before into a new one: the smallest set of inputs that reaches as much. An input that
breaks a target is left in build/fuzz/ and named in the log; once that is mended, it goes into tests/fuzz/mended/.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

CORPUS = Path(__file__).parent / "corpus"
WORK = Path("build/fuzz")
SECONDS = os.environ.get("FUZZ_SECONDS", "30")

SLOW = 5
"""Seconds for one input, after which it counts as a hang."""

MEMORY = 1024
"""MiB of the process, Python and what it imports included."""


def main(names: list[str]) -> int:
    """Searches in the targets of these names, or in all; the exit status says whether one broke."""
    from tests.fuzz.table import TARGETS  # noqa: PLC0415  for its names: the engine imports it anew, instrumented

    broken = [name for name in names or TARGETS if not _search(name, TARGETS[name].longest)]
    return 1 if broken else 0


def _search(name: str, longest: int) -> bool:
    """True if nothing broke, and the corpus was renewed."""
    found, kept, fresh, log = WORK / name, CORPUS / name, WORK / f"{name}.fresh", WORK / f"{name}.log"
    shutil.rmtree(fresh, ignore_errors=True)
    for directory in (found, kept, fresh):
        directory.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_len={longest}", f"-timeout={SLOW}", f"-rss_limit_mb={MEMORY}", f"-artifact_prefix={WORK}/{name}-"]
    with log.open("wb") as output:
        broke = _run(output, name, f"-max_total_time={SECONDS}", *limits, str(found), str(kept)) or _run(
            output, name, "-set_cover_merge=1", "-use_counters=0", *limits, str(fresh), str(kept), str(found)
        )
    if broke:
        print(f"{name}: broken, see {log}")
        return False
    shutil.rmtree(kept)
    shutil.move(fresh, kept)
    print(f"{name}: {len(list(kept.iterdir()))} inputs reach what {len(list(found.iterdir()))} did")
    return True


def _run(output: IO[bytes], *arguments: str) -> int:
    command = [sys.executable, "-m", "tests.fuzz.engine", *arguments]
    return subprocess.run(command, check=False, stdout=output, stderr=output).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
