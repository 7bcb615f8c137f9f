"""What is logged: each reason once, and only on the sender's thread, as a log's handlers may block."""

from __future__ import annotations

import logging
import re
from collections import deque
from contextlib import suppress

from ..errors import RefusedError

_REASONS_MAX = 1_000
_OUTAGE_REASONS_MAX = 5


def write(log: logging.Logger, level: int, message: str, *values: object, exc_info: bool = False) -> None:
    """Logs a message. Whatever the log's handlers raise, a broken log must stop neither records nor the daemon."""
    with suppress(Exception):
        log.log(level, f"session log: {message}", *values, exc_info=exc_info)


class Diagnostics:
    def __init__(self, log: logging.Logger, debug: bool = False) -> None:
        self.last_error = ""
        self._log = log
        self._call_level = logging.INFO if debug else logging.DEBUG
        self._stored = False
        self._reasons: set[str] = set()
        self._pending: deque[str] = deque()
        self._outage: set[str] = set()
        """Reasons logged since the service last accepted records."""

    def refused(self, error: RefusedError) -> None:
        """A record was refused. The same fields and reasons are one reason, whatever the index of an attempt."""
        reasons = sorted({f"{_without_digits(v.field)} {v.reason}" for v in error.violations})
        self.last_error = str(error)
        self.once("; ".join(reasons), f"{error}; further ones are only counted")

    def once(self, reason: str, message: str) -> None:
        """Has a message logged, unless there was one for this reason."""
        if reason in self._reasons or len(self._reasons) >= _REASONS_MAX:
            return
        self._reasons.add(reason)
        self._pending.append(message)

    def write_pending(self) -> None:
        """To be called on the sender's thread."""
        while self._pending:
            write(self._log, logging.WARNING, "%s", self._pending.popleft())

    def outage(self, code: str, message: str) -> None:
        """Records cannot be sent. Logged once per reason in an outage; ports and times in messages do not count."""
        self.last_error = f"{code}: {message}"
        reason = f"{code} {_without_digits(message)}"
        if reason not in self._outage and len(self._outage) < _OUTAGE_REASONS_MAX:
            self._outage.add(reason)
            write(self._log, logging.WARNING, "service unavailable, records are buffered: %s: %s", code, message)

    def called(self, records: int, seconds: float, code: str) -> None:
        """A call ended, for those who debug."""
        message = "a call ended: %d records, %d ms, %s"
        write(self._log, self._call_level, message, records, round(seconds * 1_000), code)

    def stored(self) -> None:
        """Records are stored. Logged the first time."""
        if not self._stored:
            self._stored = True
            write(self._log, logging.INFO, "the first row is stored")

    def recovered(self) -> None:
        if self._outage:
            self._outage.clear()
            write(self._log, logging.INFO, "service available again")

    def dropped(self, count: int) -> None:
        write(self._log, logging.WARNING, "%d records dropped: buffer full", count)

    def unexpected_error(self) -> None:
        """An error of this library itself: the exception being handled."""
        write(self._log, logging.ERROR, "records dropped after an unexpected error", exc_info=True)


def _without_digits(text: str) -> str:
    return re.sub(r"[0-9]+", "", text)
