from __future__ import annotations

from typing import Any

import pytest

from sessionlog_client import WORKER_ID_PATHS, roster_check_for

from .support import cases


@pytest.mark.parametrize("case", cases("rosters.jsonl"))
def test_roster_check_for(case: dict[str, Any]) -> None:
    check = roster_check_for(case["kind"], case["roster"].__contains__, case.get("id_paths", WORKER_ID_PATHS))
    assert check(case["artifact"]) is case["expected"]


def test_roster_check_for_takes_a_function_that_finds_ids() -> None:
    assert roster_check_for("fill", {"W-1"}.__contains__, lambda artifact: artifact.keys())({"W-1": 1}) is True


@pytest.mark.filterwarnings("error")
def test_roster_check_for_takes_no_answer_that_is_yet_to_come() -> None:
    async def known(worker_id: str) -> bool:
        return False

    with pytest.raises(TypeError, match="awaitable"):
        roster_check_for("fill", known)({"worker_id": "W-9999"})
