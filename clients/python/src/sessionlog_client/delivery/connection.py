"""The connection to the service, made with the first call."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.message import DecodeError

from ..options import Options
from ..v1 import session_log_pb2 as pb
from .status import CallFailure, failure_of

APPEND = "/sessionlog.v1.SessionLog/AppendSession"
BATCH_APPEND = "/sessionlog.v1.SessionLog/BatchAppendSessions"

VALIDATE_ONLY = pb.AppendSessionRequest(validate_only=True).SerializeToString()
"""Appended to an AppendSessionRequest, it sets that field."""

_CHANNEL_OPTIONS = (
    # Retries are the sender's, which counts them.
    ("grpc.enable_retries", 0),
    # A new channel connects at once, even when an earlier one to the same address is backing off.
    ("grpc.use_local_subchannel_pool", 1),
)

_LOCAL = re.compile(r"unix:.*|(ipv[46]:)?(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?")

Response = TypeVar("Response")


class Connection:
    """Sends encoded requests. Raises nothing, whatever the service or an option does."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._closed = False

    def append(self, request: bytes, validate_only: bool, timeout: float) -> pb.AppendSessionResponse | CallFailure:
        request += VALIDATE_ONLY if validate_only else b""
        return self._call(APPEND, request, pb.AppendSessionResponse.FromString, timeout)

    def append_batch(self, requests: list[bytes], timeout: float) -> pb.BatchAppendSessionsResponse | CallFailure:
        return self._call(BATCH_APPEND, b"".join(requests), pb.BatchAppendSessionsResponse.FromString, timeout)

    def close(self) -> None:
        """Ends the calls in progress, and makes no more."""
        with self._lock:
            self._closed = True
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _call(
        self, path: str, request: bytes, decode: Callable[[bytes], Response], timeout: float
    ) -> Response | CallFailure:
        channel: grpc.Channel | None = None
        try:
            metadata = self._metadata()
            if isinstance(metadata, CallFailure):
                return metadata
            channel = self._open()
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

    def _metadata(self) -> tuple[tuple[str, str], ...] | CallFailure:
        options = self._options
        token = options.token() if callable(options.token) else options.token
        if not token:
            return ()
        if options.tls is None and not options.insecure_token and not _LOCAL.fullmatch(options.address):
            return CallFailure("UNAUTHENTICATED", "a token is sent to another machine only with tls or insecure_token")
        return (("authorization", f"Bearer {token}"),)

    def _open(self) -> grpc.Channel | None:
        with self._lock:
            if self._channel is None and not self._closed:
                self._channel = _create_channel(self._options)
            return self._channel

    def _forget(self, channel: grpc.Channel | None) -> None:
        """Has the next call open a new connection. A channel's own reconnecting backs off for up to two minutes, and in
        some versions of gRPC runs only while a call waits for it. Other calls on the channel end by themselves."""
        with self._lock:
            if self._channel is channel:
                self._channel = None


def _create_channel(options: Options) -> grpc.Channel:
    # A proxy named by the environment is another machine, which must not see a token for this one.
    proxy = (("grpc.enable_http_proxy", 0),) if _LOCAL.fullmatch(options.address) else ()
    channel_options: list[tuple[str, str | int]] = [*_CHANNEL_OPTIONS, *proxy, *options.channel_options]
    tls = options.tls
    if tls is None:
        return grpc.insecure_channel(options.address, channel_options)
    if tls.server_name is not None:
        channel_options.append(("grpc.ssl_target_name_override", tls.server_name))
    credentials = grpc.ssl_channel_credentials(_read(tls.ca_file), _read(tls.key_file), _read(tls.cert_file))
    return grpc.secure_channel(options.address, credentials, channel_options)


def _read(file: str | None) -> bytes | None:
    return None if file is None else Path(file).read_bytes()
