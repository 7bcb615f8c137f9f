"""Runs tests of the client with pytest, and tells each as one JSON object a line: `name` and `problem`.

behaviour.py TEST_FILE…
"""

from __future__ import annotations

import json
import sys

import pytest

# Without a terminal of its own, pytest knows none of the options that are about one.
OPTIONS = ["-p", "no:cacheprovider", "-p", "no:terminal", "-o", "addopts="]


class Tellings:
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # What is set up and torn down is told only when it goes wrong.
        if report.when != "call" and report.passed:
            return
        name = report.nodeid.split("::")[-1].removeprefix("test_").replace("_", " ")
        problem = None if report.passed else f"{report.outcome}: {report.longreprtext or report.longrepr}"
        print(json.dumps({"name": name, "problem": problem}), file=sys.__stdout__, flush=True)


def main() -> int:
    return pytest.main([*OPTIONS, *sys.argv[1:]], plugins=[Tellings()])


if __name__ == "__main__":
    sys.exit(main())
