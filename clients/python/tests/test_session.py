"""The session object: whatever happens in the loop, one record, once, and the caller's exception as it was."""

from __future__ import annotations

import asyncio
import builtins
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from sessionlog_client import (
    IterateFailure,
    IterateRequest,
    IterateResponse,
    SessionAttempt,
    SessionLogger,
    SessionRecord,
    build_session_record,
    roster_check_for,
)
from sessionlog_client.records.encode import encode_record
from sessionlog_client.records.session import Session
from sessionlog_client.records.trace import no_span
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import FakeService, RealService, cases, eventually, quick


def error_of(text: str | list[str]) -> Exception:
    """An exception with that message, or with those of its causes too."""
    texts = [text] if isinstance(text, str) else text
    error: Exception | None = None
    for message in reversed(texts):
        cause, error = error, ValueError(message)
        error.__cause__ = cause
    assert error is not None
    return error


class Log:
    """Sessions whose records are kept here."""

    def __init__(self) -> None:
        self.records: list[SessionRecord] = []
        self.warnings: list[str] = []

    def session(self, request: dict[str, Any] | None = None, roster: Any = None) -> Session:
        fields: dict[str, Any] = {"kind": "fill", "max_iterations": 3} | (request or {})
        return Session(IterateRequest(**fields), roster, self.records.append, self.warnings.append, no_span)


@pytest.fixture
def log() -> Log:
    return Log()


def comparable(record: SessionRecord) -> pb.SessionRecord:
    message = pb.AppendSessionRequest.FromString(encode_record(record, "tests", 1 << 20)).record
    for name in ("session_id", "timestamp", "daemon", "duration_ms"):
        message.ClearField(name)
    return message


def roster_of(case: dict[str, Any]) -> Any:
    return roster_check_for(case["request"]["kind"], case["roster"].__contains__) if "roster" in case else None


def argument(name: str, value: Any) -> Any:
    # An empty text is an exception without one, which would have its type's name.
    return value if name == "accept" or value == "" else error_of(value)


@pytest.mark.parametrize("case", cases("sessions.jsonl"))
def test_session(case: dict[str, Any], log: Log) -> None:
    raised = error_of(case["end"]["error"]) if "end" in case else None

    def run() -> None:
        request = {"max_iterations": 0} | case["request"]
        with log.session(request, roster_of(case)) as session:
            for call in case["calls"]:
                [(name, value)] = call.items()
                getattr(session, name)(argument(name, value))
            if raised is not None:
                raise raised

    if raised is None:
        run()
    else:
        with pytest.raises(ValueError) as passed:  # noqa: PT011 it is that one
            run()
        assert passed.value is raised
    [record] = log.records
    assert comparable(record) == ParseDict(case["row"], pb.SessionRecord())


@pytest.mark.parametrize("case", cases("sessions.jsonl"))
def test_build_session_record_of_the_same_session(case: dict[str, Any]) -> None:
    row = case["row"]
    artifacts = [call["accept"] for call in case["calls"] if "accept" in call]
    history = [SessionAttempt(**attempt) for attempt in row.get("attempts", [])]
    iterations = row.get("iterations", 0)
    response = failure = error = None
    if artifacts:
        response = IterateResponse(artifacts[0], iterations, history)
    elif row["final_verdict"] == "max_iter_exhausted":
        failure = IterateFailure(iterations, history)
    else:
        error = str(history.pop().error)
    record = build_session_record(
        IterateRequest(**case["request"]), response, failure, error, roster_of(case), history=history
    )
    assert comparable(record) == ParseDict(row, pb.SessionRecord())


def test_session_counts_time_and_attempts_by_itself(log: Log) -> None:
    with log.session() as session:
        numbers = []
        for number in session.attempts():
            session.no_json("a")
            numbers.append(number)
        assert numbers == [0, 1, 2]
        time.sleep(0.02)
    [record] = log.records
    assert (record.iterations, [attempt.iteration for attempt in record.attempts]) == (3, [0, 1, 2])
    assert record.duration_ms >= 20


def test_session_attempts_end_with_accept(log: Log) -> None:
    with log.session() as session:
        assert [session.accept({"n": number}) for number in session.attempts()] == [{"n": 0}]


