"""`python -m bench`: the options, the results on the terminal, and the exit status."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench import report
from bench.ground import missing_packages
from bench.run import CASES, Wishes, run

RESULTS = Path(__file__).with_name("results")


def main() -> int:
    """0 whatever the figures; 1 where something broke; 2 where a program is missing."""
    wishes, directory = _options()
    missing = missing_packages()
    if missing:
        print(f"bench needs: apt-get install {' '.join(missing)}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _leave)
    results = run(wishes)
    report.write(results, directory)
    print(report.goals(results))
    print(f"\nThe tables are in {directory}/latest.md, the plot is latest.svg beside it.")
    for trouble in results.troubles:
        print(f"broken: {trouble}", file=sys.stderr)
    return 1 if results.troubles else 0


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """SIGTERM ends a run as Ctrl-C does: everything that was started is ended first."""
    sys.exit(128 + number)


def _options() -> tuple[Wishes, Path]:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure acc beside its peers.")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured at most (7)")
    parser.add_argument("--size", type=int, default=512, metavar="MIB", help="of a stream, each way (512)")
    parser.add_argument("--only", default=",".join(CASES), metavar="CASES", help=f"of {','.join(CASES)}")
    parser.add_argument("--deadline", type=float, default=660, metavar="SECONDS", help="for the whole run (660)")
    parser.add_argument("--tunnels", type=int, default=2000, help="to be held idle (2000)")
    parser.add_argument("--hold", type=float, default=65, metavar="SECONDS", help="for which they are held (65)")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="DIR", help="where the tables go (bench/results)"
    )
    given = parser.parse_args()
    cases = frozenset(given.only.split(","))
    if not cases <= set(CASES):
        parser.error(f"no such case: {', '.join(sorted(cases - set(CASES)))}")
    wishes = Wishes(max(1, given.rounds), given.size << 20, cases, given.deadline, given.tunnels, given.hold)
    return wishes, given.results


if __name__ == "__main__":
    sys.exit(main())
