from __future__ import annotations

import enum
import re
import tracemalloc
from collections import OrderedDict, UserList
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from sessionlog_client import RefusedError, SessionAttempt, SessionRecord
from sessionlog_client.records.encode import encode_record
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import accepted, cases

LIMIT = 1 << 20


class Level(enum.IntEnum):
    LOW = 1


class Verdict(str, enum.Enum):
    ACCEPTED = "accepted"


def encoded(record: Any, daemon: str = "tests", limit: int = LIMIT) -> pb.SessionRecord:
    return pb.AppendSessionRequest.FromString(encode_record(record, daemon, limit)).record


def artifact(value: Any) -> Any:
    return MessageToDict(encoded(accepted(artifact={"v": value})))["artifact"]["v"]


def violation(record: Any, limit: int = LIMIT) -> tuple[str, str]:
    with pytest.raises(RefusedError) as refused:
        encode_record(record, "tests", limit)
    return refused.value.violations[0].field, refused.value.violations[0].reason


def record_of(fields: dict[str, Any]) -> SessionRecord:
    attempts = [SessionAttempt(**attempt) for attempt in fields.pop("attempts", [])]
    timestamp = fields.pop("timestamp")
    time_ns = timestamp["seconds"] * 10**9 + timestamp["nanos"]
    record = SessionRecord("", "", attempts=attempts, timestamp=time_ns)  # type: ignore[arg-type]
    for name, value in fields.items():
        setattr(record, name, value)
    return record


@pytest.mark.parametrize("case", cases("records.jsonl"))
def test_encode_record(case: dict[str, Any]) -> None:
    record, limit = record_of(case["record"]), case.get("bytes_max", LIMIT)
    if "refusal" in case:
        assert violation(record, limit) == (case["refusal"]["field"], case["refusal"]["reason"])
    else:
        request = encode_record(record, "", limit)
        assert request == pb.AppendSessionRequest(record=encoded(record)).SerializeToString(deterministic=True)
        assert request.hex().endswith(case["bytes"])


def test_requests_joined_are_a_batch() -> None:
    records = [accepted(number) for number in range(3)]
    batch = b"".join(encode_record(record, "tests", LIMIT) for record in records)
    ids = [record.session_id for record in pb.BatchAppendSessionsRequest.FromString(batch).records]
    assert ids == [record.session_id for record in records]


LONG = "x" * (64 * LIMIT)


@pytest.mark.parametrize(
    "fields",
    [
        {"artifact": {"a": LONG}},
        {"artifact": {"a": [LONG]}},
        {"artifact": {LONG: 1}},
        {"artifact": {"a": LONG.encode()}},
        {"model": LONG},
        {"model": LONG.encode()},
        {"attempts": [SessionAttempt(0, "accepted", span_id=LONG)]},
    ],
    ids=["text", "item", "key", "bytes", "field", "bytes in a field", "attempt"],
)
def test_encode_record_copies_no_text_that_is_too_long(fields: dict[str, Any]) -> None:
    record = accepted(**fields)
    tracemalloc.start()
    try:
        assert violation(record)[1] == "TOO_LONG"
        assert tracemalloc.get_traced_memory()[1] < LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("field", ["prompt", "error"])
def test_encode_record_copies_no_more_of_bytes_than_it_keeps(field: str) -> None:
    text = ("\U0001f642" * 4_000).encode()
    attempt = SessionAttempt(0, "accepted")
    record = accepted(attempts=[attempt])
    setattr(record if field == "prompt" else attempt, field, text + b"\xff" * (64 * LIMIT))
    tracemalloc.start()
    try:
        message = encoded(record)
        assert tracemalloc.get_traced_memory()[1] < LIMIT
    finally:
        tracemalloc.stop()
    assert (message.prompt if field == "prompt" else message.attempts[0].error).encode() == text


@pytest.mark.parametrize("grounded", ["no", 0, 1, [], 1.0])
def test_encode_record_refuses_a_grounding_that_is_no_bool(grounded: Any) -> None:
    assert violation(accepted(grounded_in_roster=grounded)) == ("record.grounded_in_roster", "INVALID_FORMAT")


def test_encode_record_stamps_what_is_missing() -> None:
    first, second = encoded(accepted(session_id="")), encoded(accepted(session_id=""))
    assert re.fullmatch("[0-9a-f]{32}", first.session_id)
    assert first.session_id != second.session_id
    assert abs(first.timestamp.ToNanoseconds() / 1e9 - datetime.now().timestamp()) < 60
    assert first.daemon == "tests"


