"""What the environment configures, and what a logger says about it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sessionlog_client
from sessionlog_client import SessionLogger, Tls
from sessionlog_client.delivery.token import token_of
from sessionlog_client.environment import options_from

from .support import CLEAN_ENVIRONMENT, FakeService, accepted, eventually, quick


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("SESSIONLOG_"):
            monkeypatch.delenv(name)


def test_from_env_without_variables_is_off() -> None:
    assert not SessionLogger.from_env().enabled


def test_from_env_sends_to_the_address_as_the_daemon(
    fake: FakeService, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SESSIONLOG_ADDRESS", address)
    monkeypatch.setenv("SESSIONLOG_DAEMON", "fill")
    with caplog.at_level(logging.INFO), SessionLogger.from_env() as log:
        log.append(accepted(0))
        log.append(accepted(1))
        assert log.flush(20)
    assert [record.getMessage() for record in caplog.records] == [
        f"session log: sending to {address} as fill",
        "session log: the first row is stored",
    ]
    assert fake.calls[0][0].daemon == "fill"
    with SessionLogger.from_env(daemon="other", trace_ids="header") as log:
        log.append(accepted(2))
        assert log.flush(20)
    assert fake.calls[-1][0].daemon == "other"
    assert not SessionLogger.from_env("").enabled


def test_options_from_every_variable(tmp_path: Path) -> None:
    names = ("ADDRESS", "DAEMON", "SPILL_FILE", "CA_FILE", "CERT_FILE", "KEY_FILE", "SERVER_NAME", "TOKEN")
    variables = {f"SESSIONLOG_{name}": name.lower() for name in names} | {"SESSIONLOG_DEBUG": "1"}
    expected: dict[str, Any] = {"address": "address", "daemon": "daemon", "spill_file": "spill_file", "debug": True}
    expected |= {"token": "token", "tls": Tls("ca_file", "cert_file", "key_file", "server_name")}
    assert options_from(variables) == expected
    # A file of a token goes before a token.
    expected = {name: value for name, value in expected.items() if name != "token"} | {"token_file": "file"}
    assert options_from(variables | {"SESSIONLOG_TOKEN_FILE": "file"}) == expected
    assert options_from(dict.fromkeys(variables, "")) == {}


def test_from_env_takes_arguments_before_variables(
    fake: FakeService, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSIONLOG_ADDRESS", address)
    monkeypatch.setenv("SESSIONLOG_TOKEN_FILE", "/does/not/exist")
    with SessionLogger.from_env(token="given") as log:
        log.append(accepted())
        assert log.flush(20)
    assert fake.metadata[0]["authorization"] == "Bearer given"


def test_token_file_is_read_again_when_it_changes(fake: FakeService, address: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with quick(address, token_file=file) as log:
        log.append(accepted(0))
        file.touch()
        # A flush asks for a call; else the file is only looked at.
        eventually(lambda: log.flush(0.05) or "the token file is empty" in log.stats().last_error)
        file.write_text("one\n")
        assert log.flush(20)
        file.write_text("another\n")
        log.append_sync(accepted(1))
    assert [metadata["authorization"] for metadata in fake.metadata] == ["Bearer one", "Bearer another"]
    assert token_of(file)() == "another"


PROGRAM = """
from sessionlog_client import SessionLogger, SessionRecord
with SessionLogger.from_env() as log:
    log.append(SessionRecord("fill", "infra_error"))
"""


@pytest.mark.parametrize("debug", ["1", ""])
def test_debug_shows_each_call_in_a_program_without_logging(fake: FakeService, address: str, debug: str) -> None:
    variables = {"SESSIONLOG_ADDRESS": address, "SESSIONLOG_DAEMON": "fill", "SESSIONLOG_DEBUG": debug}
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, env=CLEAN_ENVIRONMENT | variables, stderr=subprocess.PIPE, text=True, check=True)
    lines = ended.stderr.splitlines()
    if debug == "":
        assert lines == []
        return
    assert lines[0] == f"session log: sending to {address} as fill"
    assert lines[1].startswith("session log: a call ended: 1 records, ")
    assert lines[1].endswith(" ms, OK")
    assert lines[2] == "session log: the first row is stored"


def test_calls_are_logged_at_debug(fake: FakeService, address: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "sessionlog_client"), quick(address) as log:
        log.append(accepted())
        assert log.flush(20)
    assert "a call ended: 1 records" in caplog.text


def test_version_is_the_user_agent(fake: FakeService, address: str) -> None:
    with quick(address) as log:
        log.append_sync(accepted())
    assert fake.metadata[0]["user-agent"].startswith(f"sessionlog-python/{sessionlog_client.__version__} ")
