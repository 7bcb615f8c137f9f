from __future__ import annotations

import json
import logging

import pytest

from sessionlog_client import CallError, SessionLogger
from sessionlog_client.delivery.address import address_problem

from .support import CASES, accepted, quick

ADDRESSES = [json.loads(line) for line in (CASES / "addresses.jsonl").read_text().splitlines()]
BAD = [case["address"] for case in ADDRESSES if "problem" in case]


@pytest.mark.parametrize("case", ADDRESSES, ids=[case["address"] for case in ADDRESSES])
def test_address_problem(case: dict[str, str]) -> None:
    assert address_problem(case["address"]) == case.get("problem")


@pytest.mark.parametrize("address", [*BAD, "::::", "a\udcffb"])
def test_address_that_cannot_be_used_is_reported_at_once(address: str, caplog: pytest.LogCaptureFixture) -> None:
    with quick(address) as log:
        [record] = caplog.records
        assert record.levelname == "WARNING"
        assert record.getMessage().startswith(
            "session log: records are dropped: the address cannot be used: expected host:port or unix:/path, not "
        )
        log.append(accepted())
        with pytest.raises(CallError, match="UNAVAILABLE: the address cannot be used: expected host:port"):
            log.append_sync(accepted())
        with log.session("fill") as session:
            session.no_json("a")
        assert log.flush(0)
        assert (log.stats().dropped, log.stats().buffered) == (2, 0)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("address", ["", "  ", None])
def test_address_that_is_empty_is_off_and_says_so(address: str | None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert not SessionLogger(address).enabled
    assert caplog.record_tuples == [("sessionlog_client", logging.INFO, "session log: off, no address")]
