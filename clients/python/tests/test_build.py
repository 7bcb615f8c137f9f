from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from sessionlog_client import (
    IterateFailure,
    IterateRequest,
    IterateResponse,
    SessionAttempt,
    build_session_record,
    roster_check_for,
)
from sessionlog_client.records.encode import encode_record
from sessionlog_client.records.roster import RosterCheck
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import UNNAMED, Nameless, broken_log, cases, released_view

REQUEST = IterateRequest("fill", "Fill 2 slots.", "qwen3:8b", "ollama", 3)
HISTORY = [SessionAttempt(0, "no_json", "no JSON"), SessionAttempt(1, "accepted")]
RESPONSE = IterateResponse({"fills": []}, 2, HISTORY, "response-trace")


def attempts(history: list[dict[str, Any]]) -> list[SessionAttempt]:
    return [SessionAttempt(**attempt) for attempt in history]


def ending(kind: Any, fields: dict[str, Any] | None) -> Any:
    return None if fields is None else kind(**fields | {"history": attempts(fields["history"])})


def check_with(answer: object) -> RosterCheck:
    def check(artifact: Any) -> bool | None:
        if answer == "fails":
            raise KeyError("roster")
        assert answer is None or isinstance(answer, bool)
        return answer

    return check


@pytest.mark.parametrize("case", cases("build_record.jsonl"))
def test_build_session_record(case: dict[str, Any]) -> None:
    record = build_session_record(
        IterateRequest(**case["request"]),
        ending(IterateResponse, case.get("response")),
        ending(IterateFailure, case.get("failure")),
        case.get("error") and ConnectionError(case["error"]),
        check_with(case["roster_check"]) if "roster_check" in case else None,
        case.get("duration_ms", 0),
    )
    record.timestamp = datetime(2026, 5, 2, 5, 22, 9, 250_000, timezone.utc)
    encoded = pb.AppendSessionRequest.FromString(encode_record(record, "validatord", 1 << 20)).record
    assert encoded == ParseDict(case["record"], pb.SessionRecord())


def test_build_session_record_cuts_an_infrastructure_error() -> None:
    record = build_session_record(REQUEST, error=ConnectionError("é" * 900))
    assert record.attempts == [SessionAttempt(0, "infra_error", "é" * 800)]


@pytest.mark.parametrize(("error", "text"), [("EOF", "EOF"), (TimeoutError(), "TimeoutError")])
def test_build_session_record_says_what_an_error_says(error: Exception | str, text: str) -> None:
    assert build_session_record(REQUEST, error=error).attempts[0].error == text


class Falsy(Exception):
    def __bool__(self) -> bool:
        return False


class Mute(Exception):
    """Nothing can be asked of it."""

    def __bool__(self) -> bool:
        raise ValueError("no truth")

    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(("error", "text"), [(Falsy("EOF"), "EOF"), (Mute(), "Mute"), (Nameless(), UNNAMED)])
def test_build_session_record_keeps_the_attempt_of_any_exception(error: Exception, text: str) -> None:
    assert build_session_record(REQUEST, error=error).attempts[0].error == text


@pytest.mark.parametrize("prompt", [Nameless(), released_view()])
def test_build_session_record_raises_nothing_because_of_a_prompt(prompt: Any) -> None:
    assert build_session_record(IterateRequest("fill", prompt)).prompt is prompt


def test_build_session_record_takes_an_empty_error_for_none() -> None:
    assert list(build_session_record(REQUEST, error="").attempts) == []


@pytest.mark.parametrize("answer", [True, False, None])
def test_build_session_record_asks_the_roster_check(answer: bool | None) -> None:
    asked: list[Any] = []

    def check(artifact: Any) -> bool | None:
        asked.append(artifact)
        return answer

    assert build_session_record(REQUEST, RESPONSE, roster_check=check).grounded_in_roster is answer
    assert asked == [RESPONSE.artifact]


def test_build_session_record_takes_a_check_that_raises_for_unknown(caplog: pytest.LogCaptureFixture) -> None:
    def check(artifact: Any) -> bool:
        raise KeyError("roster")

    with caplog.at_level(logging.WARNING, "sessionlog_client"):
        assert build_session_record(REQUEST, RESPONSE, roster_check=check).grounded_in_roster is None
    assert "roster check failed" in caplog.text


async def check_later(artifact: Any) -> bool:
    return False


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("check", [check_later, lambda artifact: "no"])
def test_build_session_record_takes_an_answer_that_is_none_for_unknown(
    check: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert build_session_record(REQUEST, RESPONSE, roster_check=check).grounded_in_roster is None
    assert "roster check failed" in caplog.text


def test_build_session_record_raises_nothing_because_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlog_client.records.build._log", broken_log())
    check = roster_check_for("fill", dict[str, object]().__getitem__)
    response = IterateResponse({"worker_id": "W-9"}, 1)
    assert build_session_record(REQUEST, response, roster_check=check).grounded_in_roster is None


def test_build_session_record_cuts_the_prompt_by_code_points() -> None:
    assert build_session_record(IterateRequest("fill", "😀" * 5_000)).prompt == "😀" * 4_000
    assert build_session_record(IterateRequest("fill", b"caf\xc3")).prompt == "caf\ufffd"


def test_build_session_record_leaves_a_prompt_that_is_no_text_to_append() -> None:
    assert build_session_record(IterateRequest("fill", 3)).prompt == 3  # type: ignore[arg-type, comparison-overlap]
