"""Runs tests of the client with pytest, and prints one JSON object per test: `name`, `outcome`, `said`.

run_tests.py TESTS…
"""

from __future__ import annotations

import json
import sys
from pathlib import PurePath

import pytest

# Without a terminal of its own, pytest knows none of the options that are about one.
OPTIONS = ["-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts="]


def name_of(nodeid: str) -> str:
    file, _, test = nodeid.partition("::")
    about = PurePath(file).stem.removeprefix("test_")
    return f"{about}: {test.removeprefix('test_').replace('_', ' ')}" if test else about


class Tellings:
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.tell(report, unless_passed=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # What is set up and torn down is printed only when it fails.
        self.tell(report, unless_passed=report.when != "call")

    def tell(self, report: pytest.CollectReport | pytest.TestReport, *, unless_passed: bool) -> None:
        if unless_passed and report.passed:
            return
        said = "" if report.passed else report.longreprtext or str(report.longrepr)
        telling = {"name": name_of(report.nodeid), "outcome": report.outcome, "said": said}
        print(json.dumps(telling), file=sys.__stdout__, flush=True)


def main() -> int:
    return pytest.main([*OPTIONS, *sys.argv[1:]], plugins=[Tellings()])


if __name__ == "__main__":
    sys.exit(main())
