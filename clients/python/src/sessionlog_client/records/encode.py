"""A record → the bytes of a request with it, which are its snapshot."""

from __future__ import annotations

import math
import numbers
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TypeAlias

from .._limits import ERROR_CODE_POINTS_MAX, PROMPT_CODE_POINTS_MAX
from ..errors import RefusedError, too_long
from ..v1 import session_log_pb2 as pb
from .artifact import fill_struct
from .record import SessionAttempt, SessionRecord
from .text import error_text, to_text, type_name
from .trace import no_span

Record: TypeAlias = SessionRecord | pb.SessionRecord

_TEXTS = ("schema", "session_id", "daemon", "kind", "model", "provider", "final_verdict")


def encode_record(record: Record, daemon: str, bytes_max: int, span: Callable[[], tuple[str, str]] = no_span) -> bytes:
    """An AppendSessionRequest of at most `bytes_max` bytes with the record. A record without session_id (here the trace
    id of `span`), timestamp or, unless `daemon` is empty, daemon gets one, so that the service recognizes it when it is
    sent twice. Raises RefusedError when it cannot be expressed.

    Requests joined are a BatchAppendSessionsRequest: the record is field 1 of both.
    """
    request = pb.AppendSessionRequest()
    message = request.record
    if isinstance(record, SessionRecord):
        _fill(message, record, bytes_max)
    elif isinstance(record, pb.SessionRecord):
        if record.ByteSize() > bytes_max:
            raise too_long("record", bytes_max)
        message.CopyFrom(record)
    else:
        raise RefusedError.of("record", "INVALID_FORMAT", f"expected a SessionRecord, found {type_name(record)}")
    if not message.session_id:
        # From the system: a generator seeded in this process would continue alike on both sides of a fork.
        message.session_id = span()[0] or os.urandom(16).hex()
    if not message.HasField("timestamp"):
        message.timestamp.FromNanoseconds(time.time_ns())
    if not message.daemon:
        message.daemon = to_text(daemon)
    encoded = request.SerializeToString(deterministic=True)
    if len(encoded) > bytes_max:
        raise too_long("record", bytes_max)
    return encoded


def encode_whatever(
    record: Record, daemon: str, bytes_max: int, span: Callable[[], tuple[str, str]]
) -> bytes | RefusedError:
    """What `encode_record` returns, or why there is nothing. Raises nothing, whatever the record consists of."""
    try:
        return encode_record(record, daemon, bytes_max, span)
    except RefusedError as raised:
        error = raised
    except Exception as raised:  # noqa: BLE001 a record's values may raise anything
        description = f"cannot be encoded: {type_name(raised)}: {error_text(raised)}"
        error = RefusedError.of("record", "INVALID_FORMAT", description)
    names = (getattr(record, "session_id", ""), getattr(record, "daemon", "") or daemon)
    return error.named(*(name if isinstance(name, str) else "" for name in names))


def _fill(message: pb.SessionRecord, record: SessionRecord, bytes_max: int) -> None:
    """Checks values before protobuf does, which names no field in what it raises."""
    for name in _TEXTS:
        setattr(message, name, _text(getattr(record, name), name, bytes_max))
    message.prompt = _text(record.prompt, "prompt", bytes_max, PROMPT_CODE_POINTS_MAX)
    _set_timestamp(message, record.timestamp)
    message.iterations = _integer(record.iterations, "iterations", 32)
    message.max_iterations = _integer(record.max_iterations, "max_iterations", 32)
    message.duration_ms = _integer(record.duration_ms, "duration_ms", 64)
    size = 0
    for index, attempt in enumerate(record.attempts or ()):
        size += _add_attempt(message, attempt, f"attempts[{index}].", bytes_max)
        if size > bytes_max:
            raise too_long("record", bytes_max)
    if record.artifact is not None:
        fill_struct(message.artifact, record.artifact, bytes_max)
    if record.grounded_in_roster is not None:
        message.grounded_in_roster = _boolean(record.grounded_in_roster, "grounded_in_roster")


def _add_attempt(
    message: pb.SessionRecord, attempt: SessionAttempt | Mapping[str, object], path: str, bytes_max: int
) -> int:
    """Returns the attempt's bytes."""
    if isinstance(attempt, Mapping):
        try:
            attempt = SessionAttempt(**attempt)  # type: ignore[arg-type]
        except TypeError as error:
            raise _refusal(path.rstrip("."), "INVALID_FORMAT", f"expected the fields of an attempt: {error}") from None
    return message.attempts.add(
        iteration=_integer(attempt.iteration, f"{path}iteration", 32),
        verdict_kind=_text(attempt.verdict_kind, f"{path}verdict_kind", bytes_max),
        error=_text(attempt.error, f"{path}error", bytes_max, ERROR_CODE_POINTS_MAX),
        span_id=_text(attempt.span_id, f"{path}span_id", bytes_max),
    ).ByteSize()


def _set_timestamp(message: pb.SessionRecord, timestamp: datetime | int | None) -> None:
    if timestamp is None:
        return
    try:
        if isinstance(timestamp, datetime):
            # A time without a zone is local time, as everywhere in datetime.
            message.timestamp.FromDatetime(timestamp.astimezone(timezone.utc))
        elif type(timestamp) is int:
            message.timestamp.FromNanoseconds(timestamp)
        else:
            raise _refusal("timestamp", "INVALID_FORMAT", f"expected a time, found {type_name(timestamp)}")
    except (ValueError, OverflowError):
        raise _refusal("timestamp", "OUT_OF_RANGE", "expected the years 0001 to 9999") from None


def _text(value: object, field: str, bytes_max: int, code_points_max: int | None = None) -> str:
    """A text; of one that the service cuts, what it keeps, so that a long text costs no buffer and no record."""
    if code_points_max is None and isinstance(value, (str, bytes, bytearray, memoryview)) and len(value) > bytes_max:
        raise too_long(f"record.{field}", bytes_max)
    try:
        return to_text(value, code_points_max)
    except TypeError as error:
        raise _refusal(field, "INVALID_FORMAT", str(error)) from None


def _boolean(value: object, field: str) -> bool:
    if type(value) is not bool:
        raise _refusal(field, "INVALID_FORMAT", f"expected true or false, found {type_name(value)}")
    return value


def _integer(value: object, field: str, bits: int) -> int:
    """The value as an integer: None is 0, and a float, such as a difference of `time.perf_counter`, its whole part."""
    if type(value) is not int:
        if value is not None and not (isinstance(value, numbers.Real) and math.isfinite(value)):
            raise _refusal(field, "INVALID_FORMAT", f"expected an integer, found {type_name(value)}")
        value = 0 if value is None else int(float(value))
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise _refusal(field, "OUT_OF_RANGE", f"expected an integer of {bits} bits")
    return value


def _refusal(field: str, reason: str, description: str) -> RefusedError:
    return RefusedError.of(f"record.{field}", reason, description)
