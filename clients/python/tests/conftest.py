from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import MAIN, FakeService, RealService, serve


@pytest.fixture
def fake() -> FakeService:
    return FakeService()


@pytest.fixture
def address(fake: FakeService) -> Iterator[str]:
    """Where the fake service listens."""
    yield from serve(fake)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RealService]:
    """The real service, not yet started."""
    if shutil.which("node") is None or not MAIN.exists():
        pytest.skip(f"the service needs node and {MAIN.name}; `npm run build` makes it")
    real = RealService(tmp_path)
    yield real
    real.kill()
