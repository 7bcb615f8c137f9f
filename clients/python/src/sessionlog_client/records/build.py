"""The record of a session, from what a daemon has at its end."""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._limits import PROMPT_CODE_POINTS_MAX
from ..delivery.diagnostics import write
from .plain import Artifact, to_plain
from .record import FinalVerdict, SessionAttempt, SessionRecord
from .roster import RosterCheck
from .text import error_chain, to_text, type_name

_log = logging.getLogger("sessionlog_client")

ATTEMPT_ERROR_CODE_POINTS_MAX = 800


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

    artifact: Artifact
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
    duration_ms: float = 0,
    history: Sequence[SessionAttempt] = (),
) -> SessionRecord:
    """The record of a session that was accepted (`response`, also where there is a failure), ran out of attempts
    (`failure`), or met an infrastructure error (neither; `error` is its last attempt, after those of `history`, which
    the model answered).

    `roster_check` is called with the artifact of an accepted session, as dictionaries and lists; see
    `roster_check_for`. One that raises is logged and counts as unknown. Raises nothing.
    """
    if response is not None:
        record = ended_record(request, "accepted", response.iterations, response.history, duration_ms)
        record.session_id = request.trace_id or response.trace_id
        accept_artifact(record, response.artifact, roster_check)
        return record
    if failure is not None:
        record = ended_record(request, "max_iter_exhausted", failure.iterations, failure.history, duration_ms)
        record.session_id = request.trace_id or failure.trace_id
        return record
    attempts = list(history)
    answered = sum(_verdict_kind(attempt) != "infra_error" for attempt in attempts)
    if error is not None and not (isinstance(error, str) and error == ""):
        text = error_chain(error, ATTEMPT_ERROR_CODE_POINTS_MAX)
        attempts.append(SessionAttempt(_next_iteration(attempts), "infra_error", text))
    return ended_record(request, "infra_error", answered, attempts, duration_ms)


def ended_record(
    request: IterateRequest,
    verdict: FinalVerdict,
    iterations: int,
    attempts: Sequence[SessionAttempt],
    duration_ms: float,
) -> SessionRecord:
    """A record without an artifact."""
    return SessionRecord(
        kind=request.kind,
        final_verdict=verdict,
        prompt=_prompt(request.prompt),
        model=request.model,
        provider=request.provider,
        iterations=iterations,
        max_iterations=request.max_iterations,
        attempts=attempts,
        duration_ms=duration_ms,
        session_id=request.trace_id,
    )


def accept_artifact(record: SessionRecord, artifact: Artifact, roster_check: RosterCheck | None) -> None:
    """Sets a record's artifact, and whether it is grounded. Raises nothing that is an Exception."""
    record.artifact = artifact
    if roster_check is None:
        return
    try:
        record.artifact = plain = plain_artifact(artifact)
        grounded = roster_check(plain)
        if isinstance(grounded, Coroutine):
            grounded.close()  # else Python warns that it was never awaited
        if grounded is not None and not isinstance(grounded, bool):
            raise TypeError(f"expected True, False or None, found {type_name(grounded)}")
        record.grounded_in_roster = grounded
    except Exception:  # noqa: BLE001 a check that fails is logged, and costs no record
        message = "the roster check failed, grounded_in_roster is left out"
        write(_log, logging.WARNING, message, exc_info=True)


def plain_artifact(artifact: Artifact) -> Mapping[str, object]:
    """An artifact of dictionaries and lists. Raises what keeps it from being one."""
    plain: Any = to_plain(artifact)
    if not isinstance(plain, Mapping):
        raise TypeError(f"expected an object, found {type_name(artifact)}")
    return plain


def _verdict_kind(attempt: SessionAttempt | Mapping[str, object]) -> object:
    return attempt.get("verdict_kind") if isinstance(attempt, Mapping) else getattr(attempt, "verdict_kind", "")


def _next_iteration(attempts: Sequence[SessionAttempt | Mapping[str, object]]) -> int:
    last: Any = attempts[-1] if attempts else None
    iteration = last.get("iteration") if isinstance(last, Mapping) else getattr(last, "iteration", None)
    return iteration + 1 if isinstance(iteration, int) else len(attempts)


def _prompt(prompt: str | bytes) -> str | bytes:
    try:
        return to_text(prompt, PROMPT_CODE_POINTS_MAX)
    except Exception:  # noqa: BLE001 a prompt that is not a text is refused when the record is appended
        return prompt