def positive(value: Any) -> dict[str, int]:
    if value["n"] <= 0:
        raise ValueError("expected n above 0")
    return {"n": value["n"]}


def test_session_accepts_json(log: Log) -> None:
    answers: list[str | bytes] = ["no", b'{"n": NaN}', "[" * 100_000, '{"n": 0}', "{}", '{"n": 1}']
    with log.session({"max_iterations": 9}) as session:
        accepted = [session.accept_json(answer, positive) for answer in answers]
    assert accepted == [None, None, None, None, None, {"n": 1}]
    [record] = log.records
    found = [(attempt.verdict_kind, attempt.error) for attempt in record.attempts]
    assert [kind for kind, _ in found] == ["no_json"] * 3 + ["validation_failed"] * 2 + ["accepted"]
    assert [error for _, error in found][1:5:2] == ["NaN is not JSON", "expected n above 0"]
    assert record.artifact == {"n": 1}


def test_session_with_a_loop_that_never_ends(log: Log) -> None:
    with log.session({"max_iterations": 0}) as session:
        assert sum(1 for _ in session.attempts()) == 1_000
        for number in range(2_500):
            session.no_json(str(number))
    [record] = log.records
    assert [attempt.error for attempt in record.attempts] == [*map(str, range(999)), "2499"]
    assert record.iterations == 1_000


def test_session_accepted_twice_is_told(log: Log) -> None:
    with log.session({"trace_id": "s-1"}) as session:
        assert session.accept({"n": 1}) == {"n": 1}
        assert session.accept({"n": 2}) == {"n": 2}
    assert log.warnings == ["session s-1: accept was called again; the first artifact counts"]
    assert log.records[0].artifact == {"n": 1}


def test_session_accepts_the_artifact_as_it_is_then(log: Log) -> None:
    artifact: dict[str, Any] = {"fills": []}
    with log.session() as session:
        assert session.accept(artifact) is artifact
        artifact["fills"].append("later")
    assert log.records[0].artifact == {"fills": []}


def test_session_does_nothing_after_its_end(log: Log) -> None:
    with log.session() as session:
        session.no_json("a")
    session.end(ValueError("late"))
    session.accept({})
    session.no_json("b")
    with session:
        pass
    assert [(record.final_verdict, len(record.attempts)) for record in log.records] == [("max_iter_exhausted", 1)]


def test_session_ended_without_a_with(log: Log) -> None:
    log.session().end()
    log.session().end(OSError("down"))
    assert [record.final_verdict for record in log.records] == ["max_iter_exhausted", "infra_error"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), asyncio.CancelledError()])
def test_session_left_by_what_is_no_exception(log: Log, error: BaseException) -> None:
    with pytest.raises(type(error)) as passed, log.session():
        raise error
    assert passed.value is error
    [record] = log.records
    assert (record.final_verdict, record.attempts[0].error) == ("infra_error", str(error) or type(error).__name__)


def test_session_cancelled_by_wait_for(log: Log) -> None:
    async def ask() -> None:
        with log.session() as session:
            session.no_json("a")
            await asyncio.sleep(60)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(ask(), 0.01))
    [record] = log.records
    assert [attempt.verdict_kind for attempt in record.attempts] == ["no_json", "infra_error"]


def test_session_left_by_an_exception_that_tells_nothing(log: Log) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise LookupError("no text")

    with pytest.raises(Mute), log.session():
        raise Mute
    assert log.records[0].attempts[0].error == "Mute"


def test_session_with_causes_that_go_round(log: Log) -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    log.session().end(first)
    assert log.records[0].attempts[0].error == "first: second"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups of exceptions came with Python 3.11")
def test_session_left_by_a_group_of_exceptions(log: Log) -> None:
    group: Any = vars(builtins)["ExceptionGroup"]
    error = group("unhandled errors", [ValueError("a"), OSError("b")])
    log.session().end(error)
    assert log.records[0].attempts[0].error == "unhandled errors (2 sub-exceptions): a; b"


def test_session_whose_roster_check_is_interrupted(log: Log) -> None:
    def interrupted(artifact: Any) -> bool:
        raise KeyboardInterrupt

    session = log.session(roster=interrupted)
    session.accept({"fills": []})
    with pytest.raises(KeyboardInterrupt):
        session.end()
    [record] = log.records
    assert (record.final_verdict, record.grounded_in_roster) == ("accepted", None)


