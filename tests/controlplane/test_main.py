"""How `acc-controller` starts, and what it says when a part of it is missing."""

import subprocess
import sys

PROBE = """
import sys
sys.modules["asyncpg"] = None
sys.argv = ["acc-controller", "serve"]
from acc.controlplane.__main__ import main
main()
"""


def test_a_missing_extra_is_named_with_what_to_install() -> None:
    ended = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 1
    assert "'asyncpg'" in ended.stderr
    assert "acc-access[controlplane]" in ended.stderr
    assert "Traceback" not in ended.stderr
