"""Rows that wait for the service: bounded, in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from .options import seconds


class RecordBuffer:
    """Rows from any threads to one that sends them.

    Invariant: rows that wait and rows that are under way are together within both bounds.
    """

    def __init__(self, rows_max: int, bytes_max: int, drop_oldest: bool, on_drop: Callable[[int], None]) -> None:
        # Re-entrant, as a signal handler may append while its thread is in here.
        lock = threading.RLock()
        self._work = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._rows_max = rows_max
        self._bytes_max = bytes_max
        self._drop_oldest = drop_oldest
        self._on_drop = on_drop
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._under_way: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._under_way_bytes = 0
        self._ticket = 0
        self._sender_waits = False
        self._hurry = False
        self._closed = False
        self.abandoned = False

    def put(self, row: bytes) -> None:
        """Adds a row. Where there is no room, the oldest ones that are not under way go, or this one."""
        size = len(row)
        with self._work:
            if self._closed or (self._is_full(size) and not self._make_room(size)):
                self._on_drop(1)
                return
            self._ticket += 1
            self._waiting.append((self._ticket, row))
            self._bytes += size
            if self._sender_waits:
                self._work.notify()

    def _is_full(self, size: int) -> bool:
        rows = len(self._waiting) + len(self._under_way)
        return rows >= self._rows_max or self._bytes + size > self._bytes_max

    def _make_room(self, size: int) -> bool:
        """Drops waiting rows for one of that size, unless it would not fit without them either."""
        fits = len(self._under_way) < self._rows_max and self._under_way_bytes + size <= self._bytes_max
        if not self._drop_oldest or not fits:
            return False
        while self._waiting and self._is_full(size):
            self._bytes -= len(self._waiting.popleft()[1])
            self._on_drop(1)
        return not self._is_full(size)

    def take(self, rows_max: int, bytes_max: int) -> list[bytes] | None:
        """Waits for rows; those returned, one at least, are then under way. An empty list: `wake` was called. None: the
        buffer is closed and nothing waits, or it is abandoned."""
        with self._work:
            if not self._waiting and not self._closed and not self._hurry:
                self._sender_waits = True
                self._work.wait()
                self._sender_waits = False
            self._hurry = False
            if self.abandoned or (self._closed and not self._waiting):
                return None
            size = 0
            rows: list[bytes] = []
            while self._waiting and len(rows) < rows_max:
                size += len(self._waiting[0][1])
                if rows and size > bytes_max:
                    break
                entry = self._waiting.popleft()
                self._under_way.append(entry)
                self._under_way_bytes += len(entry[1])
                rows.append(entry[1])
            return rows

    def settle(self, count: int) -> None:
        """The first `count` rows under way are stored or refused."""
        with self._work:
            for _ in range(min(count, len(self._under_way))):
                size = len(self._under_way.popleft()[1])
                self._bytes -= size
                self._under_way_bytes -= size
            self._settled.notify_all()

    def pause(self, seconds: float) -> None:
        """Waits before rows are sent again; shorter when somebody flushes or closes."""
        with self._work:
            if not self._hurry and not self.abandoned:
                self._work.wait(seconds)
            self._hurry = False

    def wake(self) -> None:
        """Ends the sender's wait, whatever it waits for."""
        with self._work:
            self._hurry = True
            self._work.notify_all()

    def wait_settled(self, timeout: float | None) -> bool:
        """Waits until all rows put so far are stored, refused or dropped; False when that takes longer."""
        deadline = time.monotonic() + seconds(timeout)
        with self._settled:
            last = self._ticket
            self.wake()
            while any(rows and rows[0][0] <= last for rows in (self._under_way, self._waiting)):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._settled.wait(left)
            return True

    def close(self) -> None:
        """Takes no more rows; those put from now on are dropped."""
        with self._work:
            self._closed = True
            self._work.notify_all()

    def abandon(self) -> None:
        """The sender is to stop although rows are left."""
        with self._work:
            self._closed = self.abandoned = True
            self._work.notify_all()

    def drain(self) -> list[bytes]:
        """Takes out all rows."""
        with self._work:
            rows = [row for _, row in (*self._under_way, *self._waiting)]
            self._under_way.clear()
            self._waiting.clear()
            self._bytes = self._under_way_bytes = 0
            self._settled.notify_all()
            return rows

    def size(self) -> tuple[int, int]:
        """Rows and bytes."""
        with self._work:
            return len(self._waiting) + len(self._under_way), self._bytes

    @property
    def closed(self) -> bool:
        return self._closed
