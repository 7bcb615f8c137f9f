"""What the service refuses of a record. Its golden cases are this check's tests."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from .._limits import (
    ARTIFACT_BYTES_MAX,
    ARTIFACT_LEVELS_MAX,
    ATTEMPTS_MAX,
    DAEMON_LENGTH_MAX,
    DURATION_MS_MAX,
    ITERATIONS_MAX,
    NAME_CODE_POINTS_MAX,
    SCHEMA,
    SESSION_ID_LENGTH_MAX,
)
from ..errors import Violation

_VERDICTS = ("accepted", "max_iter_exhausted", "infra_error")
_KINDS_OF_VERDICT = ("no_json", "validation_failed", "accepted", "infra_error")
_ID = (re.compile(r"[A-Za-z0-9._:-]+"), "only A-Z a-z 0-9 . _ : -", SESSION_ID_LENGTH_MAX)
_DAEMON = (re.compile(r"[A-Za-z0-9._-]+"), "only A-Z a-z 0-9 . _ -", DAEMON_LENGTH_MAX)
_NAME = (re.compile(r"[^\x00-\x1f\x7f-\x9f]*"), "no control characters", NAME_CODE_POINTS_MAX)


def check_row(row: dict[str, Any], kinds: Sequence[str]) -> list[Violation]:
    """All violations of a row, of which each field has one; `kinds` are those that the service is configured with."""
    found = {violation.field: violation for violation in _fields(row, kinds)}
    return [*found.values(), *_across_fields(row, found)]


def _fields(row: dict[str, Any], kinds: Sequence[str]) -> Iterator[Violation]:
    yield from _one_of("schema", row["schema"], (SCHEMA,))
    yield from _text("session_id", row["session_id"], *_ID)
    if row["timestamp"] == "":
        yield _violation("timestamp", "OUT_OF_RANGE", "expected the years 0001 to 9999")
    yield from _text("daemon", row["daemon"], *_DAEMON)
    yield from _one_of("kind", row["kind"], kinds)
    for name in ("model", "provider"):
        if row[name]:
            yield from _text(name, row[name], *_NAME)
    for name, most in (("iterations", ITERATIONS_MAX), ("max_iterations", ITERATIONS_MAX)):
        yield from _number(name, row[name], most)
    yield from _one_of("final_verdict", row["final_verdict"], _VERDICTS)
    attempts = row["attempts"]
    if len(attempts) > ATTEMPTS_MAX:
        yield _violation("attempts", "TOO_LONG", f"expected at most {ATTEMPTS_MAX}")
        attempts = []
    for index, attempt in enumerate(attempts):
        path = f"attempts[{index}]"
        yield from _number(f"{path}.iteration", attempt["iteration"], 2**31 - 1)
        yield from _one_of(f"{path}.verdict_kind", attempt["verdict_kind"], _KINDS_OF_VERDICT)
        if "span_id" in attempt:
            yield from _text(f"{path}.span_id", attempt["span_id"], *_ID)
    if "artifact" in row:
        yield from _artifact(row["artifact"])
    yield from _number("duration_ms", row["duration_ms"], DURATION_MS_MAX)


def _across_fields(row: dict[str, Any], bad: dict[str, Violation]) -> Iterator[Violation]:
    def good(*names: str) -> bool:
        return all(f"record.{name}" not in bad for name in names)

    iterations, most, verdict = row["iterations"], row["max_iterations"], row["final_verdict"]
    if good("iterations", "max_iterations") and iterations > most > 0:
        description = f"expected at most max_iterations, {most}, found {iterations}"
        yield _violation("iterations", "INCONSISTENT", description)
    accepted = verdict == "accepted"
    if good("final_verdict") and not accepted:
        for name in ("artifact", "grounded_in_roster"):
            if name in row and good(name):
                description = f"allowed only with final_verdict accepted, found {verdict}"
                yield _violation(name, "INCONSISTENT", description)
    before = -1
    for index, attempt in enumerate(row["attempts"] if good("attempts") else ()):
        number, kind = f"attempts[{index}].iteration", f"attempts[{index}].verdict_kind"
        if good(number):
            if attempt["iteration"] <= before:
                yield _violation(number, "INCONSISTENT", f"expected above {before}, found {attempt['iteration']}")
            before = attempt["iteration"]
        last = index == len(row["attempts"]) - 1
        if good("final_verdict", kind) and (attempt["verdict_kind"] == "accepted") != (accepted and last):
            description = "the last attempt is accepted when final_verdict is accepted, and no other attempt is"
            yield _violation(kind, "INCONSISTENT", description)


def _artifact(artifact: dict[str, Any]) -> Iterator[Violation]:
    levels = _levels(artifact)
    if levels == math.inf:
        yield _violation("artifact", "NOT_FINITE", "expected finite numbers only")
        return
    text = json.dumps(artifact, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > ARTIFACT_BYTES_MAX:
        yield _violation("artifact", "TOO_LONG", f"expected at most {ARTIFACT_BYTES_MAX} bytes of JSON")
    elif levels > ARTIFACT_LEVELS_MAX:
        yield _violation("artifact", "TOO_DEEP", f"expected at most {ARTIFACT_LEVELS_MAX} levels of objects and lists")


def _levels(value: Any) -> float:
    """The levels of objects and lists; infinite where a number is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return math.inf
    if not isinstance(value, (dict, list)):
        return 0
    items = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_levels, items), default=0)


def _text(name: str, text: str, pattern: re.Pattern[str], expected: str, most: int) -> Iterator[Violation]:
    if text == "":
        yield _violation(name, "REQUIRED", "expected a value")
    elif len(text) > most:
        yield _violation(name, "TOO_LONG", f"expected at most {most} characters")
    elif pattern.fullmatch(text) is None:
        yield _violation(name, "INVALID_FORMAT", f"expected {expected}")


def _one_of(name: str, text: str, allowed: Sequence[str]) -> Iterator[Violation]:
    if text == "":
        yield _violation(name, "REQUIRED", "expected a value")
    elif text not in allowed:
        yield _violation(name, "NOT_ALLOWED", f"expected one of {', '.join(allowed)}, found {text[:40]!r}")


def _number(name: str, number: int, most: int) -> Iterator[Violation]:
    if not 0 <= number <= most:
        yield _violation(name, "OUT_OF_RANGE", f"expected 0 to {most}, found {number}")


def _violation(name: str, reason: str, description: str) -> Violation:
    return Violation(f"record.{name}", description, reason)
