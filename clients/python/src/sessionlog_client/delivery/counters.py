"""What became of the records."""

from __future__ import annotations

import threading
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts of records since the logger was made, in this process."""

    appended: int = 0
    """Stored by the service."""
    duplicate: int = 0
    """Stored already, by an earlier try; the service wrote nothing again."""
    refused: int = 0
    """Not accepted, by the service or because no message can express it; the log has the reasons."""
    dropped: int = 0
    """Lost: the buffer was full, or the logger was closed."""
    retried: int = 0
    """Sent again, each time counted."""
    spilled: int = 0
    """Written to the spill file."""
    buffered: int = 0
    """In the buffer now, those being sent included."""
    buffered_bytes: int = 0
    oldest_age_ms: int = 0
    """Of the first record in the buffer: grows while records do not arrive. The one to alert on."""
    last_error: str = ""
    """Why a call failed or a record was refused, the last time."""


class Counters:
    """Counts that several threads add to."""

    def __init__(self) -> None:
        # Re-entrant, as a signal handler may append while its thread holds it.
        self._lock = threading.RLock()
        self._counts = dict.fromkeys((field.name for field in fields(Stats) if field.type in ("int", int)), 0)

    def add(self, **counts: int) -> None:
        """Adds to counts by the names of Stats."""
        with self._lock:
            for name, count in counts.items():
                self._counts[name] += count

    def stats(self, buffered: int = 0, buffered_bytes: int = 0, oldest_age_ms: int = 0, last_error: str = "") -> Stats:
        with self._lock:
            counts = self._counts | {"buffered": buffered, "buffered_bytes": buffered_bytes}
            return Stats(**counts | {"oldest_age_ms": oldest_age_ms}, last_error=last_error)
