"""The call that waits for its answer."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..errors import CallError, RefusedError
from ..options import Options, seconds
from .connection import Connection
from .sender import backoffs
from .status import CallFailure


@dataclass(frozen=True, slots=True)
class Appended:
    """What the service stored."""

    session_id: str
    timestamp_ns: int
    """The row's time, in nanoseconds since 1970."""
    sequence: int
    """The row's number in its journal, from 1; 0 when nothing was written."""
    duplicate: bool = False
    """The row was stored before, and was not written again."""


def append_sync(
    connection: Connection, options: Options, request: bytes, validate_only: bool, timeout: float | None
) -> tuple[Appended | RefusedError | CallError, int]:
    """Sends a request until the answer is one that a retry does not change, or the time is over. Returns how often it
    was sent again, too."""
    deadline = time.monotonic() + seconds(timeout)
    told: CallFailure | None = None
    for retries, backoff in enumerate(backoffs(options.min_backoff, options.max_backoff)):
        left = deadline - time.monotonic()
        outcome = connection.append(request, validate_only, min(options.call_timeout, max(left, 0.001)))
        if not isinstance(outcome, CallFailure):
            timestamp_ns = outcome.timestamp.seconds * 1_000_000_000 + outcome.timestamp.nanos
            return Appended(outcome.session_id, timestamp_ns, outcome.sequence, outcome.duplicate), retries
        # A last call that is cut short says less than the one before it.
        if told is not None and outcome.code == "DEADLINE_EXCEEDED" and left < options.call_timeout:
            outcome = told
        told = outcome
        wait = max(backoff, outcome.retry_after or 0.0)
        if outcome.action(1) != "retry" or wait >= deadline - time.monotonic():
            return outcome.error(), retries
        time.sleep(wait)
    raise AssertionError("backoffs do not end")
