"""The logger for daemons' tests refuses what the service refuses, by the service's golden cases."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from sessionlog_client import CallError, RefusedError, SessionAttempt, SessionLogger, SessionRecord
from sessionlog_client.testing import MemoryLogger
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import accepted

pytest_plugins = ["pytester"]

GOLDEN = Path(__file__).resolve().parents[3] / "test" / "golden"


def golden(file: str) -> list[Any]:
    cases = list(map(json.loads, (GOLDEN / file).read_text().split("\n")[:-1]))
    for case in cases:
        # A long text stands in the file as what is repeated, and where.
        if repeat := case.get("repeat"):
            *path, last = repeat["path"]
            reduce(getitem, path, case["send"])[last] = repeat["text"] * repeat["times"]
    return [pytest.param(case, id=case["name"]) for case in cases]


def lenient() -> MemoryLogger:
    return MemoryLogger(daemon="", strict=False)


@pytest.mark.parametrize("case", golden("accept.jsonl"))
def test_memory_logger_keeps_what_the_service_stores(case: Any) -> None:
    log = lenient()
    log.append(json_format.ParseDict(case["send"], pb.SessionRecord()))
    assert log.refused == []
    expected = json.loads(case["row"])
    if "session_id" not in case["send"]:
        expected["session_id"] = log.rows[0]["session_id"]
    assert log.rows == [expected]
    assert list(log.rows[0]) == list(expected)


@pytest.mark.parametrize("case", golden("reject.jsonl"))
def test_memory_logger_refuses_what_the_service_refuses(case: Any) -> None:
    log = lenient()
    log.append(json_format.ParseDict(case["send"], pb.SessionRecord()))
    [error] = log.refused
    found = sorted((violation.field, violation.reason) for violation in error.violations)
    assert found == sorted((violation["field"], violation["reason"]) for violation in case["violations"])
    assert log.rows == []


def bad() -> SessionRecord:
    return SessionRecord("fill", "infra_error", attempts=[SessionAttempt(0, "accepted")], session_id="s-1")


def test_memory_logger_has_records_and_rows() -> None:
    log = MemoryLogger()
    log.append(accepted(1))
    with log.session("fill", prompt="p", max_iterations=3) as session:
        session.no_json("a")
    first, second = log.records
    assert (first.session_id, first.artifact) == ("session-1", accepted().artifact)
    assert (second.final_verdict, second.attempts[0].error, second.daemon) == ("max_iter_exhausted", "a", "tests")
    assert [row["iterations"] for row in log.rows] == [1, 1]
    assert isinstance(log, SessionLogger)
    assert log.enabled
    assert log.stats().appended == 2


def test_memory_logger_is_strict() -> None:
    log = MemoryLogger()
    message = r"the record of session s-1 of daemon tests is refused: record\.attempts\[0\]\.verdict_kind INCONSISTENT"
    with pytest.raises(AssertionError, match=message):
        log.append(bad())
    # A daemon may have caught that.
    for look in (lambda: log.records, lambda: log.rows, log.flush, log.close):
        with pytest.raises(AssertionError, match=message):
            look()
    assert len(log.refused) == 1


def test_memory_logger_that_is_lenient_only_keeps_refusals() -> None:
    with MemoryLogger(strict=False) as log:
        log.append(bad())
        log.append(accepted(artifact={"n": float("nan")}))
        assert [error.violations[0].reason for error in log.refused] == ["INCONSISTENT", "NOT_FINITE"]
        assert (log.records, log.stats().refused) == ([], 2)


def test_memory_logger_changes_no_exception_of_the_daemon() -> None:
    log = MemoryLogger()
    error = OSError("the daemon's own")
    with pytest.raises(OSError, match="own") as passed, log, log.session("poem"):
        raise error
    assert passed.value is error
    assert len(log.refused) == 1


def test_memory_logger_has_other_kinds_when_it_is_told() -> None:
    MemoryLogger(kinds=["poem"]).append(SessionRecord("poem", "infra_error"))


def test_memory_logger_answers() -> None:
    log = MemoryLogger(strict=False)
    assert log.append_sync(accepted(1)).sequence == 1
    assert log.append_sync(accepted(2), validate_only=True).sequence == 0
    assert asyncio.run(log.append_and_wait(accepted(2))).sequence == 2
    with pytest.raises(RefusedError):
        log.append_sync(bad())
    log.close()
    log.append(accepted(3))
    assert log.stats().dropped == 1
    with pytest.raises(CallError, match="CLOSED"):
        log.append_sync(accepted(3))


def test_fixture_session_log(session_log: MemoryLogger) -> None:
    session_log.append(accepted(1))
    assert session_log.records[0].final_verdict == "accepted"


def test_fixture_session_log_fails_a_test_whose_daemon_hides_a_refusal(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from contextlib import suppress
        from sessionlog_client import SessionRecord

        def test_handler(session_log):
            with suppress(Exception):
                session_log.append(SessionRecord("poem", "accepted"))
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*AssertionError: the record * is refused: record.kind NOT_ALLOWED*"])


def test_fixture_costs_no_import_of_grpc() -> None:
    program = "import sys, sessionlog_client_pytest; sys.exit('grpc' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
