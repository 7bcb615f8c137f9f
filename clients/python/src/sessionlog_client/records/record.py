"""A session as a daemon has it. The API's .proto file has the rules of the fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from .plain import Artifact

FinalVerdict = Literal["accepted", "max_iter_exhausted", "infra_error"]
VerdictKind = Literal["no_json", "validation_failed", "accepted", "infra_error"]


@dataclass(slots=True)
class SessionAttempt:
    """One attempt within a session."""

    iteration: int
    """0 or more, strictly rising within the session."""
    verdict_kind: VerdictKind
    error: str | bytes = ""
    """Why it was refused; its first 4,000 code points are kept."""
    span_id: str = ""
    """The attempt's span in the trace."""


@dataclass(slots=True)
class SessionRecord:
    """One session: one generate, validate, retry loop."""

    kind: str
    """What was generated, by default one of fill, email and playbook."""
    final_verdict: FinalVerdict
    prompt: str | bytes = ""
    """Its first 4,000 code points are kept."""
    model: str = ""
    provider: str = ""
    iterations: int = 0
    max_iterations: int = 0
    """0: not given."""
    attempts: Sequence[SessionAttempt] = ()
    """Mappings with the same keys are taken as well."""
    artifact: Artifact | None = None
    """What was accepted: a mapping, a model of pydantic, a dataclass, an instance of an attrs class. Inside it, bytes
    are text; UUID, dates, times and Decimal are text or numbers, sets are sorted lists, an Enum is its value."""
    grounded_in_roster: bool | None = None
    """Whether every person in the artifact is on the roster; None: not checked."""
    duration_ms: float = 0
    """Its whole part is kept."""
    session_id: str = ""
    """The trace id; empty: 32 random hex digits."""
    timestamp: datetime | int | None = None
    """When the session ended; a number is nanoseconds since 1970, as `time.time_ns` has it. None: now."""
    daemon: str = ""
    """Empty: the logger's."""
    schema: str = ""
    """Empty: the service stamps it."""
