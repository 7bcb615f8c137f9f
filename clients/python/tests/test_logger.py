"""A logger's life: off, closed, forked, at the end of its process."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from sessionlog_client import CallError, Stats, Tls, new_session_logger
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import FakeService, abort, accepted, certificate, eventually, file_size_limit, free_port, quick, serve


@pytest.mark.parametrize("address", ["", "  ", None])
def test_logger_without_an_address_does_nothing(address: str | None) -> None:
    log = new_session_logger(address)
    assert not log.enabled
    log.append(accepted())
    assert log.append_sync(accepted()).sequence == 0
    assert log.flush()
    assert log.close()
    assert log.stats() == Stats()


def test_append_sync_of_what_is_no_record_does_nothing_without_an_address() -> None:
    assert new_session_logger("").append_sync(None).session_id == ""  # type: ignore[arg-type]


def test_logger_connects_with_the_first_record(fake: FakeService, address: str) -> None:
    with new_session_logger(address, "other") as log:
        assert log.enabled
        assert log.flush(0)
        log.append(accepted())
        assert log.flush(20)
    assert fake.calls[0][0].daemon == "other"


@pytest.mark.parametrize("address", ["nowhere.invalid:1", "127.0.0.1:0", "unix:/does/not/exist", "a\udcffb:1"])
def test_logger_logs_a_bad_address_once(address: str, caplog: pytest.LogCaptureFixture) -> None:
    log = quick(address)
    log.append(accepted(0))
    log.append(accepted(1))
    eventually(lambda: log.stats().retried > 3)
    assert not log.close(0.1)
    assert log.stats().dropped == 2
    assert caplog.text.count("records are buffered") == 1
    assert caplog.text.count("2 records lost") == 1


def test_logger_drops_what_comes_after_close(fake: FakeService, address: str) -> None:
    log = quick(address)
    log.append(accepted(0))
    assert log.close()
    log.append(accepted(1))
    assert log.close()
    assert (log.stats().appended, log.stats().dropped) == (1, 1)
    with pytest.raises(CallError, match="CLOSED"):
        log.append_sync(accepted(2))


@pytest.mark.parametrize("timeout", [math.inf, 1e300, None])
def test_logger_takes_time_without_limit(fake: FakeService, address: str, timeout: Any) -> None:
    times = dict.fromkeys(("call_timeout", "close_timeout"), timeout)
    with quick(address, **times) as log:
        log.append_sync(accepted(0), timeout)
        log.append(accepted(1))
        assert log.flush(timeout)
        log.append(accepted(2))
        assert log.close(timeout)
    assert fake.stored == ["session-0", "session-1", "session-2"]


@pytest.mark.parametrize("pause", [math.inf, math.nan, -1])
def test_logger_takes_any_backoff(fake: FakeService, address: str, pause: float) -> None:
    fake.answers = [abort(grpc.StatusCode.UNAVAILABLE)]
    with quick(address, min_backoff=pause, max_backoff=pause) as log:
        log.append(accepted())
        eventually(lambda: len(fake.calls) > 0)
        eventually(lambda: log.flush(0.1))
    assert fake.stored == ["session-0"]


@pytest.mark.parametrize("timeout", [math.nan, -1, -math.inf])
def test_close_spills_what_is_left_when_there_is_no_time(tmp_path: Path, timeout: float) -> None:
    spill = tmp_path / "spill.jsonl"
    log = quick(f"127.0.0.1:{free_port()}", spill_file=spill)
    log.append(accepted())
    with pytest.raises(CallError):
        log.append_sync(accepted(), timeout)
    assert not log.close(timeout)
    assert (log.stats().spilled, len(spill.read_text().splitlines())) == (1, 1)


def test_close_spills_what_is_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spill = tmp_path / "spill.jsonl"
    log = quick(f"127.0.0.1:{free_port()}", spill_file=spill)
    for number in range(3):
        log.append(accepted(number, prompt="a\nb\udcff", timestamp=1))
    assert not log.close(0.2)
    stats = log.stats()
    assert (stats.spilled, stats.dropped, stats.buffered) == (3, 0, 0)
    rows = [json.loads(line) for line in spill.read_text().splitlines()]
    assert [row["session_id"] for row in rows] == ["session-0", "session-1", "session-2"]
    assert (rows[0]["prompt"], rows[0]["daemon"]) == ("a\nb\ufffd", "tests")
    assert rows[0]["timestamp"] == "1970-01-01T00:00:00.000000001Z"
    assert "3 records not sent before close are in" in caplog.text


def test_close_spills_the_others_where_a_row_has_no_json(tmp_path: Path) -> None:
    """The service would refuse it too: its time is in no year that JSON has."""
    spill = tmp_path / "spill.jsonl"
    log = quick(f"127.0.0.1:{free_port()}", spill_file=spill)
    log.append(pb.SessionRecord(session_id="session-0", timestamp={"seconds": 2**50}))
    log.append(accepted(1))
    assert not log.close(0.1)
    assert (log.stats().spilled, log.stats().refused) == (1, 1)
    assert json.loads(spill.read_text())["session_id"] == "session-1"


def test_close_drops_what_cannot_be_spilled(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = quick(f"127.0.0.1:{free_port()}", spill_file=tmp_path / "missing" / "spill.jsonl")
    log.append(accepted())
    assert not log.close(0.1)
    assert log.stats().dropped == 1
    assert "cannot write the spill file" in caplog.text


def test_close_drops_rows_where_the_spill_file_has_no_valid_name() -> None:
    log = quick(f"127.0.0.1:{free_port()}", spill_file="a\0b")
    log.append(accepted())
    assert not log.close(0.1)
    assert log.stats().dropped == 1


def test_close_counts_the_rows_that_a_full_disk_has_room_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spill = tmp_path / "spill.jsonl"
    log = quick(f"127.0.0.1:{free_port()}", spill_file=spill)
    for number in range(3):
        log.append(accepted(number, prompt="a" * 4_000))
    with file_size_limit(10_000):
        assert not log.close(0.1)
    assert (log.stats().spilled, log.stats().dropped) == (2, 1)
    assert [json.loads(line)["session_id"] for line in spill.read_text().splitlines()] == ["session-0", "session-1"]
    assert "2 records not sent before close are in" in caplog.text
    assert "1 records lost: cannot write the spill file" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_logger_works_on_both_sides_of_a_fork_before_the_first_record(fake: FakeService, address: str) -> None:
    program = f"""
