from __future__ import annotations

import json
from typing import Any

import pytest

from sessionlog_client.delivery.status import CallFailure

from .support import CASES


@pytest.mark.parametrize(
    "case",
    json.loads((CASES / "failures.json").read_text()),
    ids=lambda case: case["status"] + (" with RetryInfo" if case["retry_info"] else ""),
)
def test_action_of_a_call_failure(case: dict[str, Any]) -> None:
    failure = CallFailure(case["status"], "", retry_after=1.0 if case["retry_info"] else None)
    assert (failure.action(1), failure.action(500)) == (case["one_row"], case["many_rows"])
