"""The logger of a daemon."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from ._limits import BATCH_RECORDS_MAX
from .delivery import exit_hooks
from .delivery.append_sync import Appended
from .delivery.core import Core
from .delivery.counters import Stats
from .delivery.diagnostics import write
from .environment import options_from
from .options import ChannelOptions, Options, Overflow, Tls, Token, TraceIds, program_name, seconds
from .records.build import IterateRequest
from .records.encode import Record
from .records.roster import RosterCheck
from .records.session import Session
from .records.trace import no_span

_MIB = 1024 * 1024

Self = TypeVar("Self", bound="SessionLogger")


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
        refused_file: str | os.PathLike[str] | None = None,
        batch_rows: int = 500,
        batch_bytes: int = 2 * _MIB,
        max_message_bytes: int = 4 * _MIB,
        call_timeout: float | None = 30.0,
        close_timeout: float | None = 10.0,
        min_backoff: float = 0.1,
        max_backoff: float = 2.0,
        tls: Tls | None = None,
        token: Token | None = None,
        token_file: str | os.PathLike[str] | None = None,
        insecure_token: bool = False,
        channel_options: ChannelOptions = (),
        trace_ids: TraceIds = "span",
        debug: bool = False,
    ) -> None:
        """Times are in seconds; a timeout of None is without limit.

        daemon: set on records that have none; by default the program's name, reduced to A-Z a-z 0-9 . _ -. Empty: the
        service sets it to what it knows of the caller.
        log: for outages, and once per distinct reason for refused records; by default logger "sessionlog_client".
        buffer_rows, buffer_bytes: bounds of what waits for the service, records being sent included.
        overflow: which records are dropped, and counted so, when the buffer is full.
        spill_file: for the records that `close` could not send, and those of a daemon that the service does not let in,
        as JSONL for `sessionlog append`; one per process.
        refused_file: for refused records and what is wrong with them, as `sessionlog append --rejects` writes it: 1,000
        rows and 16 MiB at most.
        batch_rows, batch_bytes: the largest batch.
        max_message_bytes: what the service accepts in one message; a larger record is refused here.
        call_timeout: the deadline of one call. close_timeout: that of `close`, also at the end of the process.
        min_backoff, max_backoff: the wait before records are sent again, which doubles each time.
        tls: secures the connection.
        token: sent as `authorization: Bearer …`, or a function that returns it, called before each call. It needs tls,
        except to this machine, unless `insecure_token` is set. token_file: where it is, read again when it changes,
        which records wait for when the service does not take it; it wins over token.
        channel_options: gRPC's, after the logger's own.
        trace_ids: a record without a session_id gets the trace id of OpenTelemetry's current span, if there is one;
        with "header" it does not.
        debug: logs each call at level INFO, else at DEBUG.
        """
        address = str(address).strip() if address else ""
        self._core: Core | None = None
        self._tracked = False
        log = log or _default_log(debug)
        if address == "":
            write(log, logging.INFO, "off, no address")
            return
        options = Options(
            address=address,
            daemon=program_name(sys.argv) if daemon is None else daemon,
            log=log,
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
            token_file=token_file or None,
            insecure_token=insecure_token,
            channel_options=tuple(channel_options),
            trace_ids=trace_ids,
            refused_file=refused_file,
            debug=debug,
        )
        self._core = Core(options)
        exit_hooks.loggers.add(self)
        if self._core.problem is not None:
            write(log, logging.WARNING, "records are dropped: %s", self._core.problem)
        else:
            write(log, logging.INFO, "sending to %s%s", address, f" as {options.daemon}" if options.daemon else "")

    @classmethod
    def from_env(cls, address: str | None = None, daemon: str | None = None, **options: Any) -> SessionLogger:
        """A logger of these variables, which nothing else reads: SESSIONLOG_ADDRESS, SESSIONLOG_DAEMON,
        SESSIONLOG_SPILL_FILE, SESSIONLOG_DEBUG=1, SESSIONLOG_TOKEN_FILE or SESSIONLOG_TOKEN, and for TLS
        SESSIONLOG_CA_FILE, SESSIONLOG_SERVER_NAME, SESSIONLOG_CERT_FILE and SESSIONLOG_KEY_FILE. Arguments win;
        `options` are those of the constructor."""
        given = {"address": address, "daemon": daemon, **options}
        found = options_from(os.environ)
        if given.get("token") is not None or given.get("token_file") is not None:
            found = {name: value for name, value in found.items() if name not in ("token", "token_file")}
        return cls(**{"address": "", **found, **{name: value for name, value in given.items() if value is not None}})

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
        core.append(record)

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
        if core is not None and _in_event_loop():
            core.warn("append_sync stops the event loop until the row is stored: await append_and_wait")
        return self._storing(record, timeout, validate_only)()

    async def append_and_wait(
        self, record: Record, timeout: float | None = 30.0, *, validate_only: bool = False
    ) -> Appended:
        """`append_sync` for coroutines. A call that is cancelled may store its record all the same."""
        storing = self._storing(record, timeout, validate_only)
        return storing() if self._core is None else await self._core.waiting.run(storing)

    def _storing(self, record: Record, timeout: float | None, validate_only: bool) -> Callable[[], Appended]:
        """What stores the record as it is now, before the timeout that begins now."""
        core = self._core
        if core is None:
            off = Appended(session_id=getattr(record, "session_id", ""), timestamp_ns=0, sequence=0)
            return lambda: off
        deadline = time.monotonic() + seconds(timeout)
        request = core.encode(record)
        return lambda: core.store(request, validate_only, deadline - time.monotonic())

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

    async def aflush(self, timeout: float | None = 10.0) -> bool:
        """`flush` for coroutines."""
        return True if self._core is None else await self._core.waiting.run(lambda: self.flush(timeout))

    async def aclose(self, timeout: float | None = None) -> bool:
        """`close` for coroutines. Cancelled, it goes on in the background."""
        return True if self._core is None else await self._core.waiting.run(lambda: self.close(timeout))

    def renew_after_fork(self) -> None:
        """Called in the child of a fork, which has records, counters and a connection of its own."""
        core = self._core
        if core is not None:
            exit_hooks.abandoned.append(core)
            self._core = Core(core.options)
            self._tracked = False

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _default_log(debug: bool) -> logging.Logger:
    """With `debug`, one whose INFO is seen, also in a program that has not configured logging."""
    log = logging.getLogger("sessionlog_client")
    if debug and not log.isEnabledFor(logging.INFO):
        log.setLevel(logging.INFO)
    if debug and not log.hasHandlers():
        log.addHandler(logging.StreamHandler())
    return log


def new_session_logger(address: str | None, daemon: str | None = None) -> SessionLogger:
    """A logger with the default options, for the address in a daemon's configuration; it may be empty."""
    return SessionLogger(address, daemon)