import os
from sessionlog_client import SessionLogger, SessionRecord
log = SessionLogger({address!r})
child = os.fork()
log.append(SessionRecord("fill", "accepted", session_id="child" if child == 0 else "parent"))
ok = log.close(20)
if child == 0:
    os._exit(0 if ok else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert sorted(fake.stored) == ["child", "parent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_logger_works_on_both_sides_of_a_fork_with_gRPC_s_support_for_it(fake: FakeService, address: str) -> None:
    program = f"""
import os
from sessionlog_client import SessionLogger, SessionRecord
log = SessionLogger({address!r})
log.append(SessionRecord("fill", "accepted", session_id="before"))
assert log.flush(20)
child = os.fork()
log.append(SessionRecord("fill", "accepted", session_id="child" if child == 0 else "parent"))
ok = log.close(20) and log.stats().appended == (1 if child == 0 else 2)
if child == 0:
    os._exit(0 if ok else 1)
assert ok and os.waitpid(child, 0)[1] == 0
"""
    environment = os.environ | {"GRPC_ENABLE_FORK_SUPPORT": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, env=environment)
    assert sorted(fake.stored) == ["before", "child", "parent"]


def test_logger_is_closed_when_its_process_ends(fake: FakeService, address: str) -> None:
    program = f"""
from sessionlog_client import SessionLogger, SessionRecord
log = SessionLogger({address!r})
for number in range(1000):
    log.append(SessionRecord("fill", "accepted", session_id=str(number)))
del log
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert fake.stored == [str(number) for number in range(1000)]


def served_with(fake: FakeService, cert_file: Path, key_file: Path, port: int = 0) -> Iterator[str]:
    return serve(fake, grpc.ssl_server_credentials([(key_file.read_bytes(), cert_file.read_bytes())]), port)


def test_logger_takes_tls(fake: FakeService, tmp_path: Path) -> None:
    cert_file, key_file = certificate(tmp_path, 30)
    for address in served_with(fake, cert_file, key_file):
        tls = Tls(ca_file=str(cert_file), server_name="sessionlog.test")
        with quick(address, tls=tls, token="secret") as log:
            assert log.append_sync(accepted()).sequence == 1
    assert fake.metadata[0]["authorization"] == "Bearer secret"


def test_logger_logs_an_expired_certificate_once(
    fake: FakeService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cert_file, key_file = certificate(tmp_path, -1)
    for address in served_with(fake, cert_file, key_file):
        log = quick(address, tls=Tls(ca_file=str(cert_file), server_name="sessionlog.test"))
        log.append(accepted())
        eventually(lambda log=log: log.stats().retried > 3)  # type: ignore[misc]
        assert not log.close(0.1)
        assert log.stats().dropped == 1
    assert caplog.text.count("records are buffered") == 1
    assert "expired" in caplog.text


def test_logger_logs_an_expired_certificate_of_a_service_that_was_down_before(
    fake: FakeService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cert_file, key_file = certificate(tmp_path, -1)
    port = free_port()
    log = quick(f"127.0.0.1:{port}", tls=Tls(ca_file=str(cert_file), server_name="sessionlog.test"))
    log.append(accepted())
    eventually(lambda: "refused" in caplog.text)
    for _ in served_with(fake, cert_file, key_file, port):
        eventually(lambda: "expired" in caplog.text, 10)
        assert not log.close(0.1)


def test_logger_logs_a_certificate_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = quick("127.0.0.1:1", tls=Tls(ca_file=str(tmp_path / "missing.pem")))
    log.append(accepted())
    eventually(lambda: log.stats().retried > 3)
    assert not log.close(0.1)
    assert "FileNotFoundError" in caplog.text
