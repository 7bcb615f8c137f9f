"""A logger's parts at work in one process: buffer, sender's thread, connection, counters."""

from __future__ import annotations

import threading
import time

from .buffer import RecordBuffer
from .connection import Connection
from .counters import Counters, Stats
from .diagnostics import Diagnostics
from .encode import Record, encode_record
from .errors import RefusedError, Violation
from .options import Options, seconds
from .sender import Sender
from .spill import to_json_line, write_spill
from .text import error_text, type_name

_JOIN_TIMEOUT = 1.0


class Core:
    """Made anew in the child of a fork: threads and connections do not survive one, and the rows are the parent's to
    send."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.counters = Counters()
        self.diagnostics = Diagnostics(options.log)
        self.connection = Connection(options)
        self.buffer = RecordBuffer(
            options.buffer_rows,
            options.buffer_bytes,
            options.overflow == "drop_oldest",
            lambda count: self.counters.add(dropped=count),
        )
        self._sender = Sender(options, self.buffer, self.connection, self.counters, self.diagnostics)
        self._row_bytes_max = min(options.buffer_bytes, options.max_message_bytes - 16)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._ending = threading.Lock()

    def encode(self, record: Record) -> bytes | RefusedError:
        """The record's snapshot, or why it has none. Nothing is raised, whatever the record is made of."""
        try:
            return encode_record(record, self.options.daemon, self._row_bytes_max)
        except RefusedError as error:
            return error
        except Exception as error:  # noqa: BLE001 a record's values may raise anything
            description = f"cannot be encoded: {type_name(error)}: {error_text(error)}"
            return RefusedError([Violation("record", description, "INVALID_FORMAT")])

    def put(self, row: bytes | RefusedError) -> None:
        """Has a row sent in the background, or its refusal told there."""
        if isinstance(row, RefusedError):
            self.counters.add(refused=1)
            self.diagnostics.refused(row)
            self.buffer.wake()
        else:
            self.buffer.put(row)
        if self._thread is None:
            self._start()

    def stats(self) -> Stats:
        return self.counters.stats(*self.buffer.size())

    def close(self, timeout: float | None) -> bool:
        """Takes no more rows and sends those that wait, for at most `timeout` seconds; what is left then is spilled or
        lost. True when nothing was left."""
        deadline = time.monotonic() + seconds(timeout)
        self.buffer.close()
        with self._ending:
            thread = self._thread
            if thread is not None:
                if not self.buffer.wait_settled(deadline - time.monotonic()):
                    self.buffer.abandon()
                    self.connection.close()
                thread.join(_JOIN_TIMEOUT)
            rows = self.buffer.drain()
            if rows:
                self._leave(rows)
            self.diagnostics.tell()
            self.connection.close()
        return not rows

    def _start(self) -> None:
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None and not self.buffer.closed:
                thread = threading.Thread(target=self._sender.run, name="sessionlog", daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError as error:
            # No thread can be had, now or because Python is ending: rows wait, and the next append tries again.
            self.diagnostics.once("thread", f"rows wait, as no thread can be started: {error}")
        finally:
            self._starting.release()

    def _leave(self, rows: list[bytes]) -> None:
        """Spills rows; those that cannot be are dropped."""
        path = self.options.spill_file
        if path is None:
            self.counters.add(dropped=len(rows))
            self.diagnostics.once("close", f"{len(rows)} rows are lost, as they could not be sent before the end")
            return
        lines: list[str] = []
        for row in rows:
            try:
                lines.append(to_json_line(row))
            except Exception as error:  # noqa: BLE001 one row that has no JSON must not cost the others
                self.counters.add(refused=1)
                self.diagnostics.once("spill row", f"a row has no JSON, and is not spilled: {error}")
        spilled, problem = write_spill(path, lines)
        lost = len(lines) - spilled
        self.counters.add(spilled=spilled, dropped=lost)
        if spilled > 0:
            self.diagnostics.once("close", f"{spilled} rows could not be sent and are in {path}")
        if problem is not None:
            self.diagnostics.once("spill", f"{lost} rows are lost, as the spill file cannot be written: {problem}")
