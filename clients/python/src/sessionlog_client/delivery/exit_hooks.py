"""What happens to loggers when their process ends, and when it forks."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import weakref
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..logger import SessionLogger

loggers: weakref.WeakSet[SessionLogger] = weakref.WeakSet()
"""Those to renew in the child of a fork."""
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


def _renew_all() -> None:
    tracked.clear()
    for logger in list(loggers):
        logger.renew_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
