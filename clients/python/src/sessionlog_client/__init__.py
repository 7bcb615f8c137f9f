"""Sends a daemon's LLM sessions to the sessionlog service, without the daemon noticing.

    log = SessionLogger(config.session_log_address)
    …
    log.append(build_session_record(request, response, failure, error, roster_check, duration_ms))

`append` takes a snapshot and returns at once; records are sent in batches in the background, and wait in a bounded
buffer while the service is unavailable. What is in the buffer is lost when the process is killed; a daemon that cannot
accept that calls `append_sync`, which waits until the row is on disk.
"""

from ._version import __version__
from .delivery.append_sync import Appended
from .delivery.counters import Stats
from .errors import CallError, RefusedError, SessionLogError, Violation
from .logger import SessionLogger, new_session_logger
from .options import Tls
from .records.build import IterateFailure, IterateRequest, IterateResponse, build_session_record
from .records.plain import Artifact
from .records.record import SessionAttempt, SessionRecord
from .records.roster import WORKER_ID_PATHS, roster_check_for
from .records.session import Session
from .records.trace import parse_traceparent, trace_id_from_headers, trace_id_from_metadata

__all__ = [
    "WORKER_ID_PATHS",
    "Appended",
    "Artifact",
    "CallError",
    "IterateFailure",
    "IterateRequest",
    "IterateResponse",
    "RefusedError",
    "Session",
    "SessionAttempt",
    "SessionLogError",
    "SessionLogger",
    "SessionRecord",
    "Stats",
    "Tls",
    "Violation",
    "__version__",
    "build_session_record",
    "new_session_logger",
    "parse_traceparent",
    "roster_check_for",
    "trace_id_from_headers",
    "trace_id_from_metadata",
]
