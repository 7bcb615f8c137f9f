"""Artifacts as Python has them: dataclasses, ids, numbers, dates, sets."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any
from unittest.mock import MagicMock

import pytest
from google.protobuf.json_format import MessageToDict

from sessionlog_client import IterateRequest, IterateResponse, RefusedError, SessionAttempt, build_session_record
from sessionlog_client.records.encode import encode_record
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import accepted


class Shift(enum.Enum):
    EARLY = "early"
    LATE = 2


@dataclass(frozen=True)
class Fill:
    worker_id: str
    on: date = date(2026, 5, 2)


@dataclass
class Fills:
    fills: list[Fill] = field(default_factory=list)


def stored(artifact: Any) -> Any:
    request = pb.AppendSessionRequest.FromString(encode_record(accepted(artifact=artifact), "tests", 1 << 20))
    return MessageToDict(request.record)["artifact"]


ID = uuid.UUID("4bf92f35-77b3-4da6-a3ce-929d0e0e4736")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ID, str(ID)),
        (Decimal("19.99"), 19.99),
        (Decimal("2"), 2.0),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (Decimal("1E+400"), "1E+400"),
        (date(2026, 5, 2), "2026-05-02"),
        (datetime(2026, 5, 2, 5, 22, tzinfo=timezone.utc), "2026-05-02T05:22:00+00:00"),
        (time(6, 0), "06:00:00"),
        (Shift.EARLY, "early"),
        (Shift.LATE, 2.0),
        ({"b", "a"}, ["a", "b"]),
        (frozenset([Shift.EARLY]), ["early"]),
        ({1, "a"}, ["a", 1.0]),
        (Fill("W-1"), {"worker_id": "W-1", "on": "2026-05-02"}),
        ([Fill("W-1")], [{"worker_id": "W-1", "on": "2026-05-02"}]),
        ({ID: 1, Shift.EARLY: 2, date(2026, 5, 2): 3}, {str(ID): 1.0, "early": 2.0, "2026-05-02": 3.0}),
    ],
)
def test_plain_values_inside_an_artifact(value: Any, expected: Any) -> None:
    assert stored({"v": value})["v"] == expected


def test_plain_artifact_of_a_dataclass_and_the_roster_check_sees_dictionaries() -> None:
    seen: list[Any] = []

    def check(artifact: Mapping[str, object]) -> bool:
        seen.append(artifact)
        return True

    artifact = Fills([Fill("W-1")])
    record = build_session_record(IterateRequest("fill"), IterateResponse(artifact, 1), roster_check=check)
    expected = {"fills": [{"worker_id": "W-1", "on": "2026-05-02"}]}
    assert (seen, stored(artifact), stored(record.artifact)) == ([expected], expected, expected)


def test_plain_attempts_may_be_mappings() -> None:
    attempts: Any = [{"iteration": 0, "verdict_kind": "no_json", "error": "a"}, SessionAttempt(1, "accepted")]
    message = pb.AppendSessionRequest.FromString(encode_record(accepted(attempts=attempts), "tests", 1 << 20)).record
    assert [attempt.verdict_kind for attempt in message.attempts] == ["no_json", "accepted"]
    with pytest.raises(RefusedError, match=r"record\.attempts\[0\] INVALID_FORMAT: .*verdict"):
        encode_record(accepted(attempts=[{"iteration": 0, "verdict": "no_json"}]), "tests", 1 << 20)


class Throwing:
    @property
    def model_dump(self) -> Any:
        raise LookupError("a property that throws")


class Endless(Sequence[int]):
    """Has as many items as one asks for."""

    def __len__(self) -> int:
        return 10**9

    def __getitem__(self, index: Any) -> Any:
        return index

    def __iter__(self) -> Iterator[int]:
        return iter(range(10**9))


@pytest.mark.parametrize(
    ("artifact", "reason"),
    [
        ({"items": range(10**9)}, "TOO_LONG"),
        ({"items": Endless()}, "TOO_LONG"),
        (MagicMock(), "INVALID_FORMAT"),
        (Fills, "INVALID_FORMAT"),
        ([1, 2], "INVALID_FORMAT"),
        ({"v": object()}, "INVALID_FORMAT"),
    ],
    ids=["a billion items", "items without end", "a mock", "a class", "a list", "an object"],
)
def test_plain_refuses_what_is_no_object_of_json(artifact: Any, reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        encode_record(accepted(artifact=artifact), "tests", 1 << 20)
    assert [(v.field, v.reason) for v in refused.value.violations] == [("record.artifact", reason)]


def test_plain_artifact_that_throws_costs_neither_the_record_nor_the_roster_check(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = IterateResponse({"v": Throwing()}, 1)
    record = build_session_record(IterateRequest("fill"), response, roster_check=lambda artifact: True)
    assert record.grounded_in_roster is None
    assert "a property that throws" in caplog.text
