"""A skipped test fails the run, unless it is in ALLOWED. Loaded by the pytest settings in pyproject.toml.

Rule: a suite that passes has run. What may be skipped is named here with its reason, and is printed at each run.
"""

from collections.abc import Generator

import pytest

ALLOWED = {
    "tests/cli/test_dev.py::test_a_plain_user_can_run_it": "only root can become somebody else",
    "tests/cli/test_dev.py::test_root_can_run_it_from_a_folder_that_is_only_roots": "it is about root",
    "tests/cli/test_dev.py::test_root_is_told_where_postgres_cannot_go": "it is about root",
    "tests/journeys/test_loss.py::test_sockets_that_the_kernel_kills_lose_nothing": "only root can kill sockets",
    "tests/cli/test_directories.py::test_a_file_of_another_user_is_refused": "only root can give a file away",
    "tests/packaging/test_systemd.py::test_systemd_finds_nothing_wrong_with_it": "only where systemd-analyze is",
}
"""Node id, without parameters, and why the test cannot run everywhere."""


def _name(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.nodeid.partition("[")[0]


class Skips:
    """What was skipped in this run."""

    def __init__(self) -> None:
        self.allowed: set[str] = set()
        self.refused: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        if self.refused and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for name in sorted(self.allowed):
            terminalreporter.write_line(f"skipped, as tests/skips.py allows: {name}: {ALLOWED[name]}")
        for name in sorted(self.refused):
            terminalreporter.write_line(f"skipped, which fails the run: {name}", red=True)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            (self.allowed if _name(report) in ALLOWED else self.refused).add(_name(report))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Skips(), "skips")
