"""Where the `acc` process begins, and the one place that turns an error into words for a person.

Rule: `acc proxy` is decided here, before click is imported, because ssh waits for it. Every other command goes
through click. An AccError, wherever it was raised, becomes two lines on stderr and the code's exit status.
"""

import sys

from acc.cli.descriptors import complain, fill_closed
from acc.wire.errors import AccError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> "NoReturn":
    """Run the command line of this process and leave with its exit status."""
    try:
        fill_closed()
        sys.exit(_run(sys.argv[1:]))
    except AccError as error:
        complain(error, "NAME")
        sys.exit(error.code.exit_status)


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["proxy"] and "--help" not in arguments:
        from acc.cli import proxy  # noqa: PLC0415  only this command needs it, and it must not need the others

        return proxy.main(arguments[1:])
    if arguments[:1] == ["__complete"]:
        from acc.cli import complete  # noqa: PLC0415  a shell waits for it, and it needs none of the others

        return complete.main(arguments[1:])
    if arguments in (["--help"], ["-h"]):
        from acc.cli.commands import help_text  # noqa: PLC0415  what click needs 40 ms for

        print(help_text())
        return 0
    from acc.cli.main import acc  # noqa: PLC0415  click costs 60 ms, which `acc proxy` does not have

    acc.main(arguments, prog_name="acc")
    return 0


if __name__ == "__main__":
    main()
