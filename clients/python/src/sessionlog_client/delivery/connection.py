"""The connection to the service, made with the first call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import grpc
from google.protobuf.message import DecodeError

from .._version import __version__
from ..options import Options
from ..v1 import session_log_pb2 as pb
from .address import is_local
from .status import CallFailure, failure_of
from .tls_files import read_pem
from .token import TokenSource

APPEND = "/sessionlog.v1.SessionLog/AppendSession"
BATCH_APPEND = "/sessionlog.v1.SessionLog/BatchAppendSessions"

VALIDATE_ONLY = pb.AppendSessionRequest(validate_only=True).SerializeToString()
"""Appended to an AppendSessionRequest, it sets that field."""

_CHANNEL_OPTIONS = (
    ("grpc.primary_user_agent", f"sessionlog-python/{__version__}"),
    # Retries are the sender's, which counts them.
    ("grpc.enable_retries", 0),
    # A new channel connects at once, even when an earlier one to the same address is backing off.
    ("grpc.use_local_subchannel_pool", 1),
)

_CANCEL_TIMEOUT = 3.0
"""Seconds that cancelled calls get to end, before the process forks."""

Response = TypeVar("Response")


class Connection:
    """Sends encoded requests. Raises nothing, whatever the service or an option does."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.token = TokenSource(options)
        # Re-entrant, as a signal handler may fork while its thread holds it.
        self._changed = threading.Condition(threading.RLock())
        self._channel: grpc.Channel | None = None
        self._calls: list[grpc.Channel] = []
        """The channels of the calls in progress, one for each."""
        self._calls_in_progress = 0
        self._forks = 0
        self._begun = False
        """There was a channel: gRPC may still be ending, also when there is none now."""
        self._closed = False

    def append(self, request: bytes, validate_only: bool, timeout: float) -> pb.AppendSessionResponse | CallFailure:
        request += VALIDATE_ONLY if validate_only else b""
        return self._call(APPEND, request, pb.AppendSessionResponse.FromString, timeout)

    def append_batch(self, requests: list[bytes], timeout: float) -> pb.BatchAppendSessionsResponse | CallFailure:
        return self._call(BATCH_APPEND, b"".join(requests), pb.BatchAppendSessionsResponse.FromString, timeout)

    def close(self) -> None:
        """Ends the calls in progress, and makes no more."""
        with self._changed:
            self._closed = True
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def hold(self, deadline: float) -> bool:
        """Before a fork: makes no call until `release`, and closes the channel, which ends gRPC in this process unless
        others use it. Calls in progress are cancelled at `deadline`, of `time.monotonic`; they are retried afterwards.
        True when there was one, now or earlier."""
        with self._changed:
            self._forks += 1
            self._wait_idle(deadline - time.monotonic())
            channels = {*self._calls, *(() if self._channel is None else (self._channel,))}
            for channel in channels:
                channel.close()
            self._channel = None
            self._wait_idle(_CANCEL_TIMEOUT)
            return self._begun

    def release(self) -> None:
        """After the fork, in the parent."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()

    def _wait_idle(self, timeout: float) -> None:
        self._changed.wait_for(lambda: self._calls_in_progress == 0, max(0.0, timeout))

    def _call(
        self, path: str, request: bytes, decode: Callable[[bytes], Response], timeout: float
    ) -> Response | CallFailure:
        with self._changed:
            if not self._changed.wait_for(lambda: self._forks == 0, timeout):
                return CallFailure("UNAVAILABLE", "the process is forking")
            self._calls_in_progress += 1
        try:
            return self._send(path, request, decode, timeout)
        finally:
            # Not before `_send` has returned: while its variables have the channel, gRPC is in use.
            with self._changed:
                self._calls_in_progress -= 1
                self._changed.notify_all()

    def _send(
        self, path: str, request: bytes, decode: Callable[[bytes], Response], timeout: float
    ) -> Response | CallFailure:
        channel: grpc.Channel | None = None
        try:
            metadata = self.token.metadata()
            if isinstance(metadata, CallFailure):
                return metadata
            channel = self._begin()
            if channel is None:
                return CallFailure("CLOSED", "the logger is closed")
            # Not `future`, which starts a thread: some versions of Python start none while a process ends.
            method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
            return decode(method(request, timeout=timeout, metadata=metadata))
        except DecodeError as error:
            return CallFailure("INTERNAL", f"the reply cannot be read: {error}")
        except Exception as error:  # noqa: BLE001 whatever an option or gRPC raises, the daemon continues
            failure = failure_of(error)
            # A connection may have gone silent while new ones work.
            if failure.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
                self._forget(channel)
            return failure
        finally:
            if channel is not None:
                self._end(channel)

    def _begin(self) -> grpc.Channel | None:
        """The channel for a call, which ends with `_end`; None: closed."""
        with self._changed:
            if self._closed:
                return None
            if self._channel is None:
                self._channel = _create_channel(self._options)
                self._begun = True
            self._calls.append(self._channel)
            return self._channel

    def _end(self, channel: grpc.Channel) -> None:
        """A call ended. The last one on a forgotten channel closes it."""
        with self._changed:
            self._calls.remove(channel)
            unused = channel is not self._channel and channel not in self._calls
        if unused:
            channel.close()

    def _forget(self, channel: grpc.Channel | None) -> None:
        """Has the next call open a new connection. A channel's own reconnecting backs off for up to two minutes, and in
        some versions of gRPC runs only while a call waits for it. Other calls on the channel end by themselves."""
        with self._changed:
            if self._channel is channel:
                self._channel = None


def _create_channel(options: Options) -> grpc.Channel:
    # A proxy named by the environment is another machine, which must not see a token for this one.
    proxy = (("grpc.enable_http_proxy", 0),) if is_local(options.address) else ()
    channel_options: list[tuple[str, str | int]] = [*_CHANNEL_OPTIONS, *proxy, *options.channel_options]
    tls = options.tls
    if tls is None:
        return grpc.insecure_channel(options.address, channel_options)
    if tls.server_name is not None:
        channel_options.append(("grpc.ssl_target_name_override", tls.server_name))
    credentials = grpc.ssl_channel_credentials(*read_pem(tls))
    return grpc.secure_channel(options.address, credentials, channel_options)
