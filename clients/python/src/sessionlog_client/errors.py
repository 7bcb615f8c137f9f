"""What the service says of a record that it does not take, and of a call that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a record."""

    field: str
    """The path of the field to change, for example `record.attempts[1].iteration`."""
    description: str
    """What was expected, in English."""
    reason: str
    """A constant for programs, for example NOT_ALLOWED."""

    def __str__(self) -> str:
        return f"{self.field} {self.reason}: {self.description}"


class SessionLogError(Exception):
    """The base of what `append_sync` raises."""


class RefusedError(SessionLogError):
    """The record is not one that the session log takes; to send it again is of no use."""

    violations: tuple[Violation, ...]
    """At least one."""
    violation_count: int
    """How many there are, listed or not."""

    def __init__(self, violations: Sequence[Violation], violation_count: int = 0) -> None:
        self.violations = tuple(violations)
        self.violation_count = max(violation_count, len(self.violations))
        super().__init__(f"the record is refused: {violations_text(self.violations, self.violation_count)}")


class CallError(SessionLogError):
    """The call failed, and it is not known that the record is stored. To send the same record again is safe."""

    code: str
    """The status, for example UNAVAILABLE; CLOSED when the logger is closed."""
    message: str
    retry_after: float | None
    """The seconds after which the service is to be asked again; None when it did not say."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        self.code = code
        self.message = message
        self.retry_after = retry_after
        super().__init__(f"{code}: {message}")


def violations_text(violations: Sequence[Violation], count: int) -> str:
    """All of them on one line, and how many more there are."""
    texts = [str(violation) for violation in violations]
    if count > len(texts):
        texts.append(f"and {count - len(texts)} more")
    return "; ".join(texts)
