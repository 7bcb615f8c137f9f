"""A session while it runs: what the daemon calls during its loop becomes one record at the end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from .._limits import ATTEMPTS_MAX
from .build import ATTEMPT_ERROR_CODE_POINTS_MAX, IterateRequest, accept_artifact, ended_record
from .plain import Artifact, to_plain
from .record import FinalVerdict, SessionAttempt, SessionRecord, VerdictKind
from .roster import RosterCheck
from .text import error_chain

A = TypeVar("A", bound=Artifact)
Error = BaseException | str | None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Session:
    """One generate, validate, retry loop. Its record is appended once, at its end: accepted when `accept` was called,
    infra_error when the last thing reported is that the model could not be used, else max_iter_exhausted, also when the
    loop ends before `max_iterations`.

    Calls after the end, or after `accept`, do nothing. Nothing here raises, waits, or changes an exception that passes
    through the `with`. May be used by several threads; the child of a fork within it does not end it.
    """

    session_id: str
    """The request's trace id, else that of the current span, else a random one; empty when the logger is off."""

    def __init__(
        self,
        request: IterateRequest,
        roster: RosterCheck | None,
        append: Callable[[SessionRecord], None] | None,
        warn: Callable[[str], None],
        span: Callable[[], tuple[str, str]],
    ) -> None:
        """Made by `SessionLogger.session`. Without `append` nothing is recorded."""
        self._request = request
        self._roster = roster
        self._append = append
        self._warn = warn
        self._span = span
        # Re-entrant, as a signal handler may use the session while its thread holds it.
        self._lock = threading.RLock()
        self._began = time.monotonic()
        self._process = os.getpid()
        self._attempts: list[SessionAttempt] = []
        self._iteration = 0
        self._answered = 0
        self._artifact: Artifact | None = None
        self._over = False
        """Accepted or ended."""
        self._ended = False
        if append is not None:
            request.trace_id = request.trace_id or span()[0] or os.urandom(16).hex()
        self.session_id = request.trace_id

    def attempts(self) -> Iterator[int]:
        """0, 1, … `max_iterations` - 1, until the session is accepted or ended; 1,000 without `max_iterations`."""
        for number in range(self._request.max_iterations or ATTEMPTS_MAX):
            if self._over:
                return
            yield number

    def no_json(self, error: Error = None) -> None:
        """The model's answer is not JSON."""
        self._add("no_json", error)

    def validation_failed(self, error: Error = None) -> None:
        """The model's answer is JSON, and not what was asked for."""
        self._add("validation_failed", error)

    def fail(self, error: Error = None) -> None:
        """The model could not be used. Another attempt may follow."""
        self._add("infra_error", error)

    def accept(self, artifact: A) -> A:
        """The artifact is accepted, as it is now. Returns it."""
        with self._lock:
            if not self._over:
                self._add("accepted", None)
                self._over = True
                self._artifact = artifact
                # What has no copy is refused when the record is appended, which says why.
                with suppress(Exception):
                    self._artifact = to_plain(artifact)  # type: ignore[assignment]
            elif self._artifact is not None and not self._ended:
                self._warn(f"session {self.session_id}: accept was called again; the first artifact counts")
        return artifact

    def accept_json(self, text: str | bytes, check: Callable[[Any], A]) -> A | None:
        """Accepts what `check`, such as a pydantic class's `model_validate`, makes of the JSON in a model's answer, and
        returns it. None when it is refused: it is not JSON, or `check` raises, which is the attempt's error."""
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            self.no_json(error)
            return None
        try:
            artifact = check(value)
        except Exception as error:  # noqa: BLE001 whatever the check says by it
            self.validation_failed(error)
            return None
        return self.accept(artifact)

    def end(self, error: Error = None) -> None:
        """Ends the session, with what was raised if there was something. `with` does this."""
        with self._lock:
            if self._ended or os.getpid() != self._process:
                return
            # A failure that was reported and is raised on is one attempt.
            if error is not None and self._verdict() != "infra_error":
                self._add("infra_error", error)
            self._over = self._ended = True
        if self._append is None:
            return
        duration_ms = (time.monotonic() - self._began) * 1_000
        iterations = min(self._answered, ATTEMPTS_MAX)
        record = ended_record(self._request, self._verdict(), iterations, self._attempts, duration_ms)
        try:
            if self._artifact is not None:
                accept_artifact(record, self._artifact, self._roster)
        finally:
            # Also where the roster check is interrupted.
            self._append(record)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    def _verdict(self) -> FinalVerdict:
        if self._artifact is not None:
            return "accepted"
        last = self._attempts[-1].verdict_kind if self._attempts else None
        return "infra_error" if last == "infra_error" else "max_iter_exhausted"

    def _add(self, kind: VerdictKind, error: Error) -> None:
        if self._append is None:
            return
        text = "cannot be printed"
        with suppress(Exception):
            text = error_chain(error, ATTEMPT_ERROR_CODE_POINTS_MAX)
        with self._lock:
            if self._over:
                return
            # A loop that never ends keeps its first attempts and the last one.
            del self._attempts[ATTEMPTS_MAX - 1 :]
            self._attempts.append(SessionAttempt(self._iteration, kind, text, self._span()[1]))
            self._iteration += 1
            self._answered += kind != "infra_error"
