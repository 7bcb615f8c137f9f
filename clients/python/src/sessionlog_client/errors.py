"""Why a record is not accepted, and why a call failed."""

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
    """The session log does not accept the record; sending it again does not help."""

    violations: tuple[Violation, ...]
    """At least one."""
    violation_count: int
    """How many there are, listed or not."""
    session_id: str
    """The record's; empty when it is not known. So is the daemon."""
    daemon: str

    def __init__(
        self, violations: Sequence[Violation], violation_count: int = 0, session_id: str = "", daemon: str = ""
    ) -> None:
        self.violations = tuple(violations)
        self.violation_count = max(violation_count, len(self.violations))
        texts = [str(violation) for violation in self.violations]
        if self.violation_count > len(texts):
            texts.append(f"and {self.violation_count - len(texts)} more")
        self.session_id = session_id
        self.daemon = daemon
        of_session = f" of session {session_id}" if session_id else ""
        of_daemon = f" of daemon {daemon}" if daemon else ""
        super().__init__(f"the record{of_session}{of_daemon} is refused: {'; '.join(texts)}")

    @classmethod
    def of(cls, field: str, reason: str, description: str) -> RefusedError:
        return cls([Violation(field, description, reason)])

    def named(self, session_id: str, daemon: str) -> RefusedError:
        """The same of a record that is known by these."""
        return RefusedError(self.violations, self.violation_count, session_id, daemon)


class CallError(SessionLogError):
    """The call failed, and it is not known whether the record is stored. Sending the same record again is safe."""

    code: str
    """The status, for example UNAVAILABLE; CLOSED when the logger is closed."""
    message: str
    retry_after: float | None
    """The seconds after which to try again; None when the service did not say."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        self.code = code
        self.message = message
        self.retry_after = retry_after
        super().__init__(f"{code}: {message}")


def too_long(field: str, bytes_max: int) -> RefusedError:
    return RefusedError.of(field, "TOO_LONG", f"expected a record of at most {bytes_max} bytes")
