"""The thread that sends records, in batches, until they are stored or refused."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import RefusedError, Violation
from ..options import Options
from ..v1 import session_log_pb2 as pb
from .buffer import RecordBuffer
from .connection import Connection
from .counters import Counters
from .diagnostics import Diagnostics
from .status import CallFailure

_RETRY_AFTER_MAX = 300.0
_DROPS_INTERVAL = 60.0
"""Seconds between two reports of dropped records."""


def backoffs(minimum: float, maximum: float) -> Iterator[float]:
    """Seconds to wait before the next try: doubling, and spread so that daemons do not come back all at once."""
    step = minimum
    while True:
        yield step * random.uniform(0.5, 1.0)
        step = min(step * 2, maximum)


@dataclass
class Sender:
    """Invariant: at most one call is in progress, so records are stored in the order in which they were appended."""

    _options: Options
    _buffer: RecordBuffer
    _connection: Connection
    _counters: Counters
    _diagnostics: Diagnostics
    _drops_reported: int = 0
    _drops_reported_at: float = float("-inf")

    def run(self) -> None:
        """Sends records until the buffer is closed and empty, or abandoned."""
        while True:
            records = self._buffer.take(self._options.batch_rows, self._options.batch_bytes)
            if records:
                try:
                    self._send(records)
                except Exception:  # noqa: BLE001 the thread continues; these records would meet the same again
                    self._diagnostics.unexpected_error()
                    self._counters.add(refused=len(records))
                    self._buffer.settle(len(records))
            self._report()
            if records is None:
                return

    def _send(self, records: list[bytes]) -> None:
        """Sends records until each is stored or refused, in parts where a call with all of them fails for good."""
        parts = [records]
        while parts:
            part = parts.pop()
            outcome = self._deliver(part)
            if outcome is None:
                return
            if not isinstance(outcome, CallFailure):
                self._count(outcome, len(part))
            elif outcome.action(len(part)) == "split":
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            else:
                self._give_up(outcome, len(part))
            self._buffer.settle(len(part))

    def _deliver(self, records: list[bytes]) -> pb.BatchAppendSessionsResponse | CallFailure | None:
        """Sends records until the answer is one that a retry does not change; None when they are abandoned."""
        waits = backoffs(self._options.min_backoff, self._options.max_backoff)
        while not self._buffer.abandoned:
            outcome = self._connection.append_batch(records, self._options.call_timeout)
            if not isinstance(outcome, CallFailure):
                self._diagnostics.recovered()
                return outcome
            if self._buffer.abandoned:
                return None
            action = outcome.action(len(records))
            if action not in ("retry", "wait_for_credentials"):
                return outcome
            self._diagnostics.outage(outcome.code, outcome.message)
            self._report()
            backoff = next(waits) if action == "retry" else self._options.max_backoff
            self._wait(backoff, min(outcome.retry_after or 0.0, _RETRY_AFTER_MAX))
            self._counters.add(retried=len(records))
        return None

    def _wait(self, backoff: float, retry_after: float) -> None:
        """A flush may shorten the backoff, but not the time that the service asks for."""
        earliest = time.monotonic() + retry_after
        self._buffer.pause(max(backoff, retry_after))
        while not self._buffer.abandoned and (left := earliest - time.monotonic()) > 0:
            self._buffer.pause(left)

    def _count(self, response: pb.BatchAppendSessionsResponse, sent: int) -> None:
        results = response.results[:sent]
        if len(response.results) != sent:
            message = f"a reply has {len(response.results)} results for {sent} records; those without count as refused"
            self._diagnostics.once("results", message)
        stored = [result.appended for result in results if result.HasField("appended")]
        duplicate = sum(appended.duplicate for appended in stored)
        self._counters.add(appended=len(stored) - duplicate, duplicate=duplicate, refused=sent - len(stored))
        for rejected in [result.rejected for result in results if not result.HasField("appended")]:
            violations = [Violation(v.field, v.description, v.reason) for v in rejected.violations]
            self._diagnostics.refused(RefusedError(violations, rejected.violation_count))

    def _give_up(self, failure: CallFailure, records: int) -> None:
        self._counters.add(refused=records)
        if failure.violations:
            self._diagnostics.refused(RefusedError(failure.violations))
        else:
            message = f"records refused: {failure.code}: {failure.message}; further ones are only counted"
            self._diagnostics.once(failure.code, message)

    def _report(self) -> None:
        self._diagnostics.write_pending()
        drops = self._counters.stats().dropped - self._drops_reported
        now = time.monotonic()
        if drops > 0 and now - self._drops_reported_at >= _DROPS_INTERVAL:
            self._drops_reported += drops
            self._drops_reported_at = now
            self._diagnostics.dropped(drops)
