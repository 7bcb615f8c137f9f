"""The thread that sends records, in batches, until they are stored or refused."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import RefusedError, Violation
from ..options import Options
from ..v1 import session_log_pb2 as pb
from .buffer import RecordBuffer
from .connection import Connection
from .counters import Counters
from .diagnostics import Diagnostics
from .spill import spill
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


def named(error: RefusedError, record: bytes) -> RefusedError:
    """The error with the session_id and the daemon of an encoded record."""
    message = pb.AppendSessionRequest.FromString(record).record
    return error.named(message.session_id, message.daemon)


@dataclass
class Sender:
    """Invariant: at most one call is in progress, so records are stored in the order in which they were appended."""

    _options: Options
    _buffer: RecordBuffer
    _connection: Connection
    _counters: Counters
    _diagnostics: Diagnostics
    _refuse: Callable[[RefusedError, bytes | None], None]
    """Counts, logs and keeps a refused record."""
    _write_reports: Callable[[], None]
    _denied: CallFailure | None = None
    """Why the last call was not let in; None: it was."""
    _retry_at: float = 0.0
    """When the next call after it is due."""
    _look_at: float = 0.0
    """When the token is looked at before that."""
    _lost_denied: int = 0
    """Records lost because no call was let in, which is reported apart from a full buffer."""
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
                self._count(outcome, part)
            elif (action := outcome.action(len(part))) == "split":
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            elif action == "give_up":
                self._give_up(outcome, part)
            else:
                self._spill(part, outcome)
            self._buffer.settle(len(part))

    def _deliver(self, records: list[bytes]) -> pb.BatchAppendSessionsResponse | CallFailure | None:
        """Sends records until the answer is one that a retry does not change; None when they are abandoned."""
        waits = backoffs(self._options.min_backoff, self._options.max_backoff)
        again = False
        while not self._buffer.abandoned:
            if self._denied is not None and not self._is_due() and self._is_nearly_full():
                return None if self._buffer.abandoned else self._denied
            if self._buffer.abandoned:
                return None
            self._counters.add(retried=len(records) if again else 0)
            again = True
            began = time.monotonic()
            outcome = self._connection.append_batch(records, self._options.call_timeout)
            code = outcome.code if isinstance(outcome, CallFailure) else "OK"
            self._diagnostics.called(len(records), time.monotonic() - began, code)
            self._denied = None
            if not isinstance(outcome, CallFailure):
                self._diagnostics.recovered()
                return outcome
            if self._buffer.abandoned:
                return None
            action = outcome.action(len(records))
            waits_for_token = action == "wait_for_credentials" and self._connection.token.renewable
            if action in ("spill", "wait_for_credentials"):
                # A service counts calls that it does not let in, and cuts who makes many.
                wait = self._options.credentials_retry if waits_for_token else self._options.max_backoff
                now = time.monotonic()
                self._denied, self._retry_at, self._look_at = outcome, now + wait, now + self._options.max_backoff
            if action != "retry" and not waits_for_token:
                return outcome
            self._diagnostics.outage(outcome.code, outcome.message)
            self._report()
            if action == "retry":
                self._wait(next(waits), min(outcome.retry_after or 0.0, _RETRY_AFTER_MAX))
        return None

    def _is_due(self) -> bool:
        """Waits until a call may be let in: another token is there, or it is time to try the same one. False: a flush,
        the end or a buffer that is nearly full ended the wait."""
        while (now := time.monotonic()) < self._retry_at:
            if now >= self._look_at:
                # Not at once after a call: a function may give another token each time.
                self._look_at = now + self._options.max_backoff
                if self._connection.token.renewed():
                    return True
            wait = min(self._retry_at, self._look_at) - now
            if self._buffer.pause(wait, self._options.spill_file is not None):
                return False
        return True

    def _is_nearly_full(self) -> bool:
        """Whether the oldest records go to the spill file rather than being dropped soon."""
        return self._options.spill_file is not None and self._buffer.is_nearly_full()

    def _spill(self, records: list[bytes], failure: CallFailure) -> None:
        before = self._counters.stats().dropped
        spill(records, self._options.spill_file, self._counters, self._diagnostics, failure)
        self._lost_denied += self._counters.stats().dropped - before

    def _wait(self, backoff: float, retry_after: float) -> None:
        """A flush may shorten the backoff, but not the time that the service asks for."""
        earliest = time.monotonic() + retry_after
        self._buffer.pause(max(backoff, retry_after))
        while not self._buffer.abandoned and (left := earliest - time.monotonic()) > 0:
            self._buffer.pause(left)

    def _count(self, response: pb.BatchAppendSessionsResponse, records: list[bytes]) -> None:
        results = list(response.results[: len(records)])
        if len(response.results) != len(records):
            found = f"a reply has {len(response.results)} results for {len(records)} records"
            self._diagnostics.once("results", f"{found}; those without count as refused")
        duplicate = stored = 0
        for record, result in zip(records, results, strict=False):
            if result.HasField("appended"):
                stored += 1
                duplicate += result.appended.duplicate
            else:
                rejected = result.rejected
                violations = [Violation(v.field, v.description, v.reason) for v in rejected.violations]
                self._refuse(named(RefusedError(violations, rejected.violation_count), record), record)
        self._counters.add(appended=stored - duplicate, duplicate=duplicate, refused=len(records) - len(results))
        if stored > 0:
            self._diagnostics.stored()

    def _give_up(self, failure: CallFailure, records: list[bytes]) -> None:
        if failure.violations:
            for record in records:
                self._refuse(named(RefusedError(failure.violations), record), record)
            return
        self._counters.add(refused=len(records))
        self._diagnostics.last_error = f"{failure.code}: {failure.message}"
        message = f"records refused: {failure.code}: {failure.message}; further ones are only counted"
        self._diagnostics.once(failure.code, message)

    def _report(self) -> None:
        self._write_reports()
        drops = self._counters.stats().dropped - self._lost_denied - self._drops_reported
        now = time.monotonic()
        if drops > 0 and now - self._drops_reported_at >= _DROPS_INTERVAL:
            self._drops_reported += drops
            self._drops_reported_at = now
            self._diagnostics.dropped(drops)
