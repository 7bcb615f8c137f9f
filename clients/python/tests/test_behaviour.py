"""What a daemon meets in the life of a service: each against the real one."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionlog_client import CallError, RefusedError, SessionLogger, SessionRecord

from .support import RealService, accepted, eventually, quick


def names(count: int) -> list[str]:
    return [f"session-{number}" for number in range(count)]


def test_service_down_at_start(service: RealService) -> None:
    with quick(service.address) as log:
        for number in range(100):
            log.append(accepted(number))
        eventually(lambda: log.stats().retried > 0)
        assert log.stats().buffered == 100
        service.start()
        assert log.flush(20)
        assert log.stats().appended == 100
    assert service.session_ids() == names(100)


@pytest.mark.parametrize("end", [RealService.kill, RealService.stop], ids=["SIGKILL", "SIGTERM"])
def test_service_ended_and_restarted_under_load(service: RealService, end: Callable[[RealService], object]) -> None:
    service.start()
    with quick(service.address, batch_rows=20) as log:
        ended = threading.Event()

        def load() -> None:
            for number in range(3_000):
                log.append(accepted(number))
                if number % 20 == 0:
                    time.sleep(0.005)
            ended.set()

        appender = threading.Thread(target=load)
        appender.start()
        for rows in (300, 900, 1_800):
            eventually(lambda rows=rows: log.stats().appended > rows or ended.is_set())  # type: ignore[misc]
            end(service)
            service.start()
        appender.join(60)
        assert log.flush(60)
        stats = log.stats()
        assert stats.appended + stats.duplicate == 3_000
        assert (stats.refused, stats.dropped) == (0, 0)
        assert stats.retried > 0
    assert sorted(service.session_ids()) == sorted(names(3_000))


def test_service_stopped_and_restarted(service: RealService) -> None:
    service.start()
    with quick(service.address) as log:
        log.append(accepted(0))
        assert log.flush(20)
        assert service.stop() == 0
        log.append(accepted(1))
        eventually(lambda: log.stats().retried > 0)
        service.start()
        assert log.flush(20)
    assert service.session_ids() == names(2)


def test_service_slow(service: RealService) -> None:
    """A service that stands still: appends return at once, records wait, and arrive once."""
    service.start()
    with quick(service.address, call_timeout=0.3) as log:
        log.append(accepted(0))
        assert log.flush(20)
        os.kill(service.pid, signal.SIGSTOP)
        try:
            began = time.perf_counter()
            for number in range(1, 200):
                log.append(accepted(number))
            # Far below one deadline: nothing waited for the service.
            assert time.perf_counter() - began < 0.25
            eventually(lambda: log.stats().retried > 0)
        finally:
            os.kill(service.pid, signal.SIGCONT)
        assert log.flush(20)
        stats = log.stats()
        assert stats.appended + stats.duplicate == 200
    assert service.session_ids() == names(200)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="file sizes are limited by prlimit")
def test_service_with_a_full_disk(service: RealService, caplog: pytest.LogCaptureFixture) -> None:
    service.start()
    with quick(service.address) as log:
        log.append(accepted(0))
        assert log.flush(20)
        limits = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (service.path.stat().st_size + 100, limits[1]))
        for number in range(1, 50):
            log.append(accepted(number))
        eventually(lambda: log.stats().retried > 0)
        assert log.stats().buffered == 49
        assert "RESOURCE_EXHAUSTED" in caplog.text
        with pytest.raises(CallError) as full:
            log.append_sync(accepted(99), 0.2)
        assert full.value.retry_after is not None
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, limits)
        assert log.flush(30)
        assert (log.stats().appended, log.stats().dropped) == (50, 0)
    assert service.session_ids() == names(50)


def test_service_refusing(service: RealService, caplog: pytest.LogCaptureFixture) -> None:
    service.start()
    with quick(service.address) as log:
        for number in range(20):
            log.append(accepted(number))
            log.append(SessionRecord("poem", "accepted"))
            log.append(accepted(number, grounded_in_roster=True, session_id="not an id"))
        assert log.flush(20)
        assert (log.stats().appended, log.stats().refused) == (20, 40)
        with pytest.raises(RefusedError) as refused:
            log.append_sync(SessionRecord("poem", "never", iterations=-1))  # type: ignore[arg-type]
    assert {(v.field, v.reason) for v in refused.value.violations} == {
        ("record.kind", "NOT_ALLOWED"),
        ("record.final_verdict", "NOT_ALLOWED"),
        ("record.iterations", "OUT_OF_RANGE"),
    }
    assert caplog.text.count("record.kind NOT_ALLOWED: expected one of fill, email, playbook") == 1
    assert caplog.text.count("record.session_id INVALID_FORMAT") == 1
    assert service.session_ids() == names(20)


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_buffer_overflow(service: RealService, overflow: str) -> None:
    with quick(service.address, buffer_rows=100, batch_rows=1, overflow=overflow) as log:
        log.append(accepted(0))
        eventually(lambda: log.stats().retried > 0)
        for number in range(1, 1_000):
            log.append(accepted(number))
        assert (log.stats().buffered, log.stats().dropped) == (100, 900)
        service.start()
        assert log.flush(20)
        assert log.stats().appended == 100
    # The first record was in flight all the time.
    last = range(1, 100) if overflow == "drop_newest" else range(901, 1_000)
    assert service.session_ids() == [f"session-{number}" for number in (0, *last)]


def test_close_with_rows_left(service: RealService, tmp_path: Path) -> None:
    spill = tmp_path / "spill.jsonl"
    log = quick(service.address, spill_file=spill)
    for number in range(500):
        log.append(accepted(number, prompt=f"\u2028 {number} \udcff", artifact={"n": [number, 0.1, None]}))
    began = time.monotonic()
    assert not log.close(0.3)
    assert time.monotonic() - began < 5
    assert log.stats().spilled == 500
    service.start()
    assert service.append_file(spill) == "appended 500, duplicate 0, refused 0\n"
    assert service.session_ids() == names(500)
    assert service.rows()[7]["artifact"] == {"n": [7, 0.1, None]}


def test_close_with_rows_that_may_be_stored(service: RealService, tmp_path: Path) -> None:
    """Records in flight are spilled too: the service recognizes them."""
    spill = tmp_path / "spill.jsonl"
    service.start()
    log = quick(service.address, spill_file=spill)
    log.append(accepted(0))
    assert log.flush(20)
    os.kill(service.pid, signal.SIGSTOP)
    for number in range(1, 10):
        log.append(accepted(number))
    assert not log.close(0.3)
    # The call in progress was ended, not left to its deadline.
    assert "sessionlog" not in [thread.name for thread in threading.enumerate()]
    os.kill(service.pid, signal.SIGCONT)
    assert log.stats().spilled == 9
    service.append_file(spill)
    assert sorted(service.session_ids()) == names(10)


def test_32_concurrent_appenders_and_10_000_rows(service: RealService) -> None:
    service.start()
    numbers = iter(range(10_000))
    lock = threading.Lock()

    def appender(log: SessionLogger) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            log.append(accepted(number))

    with quick(service.address) as log:
        threads = [threading.Thread(target=appender, args=(log,)) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert log.flush(60)
        assert log.stats().appended == 10_000
    assert sorted(service.session_ids()) == sorted(names(10_000))


def test_32_concurrent_callers_of_append_sync(service: RealService) -> None:
    service.start()
    with quick(service.address) as log:

        def caller(first: int) -> None:
            for number in range(first, first + 10):
                log.append_sync(accepted(number))

        threads = [threading.Thread(target=caller, args=(first,)) for first in range(0, 320, 10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert log.stats().appended == 320
    assert sorted(service.session_ids()) == sorted(names(320))


def test_daemon_that_ends_without_closing(service: RealService) -> None:
    service.start()
    program = f"""
from sessionlog_client import SessionLogger, SessionRecord
log = SessionLogger({service.address!r})
for number in range(1000):
    log.append(SessionRecord("fill", "accepted", session_id=f"session-{{number}}"))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert service.session_ids() == names(1000)
