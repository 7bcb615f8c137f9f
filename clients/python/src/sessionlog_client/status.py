"""How a call failed, as a value, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from .errors import CallError, RefusedError, Violation
from .text import error_text, type_name

Remedy = Literal["retry", "split", "give_up"]


@dataclass(frozen=True, slots=True)
class CallFailure:
    """A call that did not end with OK."""

    code: str
    message: str
    violations: tuple[Violation, ...] = ()
    """What google.rpc.BadRequest named."""
    retry_after: float | None = None
    """The seconds that google.rpc.RetryInfo named."""

    def remedy(self) -> Remedy:
        """To send rows again is safe: the service knows them by their session_id and timestamp."""
        if self.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"):
            return "retry"
        if self.code == "RESOURCE_EXHAUSTED":
            # Without RetryInfo it is the message that is too large, and always will be.
            return "split" if self.retry_after is None else "retry"
        return "split" if self.code == "INVALID_ARGUMENT" else "give_up"

    def error(self) -> RefusedError | CallError:
        if self.violations:
            return RefusedError(self.violations)
        return CallError(self.code, self.message, self.retry_after)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def failure_of(error: BaseException) -> CallFailure:
    """The failure that an exception of grpc, or of what leads to a call, tells."""
    if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
        violations, retry_after = _details(error)
        return CallFailure(error.code().name, error.details() or "", violations, retry_after)
    # No channel could be made: a certificate's file that is not there, an address that is no text.
    return CallFailure("UNAVAILABLE", f"{type_name(error)}: {error_text(error)}")


def _details(call: grpc.Call) -> tuple[tuple[Violation, ...], float | None]:
    violations: list[Violation] = []
    retry_after: float | None = None
    for key, value in call.trailing_metadata() or ():
        if key != "grpc-status-details-bin" or not isinstance(value, bytes):
            continue
        try:
            for detail in Status.FromString(value).details:
                if detail.type_url.endswith("/google.rpc.BadRequest"):
                    bad_request = BadRequest.FromString(detail.value)
                    violations += [Violation(v.field, v.description, v.reason) for v in bad_request.field_violations]
                elif detail.type_url.endswith("/google.rpc.RetryInfo"):
                    delay = RetryInfo.FromString(detail.value).retry_delay
                    retry_after = max(0.0, delay.seconds + delay.nanos / 1e9)
        except DecodeError:
            # The status itself is still true: a proxy that garbles the trailer must not hide it.
            return (), None
    return tuple(violations), retry_after
