"""The connection to the service, made with the first call."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.message import DecodeError

from .options import Options
from .status import CallFailure, failure_of
from .v1 import session_log_pb2 as pb
from .wire import delimited

APPEND = "/sessionlog.v1.SessionLog/AppendSession"
BATCH_APPEND = "/sessionlog.v1.SessionLog/BatchAppendSessions"

_RECORD = b"\x0a"
"""Field 1: AppendSessionRequest.record and BatchAppendSessionsRequest.records alike."""
_VALIDATE_ONLY = b"\x10\x01"

_CHANNEL_OPTIONS = (
    # Retries are the sender's, which counts them.
    ("grpc.enable_retries", 0),
    # A new channel is to try at once, whatever an earlier one to the same address met.
    ("grpc.use_local_subchannel_pool", 1),
)

_LOCAL = re.compile(r"unix:.*|(ipv[46]:)?(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?")

Response = TypeVar("Response")


class Connection:
    """Sends records as the bytes they already are. Nothing here raises because of a service or an option."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._closed = False

    def append(self, row: bytes, validate_only: bool, timeout: float) -> pb.AppendSessionResponse | CallFailure:
        request = delimited(_RECORD, row) + (_VALIDATE_ONLY if validate_only else b"")
        return self._call(APPEND, request, pb.AppendSessionResponse.FromString, timeout)

    def append_batch(self, rows: list[bytes], timeout: float) -> pb.BatchAppendSessionsResponse | CallFailure:
        request = b"".join([delimited(_RECORD, row) for row in rows])
        return self._call(BATCH_APPEND, request, pb.BatchAppendSessionsResponse.FromString, timeout)

    def close(self) -> None:
        """Ends the calls under way, and makes no more."""
        with self._lock:
            self._closed = True
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _call(
        self, path: str, request: bytes, decode: Callable[[bytes], Response], timeout: float
    ) -> Response | CallFailure:
        try:
            metadata = self._metadata()
            if isinstance(metadata, CallFailure):
                return metadata
            channel = self._open()
            if channel is None:
                return CallFailure("CLOSED", "the logger is closed")
            # Not `future`, which needs a thread of its own: while a process ends, some versions of Python start none.
            method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
            try:
                return decode(method(request, timeout=timeout, metadata=metadata))
            except grpc.RpcError as error:
                failure = failure_of(error)
                # A connection may have gone silent while new ones work.
                if failure.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
                    self._forget(channel)
                return failure
            except DecodeError as error:
                return CallFailure("INTERNAL", f"the reply cannot be read: {error}")
        except Exception as error:  # noqa: BLE001 whatever an option or grpc makes of it, a daemon goes on
            return failure_of(error)

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

    def _forget(self, channel: grpc.Channel) -> None:
        """The next call makes a connection anew. A channel's own reconnecting backs off for up to two minutes, and in
        some versions of gRPC goes on only while a call waits for it. Other calls of the channel end by themselves."""
        with self._lock:
            if self._channel is channel:
                self._channel = None


def _create_channel(options: Options) -> grpc.Channel:
    # A proxy that the environment names is another machine, which is not to see a token for this one.
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
