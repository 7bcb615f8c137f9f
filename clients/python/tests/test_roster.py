from __future__ import annotations

from typing import Any

import pytest

from sessionlog_client import roster_check_for

ROSTER = {"W-1", "W-2", "7"}


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        ({"fills": [{"candidate_id": "W-1"}, {"candidate_id": "W-2"}]}, True),
        ({"fills": [{"candidate_id": "W-1"}, {"candidate_id": "W-9"}]}, False),
        ({"fills": [{"worker_id": "W-9"}]}, False),
        ({"worker_id": "W-2"}, True),
        ({"worker_id": 7}, True),
        ({"fills": [{"candidate_id": None}]}, False),
        ({"fills": [{"candidate_id": ""}]}, False),
        ({"fills": [{"candidate_id": ["W-1"]}]}, False),
        ({"fills": [{"candidate_id": True}]}, False),
        ({"fills": []}, None),
        ({"fills": "W-1"}, None),
        ({"fills": ["W-1", 3, None]}, None),
        ({}, None),
    ],
)
def test_roster_check_for_looks_up_every_worker(artifact: dict[str, Any], expected: bool | None) -> None:
    assert roster_check_for("fill", ROSTER.__contains__)(artifact) is expected


def test_roster_check_for_other_kinds_is_unknown() -> None:
    assert roster_check_for("email", ROSTER.__contains__)({"worker_id": "W-9"}) is None


def test_roster_check_for_takes_paths() -> None:
    check = roster_check_for("fill", ROSTER.__contains__, ["shifts[].crew[].id", "crew[]"])
    assert check({"shifts": [{"crew": [{"id": "W-1"}]}, {"crew": [{"id": "W-9"}]}]}) is False
    assert check({"crew": ["W-1", "W-2"]}) is True
    assert check({"worker_id": "W-9"}) is None


def test_roster_check_for_takes_a_function_that_finds_ids() -> None:
    assert roster_check_for("fill", ROSTER.__contains__, lambda artifact: artifact.keys())({"W-1": 1}) is True


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_roster_check_for_takes_no_answer_that_is_yet_to_come() -> None:
    async def known(worker_id: str) -> bool:
        return False

    with pytest.raises(TypeError, match="awaitable"):
        roster_check_for("fill", known)({"worker_id": "W-9999"})
