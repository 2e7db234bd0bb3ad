"""No test is skipped silently."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.distribution import ROOT

SKIPPED = "import pytest\n\n@pytest.mark.skip\ndef test_a(): pass\n\ndef test_b(): pass\n"
SKIPPED_MODULE = "import pytest\n\npytest.importorskip('no_such_module')\n"
XFAILED = "import pytest\n\n@pytest.mark.xfail\ndef test_a(): assert False\n"


def run(place: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Run pytest, with the plugin, on a file with `source`."""
    (place / "pytest.ini").touch()
    (place / "test_it.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.skips", "-p", "no:cacheprovider", place],
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("source", [SKIPPED, SKIPPED_MODULE], ids=["test", "module"])
def test_a_skip_fails_the_run_and_is_named(tmp_path: Path, source: str) -> None:
    done = run(tmp_path, source)

    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "skipped, which fails the run: test_it.py" in done.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert run(tmp_path, XFAILED).returncode == pytest.ExitCode.OK
