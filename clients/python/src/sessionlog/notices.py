"""What the log is told: each reason once, and only on the sender's thread, as a log's handlers may block."""

from __future__ import annotations

import re
from collections import deque
from logging import Logger

from .errors import RefusedError

_REASONS_MAX = 1_000


class Notices:
    def __init__(self, log: Logger) -> None:
        self._log = log
        self._known: set[str] = set()
        self._untold: deque[str] = deque()
        self._outage = ""

    def refused(self, error: RefusedError) -> None:
        """A record was refused. Records refused for the same fields and reasons are one matter, whatever the index."""
        reasons = sorted({f"{re.sub(r'[0-9]+', '', v.field)} {v.reason}" for v in error.violations})
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
            self._log.warning("session log: %s", self._untold.popleft())

    def outage(self, code: str, message: str) -> None:
        """Rows cannot be sent. Told once for each outage and status."""
        if self._outage != code:
            self._outage = code
            self._log.warning("session log: rows wait, as the service does not take them: %s: %s", code, message)

    def recovered(self) -> None:
        if self._outage:
            self._outage = ""
            self._log.info("session log: the service takes rows again")

    def dropped(self, count: int) -> None:
        self._log.warning("session log: %d rows are lost, as the buffer is full", count)

    def broken(self) -> None:
        """An error of this library itself, the one at hand."""
        self._log.exception("session log: rows are given up after an unexpected error")
