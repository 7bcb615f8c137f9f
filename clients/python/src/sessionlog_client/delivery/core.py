"""A logger's parts at work in one process: buffer, sender's thread, connection, counters."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from ..errors import CallError, RefusedError
from ..options import Options, seconds
from ..records.encode import Record, encode_whatever
from ..records.record import SessionRecord
from . import exit_hooks
from .address import address_problem
from .append_sync import Appended, append_sync
from .buffer import RecordBuffer
from .connection import VALIDATE_ONLY, Connection
from .counters import Counters, Stats
from .diagnostics import Diagnostics
from .refused_file import RefusedFile
from .sender import Sender, named
from .spill import spill
from .token import token_problem
from .waiting import Waiting

_JOIN_TIMEOUT = 1.0


def problem_of(options: Options) -> tuple[str | None, str]:
    """Why the options can never be used, with the code of a call that fails for it."""
    problem = address_problem(options.address)
    if problem is not None:
        return f"the address cannot be used: {problem}", "UNAVAILABLE"
    problem = token_problem(options)
    return (None if problem is None else f"the token cannot be used: {problem}"), "UNAUTHENTICATED"


class Core:
    """Made again in the child of a fork: threads and connections do not survive one, and the records are the parent's
    to send."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.problem, self._problem_code = problem_of(options)
        """Why nothing can be sent, ever."""
        self.counters = Counters()
        self.diagnostics = Diagnostics(options.log, options.debug)
        self.connection = Connection(options)
        self.waiting = Waiting()
        exit_hooks.connections.add(self.connection)
        self.buffer = RecordBuffer(
            options.buffer_rows,
            options.buffer_bytes,
            options.overflow == "drop_oldest",
            lambda count: self.counters.add(dropped=count),
        )
        self._refused_file = RefusedFile(options.refused_file)
        self._sender = Sender(
            options, self.buffer, self.connection, self.counters, self.diagnostics, self.refuse, self._report
        )
        self._record_bytes_max = min(options.buffer_bytes, options.max_message_bytes - len(VALIDATE_ONLY))
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closing = threading.Lock()
        if self.problem is not None:
            self.buffer.close()

    def encode(self, record: Record) -> bytes | RefusedError:
        """The record's snapshot, or why there is none. Raises nothing, whatever the record consists of."""
        return encode_whatever(record, self.options.daemon, self._record_bytes_max, self.options.span)

    def append(self, record: Record) -> None:
        """Has a record sent, or its refusal logged, in the background."""
        encoded = self.encode(record)
        if isinstance(encoded, RefusedError):
            self.refuse(encoded, self._without_artifact(record))
            self.buffer.wake()
        else:
            self.buffer.put(encoded)
        if self._thread is None:
            self._start()

    def refuse(self, error: RefusedError, record: bytes | None) -> None:
        """Counts a refused record, and has it logged and kept in the background; None: it has no bytes."""
        self.counters.add(refused=1)
        self.diagnostics.refused(error)
        self._refused_file.add(record, error)

    def _without_artifact(self, record: Record) -> bytes | None:
        """What the refused file has of a record that cannot be encoded."""
        if self.options.refused_file is None or not isinstance(record, SessionRecord):
            return None
        without = self.encode(replace(record, artifact=None))
        return None if isinstance(without, RefusedError) else without

    def _report(self) -> None:
        """To be called on the sender's thread."""
        problem = self._refused_file.write_pending()
        if problem is not None:
            self.diagnostics.once("refused file", f"a refused row cannot be kept: {problem}")
        self.diagnostics.write_pending()

    def store(self, request: bytes | RefusedError, validate_only: bool, timeout: float) -> Appended:
        """Sends a request past the buffer. Raises RefusedError and CallError."""
        if self.problem is not None:
            raise CallError(self._problem_code, self.problem)
        if self.buffer.closed:
            raise CallError("CLOSED", "the logger is closed")
        retries = 0
        outcome: Appended | RefusedError | CallError
        if isinstance(request, RefusedError):
            outcome = request
        else:
            outcome, retries = append_sync(self.connection, self.options, request, validate_only, timeout)
            if isinstance(outcome, RefusedError):
                outcome = named(outcome, request)
        self.counters.add(retried=retries)
        if isinstance(outcome, RefusedError):
            self.counters.add(refused=1)
        if not isinstance(outcome, Appended):
            self.diagnostics.last_error = str(outcome)
            raise outcome
        if not validate_only:
            self.counters.add(duplicate=int(outcome.duplicate), appended=int(not outcome.duplicate))
        return outcome

    def warn(self, message: str) -> None:
        """Has a message logged, once, in the background."""
        self.diagnostics.once(message, message)
        self.buffer.wake()
        if self._thread is None:
            self._start()

    def stats(self) -> Stats:
        return self.counters.stats(*self.buffer.size(), self.diagnostics.last_error)

    def close(self, timeout: float | None) -> bool:
        """Accepts no more records and sends those that wait, for at most `timeout` seconds; the rest is spilled or
        dropped. True when nothing was left."""
        deadline = time.monotonic() + seconds(timeout)
        self.buffer.close()
        with self._closing:
            thread = self._thread
            if thread is not None:
                if not self.buffer.wait_settled(deadline - time.monotonic()):
                    self.buffer.close(abandon=True)
                    self.connection.close()
                thread.join(_JOIN_TIMEOUT)
            records = self.buffer.drain()
            if records:
                spill(records, self.options.spill_file, self.counters, self.diagnostics)
            self._report()
            self.connection.close()
        return not records

    def _start(self) -> None:
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None and not self.buffer.closed:
                thread = threading.Thread(target=self._sender.run, name="sessionlog", daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError as error:
            # No thread can be started, now or because Python is ending; the next append tries again.
            self.diagnostics.once("thread", f"no thread can be started, records are buffered: {error}")
        finally:
            self._starting.release()
