"""Generates `acc.rpc` from the .proto sources, or with --check says whether the committed files are current.

The generator writes `__init__.py` files on its way down, which would break the namespace package `acc`; so it works
in a temporary folder and only the leaf module is taken.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "wire" / "proto"
GENERATED = ROOT / "wire" / "acc" / "rpc" / "worker_v1.py"


def generate() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "grpc_tools.protoc",
                f"-I{SOURCE}",
                f"--python_betterproto2_out={folder}",
                "--python_betterproto2_opt=client_generation=async",
                "--python_betterproto2_opt=server_generation=async",
                "acc/worker/v1/worker.proto",
            ],
            check=True,
            capture_output=True,
            env={"PATH": str(Path(sys.executable).parent)},
        )
        text = (Path(folder) / "acc" / "worker" / "v1" / "__init__.py").read_text()
    return text.replace("from ....message_pool import", "from acc.rpc.message_pool import")


def main() -> int:
    text = generate()
    if sys.argv[1:] == ["--check"]:
        if GENERATED.read_text() != text:
            print(f"{GENERATED.relative_to(ROOT)} is stale: run make proto", file=sys.stderr)
            return 1
        return 0
    GENERATED.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