def test_session_used_by_two_threads(log: Log) -> None:
    session = log.session({"max_iterations": 1_000})
    barrier = threading.Barrier(8)

    def use(number: int) -> None:
        barrier.wait()
        for _ in range(50):
            session.no_json(str(number))
        session.accept({"n": number})
        session.end()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [record] = log.records
    assert [attempt.iteration for attempt in record.attempts] == list(range(len(record.attempts)))
    assert [a.verdict_kind for a in record.attempts].count("accepted") == 1
    assert record.attempts[-1].verdict_kind == record.final_verdict == "accepted"
    encode_record(record, "tests", 1 << 20)


class Hostile:
    @property
    def model_dump(self) -> Any:
        raise LookupError("a property that throws")


@pytest.mark.parametrize("artifact", [Hostile(), {"v": Hostile()}, {"v": object()}, {"v": range(10**9)}, [1]])
def test_session_raises_nothing_because_of_an_artifact(
    fake: FakeService, address: str, artifact: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with quick(address) as logger:
        with logger.session("fill", trace_id="s-1") as session:
            assert session.accept(artifact) is artifact
        assert logger.flush(20)
        assert (logger.stats().refused, fake.stored) == (1, [])
    assert "is refused" in caplog.text


def test_session_in_the_child_of_a_fork_is_not_ended_there(log: Log) -> None:
    with log.session() as session:
        child = os.fork()
        if child == 0:
            session.end()
            os._exit(len(log.records))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(log.records) == 1


def test_session_of_a_logger_that_is_off() -> None:
    asked: list[Any] = []
    session = SessionLogger("").session("fill", max_iterations=2, roster=asked.append)
    error = ValueError("passed on")
    numbers = []

    def work() -> None:
        with session:
            for number in session.attempts():
                session.no_json()
                numbers.append(number)
            assert session.accept({"n": 1}) == {"n": 1}
            raise error

    with pytest.raises(ValueError, match="passed on") as passed:
        work()
    assert passed.value is error
    assert (session.session_id, numbers, asked) == ("", [0, 1], [])


def test_session_has_its_row_under_the_id_that_it_has(fake: FakeService, address: str) -> None:
    with quick(address) as log:
        with log.session("fill", trace_id="given") as given, log.session("fill") as stamped:
            assert len(stamped.session_id) == 32
        assert log.flush(20)
    assert sorted(fake.stored) == sorted([given.session_id, stamped.session_id])


KILLED = """
import sys, time
from sessionlog_client import SessionLogger

log = SessionLogger(sys.argv[1])
for number in range(100_000):
    with log.session("fill", prompt="x" * 3_000, max_iterations=3, trace_id=f"{sys.argv[2]}-{number}") as session:
        session.no_json("a")
        session.validation_failed("b")
        session.accept({"fills": [{"worker_id": "W-1"}] * 100})
    if number % 50 == 0:
        log.flush(20) if number == 0 else None
        print(number, flush=True)
"""


def test_session_of_a_daemon_that_is_killed(service: RealService) -> None:
    """At whatever moment: each session has one row or none, and a whole one."""
    service.start()
    for run in range(4):
        daemon = subprocess.Popen([sys.executable, "-c", KILLED, service.address, str(run)], stdout=subprocess.PIPE)
        assert daemon.stdout is not None
        for _ in range(run + 1):
            daemon.stdout.readline()
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    before = -1

    def settled() -> bool:
        nonlocal before
        time.sleep(0.2)
        rows, last = len(service.rows()), before
        before = rows
        return rows == last

    eventually(settled)
    rows = service.rows()
    assert len(rows) > 0
    assert {row["final_verdict"] for row in rows} == {"accepted"}
    assert {len(row["artifact"]["fills"]) for row in rows} == {100}
    assert len({row["session_id"] for row in rows}) == len(rows)


def test_session_calls_take_no_time(log: Log) -> None:
    """An exception is not delayed: what a session does is far below a model's answer."""
    began = time.perf_counter()
    for _ in range(1_000):
        with log.session({"prompt": "x" * 3_000}) as session:
            session.no_json(ValueError("a"))
            session.accept({"fills": [{"worker_id": "W-1"}] * 10})
    assert time.perf_counter() - began < 5
