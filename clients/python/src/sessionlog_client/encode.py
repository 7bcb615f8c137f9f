"""A record → the bytes of sessionlog.v1.SessionRecord, which are its snapshot."""

from __future__ import annotations

import math
import numbers
import os
import time
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

from .errors import RefusedError, Violation
from .record import SessionAttempt, SessionRecord
from .struct_encode import encode_artifact
from .text import to_head, to_text, type_name, utf8
from .v1 import session_log_pb2 as pb
from .wire import delimited, varint

Record: TypeAlias = SessionRecord | pb.SessionRecord

# The service cuts these texts to as many code points; done here as well, a long one costs no buffer and no row.
_PROMPT_CODE_POINTS = 4_000
_ERROR_CODE_POINTS = 4_000

_NANOS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_SCHEMA, _SESSION_ID, _TIMESTAMP, _DAEMON = b"\x0a", b"\x12", b"\x1a", b"\x22"
_KIND, _MODEL, _PROVIDER, _PROMPT = b"\x2a", b"\x32", b"\x3a", b"\x42"
_ITERATIONS, _MAX_ITERATIONS, _FINAL_VERDICT, _ATTEMPTS = b"\x48", b"\x50", b"\x5a", b"\x62"
_ARTIFACT, _GROUNDED, _DURATION_MS = b"\x6a", b"\x70", b"\x78"
_ITERATION, _VERDICT_KIND, _ERROR, _SPAN_ID = b"\x08", b"\x12", b"\x1a", b"\x22"


def encode_record(record: Record, daemon: str, bytes_max: int) -> bytes:
    """The record's bytes, with a session_id, a timestamp and, unless `daemon` is empty, a daemon where it has none: so
    the service knows it again when it is sent twice. Raises RefusedError when no bytes can say it within `bytes_max`.
    """
    if isinstance(record, SessionRecord):
        row = _encode(record, daemon, bytes_max)
    elif isinstance(record, pb.SessionRecord):
        row = _encode_message(record, daemon, bytes_max)
    else:
        raise _refusal("record", "INVALID_FORMAT", f"expected a SessionRecord, found {type_name(record)}")
    if len(row) > bytes_max:
        raise _refusal("record", "TOO_LONG", f"expected at most {bytes_max} bytes")
    return row


def _encode(record: SessionRecord, daemon: str, bytes_max: int) -> bytes:
    return b"".join(
        [
            _text(_SCHEMA, record.schema, "schema", bytes_max),
            _text(_SESSION_ID, record.session_id, "session_id", bytes_max) or _new_session_id(),
            _timestamp(record.timestamp),
            _text(_DAEMON, record.daemon, "daemon", bytes_max) or _text(_DAEMON, daemon, "daemon", bytes_max),
            _text(_KIND, record.kind, "kind", bytes_max),
            _text(_MODEL, record.model, "model", bytes_max),
            _text(_PROVIDER, record.provider, "provider", bytes_max),
            _head(_PROMPT, record.prompt, "prompt", _PROMPT_CODE_POINTS),
            _integer(_ITERATIONS, record.iterations, 32, "iterations"),
            _integer(_MAX_ITERATIONS, record.max_iterations, 32, "max_iterations"),
            _text(_FINAL_VERDICT, record.final_verdict, "final_verdict", bytes_max),
            *[_attempt(attempt, bytes_max) for attempt in record.attempts or ()],
            b"" if record.artifact is None else delimited(_ARTIFACT, encode_artifact(record.artifact, bytes_max)),
            _boolean(_GROUNDED, record.grounded_in_roster, "grounded_in_roster"),
            _integer(_DURATION_MS, record.duration_ms, 64, "duration_ms"),
        ]
    )


