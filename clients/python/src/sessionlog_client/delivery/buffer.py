"""Records that wait for the service: bounded, in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from ..options import seconds

_NEARLY_FULL = 3 / 4
"""The part of the buffer that records take then, at least."""


class RecordBuffer:
    """Encoded records from any threads to the one that sends them.

    Invariant: records that wait and records being sent are together within both bounds.
    """

    def __init__(self, records_max: int, bytes_max: int, drop_oldest: bool, on_drop: Callable[[int], None]) -> None:
        # Re-entrant, as a signal handler may append while its thread holds it.
        lock = threading.RLock()
        self._work = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._records_max = records_max
        self._bytes_max = bytes_max
        self._drop_oldest = drop_oldest
        self._on_drop = on_drop
        self._records: deque[tuple[int, bytes, float]] = deque()
        """Each with its number in the order of `put`, and its time; the first ones are in flight."""
        self._bytes = 0
        self._in_flight = self._in_flight_bytes = 0
        self._last = 0
        self._sender_waits = False
        self._wake = False
        self.closed = False
        self.abandoned = False

    def put(self, record: bytes) -> None:
        """Adds a record. Without room for it the oldest ones that wait are dropped, or this one."""
        size = len(record)
        with self._work:
            if self.closed or (self._is_full(size) and not self._make_room(size)):
                self._on_drop(1)
                return
            self._last += 1
            self._records.append((self._last, record, time.monotonic()))
            self._bytes += size
            if self._sender_waits:
                self._work.notify()

    def _is_full(self, size: int) -> bool:
        return len(self._records) >= self._records_max or self._bytes + size > self._bytes_max

    def _make_room(self, size: int) -> bool:
        """Drops waiting records for one of that size, unless it would not fit without them either."""
        fits = self._in_flight < self._records_max and self._in_flight_bytes + size <= self._bytes_max
        if not self._drop_oldest or not fits:
            return False
        while self._is_full(size):
            self._bytes -= len(self._records[self._in_flight][1])
            del self._records[self._in_flight]
            self._on_drop(1)
        return True

    def take(self, records_max: int, bytes_max: int) -> list[bytes] | None:
        """Waits for records, takes at least one, and returns those, which are then in flight. An empty list: `wake` was
        called. None: the buffer is closed and nothing waits, or it is abandoned."""
        with self._work:
            if len(self._records) == self._in_flight and not self.closed and not self._wake:
                self._sender_waits = True
                self._work.wait()
                self._sender_waits = False
            self._wake = False
            if self.abandoned or (self.closed and len(self._records) == self._in_flight):
                return None
            size = 0
            records: list[bytes] = []
            for _, record, _ in islice(self._records, self._in_flight, self._in_flight + records_max):
                if records and size + len(record) > bytes_max:
                    break
                size += len(record)
                records.append(record)
            self._in_flight += len(records)
            self._in_flight_bytes += size
            return records

    def settle(self, count: int) -> None:
        """The first `count` records in flight are stored or refused."""
        with self._work:
            for _ in range(min(count, self._in_flight)):
                size = len(self._records.popleft()[1])
                self._bytes -= size
                self._in_flight -= 1
                self._in_flight_bytes -= size
            self._settled.notify_all()

    def pause(self, seconds: float, until_nearly_full: bool = False) -> bool:
        """Waits before records are sent again; a flush or a close ends it, and then it returns True, as where the
        buffer is to be emptied before it is full."""
        with self._work:
            deadline = time.monotonic() + seconds
            self._sender_waits = until_nearly_full
            ended = False
            while not ended and (left := deadline - time.monotonic()) > 0:
                ended = self._wake or self.abandoned or (until_nearly_full and self.is_nearly_full())
                if not ended:
                    self._work.wait(left)
            ended = ended or self._wake or self.abandoned
            self._sender_waits = self._wake = False
            return ended

    def is_nearly_full(self) -> bool:
        with self._work:
            part = max(len(self._records) / self._records_max, self._bytes / self._bytes_max)
            return part > _NEARLY_FULL

    def wake(self) -> None:
        """Ends the sender's wait, whatever it waits for."""
        with self._work:
            self._wake = True
            self._work.notify_all()

    def wait_settled(self, timeout: float | None) -> bool:
        """Waits until all records put so far are stored, refused or dropped; False when that takes longer."""
        deadline = time.monotonic() + seconds(timeout)
        with self._settled:
            last = self._last
            self.wake()
            while self._records and self._records[0][0] <= last:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._settled.wait(left)
            return True

    def close(self, abandon: bool = False) -> None:
        """Accepts no more records; those put from now on are dropped. With `abandon`, the sender stops although records
        are left."""
        with self._work:
            self.closed = True
            self.abandoned = self.abandoned or abandon
            self._work.notify_all()

    def drain(self) -> list[bytes]:
        """Takes out all records."""
        with self._work:
            records = [record for _, record, _ in self._records]
            self._records.clear()
            self._bytes = self._in_flight = self._in_flight_bytes = 0
            self._settled.notify_all()
            return records

    def size(self) -> tuple[int, int, int]:
        """Records, bytes, and the milliseconds since the first record was put."""
        with self._work:
            age = time.monotonic() - self._records[0][2] if self._records else 0.0
            return len(self._records), self._bytes, int(age * 1_000)
