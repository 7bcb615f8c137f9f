"""The logger in asyncio."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
from typing import Any

import grpc
import pytest

from sessionlog_client import CallError, RefusedError, SessionLogger, SessionRecord

from .support import FakeService, accepted, free_port, quick


def test_async_with_sends_what_was_appended(fake: FakeService, address: str) -> None:
    async def main() -> None:
        async with quick(address) as log:
            log.append(accepted(0))
            assert await log.aflush(20)
            appended = await log.append_and_wait(accepted(1))
            assert (appended.session_id, appended.sequence) == ("session-1", 2)
            log.append(accepted(2))

    asyncio.run(main())
    assert fake.stored == ["session-0", "session-1", "session-2"]


def test_async_calls_on_a_logger_that_is_off() -> None:
    async def main() -> None:
        async with SessionLogger("") as log:
            assert (await log.append_and_wait(accepted(1))).sequence == 0
            assert await log.aflush()
            assert await log.aclose()

    asyncio.run(main())


def test_append_and_wait_raises_what_append_sync_raises() -> None:
    async def main() -> None:
        async with quick(f"127.0.0.1:{free_port()}") as log:
            with pytest.raises(CallError, match="UNAVAILABLE"):
                await log.append_and_wait(accepted(), 0.1)
            with pytest.raises(RefusedError, match="NOT_FINITE"):
                await log.append_and_wait(accepted(artifact={"n": float("nan")}))
            await log.aclose(0)
            with pytest.raises(CallError, match="CLOSED"):
                await log.append_and_wait(accepted())

    asyncio.run(main())


def stall(fake: FakeService, calls: int) -> threading.Event:
    """Has the service hold calls until the event is set."""
    released = threading.Event()

    def hold(records: Any, context: grpc.ServicerContext) -> None:
        released.wait(20)

    fake.answers = [hold] * calls
    return released


def test_append_and_wait_lets_the_event_loop_go_on(fake: FakeService, address: str) -> None:
    async def main() -> None:
        released = stall(fake, 1)
        async with quick(address) as log:
            waiting = asyncio.create_task(log.append_and_wait(accepted(0)))
            for _ in range(10):
                await asyncio.sleep(0.01)
            assert not waiting.done()
            released.set()
            assert (await waiting).sequence == 1

    asyncio.run(main())


def test_append_and_wait_is_cancelled_at_once(fake: FakeService, address: str) -> None:
    async def main() -> None:
        released = stall(fake, 1)
        log = quick(address)
        began = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(log.append_and_wait(accepted(0)), 0.05)
        assert time.monotonic() - began < 5
        released.set()
        assert await log.aclose()

    asyncio.run(main())


def test_append_and_wait_of_many_at_once(fake: FakeService, address: str) -> None:
    async def main() -> None:
        async with quick(address) as log:
            await asyncio.gather(*(log.append_and_wait(accepted(number)) for number in range(100)))

    asyncio.run(main())
    assert sorted(fake.stored) == sorted(f"session-{number}" for number in range(100))


def test_append_and_wait_counts_the_time_until_its_turn() -> None:
    """Behind eight others that wait for an absent service, too."""

    async def main() -> None:
        async with quick(f"127.0.0.1:{free_port()}", close_timeout=0) as log:
            began = time.monotonic()
            calls = [log.append_and_wait(accepted(number), 0.3) for number in range(24)]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(result, CallError) for result in results)
            assert time.monotonic() - began < 10

    asyncio.run(main())


def test_cancelled_waits_do_not_keep_a_process_alive() -> None:
    program = f"""
import asyncio
from sessionlog_client import SessionLogger, SessionRecord
log = SessionLogger("127.0.0.1:{free_port()}", close_timeout=0)
async def main():
    await asyncio.wait_for(log.append_and_wait(SessionRecord("fill", "infra_error"), 60), 0.1)
try:
    asyncio.run(main())
except asyncio.TimeoutError:
    pass
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_append_sync_in_a_coroutine_is_told_once(
    fake: FakeService, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        with quick(address) as log:
            for number in range(3):
                log.append_sync(accepted(number))

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == [
        "session log: append_sync stops the event loop until the row is stored: await append_and_wait"
    ]


def test_stats_have_the_age_of_the_first_record_and_the_last_error() -> None:
    log = quick(f"127.0.0.1:{free_port()}", close_timeout=0)
    assert (log.stats().oldest_age_ms, log.stats().last_error) == (0, "")
    log.append(SessionRecord("fill", "infra_error"))
    time.sleep(0.05)
    log.append(SessionRecord("fill", "infra_error"))
    deadline = time.monotonic() + 20
    while log.stats().last_error == "" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 50 <= log.stats().oldest_age_ms < 60_000
    assert log.stats().last_error.startswith("UNAVAILABLE: ")
    log.close()
    assert log.stats().oldest_age_ms == 0
