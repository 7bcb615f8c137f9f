"""A logger for a daemon's own tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..delivery.append_sync import Appended
from ..delivery.counters import Counters, Stats
from ..errors import CallError, RefusedError
from ..logger import SessionLogger
from ..options import TraceIds
from ..records.build import IterateRequest
from ..records.encode import Record, encode_whatever
from ..records.record import SessionAttempt, SessionRecord
from ..records.roster import RosterCheck
from ..records.session import Session
from ..records.trace import current_span, no_span
from ..v1 import session_log_pb2 as pb
from .check import check_row
from .row import row_of

_RECORD_BYTES_MAX = 4 * 1024 * 1024


class MemoryLogger(SessionLogger):
    """Keeps what is appended. It encodes, stamps and checks records as a logger and the service do; it has no thread
    and no connection.

    A record that the service would refuse is a bug of the daemon's: append raises an AssertionError, and so do
    `records`, `rows`, `flush` and `close` from then on, in case the daemon caught it. With `strict=False` it is only
    in `refused`.
    """

    refused: list[RefusedError]
    """What the service would have refused."""
    warnings: list[str]
    """What a logger would have logged of sessions."""

    def __init__(
        self,
        daemon: str = "tests",
        *,
        kinds: Sequence[str] = ("fill", "email", "playbook"),
        strict: bool = True,
        trace_ids: TraceIds = "span",
    ) -> None:
        """kinds: those that the service is configured with."""
        super().__init__("")
        self.refused = []
        self.warnings = []
        self._daemon = daemon
        self._kinds = kinds
        self._strict = strict
        self._span: Callable[[], tuple[str, str]] = current_span if trace_ids == "span" else no_span
        self._records: list[SessionRecord] = []
        self._rows: list[dict[str, Any]] = []
        self._counters = Counters()
        self._closed = False

    @property
    def enabled(self) -> bool:
        return True

    @property
    def records(self) -> list[SessionRecord]:
        """What the service would have stored, in the order of append."""
        self._assert_nothing_refused()
        return list(self._records)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The same as the rows of the session log."""
        self._assert_nothing_refused()
        return list(self._rows)

    def append(self, record: Record) -> None:
        if self._closed:
            self._counters.add(dropped=1)
            return
        error = self._keep(record)
        # A session that an exception leaves does not change it.
        if error is not None and self._strict and sys.exc_info()[1] is None:
            raise AssertionError(str(error))

    def session(
        self,
        kind: str,
        *,
        prompt: str | bytes = "",
        model: str = "",
        provider: str = "",
        max_iterations: int = 0,
        trace_id: str = "",
        roster: RosterCheck | None = None,
    ) -> Session:
        request = IterateRequest(kind, prompt, model, provider, max_iterations, trace_id)
        return Session(request, roster, self.append, self.warnings.append, self._span)

    def append_sync(self, record: Record, timeout: float | None = 30.0, *, validate_only: bool = False) -> Appended:
        if self._closed:
            raise CallError("CLOSED", "the logger is closed")
        error = self._keep(record, validate_only)
        if error is not None:
            raise error
        if validate_only:
            return Appended(getattr(record, "session_id", ""), 0, 0)
        stored = self._records[-1]
        assert isinstance(stored.timestamp, int)
        return Appended(stored.session_id, stored.timestamp, len(self._records))

    async def append_and_wait(
        self, record: Record, timeout: float | None = 30.0, *, validate_only: bool = False
    ) -> Appended:
        return self.append_sync(record, timeout, validate_only=validate_only)

    def stats(self) -> Stats:
        last_error = str(self.refused[-1]) if self.refused else ""
        return replace(self._counters.stats(), last_error=last_error)

    def flush(self, timeout: float | None = 10.0) -> bool:
        self._assert_nothing_refused()
        return True

    def close(self, timeout: float | None = None) -> bool:
        self._closed = True
        # An exception that leaves the `with` goes on unchanged.
        if sys.exc_info()[1] is None:
            self._assert_nothing_refused()
        return True

    async def aflush(self, timeout: float | None = 10.0) -> bool:
        return self.flush()

    async def aclose(self, timeout: float | None = None) -> bool:
        return self.close()

    def _keep(self, record: Record, validate_only: bool = False) -> RefusedError | None:
        encoded = encode_whatever(record, self._daemon, _RECORD_BYTES_MAX, self._span)
        if isinstance(encoded, bytes):
            message = pb.AppendSessionRequest.FromString(encoded).record
            row = row_of(message)
            violations = check_row(row, self._kinds)
            if not violations:
                if not validate_only:
                    self._rows.append(row)
                    self._records.append(_record_of(row, message.timestamp.ToNanoseconds()))
                    self._counters.add(appended=1)
                return None
            encoded = RefusedError(violations, session_id=message.session_id, daemon=message.daemon)
        self.refused.append(encoded)
        self._counters.add(refused=1)
        return encoded

    def _assert_nothing_refused(self) -> None:
        if self._strict and self.refused:
            raise AssertionError("; ".join(map(str, self.refused[:3])))


def _record_of(row: dict[str, Any], timestamp_ns: int) -> SessionRecord:
    attempts = [SessionAttempt(**attempt) for attempt in row["attempts"]]
    return SessionRecord(**row | {"attempts": attempts, "timestamp": timestamp_ns})