def test_encode_record_stamps_a_message_and_leaves_it_as_it_is() -> None:
    message = pb.SessionRecord(kind="fill")
    row = encoded(message)
    assert len(row.session_id) == 32
    assert row.HasField("timestamp")
    assert row.daemon == "tests"
    assert message == pb.SessionRecord(kind="fill")
    message = pb.SessionRecord(kind="fill", session_id="s", daemon="d", timestamp={"seconds": 1})
    assert encoded(message) == message


@pytest.mark.parametrize(
    ("timestamp", "nanoseconds"),
    [
        (0, 0),
        (-1, -1),
        (datetime(2026, 5, 2, 5, 22, 9, 123456, tzinfo=timezone(timedelta(hours=2))), 1_777_692_129_123_456_000),
        (datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=timezone.utc), -1_000),
    ],
)
def test_encode_record_takes_times(timestamp: datetime | int, nanoseconds: int) -> None:
    assert encoded(accepted(timestamp=timestamp)).timestamp.ToNanoseconds() == nanoseconds


def test_encode_record_cuts_long_texts_by_code_points() -> None:
    row = encoded(accepted(prompt="😀" * 9_000_000, attempts=[SessionAttempt(0, "accepted", "é" * 5_000)]))
    assert row.prompt == "😀" * 4_000
    assert row.attempts[0].error == "é" * 4_000


def test_encode_record_repairs_text_everywhere() -> None:
    row = encoded(accepted(prompt=b"a\xff", model="m\udcff", artifact={"k\udcff": "v\ud800", "b": b"\xf0\x9f"}))
    assert (row.prompt, row.model) == ("a\ufffd", "m\ufffd")
    assert MessageToDict(row)["artifact"] == {"k\ufffd": "v\ufffd", "b": "\ufffd"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Verdict.ACCEPTED, "accepted"),
        (Level.LOW, 1.0),
        (OrderedDict(a=1), {"a": 1.0}),
        ((1, 2), [1.0, 2.0]),
        (UserList([1]), [1.0]),
        (Fraction(1, 2), 0.5),
        (2**64, 2.0**64),
    ],
)
def test_encode_record_takes_what_json_would_say_of_a_value(value: Any, expected: Any) -> None:
    assert artifact(value) == expected


class Hostile(dict[str, object]):
    def items(self) -> Any:
        raise ValueError("no")


def cyclic(depth: int = 1) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    outer = inner
    for _ in range(depth):
        outer = {"c": [outer]}
    inner["c"] = outer
    return inner


def tenfold(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"c": [value] * 10}
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": float("nan")}, "NOT_FINITE"),
        ({"a": [{"b": float("-inf")}]}, "NOT_FINITE"),
        ({"a": 10**400}, "NOT_FINITE"),
        ({1: "a"}, "INVALID_FORMAT"),
        ({"a": {None: 1}}, "INVALID_FORMAT"),
        ({"a": Decimal("Infinity")}, "NOT_FINITE"),
        ({"a": timedelta(1)}, "INVALID_FORMAT"),
        ({"a": object()}, "INVALID_FORMAT"),
        (cyclic(), "TOO_DEEP"),
        (cyclic(200), "TOO_DEEP"),
        (tenfold(15), "TOO_LONG"),
        ({"a": "x" * LIMIT}, "TOO_LONG"),
    ],
)
def test_encode_record_refuses_what_json_cannot_say(value: Any, reason: str) -> None:
    assert violation(accepted(artifact=value)) == ("record.artifact", reason)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": 3}, ("record.kind", "INVALID_FORMAT")),
        ({"iterations": "3"}, ("record.iterations", "INVALID_FORMAT")),
        ({"duration_ms": 2**63}, ("record.duration_ms", "OUT_OF_RANGE")),
        ({"duration_ms": float("nan")}, ("record.duration_ms", "INVALID_FORMAT")),
        ({"timestamp": "now"}, ("record.timestamp", "INVALID_FORMAT")),
        ({"timestamp": 10**40}, ("record.timestamp", "OUT_OF_RANGE")),
    ],
)
def test_encode_record_refuses_what_has_no_bytes(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    record = accepted()
    for name, value in fields.items():
        setattr(record, name, value)
    assert violation(record) == expected


def test_encode_record_takes_the_whole_part_of_a_float() -> None:
    record = accepted()
    record.duration_ms = 12.9
    assert encoded(record).duration_ms == 12


def test_encode_record_refuses_what_is_no_record() -> None:
    assert violation({"kind": "fill"}) == ("record", "INVALID_FORMAT")
    assert violation(accepted(prompt="x" * 4_000), limit=1_000) == ("record", "TOO_LONG")
    assert violation(pb.SessionRecord(prompt="x" * 4_000), limit=1_000) == ("record", "TOO_LONG")
