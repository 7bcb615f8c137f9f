from __future__ import annotations

import logging
from typing import Any

import pytest

from sessionlog_client import (
    IterateFailure,
    IterateRequest,
    IterateResponse,
    SessionAttempt,
    SessionRecord,
    build_session_record,
    roster_check_for,
)

from .support import UNNAMED, Nameless, broken_log, released_view

REQUEST = IterateRequest("fill", "Fill 2 slots.", "qwen3:8b", "ollama", 3)
HISTORY = [SessionAttempt(0, "no_json", "no JSON"), SessionAttempt(1, "accepted")]
RESPONSE = IterateResponse({"fills": []}, 2, HISTORY, "response-trace")
FAILURE = IterateFailure(1, [SessionAttempt(0, "no_json")], "failure-trace")
COMMON: dict[str, Any] = {
    "kind": "fill",
    "prompt": "Fill 2 slots.",
    "model": "qwen3:8b",
    "provider": "ollama",
    "max_iterations": 3,
    "duration_ms": 7,
}


def test_build_session_record_of_an_accepted_session() -> None:
    assert build_session_record(REQUEST, RESPONSE, duration_ms=7) == SessionRecord(
        final_verdict="accepted",
        iterations=2,
        attempts=HISTORY,
        artifact={"fills": []},
        session_id="response-trace",
        **COMMON,
    )


def test_build_session_record_of_one_that_ran_out_of_attempts() -> None:
    assert build_session_record(REQUEST, None, FAILURE, None, lambda _: True, 7) == SessionRecord(
        final_verdict="max_iter_exhausted",
        iterations=1,
        attempts=FAILURE.history,
        session_id="failure-trace",
        **COMMON,
    )


def test_build_session_record_of_an_infrastructure_error() -> None:
    record = build_session_record(REQUEST, error=ConnectionError("é" * 900), duration_ms=7)
    attempts = [SessionAttempt(0, "infra_error", "é" * 800)]
    assert record == SessionRecord(final_verdict="infra_error", attempts=attempts, **COMMON)


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


def test_build_session_record_without_any_error_has_no_attempt() -> None:
    record = build_session_record(REQUEST)
    assert (record.final_verdict, list(record.attempts)) == ("infra_error", [])


def test_build_session_record_lets_the_response_win() -> None:
    assert build_session_record(REQUEST, RESPONSE, FAILURE, "EOF").final_verdict == "accepted"


def test_build_session_record_takes_the_trace_of_the_request_first() -> None:
    request = IterateRequest("fill", trace_id="request-trace")
    assert build_session_record(request, RESPONSE).session_id == "request-trace"
    assert build_session_record(request, None, FAILURE).session_id == "request-trace"


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

    with caplog.at_level(logging.WARNING, "sessionlog"):
        assert build_session_record(REQUEST, RESPONSE, roster_check=check).grounded_in_roster is None
    assert "roster check failed" in caplog.text


async def check_later(artifact: Any) -> bool:
    return False


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("check", [check_later, lambda artifact: "no"])
def test_build_session_record_takes_an_answer_that_is_none_for_unknown(
    check: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert build_session_record(REQUEST, RESPONSE, roster_check=check).grounded_in_roster is None
    assert "roster check failed" in caplog.text


def test_build_session_record_raises_nothing_because_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionlog_client.build._log", broken_log())
    check = roster_check_for("fill", dict[str, object]().__getitem__)
    response = IterateResponse({"worker_id": "W-9"}, 1)
    assert build_session_record(REQUEST, response, roster_check=check).grounded_in_roster is None


def test_build_session_record_cuts_the_prompt_by_code_points() -> None:
    assert build_session_record(IterateRequest("fill", "😀" * 5_000)).prompt == "😀" * 4_000
    assert build_session_record(IterateRequest("fill", b"caf\xc3")).prompt == "caf\ufffd"


def test_build_session_record_leaves_a_prompt_that_is_no_text_to_append() -> None:
    assert build_session_record(IterateRequest("fill", 3)).prompt == 3  # type: ignore[arg-type, comparison-overlap]
