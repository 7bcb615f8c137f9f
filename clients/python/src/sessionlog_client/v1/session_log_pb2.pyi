import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionRecord(_message.Message):
    __slots__ = ("schema", "session_id", "timestamp", "daemon", "kind", "model", "provider", "prompt", "iterations", "max_iterations", "final_verdict", "attempts", "artifact", "grounded_in_roster", "duration_ms")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_ITERATIONS_FIELD_NUMBER: _ClassVar[int]
    FINAL_VERDICT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    GROUNDED_IN_ROSTER_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    schema: str
    session_id: str
    timestamp: _timestamp_pb2.Timestamp
    daemon: str
    kind: str
    model: str
    provider: str
    prompt: str
    iterations: int
    max_iterations: int
    final_verdict: str
    attempts: _containers.RepeatedCompositeFieldContainer[SessionAttempt]
    artifact: _struct_pb2.Struct
    grounded_in_roster: bool
    duration_ms: int
    def __init__(self, schema: _Optional[str] = ..., session_id: _Optional[str] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[str] = ..., kind: _Optional[str] = ..., model: _Optional[str] = ..., provider: _Optional[str] = ..., prompt: _Optional[str] = ..., iterations: _Optional[int] = ..., max_iterations: _Optional[int] = ..., final_verdict: _Optional[str] = ..., attempts: _Optional[_Iterable[_Union[SessionAttempt, _Mapping]]] = ..., artifact: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., grounded_in_roster: bool = ..., duration_ms: _Optional[int] = ...) -> None: ...

class SessionAttempt(_message.Message):
    __slots__ = ("iteration", "verdict_kind", "error", "span_id")
    ITERATION_FIELD_NUMBER: _ClassVar[int]
    VERDICT_KIND_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    iteration: int
    verdict_kind: str
    error: str
    span_id: str
    def __init__(self, iteration: _Optional[int] = ..., verdict_kind: _Optional[str] = ..., error: _Optional[str] = ..., span_id: _Optional[str] = ...) -> None: ...

class AppendSessionRequest(_message.Message):
    __slots__ = ("record", "validate_only")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    record: SessionRecord
    validate_only: bool
    def __init__(self, record: _Optional[_Union[SessionRecord, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class AppendSessionResponse(_message.Message):
    __slots__ = ("session_id", "timestamp", "sequence", "duplicate")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    timestamp: _timestamp_pb2.Timestamp
    sequence: int
    duplicate: bool
    def __init__(self, session_id: _Optional[str] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sequence: _Optional[int] = ..., duplicate: bool = ...) -> None: ...

class BatchAppendSessionsRequest(_message.Message):
    __slots__ = ("records",)
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[SessionRecord]
    def __init__(self, records: _Optional[_Iterable[_Union[SessionRecord, _Mapping]]] = ...) -> None: ...

class BatchAppendSessionsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[AppendResult]
    def __init__(self, results: _Optional[_Iterable[_Union[AppendResult, _Mapping]]] = ...) -> None: ...

class AppendResult(_message.Message):
    __slots__ = ("appended", "rejected")
    APPENDED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    appended: AppendSessionResponse
    rejected: Rejection
    def __init__(self, appended: _Optional[_Union[AppendSessionResponse, _Mapping]] = ..., rejected: _Optional[_Union[Rejection, _Mapping]] = ...) -> None: ...

class Rejection(_message.Message):
    __slots__ = ("violations", "violation_count")
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    VIOLATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    violations: _containers.RepeatedCompositeFieldContainer[Violation]
    violation_count: int
    def __init__(self, violations: _Optional[_Iterable[_Union[Violation, _Mapping]]] = ..., violation_count: _Optional[int] = ...) -> None: ...

class Violation(_message.Message):
    __slots__ = ("field", "description", "reason")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    reason: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class TailSessionsRequest(_message.Message):
    __slots__ = ("from_sequence", "follow", "last", "kinds", "daemons", "models", "verdicts", "ungrounded_only")
    FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    DAEMONS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    UNGROUNDED_ONLY_FIELD_NUMBER: _ClassVar[int]
    from_sequence: int
    follow: bool
    last: int
    kinds: _containers.RepeatedScalarFieldContainer[str]
    daemons: _containers.RepeatedScalarFieldContainer[str]
    models: _containers.RepeatedScalarFieldContainer[str]
    verdicts: _containers.RepeatedScalarFieldContainer[str]
    ungrounded_only: bool
    def __init__(self, from_sequence: _Optional[int] = ..., follow: bool = ..., last: _Optional[int] = ..., kinds: _Optional[_Iterable[str]] = ..., daemons: _Optional[_Iterable[str]] = ..., models: _Optional[_Iterable[str]] = ..., verdicts: _Optional[_Iterable[str]] = ..., ungrounded_only: bool = ...) -> None: ...

class TailSessionsResponse(_message.Message):
    __slots__ = ("sequence", "record")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    record: SessionRecord
    def __init__(self, sequence: _Optional[int] = ..., record: _Optional[_Union[SessionRecord, _Mapping]] = ...) -> None: ...
