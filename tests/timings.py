"""Where a test run's seconds went, by folder: said at its end when `--durations` asks for the slowest tests."""

from __future__ import annotations

from collections import Counter

import pytest

_seconds: Counter[str] = Counter()
_tests: Counter[str] = Counter()


def folder_of(nodeid: str) -> str:
    """Return the folder under `tests`, of unit tests with the package: `integration`, `unit/argus`."""
    parts = nodeid.split("::")[0].split("/")[1:-1]
    return "/".join(parts[:2]) or "tests"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    folder = folder_of(report.nodeid)
    _seconds[folder] += report.duration
    _tests[folder] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.option.durations is None:
        return
    terminalreporter.section("seconds by folder, of all lanes together")
    for folder, seconds in _seconds.most_common():
        terminalreporter.line(f"{seconds:8.1f}s  {_tests[folder]:5} tests  {folder}")
