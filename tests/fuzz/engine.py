"""One search, in a process of its own: a target under atheris, which sees what each input reaches.

python -m tests.fuzz.engine TARGET [libFuzzer's arguments]
"""

import sys

import atheris

INSTRUMENTED = ["acc", "json", "base64", "betterproto2"]


def fuzz(name: str, arguments: list[str]) -> None:
    """Runs libFuzzer on the target called `name`. Does not return."""
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.table import TARGETS  # noqa: PLC0415  what is imported here is instrumented

    # The first argument is how libFuzzer calls us again, to merge.
    atheris.Setup([f"{sys.executable} -m tests.fuzz.engine {name}", *arguments], TARGETS[name].check)
    atheris.Fuzz()


if __name__ == "__main__":
    fuzz(sys.argv[1], sys.argv[2:])
