"""Calls that wait, for asyncio: on threads, so that the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

_THREADS_MAX = 8
"""One that waits for an absent service does not hold up the others."""

Result = TypeVar("Result")


class Waiting:
    """Threads are started for calls and end with them; they do not keep a process alive."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: deque[tuple[Callable[[], Any], asyncio.AbstractEventLoop, asyncio.Future[Any]]] = deque()
        self._threads = 0

    async def run(self, call: Callable[[], Result]) -> Result:
        """What a call returns or raises. Cancelled, it is not begun, or goes on unobserved."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        with self._lock:
            self._pending.append((call, loop, future))
            if self._threads < _THREADS_MAX:
                threading.Thread(target=self._work, name="sessionlog-wait", daemon=True).start()
                self._threads += 1
        return await future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._pending:
                    self._threads -= 1
                    return
                call, loop, future = self._pending.popleft()
            if future.cancelled():
                continue
            result: Any = None
            error: BaseException | None = None
            try:
                result = call()
            except BaseException as raised:  # noqa: BLE001 it is the caller's
                error = raised
            # RuntimeError: the loop is closed, nobody waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, future, result, error)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
