"""The record of a session, from what a daemon has at its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._limits import PROMPT_CODE_POINTS_MAX
from ..delivery.diagnostics import write
from .record import SessionAttempt, SessionRecord
from .roster import RosterCheck
from .text import error_text, to_text, type_name

_log = logging.getLogger("sessionlog_client")

_INFRA_ERROR_CODE_POINTS_MAX = 800


@dataclass(slots=True)
class IterateRequest:
    """What was asked of the daemon."""

    kind: str
    prompt: str | bytes = ""
    model: str = ""
    provider: str = ""
    max_iterations: int = 0
    trace_id: str = ""
    """See `trace_id_from_headers`."""


@dataclass(slots=True)
class IterateResponse:
    """How a session ended that was accepted."""

    artifact: Mapping[str, object]
    iterations: int
    history: Sequence[SessionAttempt] = ()
    trace_id: str = ""


@dataclass(slots=True)
class IterateFailure:
    """How a session ended that ran out of attempts."""

    iterations: int
    history: Sequence[SessionAttempt] = ()
    trace_id: str = ""


def build_session_record(
    request: IterateRequest,
    response: IterateResponse | None = None,
    failure: IterateFailure | None = None,
    error: BaseException | str | None = None,
    roster_check: RosterCheck | None = None,
    duration_ms: int = 0,
) -> SessionRecord:
    """The record of a session that was accepted (`response`, also where there is a failure), ran out of attempts
    (`failure`), or met an infrastructure error (neither; `error` is its one attempt).

    `roster_check` is called with the artifact of an accepted session; see `roster_check_for`. One that raises is logged
    and counts as unknown. Raises nothing.
    """
    record = SessionRecord(
        kind=request.kind,
        final_verdict="infra_error",
        prompt=_prompt(request.prompt),
        model=request.model,
        provider=request.provider,
        max_iterations=request.max_iterations,
        duration_ms=duration_ms,
        session_id=request.trace_id,
    )
    if response is not None:
        record.final_verdict = "accepted"
        record.iterations = response.iterations
        record.attempts = response.history
        record.artifact = response.artifact
        record.grounded_in_roster = _grounded(roster_check, response.artifact)
        record.session_id = request.trace_id or response.trace_id
    elif failure is not None:
        record.final_verdict = "max_iter_exhausted"
        record.iterations = failure.iterations
        record.attempts = failure.history
        record.session_id = request.trace_id or failure.trace_id
    elif error is not None and not (isinstance(error, str) and error == ""):
        text = error if isinstance(error, str) else error_text(error)
        record.attempts = [SessionAttempt(0, "infra_error", to_text(text, _INFRA_ERROR_CODE_POINTS_MAX))]
    return record


def _prompt(prompt: str | bytes) -> str | bytes:
    try:
        return to_text(prompt, PROMPT_CODE_POINTS_MAX)
    except Exception:  # noqa: BLE001 a prompt that is not a text is refused when the record is appended
        return prompt


def _grounded(roster_check: RosterCheck | None, artifact: Mapping[str, object]) -> bool | None:
    if roster_check is None:
        return None
    try:
        grounded = roster_check(artifact)
        if grounded is None or isinstance(grounded, bool):
            return grounded
        raise TypeError(f"expected True, False or None, found {type_name(grounded)}")
    except Exception:  # noqa: BLE001 a check that fails is logged, and costs no record
        message = "the roster check failed, grounded_in_roster is left out"
        write(_log, logging.WARNING, message, exc_info=True)
        return None
