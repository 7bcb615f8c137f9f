from __future__ import annotations

import math
import threading

import pytest

from sessionlog_client.delivery.buffer import RecordBuffer


class Drops:
    count = 0

    def __call__(self, count: int) -> None:
        self.count += count


def filled(rows_max: int = 3, bytes_max: int = 100, drop_oldest: bool = True) -> tuple[RecordBuffer, Drops]:
    drops = Drops()
    return RecordBuffer(rows_max, bytes_max, drop_oldest, drops), drops


def put_all(buffer: RecordBuffer, *rows: bytes) -> None:
    for row in rows:
        buffer.put(row)


def test_record_buffer_drops_the_oldest() -> None:
    buffer, drops = filled()
    put_all(buffer, b"1", b"2", b"3", b"4", b"5")
    assert (buffer.drain(), drops.count) == ([b"3", b"4", b"5"], 2)


def test_record_buffer_drops_the_newest() -> None:
    buffer, drops = filled(drop_oldest=False)
    put_all(buffer, b"1", b"2", b"3", b"4", b"5")
    assert (buffer.drain(), drops.count) == ([b"1", b"2", b"3"], 2)


def test_record_buffer_is_bounded_by_bytes() -> None:
    buffer, drops = filled(rows_max=99, bytes_max=10)
    put_all(buffer, b"1234", b"5678", b"9abcdef")
    assert (buffer.size()[:2], buffer.drain(), drops.count) == ((1, 7), [b"9abcdef"], 2)


def test_record_buffer_does_not_drop_what_is_under_way() -> None:
    buffer, drops = filled(rows_max=2)
    put_all(buffer, b"1", b"2")
    assert buffer.take(2, 100) == [b"1", b"2"]
    put_all(buffer, b"3")
    assert (buffer.drain(), drops.count) == ([b"1", b"2"], 1)


def test_record_buffer_cuts_batches_by_rows_and_bytes() -> None:
    buffer, _ = filled(rows_max=9)
    put_all(buffer, b"1234", b"56", b"78", b"9", b"0")
    assert buffer.take(9, 7) == [b"1234", b"56"]
    assert buffer.take(2, 7) == [b"78", b"9"]
    assert buffer.take(2, 0) == [b"0"]


def test_record_buffer_take_ends_when_it_is_closed_and_empty() -> None:
    buffer, drops = filled()
    put_all(buffer, b"1")
    buffer.close()
    put_all(buffer, b"2")
    assert (buffer.take(9, 99), buffer.take(9, 99), drops.count) == ([b"1"], None, 1)


def test_record_buffer_wait_settled_waits_for_what_was_put_before() -> None:
    buffer, _ = filled(rows_max=9)
    put_all(buffer, b"1", b"2")
    assert not buffer.wait_settled(0)
    buffer.take(2, 99)
    assert not buffer.wait_settled(0)
    waiter = threading.Thread(target=buffer.wait_settled, args=(20,))
    waiter.start()
    buffer.settle(2)
    waiter.join(20)
    assert not waiter.is_alive()
    assert buffer.size() == (0, 0, 0)


def test_record_buffer_wait_settled_counts_dropped_rows_as_settled() -> None:
    buffer, _ = filled(rows_max=1)
    put_all(buffer, b"1", b"2")
    buffer.take(1, 99)
    buffer.settle(1)
    assert buffer.wait_settled(0)


def test_record_buffer_drops_no_row_for_one_that_cannot_fit() -> None:
    buffer, drops = filled(rows_max=99, bytes_max=10)
    put_all(buffer, b"123456")
    buffer.take(1, 99)
    put_all(buffer, b"a", b"b", b"12345")
    assert (buffer.drain(), drops.count) == ([b"123456", b"a", b"b"], 1)


def test_record_buffer_drops_rows_for_one_that_fits_beside_those_under_way() -> None:
    buffer, drops = filled(rows_max=99, bytes_max=10)
    put_all(buffer, b"123456")
    buffer.take(1, 99)
    put_all(buffer, b"a", b"b", b"1234")
    assert (buffer.drain(), drops.count) == ([b"123456", b"1234"], 2)


def test_record_buffer_has_room_again_for_what_is_settled() -> None:
    buffer, drops = filled(rows_max=99, bytes_max=10)
    put_all(buffer, b"123456")
    buffer.take(1, 99)
    buffer.settle(1)
    put_all(buffer, b"a", b"1234567890")
    assert (buffer.drain(), drops.count) == ([b"1234567890"], 1)


@pytest.mark.parametrize("timeout", [math.inf, None])
def test_record_buffer_wait_settled_may_have_no_limit(timeout: float | None) -> None:
    buffer, _ = filled()
    put_all(buffer, b"1")
    buffer.take(1, 99)
    settling = threading.Timer(0.05, buffer.settle, [1])
    settling.start()
    assert buffer.wait_settled(timeout)


@pytest.mark.parametrize("timeout", [math.nan, -1, -math.inf])
def test_record_buffer_wait_settled_without_any_time_looks_only(timeout: float) -> None:
    buffer, _ = filled()
    assert buffer.wait_settled(timeout)
    put_all(buffer, b"1")
    assert not buffer.wait_settled(timeout)
