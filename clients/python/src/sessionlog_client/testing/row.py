"""A record as the row that the service writes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from .._limits import ERROR_CODE_POINTS_MAX, PROMPT_CODE_POINTS_MAX, SCHEMA
from ..v1 import session_log_pb2 as pb

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def row_of(record: pb.SessionRecord) -> dict[str, Any]:
    """The row's keys in their order, with what the service stamps."""
    row: dict[str, Any] = {
        "schema": record.schema or SCHEMA,
        "session_id": record.session_id,
        "timestamp": _time(record.timestamp.seconds, record.timestamp.nanos),
        "daemon": record.daemon,
        "kind": record.kind,
        "model": record.model,
        "provider": record.provider,
        "prompt": record.prompt[:PROMPT_CODE_POINTS_MAX],
        "iterations": record.iterations,
        "max_iterations": record.max_iterations,
        "final_verdict": record.final_verdict,
        "attempts": [_attempt(attempt) for attempt in record.attempts],
    }
    if record.HasField("artifact"):
        row["artifact"] = plain_struct(record.artifact)
    if record.HasField("grounded_in_roster"):
        row["grounded_in_roster"] = record.grounded_in_roster
    return row | {"duration_ms": record.duration_ms}


def plain_struct(struct: Struct) -> dict[str, Any]:
    """Its keys in UTF-16's order, whole numbers as integers."""
    names = sorted(struct.fields, key=lambda name: name.encode("utf-16-be"))
    return {name: _plain(struct.fields[name]) for name in names}


def _plain(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return plain_struct(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        # The digits that the row has.
        return int(Decimal(repr(number))) if number.is_integer() and abs(number) < 1e21 else number
    return None if kind in (None, "null_value") else getattr(value, kind)


def _attempt(attempt: pb.SessionAttempt) -> dict[str, Any]:
    shown: dict[str, Any] = {"iteration": attempt.iteration, "verdict_kind": attempt.verdict_kind}
    if attempt.error:
        shown["error"] = attempt.error[:ERROR_CODE_POINTS_MAX]
    return shown | ({"span_id": attempt.span_id} if attempt.span_id else {})


def _time(seconds: int, nanos: int) -> str:
    """RFC 3339 in UTC; empty for a time that it cannot express."""
    try:
        text = (_EPOCH + timedelta(seconds=seconds)).strftime("%H:%M:%S")
        day = (_EPOCH + timedelta(seconds=seconds)).date().isoformat()
    except OverflowError:
        return ""
    if not 0 <= nanos < 1_000_000_000:
        return ""
    fraction = f"{nanos:09d}".rstrip("0")
    return f"{day}T{text}{'.' if fraction else ''}{fraction}Z"
