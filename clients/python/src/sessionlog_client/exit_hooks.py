"""What happens to loggers when their process ends, and when it forks."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Protocol


class Living(Protocol):
    def close(self) -> bool: ...

    def renew_after_fork(self) -> None: ...


_all: weakref.WeakSet[Living] = weakref.WeakSet()
_in_use: set[Living] = set()
"""Loggers with rows behind them, held until they are closed: a daemon that drops its logger does not drop the rows."""

_abandoned: list[object] = []
"""Parts of a parent process: to close its connection in the child would reach for threads that are not there."""


def born(logger: Living) -> None:
    _all.add(logger)


def used(logger: Living) -> None:
    _in_use.add(logger)


def closed(logger: Living) -> None:
    _in_use.discard(logger)


def abandon(part: object) -> None:
    _abandoned.append(part)


@atexit.register
def _close_all() -> None:
    for logger in list(_in_use):
        logger.close()


def _renew_all() -> None:
    _in_use.clear()
    for logger in list(_all):
        logger.renew_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
