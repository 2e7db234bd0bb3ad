"""Where `acc-worker` begins, and the one place that turns an error into words for a person.

Rule: an AccError, wherever it was raised, becomes two lines on stderr and the code's exit status. An install
without the worker's libraries is told which extra is missing.
"""

import sys
from typing import NoReturn

from acc.wire.errors import AccError


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit status."""
    try:
        from acc.worker.main import worker  # noqa: PLC0415  the import is what may fail
    except ModuleNotFoundError as missing:
        sys.exit(
            f"acc-worker needs the Python package {missing.name!r}, which is not installed.\n"
            "Install the worker with: pip install 'acc-access[worker]'"
        )
    try:
        worker.main(prog_name="acc-worker")
    except AccError as error:
        what, hint = error.lines()
        sys.stderr.write(f"acc-worker: {what}\n            {hint}\n")
        sys.exit(error.code.exit_status)
    sys.exit(0)


if __name__ == "__main__":
    main()
