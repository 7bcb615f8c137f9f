"""The options of a logger."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from logging import Logger
from typing import Literal, TypeAlias

from ._limits import DAEMON_LENGTH_MAX
from .records.trace import current_span, no_span

Overflow: TypeAlias = Literal["drop_oldest", "drop_newest"]
Token: TypeAlias = str | Callable[[], str]
TraceIds: TypeAlias = Literal["span", "header"]
ChannelOptions: TypeAlias = Sequence[tuple[str, str | int]]

_SECONDS_MAX = min(threading.TIMEOUT_MAX, 1e8)
"""Three years, where locks can wait as long. gRPC keeps a deadline as nanoseconds since 1970 in 64 bits."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How a connection is secured. Files are PEM, read when the connection is made."""

    ca_file: str | None = None
    """The authorities for the service's certificate; None: those of gRPC."""
    cert_file: str | None = None
    """This daemon's certificate and key, where the service asks for one."""
    key_file: str | None = None
    server_name: str | None = None
    """The name in the service's certificate, where it is not that of the address."""


@dataclass(frozen=True, slots=True)
class Options:
    """Documented at `SessionLogger`."""

    address: str
    daemon: str
    log: Logger
    buffer_rows: int
    buffer_bytes: int
    overflow: Overflow
    spill_file: str | os.PathLike[str] | None
    batch_rows: int
    batch_bytes: int
    max_message_bytes: int
    call_timeout: float
    close_timeout: float
    min_backoff: float
    max_backoff: float
    tls: Tls | None
    token: Token | None
    token_file: str | os.PathLike[str] | None
    insecure_token: bool
    channel_options: ChannelOptions
    trace_ids: TraceIds
    refused_file: str | os.PathLike[str] | None
    debug: bool
    credentials_retry: float = 60.0
    """How often a token that the service did not take is tried again, when no other one comes before."""

    @property
    def span(self) -> Callable[[], tuple[str, str]]:
        """The trace id and the span id that count as the daemon's current ones."""
        return current_span if self.trace_ids == "span" else no_span


def seconds(timeout: float | None) -> float:
    """A time that locks and gRPC accept: None is the longest one; NaN and negative times are 0."""
    return _SECONDS_MAX if timeout is None else min(max(0.0, timeout), _SECONDS_MAX)


def program_name(argv: Sequence[str]) -> str:
    """The running program's name, reduced to what a daemon's name allows: A-Z a-z 0-9 . _ -. May be empty."""
    path = argv[0] if argv else ""
    name = os.path.basename(path)
    if name in ("__main__.py", "-m"):  # python -m package
        name = os.path.basename(os.path.dirname(path))
    elif name in ("", "-c", "-"):
        name = os.path.basename(sys.executable or "python")
    name = re.sub(r"\.(py|pyc|pyz|exe)$", "", name)
    return re.sub(r"[^A-Za-z0-9._-]", "", name)[:DAEMON_LENGTH_MAX]
