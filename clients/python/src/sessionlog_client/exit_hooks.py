"""What happens to loggers when their process ends, and when it forks."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import weakref
from multiprocessing.util import Finalize
from typing import Protocol


class Closable(Protocol):
    def close(self) -> bool: ...

    def renew_after_fork(self) -> None: ...


_all: weakref.WeakSet[Closable] = weakref.WeakSet()
_tracked: set[Closable] = set()
"""Loggers with records, held until they are closed: a daemon that drops its logger does not drop the records."""

_abandoned: list[object] = []
"""Parts of a parent process: closing its connection in the child would reach for threads that do not exist there."""


def register(logger: Closable) -> None:
    """Has the logger renewed in the child of a fork."""
    _all.add(logger)


def track(logger: Closable) -> None:
    """Has the logger closed when the process ends."""
    # Children of multiprocessing end without atexit's functions. They clear what was registered before they began.
    if not _tracked and multiprocessing.parent_process() is not None:
        Finalize(None, _close_all, exitpriority=10)
    _tracked.add(logger)


def untrack(logger: Closable) -> None:
    _tracked.discard(logger)


def abandon(part: object) -> None:
    _abandoned.append(part)


@atexit.register
def _close_all() -> None:
    for logger in list(_tracked):
        logger.close()


def _renew_all() -> None:
    _tracked.clear()
    for logger in list(_all):
        logger.renew_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
