"""Services to send to: the real one, and one that answers as a test scripts it."""

from __future__ import annotations

import json
import logging
import os
import resource
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from sessionlog_client import SessionAttempt, SessionLogger, SessionRecord
from sessionlog_client.v1 import session_log_pb2 as pb
from sessionlog_client.v1 import session_log_pb2_grpc as pb_grpc

MAIN = Path(os.environ.get("TESTED_SESSIONLOG") or Path(__file__).resolve().parents[3] / "dist" / "main.js")

CASES = Path(__file__).resolve().parents[2] / "cases"
"""What all clients are tested against."""

CLEAN_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONLOG_")}
"""The caller's SESSIONLOG_… variables are not to change what is tested."""


def cases(file: str) -> list[Any]:
    """The cases of a file in clients/cases, as parameters of a test."""
    lines = (CASES / file).read_text().splitlines()
    return [pytest.param(case, id=case["name"]) for case in map(json.loads, lines)]


def accepted(number: int = 0, **fields: Any) -> SessionRecord:
    """A good record, known by its session_id."""
    defaults: dict[str, Any] = {
        "session_id": f"session-{number}",
        "model": "qwen3:8b",
        "prompt": "Fill 2 welder slots at Plant 7, Mon 06:00-14:00.",
        "iterations": 1,
        "attempts": [SessionAttempt(0, "accepted")],
        "artifact": {"fills": [{"candidate_id": "W-1042", "name": "Ana Ruiz"}]},
        "duration_ms": 1840,
    }
    return SessionRecord("fill", "accepted", **(defaults | fields))


UNNAMED = "an object of a type without a name"


class _Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


