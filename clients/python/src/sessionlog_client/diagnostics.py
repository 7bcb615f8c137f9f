"""What the log is told: each reason once, and only on the sender's thread, as a log's handlers may block."""

from __future__ import annotations

import logging
import re
from collections import deque
from contextlib import suppress

from .errors import RefusedError

_REASONS_MAX = 1_000
_OUTAGE_REASONS_MAX = 5


def write(log: logging.Logger, level: int, message: str, *values: object, exc_info: bool = False) -> None:
    """Tells a log. What its handlers raise ends there: a log that is broken must stop neither rows nor the daemon."""
    with suppress(Exception):
        log.log(level, message, *values, exc_info=exc_info)


class Diagnostics:
    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._known: set[str] = set()
        self._untold: deque[str] = deque()
        self._outage: set[str] = set()
        """What was told since the service took rows last."""

    def refused(self, error: RefusedError) -> None:
        """A record was refused. Records refused for the same fields and reasons are one matter, whatever the index."""
        reasons = sorted({f"{_without_digits(v.field)} {v.reason}" for v in error.violations})
        self.once("; ".join(reasons), f"{error}; further ones like it are counted, not told")

    def once(self, reason: str, message: str) -> None:
        """To be told unless this reason has been."""
        if reason in self._known or len(self._known) >= _REASONS_MAX:
            return
        self._known.add(reason)
        self._untold.append(message)

    def tell(self) -> None:
        """Tells what there is to tell. To be called on the sender's thread."""
        while self._untold:
            self._warn("%s", self._untold.popleft())

    def outage(self, code: str, message: str) -> None:
        """Rows cannot be sent. Each reason is told once in an outage, a message's ports and times being no other."""
        reason = f"{code} {_without_digits(message)}"
        if reason not in self._outage and len(self._outage) < _OUTAGE_REASONS_MAX:
            self._outage.add(reason)
            self._warn("rows wait, as the service does not take them: %s: %s", code, message)

    def recovered(self) -> None:
        if self._outage:
            self._outage.clear()
            write(self._log, logging.INFO, "session log: the service takes rows again")

    def dropped(self, count: int) -> None:
        self._warn("%d rows are lost, as the buffer is full", count)

    def broken(self) -> None:
        """An error of this library itself, the one at hand."""
        message = "session log: rows are given up after an unexpected error"
        write(self._log, logging.ERROR, message, exc_info=True)

    def _warn(self, message: str, *values: object) -> None:
        write(self._log, logging.WARNING, f"session log: {message}", *values)


def _without_digits(text: str) -> str:
    return re.sub(r"[0-9]+", "", text)
