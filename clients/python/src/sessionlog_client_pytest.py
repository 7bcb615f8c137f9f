"""pytest's fixture `session_log`. It stands outside of the package, so that pytest imports gRPC only for tests that use
it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sessionlog_client.testing import MemoryLogger


@pytest.fixture
def session_log() -> Iterator[MemoryLogger]:
    """A logger that keeps records. A record that the service would refuse fails the test."""
    from sessionlog_client.testing import MemoryLogger

    log = MemoryLogger()
    yield log
    log.close()