class _NamelessType(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise _Mute


class Nameless(_Mute, metaclass=_NamelessType):
    """Tells neither what it is nor what it says."""


def released_view() -> memoryview:
    view = memoryview(b"x")
    view.release()
    return view


def broken_log() -> logging.Logger:
    """A log whose handler raises."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("the log's disk is full")

    log = logging.Logger("broken")
    log.addHandler(Broken())
    return log


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Makes this process meet a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def eventually(condition: Callable[[], bool], timeout: float = 20.0) -> None:
    """Waits for what another thread or process brings about."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def certificate(directory: Path, days: int) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that ends in so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sessionlog.test")])
    now = datetime.now(timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("sessionlog.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = directory / f"cert{days}.pem", directory / f"key{days}.pem"
    cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


class RealService:
    """`sessionlog serve`, a process of its own on a port that stays."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "sessions.jsonl"
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.flags: list[str] = []
        """Further words of `sessionlog serve`."""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        node = shutil.which("node")
        assert node is not None
        serve = [node, str(MAIN), "serve", "--listen", self.address, "--path", str(self.path), *self.flags]
        process = subprocess.Popen(
            serve, stderr=subprocess.PIPE, text=True, cwd=self.path.parent, env=CLEAN_ENVIRONMENT
        )
        self._process = process
        assert process.stderr is not None
        log = ""
        for line in process.stderr:
            log += line
            if '"serving"' in line and json.loads(line).get("msg") == "serving":
                # What it says from now on is not to fill the pipe.
                threading.Thread(target=process.stderr.read, daemon=True).start()
                return
        raise AssertionError(f"the service ended with {process.wait()}:\n{log}")

    def append_file(self, file: Path) -> str:
        """What `sessionlog append` says when it sends a file."""
        command = ["node", str(MAIN), "append", "--address", self.address, str(file)]
        sent = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=CLEAN_ENVIRONMENT, timeout=60)
        return sent.stdout

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(20)

    def rows(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text().split("\n")[:-1]]

    def session_ids(self) -> list[str]:
        return [row["session_id"] for row in self.rows()]


Answer = Callable[[list[pb.SessionRecord], grpc.ServicerContext], None]


class FakeService(pb_grpc.SessionLogServicer):
    """Keeps records. `answers` are asked in turn before each call, and may end it."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.calls: list[list[pb.SessionRecord]] = []
        self.times: list[float] = []
        self.metadata: list[dict[str, Any]] = []
        self.refuse: Callable[[pb.SessionRecord], list[pb.Violation]] = lambda record: []
        self.amend: Callable[[pb.BatchAppendSessionsResponse], None] = lambda response: None
        self.stored: list[str] = []

    def _called(self, records: list[pb.SessionRecord], context: grpc.ServicerContext) -> None:
        self.calls.append(records)
        self.times.append(time.monotonic())
        self.metadata.append(dict(context.invocation_metadata()))
        if self.answers:
            self.answers.pop(0)(records, context)

    def _store(self, record: pb.SessionRecord) -> pb.AppendSessionResponse:
        duplicate = record.session_id in self.stored
        if not duplicate:
            self.stored.append(record.session_id)
        sequence = self.stored.index(record.session_id) + 1
        return pb.AppendSessionResponse(
            session_id=record.session_id, timestamp=record.timestamp, sequence=sequence, duplicate=duplicate
        )

    def AppendSession(self, request: pb.AppendSessionRequest, context: Any) -> pb.AppendSessionResponse:
        self._called([request.record], context)
        violations = self.refuse(request.record)
        if violations:
            refuse(*[(v.field, v.reason) for v in violations])([request.record], context)
        return self._store(request.record)

    def BatchAppendSessions(
        self, request: pb.BatchAppendSessionsRequest, context: Any
    ) -> pb.BatchAppendSessionsResponse:
        self._called(list(request.records), context)
        response = pb.BatchAppendSessionsResponse()
        for record in request.records:
            violations = self.refuse(record)
            if violations:
                rejection = pb.Rejection(violations=violations, violation_count=len(violations))
                response.results.add(rejected=rejection)
            else:
                response.results.add(appended=self._store(record))
        self.amend(response)
        return response

    def TailSessions(self, request: Any, context: Any) -> Any:
        raise NotImplementedError


def serve(fake: FakeService, credentials: grpc.ServerCredentials | None = None, port: int = 0) -> Iterator[str]:
    """Serves on a port, by default a free one, and yields its address, until it is resumed."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    pb_grpc.add_SessionLogServicer_to_server(fake, server)
    return _listen(server, credentials, port)


def serve_no_protobuf() -> Iterator[str]:
    """Serves what something else at the address might reply."""
    server = grpc.server(futures.ThreadPoolExecutor(4))

    handler: Any = grpc.unary_unary_rpc_method_handler(lambda request, context: b"\xff")
    handlers = {"AppendSession": handler, "BatchAppendSessions": handler}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("sessionlog.v1.SessionLog", handlers),))
    return _listen(server, None, 0)


def _listen(server: grpc.Server, credentials: grpc.ServerCredentials | None, port: int) -> Iterator[str]:
    if credentials is None:
        port = server.add_insecure_port(f"127.0.0.1:{port}")
    else:
        port = server.add_secure_port(f"127.0.0.1:{port}", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def abort(code: grpc.StatusCode, message: str = "scripted", details: Any = None) -> Answer:
    """An answer with a status, and a message of google.rpc as its detail."""

    def answer(records: list[pb.SessionRecord], context: grpc.ServicerContext) -> NoReturn:
        if details is not None:
            status = Status(code=code.value[0], message=message)
            status.details.add().Pack(details)
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(code, message)
        raise AssertionError

    return answer


def busy(retry_after: float) -> Answer:
    """The answer of a full queue or disk."""
    delay = Duration()
    delay.FromNanoseconds(round(retry_after * 1e9))
    return abort(grpc.StatusCode.RESOURCE_EXHAUSTED, details=RetryInfo(retry_delay=delay))


def refuse(*violations: tuple[str, str]) -> Answer:
    bad_request = BadRequest()
    for field, reason in violations:
        bad_request.field_violations.add(field=field, description="not so", reason=reason)
    return abort(grpc.StatusCode.INVALID_ARGUMENT, details=bad_request)


def quick(address: str, **options: Any) -> SessionLogger:
    """A logger that does not wait long."""
    return SessionLogger(address, "tests", **({"min_backoff": 0.01, "max_backoff": 0.05} | options))


class Relay:
    """Passes connections on to an address, until they are made silent: those that are there then say no more."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._silent = threading.Event()
        self._sockets: list[socket.socket] = []

    def silence(self) -> None:
        self._silent.set()
        self._silent = threading.Event()

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                ends = (self._listener.accept()[0], socket.create_connection(self._target))
                self._sockets += ends
                for source, sink in (ends, ends[::-1]):
                    threading.Thread(target=self._pass, args=(source, sink, self._silent), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, silent: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if not silent.is_set():
                    sink.sendall(data)
