"""Rows of a daemon that the real service does not let in, over TLS and on a Unix socket."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from sessionlog_client import SessionLogger, Tls
from sessionlog_client.delivery import core
from sessionlog_client.options import Options

from .support import FakeService, RealService, abort, accepted, certificate, eventually, quick

OLD = "slt_old"
NEW = "slt_new"
DENIED = "credentials are required"


class SecuredService(RealService):
    """Lets in who has one of the tokens, with one role."""

    def __init__(self, directory: Path, role: str = "append", unix: bool = False) -> None:
        super().__init__(directory)
        self._role = role
        self._auth_file = directory / "auth.toml"
        self.token_file = directory / "token"
        self.spill_file = directory / "spill.jsonl"
        self.tls: Tls | None = None
        self.flags = ["--auth-file", str(self._auth_file)]
        if unix:
            self.address = f"unix:{directory / 's'}"
        else:
            cert_file, key_file = certificate(directory, 30)
            self.flags += ["--tls-cert", str(cert_file), "--tls-key", str(key_file)]
            self.tls = Tls(ca_file=str(cert_file), server_name="sessionlog.test")
        self._write(OLD)
        self.start()

    def _write(self, *tokens: str) -> None:
        text = f'[[identity]]\nname = "tests"\nroles = ["{self._role}"]\ndaemons = ["*"]\n'
        for token in tokens:
            sha256 = hashlib.sha256(token.encode()).hexdigest()
            text += f'[[identity.token]]\nid = "{token}"\nsha256 = "{sha256}"\n'
        self._auth_file.write_text(text)

    def allow(self, *tokens: str) -> None:
        """Only these, from now on."""
        self._write(*tokens)
        os.kill(self.pid, signal.SIGHUP)

    def logger(self, **options: Any) -> SessionLogger:
        return quick(self.address, **({"tls": self.tls} | options))

    def spilled(self) -> list[str]:
        return [json.loads(line)["session_id"] for line in self.spill_file.read_text().splitlines()]


Start = Callable[..., SecuredService]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    services: list[SecuredService] = []

    def start(**options: Any) -> SecuredService:
        services.append(SecuredService(tmp_path, **options))
        return services[-1]

    yield start
    for service in services:
        service.kill()


def names(first: int, end: int) -> list[str]:
    return [f"session-{number}" for number in range(first, end)]


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("unix", [False, True])
def test_a_token_that_is_renewed_loses_no_row(start: Start, unix: bool, caplog: pytest.LogCaptureFixture) -> None:
    service = start(unix=unix)
    service.token_file.write_text(f"{OLD}\n")
    with service.logger(token_file=service.token_file) as log:
        log.append(accepted(0))
        assert log.flush(20)
        service.allow(NEW)
        sent = 1
        while not messages(caplog):
            log.append(accepted(sent))
            log.flush(0.01)
            sent += 1
        service.token_file.write_text(NEW)
        eventually(lambda: log.stats().appended == sent)
    assert service.session_ids() == names(0, sent)
    assert messages(caplog) == [f"session log: service unavailable, records are buffered: UNAUTHENTICATED: {DENIED}"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        (b"\n", "is empty"),
        ("a\u00e9\nb".encode(), "a token may have printable ASCII only"),
        (b"x" * 10_000, "a token may have 8192 bytes at most"),
        (b"unknown", DENIED),
    ],
)
def test_rows_wait_for_a_token_file_that_cannot_be_used(
    start: Start, content: bytes | None, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    service = start()
    if content is not None:
        service.token_file.write_bytes(content)
    with service.logger(token_file=service.token_file) as log:
        log.append(accepted(0))
        eventually(lambda: messages(caplog) != [])
        service.token_file.write_text(OLD)
        eventually(lambda: log.stats().appended == 1)
    (message,) = messages(caplog)
    assert "records are buffered: UNAUTHENTICATED: " in message
    assert told in message


@pytest.mark.parametrize("spills", [True, False])
@pytest.mark.parametrize(
    ("role", "token", "told"),
    [
        ("append", "unknown", f"UNAUTHENTICATED: {DENIED}"),
        ("append", None, f"UNAUTHENTICATED: {DENIED}"),
        (
            "read",
            OLD,
            "PERMISSION_DENIED: tests may not call BatchAppendSessions: it needs the role append or admin",
        ),
    ],
)
def test_rows_of_who_is_not_let_in_are_spilled(
    start: Start, role: str, token: str | None, told: str, spills: bool, caplog: pytest.LogCaptureFixture
) -> None:
    service = start(role=role)
    spill_file = service.spill_file if spills else None
    with service.logger(token=token, spill_file=spill_file) as log:
        for number in range(3):
            log.append(accepted(number))
            assert log.flush(20)
        stats = log.stats()
    assert (stats.spilled, stats.dropped, stats.refused, stats.retried) == ((3, 0, 0, 0) if spills else (0, 3, 0, 0))
    where = f"could not be sent and are in {spill_file}" if spills else "lost"
    assert messages(caplog) == [f"session log: 1 records {where}: {told}; further ones are only counted"]
    assert service.session_ids() == []
    if spills:
        assert service.spilled() == names(0, 3)


def test_the_oldest_rows_are_spilled_while_a_token_is_waited_for(start: Start) -> None:
    service = start()
    with service.logger(
        token_file=service.token_file, spill_file=service.spill_file, buffer_rows=100, batch_rows=10
    ) as log:
        for number in range(1_000):
            log.append(accepted(number))
            eventually(lambda: log.stats().buffered <= 80)
        assert log.stats().dropped == 0
        service.token_file.write_text(OLD)
        eventually(lambda: log.stats().buffered == 0)
    assert service.session_ids() != []
    assert service.spilled() + service.session_ids() == names(0, 1_000)


def test_rows_that_wait_for_a_token_are_spilled_at_the_end(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    service = start()
    log = service.logger(token_file=service.token_file, spill_file=service.spill_file)
    for number in range(3):
        log.append(accepted(number))
    eventually(lambda: messages(caplog) != [])
    assert not log.close(0.01)
    assert service.spilled() == names(0, 3)


def test_the_same_token_is_tried_again_after_a_while(
    fake: FakeService, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("early")
    fake.answers = [abort(grpc.StatusCode.UNAUTHENTICATED)] * 3

    def quick_core(options: Options) -> core.Core:
        options = type(options)(
            **{name: getattr(options, name) for name in options.__slots__} | {"credentials_retry": 0.1}
        )
        return core.Core(options)

    monkeypatch.setattr("sessionlog_client.logger.Core", quick_core)
    with quick(address, token_file=file) as log:
        log.append(accepted(0))
        eventually(lambda: log.stats().appended == 1)
        assert log.stats().retried == 3


@pytest.mark.parametrize(
    ("option", "content", "told"),
    [
        ("ca_file", b"", "is empty"),
        ("ca_file", b"0\x82", "expected certificates in PEM"),
        ("key_file", b"-----BEGIN ENCRYPTED PRIVATE KEY-----", "is encrypted, expected a key without passphrase"),
        ("key_file", b"-----BEGIN CERTIFICATE-----", "expected a certificate and its key in PEM"),
        ("cert_file", None, "cert_file and key_file: expected both or none"),
    ],
)
def test_a_file_that_is_none_of_tls_is_named(
    tmp_path: Path, option: str, content: bytes | None, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    cert_file, key_file = certificate(tmp_path, 30)
    files = {"ca_file": str(cert_file), "cert_file": str(cert_file), "key_file": str(key_file)}
    bad = tmp_path / "bad.pem"
    bad.write_bytes(content or b"")
    files[option] = str(bad)
    if content is None:
        del files[option]
    log = quick("127.0.0.1:1", tls=Tls(**files))
    log.append(accepted())
    eventually(lambda: messages(caplog) != [])
    assert not log.close(0.01)
    assert told in messages(caplog)[0]
    assert "\n" not in messages(caplog)[0]
