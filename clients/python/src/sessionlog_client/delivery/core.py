"""A logger's parts at work in one process: buffer, sender's thread, connection, counters."""

from __future__ import annotations

import threading
import time

from ..errors import RefusedError
from ..options import Options, seconds
from ..records.encode import Record, encode_record
from ..records.text import error_text, type_name
from . import exit_hooks
from .buffer import RecordBuffer
from .connection import VALIDATE_ONLY, Connection
from .counters import Counters, Stats
from .diagnostics import Diagnostics
from .sender import Sender
from .spill import spill

_JOIN_TIMEOUT = 1.0


class Core:
    """Made again in the child of a fork: threads and connections do not survive one, and the records are the parent's
    to send."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.counters = Counters()
        self.diagnostics = Diagnostics(options.log)
        self.connection = Connection(options)
        exit_hooks.connections.add(self.connection)
        self.buffer = RecordBuffer(
            options.buffer_rows,
            options.buffer_bytes,
            options.overflow == "drop_oldest",
            lambda count: self.counters.add(dropped=count),
        )
        self._sender = Sender(options, self.buffer, self.connection, self.counters, self.diagnostics)
        self._record_bytes_max = min(options.buffer_bytes, options.max_message_bytes - len(VALIDATE_ONLY))
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closing = threading.Lock()

    def encode(self, record: Record) -> bytes | RefusedError:
        """The record's snapshot, or why there is none. Raises nothing, whatever the record consists of."""
        try:
            return encode_record(record, self.options.daemon, self._record_bytes_max, self.options.span)
        except RefusedError as error:
            return error
        except Exception as error:  # noqa: BLE001 a record's values may raise anything
            description = f"cannot be encoded: {type_name(error)}: {error_text(error)}"
            return RefusedError.of("record", "INVALID_FORMAT", description)

    def put(self, record: bytes | RefusedError) -> None:
        """Has a record sent, or its refusal logged, in the background."""
        if isinstance(record, RefusedError):
            self.counters.add(refused=1)
            self.diagnostics.refused(record)
            self.buffer.wake()
        else:
            self.buffer.put(record)
        if self._thread is None:
            self._start()

    def warn(self, message: str) -> None:
        """Has a message logged, once, in the background."""
        self.diagnostics.once(message, message)
        self.buffer.wake()
        if self._thread is None:
            self._start()

    def stats(self) -> Stats:
        return self.counters.stats(*self.buffer.size())

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
            self.diagnostics.write_pending()
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
