"""The scripts in shell-completions/ are those of the commands that there are."""

import subprocess
import sys

from tests.packaging.distribution import ROOT


def test_the_scripts_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "gencompletions.py", "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
