"""How a logger meets the statuses of a service."""

from __future__ import annotations

import logging
import threading
import time
from fractions import Fraction
from typing import Any

import grpc
import pytest

from sessionlog_client import CallError, RefusedError, SessionLogger, SessionRecord
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import (
    FakeService,
    Nameless,
    Relay,
    abort,
    accepted,
    broken_log,
    busy,
    eventually,
    free_port,
    quick,
    refuse,
    serve_no_protobuf,
)

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def names(*numbers: int) -> list[str]:
    return [f"session-{number}" for number in numbers]


def append_all(log: SessionLogger, *numbers: int, **fields: Any) -> None:
    for number in numbers:
        log.append(accepted(number, **fields))


def counts(log: SessionLogger) -> tuple[int, int, int, int, int]:
    stats = log.stats()
    return stats.appended, stats.duplicate, stats.refused, stats.dropped, stats.retried


class Gate:
    """An answer that keeps the service waiting until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self, records: list[pb.SessionRecord], context: grpc.ServicerContext) -> None:
        self.reached.set()
        assert self._open.wait(20)

    def open(self) -> None:
        self._open.set()


def test_logger_sends_rows_in_order(fake: FakeService, address: str) -> None:
    with quick(address) as log:
        append_all(log, *range(100))
        assert log.flush(20)
        assert fake.stored == names(*range(100))
        assert counts(log) == (100, 0, 0, 0, 0)
        assert fake.calls[0][0].daemon == "tests"


@pytest.mark.parametrize(
    "code", [UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.ABORTED]
)
def test_logger_tries_again(fake: FakeService, address: str, code: grpc.StatusCode) -> None:
    fake.answers = [abort(code), abort(code)]
    with quick(address) as log:
        log.append(accepted())
        assert log.flush(20)
        assert counts(log) == (1, 0, 0, 0, 2)
    assert fake.calls[0] == fake.calls[1] == fake.calls[2]


def test_logger_honours_retry_info(fake: FakeService, address: str) -> None:
    fake.answers = [busy(0.3)]
    with quick(address) as log:
        log.append(accepted())
        assert log.flush(20)
        assert counts(log) == (1, 0, 0, 0, 1)
    assert fake.times[1] - fake.times[0] >= 0.3


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
    ],
)
def test_logger_gives_up_rows_that_no_retry_helps(
    fake: FakeService, address: str, code: grpc.StatusCode, caplog: pytest.LogCaptureFixture
) -> None:
    fake.answers = [abort(code), abort(code)]
    with quick(address) as log:
        for number in (0, 1, 2):
            log.append(accepted(number))
            assert log.flush(20)
        assert counts(log) == (1, 0, 2, 0, 0)
    assert fake.stored == names(2)
    assert caplog.text.count(f"records refused: {code.name}: scripted") == 1


def test_logger_waits_for_credentials(fake: FakeService, address: str, caplog: pytest.LogCaptureFixture) -> None:
    fake.answers = [abort(grpc.StatusCode.UNAUTHENTICATED)] * 3
    tokens = iter(range(100))
    with quick(address, max_backoff=0.05, token=lambda: f"token-{next(tokens)}") as log:
        log.append(accepted())
        eventually(lambda: log.stats().retried == 3)
        eventually(lambda: log.stats().appended == 1)
        assert counts(log) == (1, 0, 0, 0, 3)
    assert caplog.text.count("service unavailable, records are buffered: UNAUTHENTICATED") == 1


def test_append_sync_does_not_wait_for_credentials(fake: FakeService, address: str) -> None:
    fake.answers = [abort(grpc.StatusCode.UNAUTHENTICATED)]
    with quick(address) as log, pytest.raises(CallError, match="UNAUTHENTICATED"):
        log.append_sync(accepted())


def test_logger_refuses_only_the_record_that_a_batch_fails_for(fake: FakeService, address: str) -> None:
    def answer(records: list[pb.SessionRecord], context: grpc.ServicerContext) -> None:
        if any(record.session_id == "session-123" for record in records):
            abort(grpc.StatusCode.INTERNAL)(records, context)

    gate = Gate()
    fake.answers = [gate, *[answer] * 100]
    with quick(address) as log:
        log.append(accepted(0))
        assert gate.reached.wait(20)
        append_all(log, *range(1, 501))
        gate.open()
        assert log.flush(20)
        assert counts(log) == (500, 0, 1, 0, 0)
    assert fake.stored == [name for name in names(*range(501)) if name != "session-123"]


def test_logger_counts_duplicates(fake: FakeService, address: str) -> None:
    with quick(address) as log:
        append_all(log, 0, 0, 1)
        assert log.flush(20)
        assert counts(log) == (2, 1, 0, 0, 0)


def test_logger_logs_refusals_once_per_reason(
    fake: FakeService, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    def violations(record: pb.SessionRecord) -> list[pb.Violation]:
        if record.kind == "fill":
            return []
        field = f"record.attempts[{record.iterations}].iteration" if record.kind == "email" else "record.kind"
        return [pb.Violation(field=field, reason="NOT_ALLOWED", description=f"not {record.kind}")]

    fake.refuse = violations
    with quick(address) as log:
        for number, kind in enumerate(("poem", "fill", "poem", "email", "email")):
            log.append(SessionRecord(kind, "accepted", iterations=number, session_id=f"session-{number}"))
        assert log.flush(20)
        assert counts(log) == (1, 0, 4, 0, 0)
    assert [record.getMessage().split("; ")[0] for record in caplog.records] == [
        "session log: the record of session session-0 of daemon tests is refused: record.kind NOT_ALLOWED: not poem",
        "session log: the record of session session-3 of daemon tests is refused: "
        "record.attempts[3].iteration NOT_ALLOWED: not email",
    ]


def test_logger_logs_and_counts_records_that_cannot_be_sent(address: str, caplog: pytest.LogCaptureFixture) -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    with quick(address) as log:
        for artifact in ({"a": float("nan")}, {"b": float("inf")}, {1: "a"}, loop):
            log.append(accepted(artifact=artifact))
        log.append(None)  # type: ignore[arg-type]
        assert log.close()
        assert counts(log) == (0, 0, 5, 0, 0)
    reasons = ["NOT_FINITE", "artifact INVALID_FORMAT", "TOO_DEEP", "record INVALID_FORMAT"]
    assert [caplog.text.count(f"record.{r}" if r[0] == "a" else r) for r in reasons] == [1, 1, 1, 1]


class Items(dict[str, Any]):
    def items(self) -> Any:
        raise Nameless


class Number(Fraction):
    def __float__(self) -> float:
        raise Nameless


class Undecided:
    def __bool__(self) -> bool:
        raise Nameless


@pytest.mark.parametrize(
    "fields",
    [
        {"artifact": Items(a=1)},
        {"artifact": {"a": Number(1)}},
        {"artifact": {"a": Nameless()}},
        {"prompt": Undecided()},
        {"grounded_in_roster": Undecided()},
    ],
    ids=["items", "float", "name", "bool", "grounded"],
)
def test_append_raises_nothing_and_counts(
    address: str, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with quick(address) as log:
        raised = False
        try:
            log.append(accepted(**fields))
        except Exception:  # noqa: BLE001 pytest could not print it
            raised = True
        assert not raised
        assert log.close()
        assert counts(log) == (0, 0, 1, 0, 0)
    assert caplog.text.count("the record of session session-0 of daemon tests is refused") == 1


def test_logger_survives_a_log_that_raises(fake: FakeService, address: str) -> None:
    fake.answers = [abort(UNAVAILABLE)]
    log = quick(address, log=broken_log())
    log.append(accepted(artifact={"a": float("nan")}))
    append_all(log, 0, 1, 2, 3, 4)
    assert log.flush(2)
    assert log.close()
    assert log.stats().appended == 5
    assert log.stats().refused == 1


@pytest.mark.parametrize(
    "too_large", [abort(grpc.StatusCode.RESOURCE_EXHAUSTED), refuse(("records", "TOO_LONG"))], ids=["bytes", "rows"]
)
def test_logger_splits_batches_that_are_too_large(fake: FakeService, address: str, too_large: Any) -> None:
    def answer(records: list[pb.SessionRecord], context: grpc.ServicerContext) -> None:
        if len(records) > 2 or any(record.session_id == "session-6" for record in records):
            too_large(records, context)

    gate = Gate()
    fake.answers = [gate, *[answer] * 50]
    with quick(address) as log:
        log.append(accepted(0))
        assert gate.reached.wait(20)
        append_all(log, *range(1, 10))
        gate.open()
        assert log.flush(20)
        assert counts(log) == (9, 0, 1, 0, 0)
    assert fake.stored == names(0, 1, 2, 3, 4, 5, 7, 8, 9)


def test_logger_cuts_batches(fake: FakeService, address: str) -> None:
    gate = Gate()
    fake.answers = [gate]
    with quick(address, batch_rows=4, batch_bytes=10_000) as log:
        log.append(accepted(0))
        assert gate.reached.wait(20)
        append_all(log, *range(1, 10))
        append_all(log, *range(10, 14), prompt="x" * 4_000)
        gate.open()
        assert log.flush(20)
    assert [len(call) for call in fake.calls] == [1, 4, 4, 3, 2]


def test_logger_refuses_a_row_too_large_for_any_message(fake: FakeService, address: str) -> None:
    with quick(address) as log:
        log.append(accepted(0, artifact={"a": "x" * (4 << 20)}))
        log.append(accepted(1, artifact={"a": "x" * (3 << 20)}))
        assert log.flush(20)
        assert counts(log) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize(("overflow", "kept"), [("drop_oldest", names(0, 7, 8, 9)), ("drop_newest", names(0, 1, 2, 3))])
def test_logger_drops_rows_when_the_buffer_is_full(
    fake: FakeService, address: str, overflow: str, kept: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    fake.answers = [gate]
    with quick(address, buffer_rows=4, overflow=overflow) as log:
        log.append(accepted(0))
        assert gate.reached.wait(20)
        append_all(log, *range(1, 10))
        assert log.stats().buffered == 4
        gate.open()
        assert log.flush(20)
        assert counts(log) == (4, 0, 0, 6, 0)
    assert fake.stored == kept
    assert "6 records dropped: buffer full" in caplog.text


def test_logger_ends_a_call_at_its_deadline_and_tries_again(fake: FakeService, address: str) -> None:
    gate = Gate()
    fake.answers = [gate]
    with quick(address, call_timeout=0.2) as log:
        log.append(accepted())
        assert log.flush(20)
        assert counts(log) == (1, 0, 0, 0, 1)
        gate.open()


def test_flush_returns_false_when_it_takes_longer(fake: FakeService, address: str) -> None:
    gate = Gate()
    fake.answers = [gate]
    with quick(address) as log:
        log.append(accepted())
        assert not log.flush(0.05)
        gate.open()
        assert log.flush(20)


def test_logger_logs_an_outage_once_and_its_end(
    fake: FakeService, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake.answers = [abort(UNAVAILABLE)] * 5
    with caplog.at_level(logging.INFO, "sessionlog_client"), quick(address) as log:
        log.append(accepted())
        assert log.flush(20)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO", "INFO"]


def test_logger_logs_each_status_of_an_outage_once(
    fake: FakeService, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake.answers = [abort(UNAVAILABLE), busy(0.001)] * 10
    with quick(address) as log:
        log.append(accepted(0))
        assert log.flush(20)
        assert caplog.text.count("records are buffered") == 2
        fake.answers = [abort(UNAVAILABLE)]
        log.append(accepted(1))
        assert log.flush(20)
    assert caplog.text.count("records are buffered") == 3


def test_logger_logs_an_outage_five_reasons_at_most(
    fake: FakeService, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake.answers = [abort(UNAVAILABLE, f"{letter} is away, port {number}") for letter in "abcdefg" for number in (1, 2)]
    with quick(address) as log:
        log.append(accepted())
        assert log.flush(20)
    logged = [record.getMessage()[-len("a is away, port 1") :] for record in caplog.records]
    assert logged == [f"{letter} is away, port 1" for letter in "abcde"]


def test_logger_leaves_a_connection_that_has_gone_silent(fake: FakeService, address: str) -> None:
    with Relay(address) as relay, quick(relay.address, call_timeout=0.5) as log:
        log.append(accepted(0))
        assert log.flush(20)
        relay.silence()
        log.append(accepted(1))
        assert log.flush(5)
    assert fake.stored == names(0, 1)


@pytest.mark.parametrize("variable", ["grpc_proxy", "https_proxy", "http_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "ipv4:127.0.0.1"])
def test_logger_asks_no_proxy_for_this_machine(
    address: str, host: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("grpc_proxy", "https_proxy", "http_proxy", "no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    with quick(address.replace("127.0.0.1", host), token="secret") as log:
        assert log.append_sync(accepted(), 3).sequence == 1


def test_logger_takes_no_reply_that_is_none(caplog: pytest.LogCaptureFixture) -> None:
    for address in serve_no_protobuf():
        with quick(address) as log:
            with pytest.raises(CallError, match="INTERNAL"):
                log.append_sync(accepted(0))
            for number in (1, 2):
                log.append(accepted(number))
                assert log.flush(20)
            assert counts(log) == (0, 0, 2, 0, 0)
    assert caplog.text.count("the reply cannot be read") == 1


@pytest.mark.parametrize(("results", "expected"), [(1, (2, 0, 2, 0, 0)), (5, (4, 0, 0, 0, 0))])
def test_logger_logs_a_reply_with_another_number_of_results(
    fake: FakeService, address: str, results: int, expected: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    def amend(response: pb.BatchAppendSessionsResponse) -> None:
        if len(response.results) == 3:
            del response.results[results:]
            response.results.extend([response.results[0]] * (results - len(response.results)))

    gate = Gate()
    fake.answers, fake.amend = [gate], amend
    with quick(address) as log:
        log.append(accepted(0))
        assert gate.reached.wait(20)
        append_all(log, 1, 2, 3)
        gate.open()
        assert log.flush(20)
        assert counts(log) == expected
    assert caplog.text.count(f"a reply has {results} results for 3 records") == 1


def test_logger_sends_the_token(fake: FakeService, address: str) -> None:
    tokens = iter(["first", "second"])
    with quick(address, token="fixed") as log, quick(address, token=lambda: next(tokens)) as rotating:
        log.append_sync(accepted(0))
        rotating.append_sync(accepted(1))
        rotating.append_sync(accepted(2))
    sent = [metadata["authorization"] for metadata in fake.metadata]
    assert sent == ["Bearer fixed", "Bearer first", "Bearer second"]


def test_logger_keeps_the_token_from_other_machines_without_tls(caplog: pytest.LogCaptureFixture) -> None:
    with quick("log.example:50051", token="secret") as log:
        log.append(accepted())
        with pytest.raises(CallError, match="UNAUTHENTICATED"):
            log.append_sync(accepted())
        assert log.stats().dropped == 1
    assert caplog.text.count("a token is sent to another machine only with tls or insecure_token") == 1


def test_append_sync_answers(fake: FakeService, address: str) -> None:
    fake.answers = [abort(UNAVAILABLE), busy(0.01)]
    with quick(address) as log:
        appended = log.append_sync(accepted(0, timestamp=1_700_000_000_123_456_789))
        assert appended.session_id == "session-0"
        assert appended.timestamp_ns == 1_700_000_000_123_456_789
        assert (appended.sequence, appended.duplicate) == (1, False)
        assert log.append_sync(accepted(0)).duplicate
        assert counts(log) == (1, 1, 0, 0, 2)


def test_append_sync_raises_what_the_service_refuses(fake: FakeService, address: str) -> None:
    fake.answers = [refuse(("record.kind", "NOT_ALLOWED"), ("record.daemon", "REQUIRED"))]
    with quick(address) as log:
        with pytest.raises(RefusedError) as refused:
            log.append_sync(accepted())
        assert [(v.field, v.reason) for v in refused.value.violations] == [
            ("record.kind", "NOT_ALLOWED"),
            ("record.daemon", "REQUIRED"),
        ]
        with pytest.raises(RefusedError, match="NOT_FINITE"):
            log.append_sync(accepted(artifact={"a": float("nan")}))
        assert counts(log) == (0, 0, 2, 0, 0)


def test_append_sync_raises_when_the_time_is_over(fake: FakeService, address: str) -> None:
    fake.answers = [busy(60), *[abort(UNAVAILABLE)] * 10_000]
    with quick(address) as log:
        with pytest.raises(CallError) as failed:
            log.append_sync(accepted(), 20)
        assert (failed.value.code, failed.value.retry_after) == ("RESOURCE_EXHAUSTED", 60)
        with pytest.raises(CallError, match="UNAVAILABLE"):
            log.append_sync(accepted(), 2)


def test_append_sync_whose_last_call_is_cut_short_says_why_the_others_failed(fake: FakeService, address: str) -> None:
    def stall(records: object, context: grpc.ServicerContext) -> None:
        while context.is_active():
            time.sleep(0.01)

    fake.answers = [abort(UNAVAILABLE, "scripted"), stall]
    with quick(address) as log, pytest.raises(CallError, match="UNAVAILABLE: scripted"):
        log.append_sync(accepted(), 2)


def test_logger_survives_an_unexpected_error(
    fake: FakeService, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with quick(address) as log:
        with monkeypatch.context() as patch:
            patch.setattr("sessionlog_client.delivery.sender.Sender._count", lambda *_: 1 / 0)
            log.append(accepted(0))
            assert log.flush(20)
        log.append(accepted(1))
        assert log.flush(20)
        assert counts(log) == (1, 0, 1, 0, 0)
    assert "unexpected error" in caplog.text


def test_stats_tell_what_is_buffered(fake: FakeService, address: str) -> None:
    gate = Gate()
    fake.answers = [gate]
    with quick(address) as log:
        append_all(log, 0, 1, 2)
        assert log.stats().buffered == 3
        assert 300 < log.stats().buffered_bytes < 1_000
        gate.open()
        eventually(lambda: log.stats().buffered_bytes == 0)
