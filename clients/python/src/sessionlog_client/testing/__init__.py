"""A logger for a daemon's own tests, and pytest's fixture `session_log`.

def test_my_handler_logs_an_accepted_session(session_log: MemoryLogger) -> None:
    handler(session_log)
    assert session_log.records[0].final_verdict == "accepted"
"""

from .memory_logger import MemoryLogger

__all__ = ["MemoryLogger"]
