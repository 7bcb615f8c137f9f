"""What happens to loggers when their process ends, and when it forks."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import threading
import time
import weakref
from contextlib import suppress
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..logger import SessionLogger
    from .connection import Connection

_CALLS_TIMEOUT = 0.2
"""Seconds that the calls in progress get before a fork."""
_POLL_INTERVAL = 0.001
"""Seconds between two looks at gRPC's threads; on a busy machine it takes longer, as they do."""
_SLEEP_POLLS = 100
"""Looks after which gRPC's threads that only sleep are taken for those of other channels, which never end."""
_GRPC_END_TIMEOUT = 10.0
"""Seconds that gRPC's threads get in all: some 3 ms suffice, if the machine is not busy."""
_NAME_TIMEOUT = 1.0
"""Seconds that a new thread needs at most until it has its name."""
_GRPC_THREADS = ("event_engine", "grpc_", "lifeguard")
"""How the names of gRPC's threads begin, in Linux."""
_TASKS = Path("/proc/self/task")

loggers: weakref.WeakSet[SessionLogger] = weakref.WeakSet()
"""Those to renew in the child of a fork."""
connections: weakref.WeakSet[Connection] = weakref.WeakSet()
"""Those to close before a fork."""
tracked: set[SessionLogger] = set()
"""Those with records, held until they are closed: a daemon that drops its logger does not drop the records."""
abandoned: list[object] = []
"""Parts of a parent process: closing its connection in the child would reach for threads that do not exist there."""


def track(logger: SessionLogger) -> None:
    """Has the logger closed when the process ends."""
    # Children of multiprocessing end without atexit's functions, and clear what was registered before they began.
    if not tracked and multiprocessing.parent_process() is not None:
        Finalize(None, _close_all, exitpriority=10)
    tracked.add(logger)


@atexit.register
def _close_all() -> None:
    for logger in list(tracked):
        logger.close()


_held = threading.local()


def _hold_all() -> None:
    """Before a fork. A child that inherits a live gRPC loses records or hangs at its end, and in some versions the fork
    itself hangs, whatever GRPC_ENABLE_FORK_SUPPORT is: so gRPC ends before, and is started again after the fork."""
    _held.connections = list(connections)
    deadline = time.monotonic() + _CALLS_TIMEOUT
    held = [connection.hold(deadline) for connection in _held.connections]
    if any(held):
        _await_end_of_grpc()


def _await_end_of_grpc() -> None:
    if not _TASKS.exists():
        time.sleep(_SLEEP_POLLS * _POLL_INTERVAL)
        return
    deadline = time.monotonic() + _GRPC_END_TIMEOUT
    own = {str(thread.native_id) for thread in threading.enumerate()}
    last: set[str] = set()
    polls = 0
    while threads := {
        task.name: state for task in _TASKS.iterdir() if task.name not in own and (state := _grpc_state(task))
    }:
        polls = 0 if "R" in threads.values() or threads.keys() != last else polls + 1
        last = set(threads)
        if polls == _SLEEP_POLLS or time.monotonic() > deadline:
            return
        time.sleep(_POLL_INTERVAL)


def _grpc_state(task: Path) -> str:
    """S of a thread that sleeps and is gRPC's by its name; R of one that runs or could, also of one so new that it has
    not come to its name; empty of others and of one that has ended."""
    with suppress(OSError):
        name, _, rest = (task / "stat").read_text().partition(" (")[2].rpartition(") ")
        state, *fields = rest.split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[18]) / os.sysconf("SC_CLK_TCK")
        if name.startswith(_GRPC_THREADS) or (state != "S" and age < _NAME_TIMEOUT):
            return "S" if state == "S" else "R"
    return ""


def _release_all() -> None:
    for connection in _held.connections:
        connection.release()


def _renew_all() -> None:
    tracked.clear()
    connections.clear()
    for logger in list(loggers):
        logger.renew_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold_all, after_in_parent=_release_all, after_in_child=_renew_all)
