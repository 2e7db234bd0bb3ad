"""`acc-controller` and `python -m acc.controlplane`: says which extra is missing, where one is."""

import sys


def main() -> None:
    """The console script."""
    try:
        from acc.controlplane.main import controller  # noqa: PLC0415 (the import is what may fail)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("acc."):
            raise
        sys.exit(
            f"acc-controller needs the Python package {missing.name!r}, which is not installed.\n"
            "Install the server part with: pip install 'acc-access[controlplane]'"
        )
    controller()


if __name__ == "__main__":
    main()
