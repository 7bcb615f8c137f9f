"""The logger of a daemon."""

from __future__ import annotations

import logging
import os
import sys
from types import TracebackType

from ._limits import BATCH_RECORDS_MAX
from .delivery import exit_hooks
from .delivery.append_sync import Appended, append_sync
from .delivery.core import Core
from .delivery.counters import Stats
from .errors import CallError, RefusedError
from .options import ChannelOptions, Options, Overflow, Tls, Token, TraceIds, program_name, seconds
from .records.build import IterateRequest
from .records.encode import Record
from .records.roster import RosterCheck
from .records.session import Session
from .records.trace import no_span

_MIB = 1024 * 1024


class SessionLogger:
    """Sends records to the service at `address` (`host:port` or `unix:/path`) without the daemon noticing.

    With an empty address the logger is off, and every call on it does nothing. It connects with the first record, and
    the service may be down then. All methods may be called from any thread.
    """

    def __init__(
        self,
        address: str | None,
        daemon: str | None = None,
        *,
        log: logging.Logger | None = None,
        buffer_rows: int = 10_000,
        buffer_bytes: int = 16 * _MIB,
        overflow: Overflow = "drop_oldest",
        spill_file: str | os.PathLike[str] | None = None,
        batch_rows: int = 500,
        batch_bytes: int = 2 * _MIB,
        max_message_bytes: int = 4 * _MIB,
        call_timeout: float | None = 30.0,
        close_timeout: float | None = 10.0,
        min_backoff: float = 0.1,
        max_backoff: float = 2.0,
        tls: Tls | None = None,
        token: Token | None = None,
        insecure_token: bool = False,
        channel_options: ChannelOptions = (),
        trace_ids: TraceIds = "span",
    ) -> None:
        """Times are in seconds; a timeout of None is without limit.

        daemon: set on records that have none; by default the program's name, reduced to A-Z a-z 0-9 . _ -. Empty: the
        service sets it to what it knows of the caller.
        log: for outages, and once per distinct reason for refused records; by default logger "sessionlog_client".
        buffer_rows, buffer_bytes: bounds of what waits for the service, records being sent included.
        overflow: which records are dropped, and counted so, when the buffer is full.
        spill_file: for the records that `close` could not send, as JSONL for `sessionlog append`; one per process.
        batch_rows, batch_bytes: the largest batch.
        max_message_bytes: what the service accepts in one message; a larger record is refused here.
        call_timeout: the deadline of one call. close_timeout: that of `close`, also at the end of the process.
        min_backoff, max_backoff: the wait before records are sent again, which doubles each time.
        tls: secures the connection.
        token: sent as `authorization: Bearer …`, or a function that returns it, called before each call. It needs tls,
        except to this machine, unless `insecure_token` is set.
        channel_options: gRPC's, after the logger's own.
        trace_ids: a record without a session_id gets the trace id of OpenTelemetry's current span, if there is one;
        with "header" it does not.
        """
        address = str(address).strip() if address else ""
        self._core: Core | None = None
        self._tracked = False
        if address == "":
            return
        options = Options(
            address=address,
            daemon=program_name(sys.argv) if daemon is None else daemon,
            log=log or logging.getLogger("sessionlog_client"),
            buffer_rows=max(1, buffer_rows),
            buffer_bytes=max(1, buffer_bytes),
            overflow=overflow,
            spill_file=spill_file,
            batch_rows=min(max(1, batch_rows), BATCH_RECORDS_MAX),
            batch_bytes=min(max(1, batch_bytes), max_message_bytes),
            max_message_bytes=max_message_bytes,
            call_timeout=seconds(call_timeout),
            close_timeout=seconds(close_timeout),
            min_backoff=max(0.001, seconds(min_backoff)),
            max_backoff=max(0.001, seconds(min_backoff), seconds(max_backoff)),
            tls=tls,
            token=token,
            insecure_token=insecure_token,
            channel_options=tuple(channel_options),
            trace_ids=trace_ids,
        )
        self._core = Core(options)
        exit_hooks.loggers.add(self)

    @property
    def enabled(self) -> bool:
        """False for a logger without an address."""
        return self._core is not None

    def append(self, record: Record) -> None:
        """Has a record stored. Takes a snapshot and returns at once: it waits for nothing, and raises nothing.

        The snapshot gets a session_id, the time and the daemon where the record has none.
        """
        core = self._core
        if core is None:
            return
        if not self._tracked:
            self._tracked = True
            exit_hooks.track(self)
        core.put(core.encode(record))

    def session(
        self,
        kind: str,
        *,
        prompt: str | bytes = "",
        model: str = "",
        provider: str = "",
        max_iterations: int = 0,
        trace_id: str = "",
        roster: RosterCheck | None = None,
    ) -> Session:
        """A session that begins now, for a `with`, also in asynchronous code: its record is appended at its end,
        whatever that is.

        trace_id: see `trace_id_from_headers`; empty: that of OpenTelemetry's current span, else a random one.
        roster: called at the end with the artifact of an accepted session; see `roster_check_for`.
        """
        request = IterateRequest(kind, prompt, model, provider, max_iterations, trace_id)
        core = self._core
        if core is None:
            return Session(request, None, None, lambda message: None, no_span)
        return Session(request, roster, self.append, core.warn, core.options.span)

    def append_sync(self, record: Record, timeout: float | None = 30.0, *, validate_only: bool = False) -> Appended:
        """Stores a record and returns once it is on disk, ahead of those that wait in the buffer.

        Raises RefusedError, with the violations, when the session log does not accept it, and CallError when it could
        not be sent within `timeout` seconds; a service that is busy or unavailable is tried again until then. With
        `validate_only` it is only checked. A logger that is off returns a result with sequence 0.
        """
        core = self._core
        if core is None:
            return Appended(session_id=getattr(record, "session_id", ""), timestamp_ns=0, sequence=0)
        if core.buffer.closed:
            raise CallError("CLOSED", "the logger is closed")
        request = core.encode(record)
        retries = 0
        outcome: Appended | RefusedError | CallError
        if isinstance(request, RefusedError):
            outcome = request
        else:
            outcome, retries = append_sync(core.connection, core.options, request, validate_only, timeout)
        core.counters.add(retried=retries)
        if isinstance(outcome, RefusedError):
            core.counters.add(refused=1)
        if not isinstance(outcome, Appended):
            raise outcome
        if not validate_only:
            core.counters.add(duplicate=int(outcome.duplicate), appended=int(not outcome.duplicate))
        return outcome

    def stats(self) -> Stats:
        """What became of the records so far."""
        return Stats() if self._core is None else self._core.stats()

    def flush(self, timeout: float | None = 10.0) -> bool:
        """Waits until all records appended before are stored, refused or dropped; False when that takes longer than
        `timeout` seconds; None is without limit."""
        return True if self._core is None else self._core.buffer.wait_settled(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Sends what waits, for at most `timeout` seconds (by default `close_timeout`), and ends. What is left then is
        spilled, or lost and counted as dropped. True when nothing was left.

        Records appended from now on are dropped. Closing again does nothing. The end of the process closes its loggers,
        also in children of multiprocessing, but not an end by a signal or by `os._exit`.
        """
        core = self._core
        if core is None:
            return True
        exit_hooks.tracked.discard(self)
        return core.close(core.options.close_timeout if timeout is None else timeout)

    def renew_after_fork(self) -> None:
        """Called in the child of a fork, which has records, counters and a connection of its own."""
        core = self._core
        if core is not None:
            exit_hooks.abandoned.append(core)
            self._core = Core(core.options)
            self._tracked = False

    def __enter__(self) -> SessionLogger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def new_session_logger(address: str | None, daemon: str | None = None) -> SessionLogger:
    """A logger with the default options, for the address in a daemon's configuration; it may be empty."""
    return SessionLogger(address, daemon)
