"""The thread that sends rows, in batches, until they are stored or refused."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from .buffer import RecordBuffer
from .connection import Connection
from .counters import Counters
from .diagnostics import Diagnostics
from .errors import RefusedError, Violation
from .options import Options
from .status import CallFailure
from .v1 import session_log_pb2 as pb

_RETRY_AFTER_MAX = 300.0
_DROPS_TOLD_EVERY = 60.0


def backoffs(minimum: float, maximum: float) -> Iterator[float]:
    """Seconds to wait before the next try: doubling, and spread so that daemons do not come back all at once."""
    step = minimum
    while True:
        yield step * random.uniform(0.5, 1.0)
        step = min(step * 2, maximum)


class Sender:
    """Invariant: one call is under way at most, so rows are stored in the order in which they were appended."""

    def __init__(
        self,
        options: Options,
        buffer: RecordBuffer,
        connection: Connection,
        counters: Counters,
        diagnostics: Diagnostics,
    ) -> None:
        self._options = options
        self._buffer = buffer
        self._connection = connection
        self._counters = counters
        self._diagnostics = diagnostics
        self._drops_told = 0
        self._drops_told_at = float("-inf")

    def run(self) -> None:
        """Sends rows until the buffer is closed and empty, or abandoned."""
        while True:
            rows = self._buffer.take(self._options.batch_rows, self._options.batch_bytes)
            if rows:
                try:
                    self._send(rows)
                except Exception:  # noqa: BLE001 the thread lives on; the rows would meet the same again
                    self._diagnostics.broken()
                    self._counters.add(refused=len(rows))
                    self._buffer.settle(len(rows))
            self._tell()
            if rows is None:
                return

    def _send(self, rows: list[bytes]) -> None:
        """Sends rows until each is stored or refused, in parts where the service says that they are too large."""
        parts = [rows]
        while parts:
            part = parts.pop()
            outcome = self._deliver(part)
            if outcome is None:
                return
            if not isinstance(outcome, CallFailure):
                self._count(outcome, len(part))
            elif outcome.remedy() == "split" and len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            else:
                self._give_up(outcome, len(part))
            self._buffer.settle(len(part))

    def _deliver(self, rows: list[bytes]) -> pb.BatchAppendSessionsResponse | CallFailure | None:
        """Sends rows until the answer is one that a retry does not change; None when they are abandoned."""
        waits = backoffs(self._options.min_backoff, self._options.max_backoff)
        while not self._buffer.abandoned:
            outcome = self._connection.append_batch(rows, self._options.call_timeout)
            if not isinstance(outcome, CallFailure):
                self._diagnostics.recovered()
                return outcome
            if self._buffer.abandoned:
                return None
            if outcome.remedy() != "retry":
                return outcome
            self._diagnostics.outage(outcome.code, outcome.message)
            self._tell()
            self._wait(next(waits), min(outcome.retry_after or 0.0, _RETRY_AFTER_MAX))
            self._counters.add(retried=len(rows))
        return None

    def _wait(self, backoff: float, retry_after: float) -> None:
        """The back-off may be cut short by a flush; what the service asks for may not."""
        earliest = time.monotonic() + retry_after
        self._buffer.pause(max(backoff, retry_after))
        while not self._buffer.abandoned and (left := earliest - time.monotonic()) > 0:
            self._buffer.pause(left)

    def _count(self, response: pb.BatchAppendSessionsResponse, sent: int) -> None:
        appended = duplicate = 0
        if len(response.results) != sent:
            message = f"a reply has {len(response.results)} results for {sent} rows; rows without one count as refused"
            self._diagnostics.once("results", message)
        for result in response.results[:sent]:
            if not result.HasField("appended"):
                rejected = result.rejected
                violations = [Violation(v.field, v.description, v.reason) for v in rejected.violations]
                self._diagnostics.refused(RefusedError(violations, rejected.violation_count))
            elif result.appended.duplicate:
                duplicate += 1
            else:
                appended += 1
        self._counters.add(appended=appended, duplicate=duplicate, refused=sent - appended - duplicate)

    def _give_up(self, failure: CallFailure, rows: int) -> None:
        self._counters.add(refused=rows)
        if failure.violations:
            self._diagnostics.refused(RefusedError(failure.violations))
        else:
            message = f"rows are refused: {failure}; further ones are counted, not told"
            self._diagnostics.once(failure.code, message)

    def _tell(self) -> None:
        self._diagnostics.tell()
        drops = self._counters.dropped - self._drops_told
        now = time.monotonic()
        if drops > 0 and now - self._drops_told_at >= _DROPS_TOLD_EVERY:
            self._drops_told += drops
            self._drops_told_at = now
            self._diagnostics.dropped(drops)
