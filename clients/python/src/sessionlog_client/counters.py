"""What has become of the rows."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of rows since the logger was made, in this process."""

    appended: int = 0
    """Stored by the service."""
    duplicate: int = 0
    """Stored already, by an earlier try; the service wrote nothing again."""
    refused: int = 0
    """Not taken, by the service or because no record can say it; the log tells the reasons."""
    dropped: int = 0
    """Lost: the buffer was full, or the logger was closed."""
    retried: int = 0
    """Sent once more, each time counted."""
    spilled: int = 0
    """Written to the spill file."""
    buffered: int = 0
    """In the buffer now, rows under way included."""
    buffered_bytes: int = 0


class Counters:
    """Counters that several threads add to."""

    def __init__(self) -> None:
        # Re-entrant, as a signal handler may append while its thread is in here.
        self._lock = threading.RLock()
        self.appended = self.duplicate = self.refused = self.dropped = self.retried = self.spilled = 0

    def add(
        self,
        appended: int = 0,
        duplicate: int = 0,
        refused: int = 0,
        dropped: int = 0,
        retried: int = 0,
        spilled: int = 0,
    ) -> None:
        with self._lock:
            self.appended += appended
            self.duplicate += duplicate
            self.refused += refused
            self.dropped += dropped
            self.retried += retried
            self.spilled += spilled

    def stats(self, buffered: int, buffered_bytes: int) -> Stats:
        with self._lock:
            return Stats(
                self.appended,
                self.duplicate,
                self.refused,
                self.dropped,
                self.retried,
                self.spilled,
                buffered,
                buffered_bytes,
            )
