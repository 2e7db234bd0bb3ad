"""The wheel, built from this tree, and what its metadata asks for.

Rule: no network. The build backend and every library are those of the environment that runs the tests.
"""

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("wire", "cli", "controlplane", "worker")
SHIPPED = {".py", ".sql", ".typed"}
NAME = "acc-access"


def build_wheel(place: Path) -> Path:
    """The wheel of this tree, in `place`."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", place, ROOT], check=True, timeout=100)
    (wheel,) = place.glob("*.whl")
    return wheel


def files_in(wheel: Path) -> set[str]:
    """The files in the wheel that are imported, without its metadata and what it shares."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name and ".data/" not in name}


def shared_by(wheel: Path) -> set[str]:
    """What an install puts beside the programs, below the prefix."""
    with zipfile.ZipFile(wheel) as archive:
        return {name.partition(".data/data/")[2] for name in archive.namelist() if ".data/data/" in name}


def files_of_tree() -> set[str]:
    """The files that a wheel should have: the packages, as they are imported."""
    return {
        path.relative_to(ROOT / folder).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder / "acc").rglob("*")
        if path.suffix in SHIPPED or path.name == "py.typed"
    }


def needed_by(extra: str) -> set[str]:
    """Every distribution that an install with `extra` brings here; an empty `extra` is the client."""
    found: set[str] = set()
    waiting = [(NAME, extra)]
    while waiting:
        name, wanted = waiting.pop()
        for text in metadata.requires(name) or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                needed = canonicalize_name(requirement.name)
                if needed not in found:
                    found.add(needed)
                    waiting += [(needed, further) for further in ("", *requirement.extras)]
    return found
