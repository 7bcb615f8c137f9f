"""How a call failed, as a value, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from ..errors import CallError, RefusedError, Violation
from ..records.text import error_text, type_name

Action = Literal["retry", "split", "give_up", "spill", "wait_for_credentials"]

_TRANSIENT = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "ABORTED")


@dataclass(frozen=True, slots=True)
class CallFailure:
    """A call that did not end with OK."""

    code: str
    message: str
    violations: tuple[Violation, ...] = ()
    """Those of google.rpc.BadRequest."""
    retry_after: float | None = None
    """The seconds of google.rpc.RetryInfo."""

    def action(self, records: int) -> Action:
        """What follows for a call with this many records; clients/cases/failures.json is the table. A retry is safe:
        the service recognizes records that it stored."""
        if self.code in _TRANSIENT or (self.code == "RESOURCE_EXHAUSTED" and self.retry_after is not None):
            return "retry"
        if self.code == "UNAUTHENTICATED":
            return "wait_for_credentials"
        if self.code == "PERMISSION_DENIED":
            return "spill"
        # The cause may be a single record.
        return "split" if records > 1 and self.code != "UNIMPLEMENTED" else "give_up"

    def error(self) -> RefusedError | CallError:
        if self.violations:
            return RefusedError(self.violations)
        return CallError(self.code, self.message, self.retry_after)


def failure_of(error: BaseException) -> CallFailure:
    """The failure of an exception that gRPC raised, or what comes before a call."""
    if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
        violations, retry_after = _details(error)
        return CallFailure(error.code().name, error.details() or "", violations, retry_after)
    # No channel could be made: a certificate's file is missing, an address is not a text.
    return CallFailure("UNAVAILABLE", f"{type_name(error)}: {error_text(error)}")


def _details(call: grpc.Call) -> tuple[tuple[Violation, ...], float | None]:
    trailers = dict(call.trailing_metadata() or ())
    status = trailers.get("grpc-status-details-bin", b"")
    violations: list[Violation] = []
    retry_after: float | None = None
    try:
        for detail in Status.FromString(status).details if isinstance(status, bytes) else ():
            if detail.TypeName() == "google.rpc.BadRequest":
                found = BadRequest.FromString(detail.value).field_violations
                violations += [Violation(v.field, v.description, v.reason) for v in found]
            elif detail.TypeName() == "google.rpc.RetryInfo":
                delay = RetryInfo.FromString(detail.value).retry_delay
                retry_after = max(0.0, delay.seconds + delay.nanos / 1e9)
    except DecodeError:
        # A proxy that garbles the trailer must not hide the status.
        return (), None
    return tuple(violations), retry_after