def _attempt(attempt: SessionAttempt, bytes_max: int) -> bytes:
    return delimited(
        _ATTEMPTS,
        _integer(_ITERATION, attempt.iteration, 32, "attempts[].iteration")
        + _text(_VERDICT_KIND, attempt.verdict_kind, "attempts[].verdict_kind", bytes_max)
        + _head(_ERROR, attempt.error, "attempts[].error", _ERROR_CODE_POINTS)
        + _text(_SPAN_ID, attempt.span_id, "attempts[].span_id", bytes_max),
    )


def _encode_message(message: pb.SessionRecord, daemon: str, bytes_max: int) -> bytes:
    row = message.SerializeToString()
    # Fields of a message may come in any order: what is missing goes behind, and the daemon's message stays as it is.
    if not message.session_id:
        row += _new_session_id()
    if not message.HasField("timestamp"):
        row += _timestamp(None)
    if not message.daemon:
        row += _text(_DAEMON, daemon, "daemon", bytes_max)
    return row


def _new_session_id() -> bytes:
    # From the system: a generator seeded in this process would go on alike on both sides of a fork.
    return delimited(_SESSION_ID, os.urandom(16).hex().encode())


def _timestamp(timestamp: datetime | int | None) -> bytes:
    if timestamp is None:
        nanoseconds = time.time_ns()
    elif isinstance(timestamp, datetime):
        # A time without a zone is local time, as everywhere in datetime.
        nanoseconds = (timestamp.astimezone(timezone.utc) - _EPOCH) // timedelta(microseconds=1) * 1_000
    elif type(timestamp) is int:
        nanoseconds = timestamp
    else:
        raise _refusal("record.timestamp", "INVALID_FORMAT", f"expected a time, found {type_name(timestamp)}")
    seconds, nanos = divmod(nanoseconds, _NANOS)
    if not -(2**63) <= seconds < 2**63:
        raise _refusal("record.timestamp", "OUT_OF_RANGE", "expected the years 0001 to 9999")
    return delimited(_TIMESTAMP, b"\x08" + varint(seconds) + b"\x10" + varint(nanos))


def _text(tag: bytes, value: str | bytes, field: str, bytes_max: int) -> bytes:
    if not value:
        return b""
    if isinstance(value, (str, bytes, bytearray, memoryview)) and len(value) > bytes_max:
        raise _refusal(f"record.{field}", "TOO_LONG", f"expected a record of at most {bytes_max} bytes")
    if type(value) is not str:
        try:
            value = to_text(value)
        except TypeError as error:
            raise _refusal(f"record.{field}", "INVALID_FORMAT", str(error)) from None
    return delimited(tag, utf8(value))


def _head(tag: bytes, value: str | bytes, field: str, code_points: int) -> bytes:
    """The beginning of a text, which is as much as the service keeps."""
    if not value:
        return b""
    try:
        return delimited(tag, utf8(to_head(value, code_points)))
    except TypeError as error:
        raise _refusal(f"record.{field}", "INVALID_FORMAT", str(error)) from None


def _boolean(tag: bytes, value: bool | None, field: str) -> bytes:
    if value is None:
        return b""
    if type(value) is not bool:
        raise _refusal(f"record.{field}", "INVALID_FORMAT", f"expected true or false, found {type_name(value)}")
    return tag + (b"\x01" if value else b"\x00")


def _integer(tag: bytes, value: int, bits: int, field: str) -> bytes:
    if type(value) is not int:
        value = _whole(value, field)
    if value == 0:
        return b""
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise _refusal(f"record.{field}", "OUT_OF_RANGE", f"expected an integer of {bits} bits")
    return tag + varint(value)


def _whole(value: object, field: str) -> int:
    """An integer of another type; of a float, such as a difference of `time.perf_counter`, its whole part."""
    if value is None:
        return 0
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return int(float(value))
    raise _refusal(f"record.{field}", "INVALID_FORMAT", f"expected an integer, found {type_name(value)}")


def _refusal(field: str, reason: str, description: str) -> RefusedError:
    return RefusedError([Violation(field, description, reason)])
