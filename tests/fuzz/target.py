"""What is fuzzed: a parser with what it may refuse, and what must hold where it does not.

Rule: a target takes any bytes. It returns, or raises an AccError with one of `refusals`; whatever else it raises, an
assertion among it, is a defect. The fuzzer and the replay of the corpus run the same targets.
"""

from collections.abc import Callable
from dataclasses import dataclass

from acc.wire.errors import AccError, Code


@dataclass(frozen=True, slots=True)
class Target:
    """One parser. `longest` is the most bytes that are worth trying."""

    run: Callable[[bytes], None]
    refusals: frozenset[Code]
    longest: int = 4096

    def check(self, data: bytes) -> None:
        """Raises what is a defect."""
        try:
            self.run(data)
        except AccError as error:
            if error.code not in self.refusals:
                raise
            str(error)  # which every log and terminal asks for
