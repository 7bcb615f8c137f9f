"""The refused file: which record was it, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessionlog_client import RefusedError
from sessionlog_client.delivery import refused_file
from sessionlog_client.delivery.refused_file import RefusedFile
from sessionlog_client.records.encode import encode_record
from sessionlog_client.v1 import session_log_pb2 as pb

from .support import FakeService, RealService, accepted, file_size_limit, quick


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_refused_file_has_the_rows_to_be_mended(service: RealService, tmp_path: Path) -> None:
    service.start()
    path = tmp_path / "refused.jsonl"
    with quick(service.address, refused_file=path) as log:
        log.append(replace(accepted(0), kind="poem"))
        log.append(accepted(1))
        log.append(accepted(2, artifact={"v": object()}))
        assert log.flush(20)
        log.append(accepted(3, duration_ms=-1))
        assert log.flush(20)
    first, second, third = lines(path)
    by_field = {line["violations"][0]["field"]: line for line in (first, second, third)}
    assert set(by_field) == {"record.kind", "record.artifact", "record.duration_ms"}
    assert json.loads(by_field["record.kind"]["row"])["session_id"] == "session-0"
    # Without the artifact that has no JSON.
    assert "artifact" not in json.loads(by_field["record.artifact"]["row"])
    mended = tmp_path / "mended.jsonl"
    mended.write_text(by_field["record.kind"]["row"].replace("poem", "fill") + "\n")
    assert service.append_file(mended) == "appended 1, duplicate 0, refused 0\n"
    assert service.session_ids() == ["session-1", "session-0"]


def error() -> RefusedError:
    return RefusedError.of("record.kind", "NOT_ALLOWED", "expected one of fill, email, playbook")


def test_refused_file_is_bounded_over_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_file, "ROWS_MAX", 5)
    path = tmp_path / "refused.jsonl"
    record = encode_record(accepted(), "tests", 1 << 20)
    for _ in range(2):
        file = RefusedFile(path)
        for _ in range(3):
            file.add(record, error())
        problem = file.write_pending()
    assert problem == f"{path} has room for 5 rows and {refused_file.BYTES_MAX} bytes"
    assert [line["line"] for line in lines(path)] == [1, 2, 3, 4, 5]


def test_refused_file_that_cannot_be_written_is_reported(
    fake: FakeService, address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake.refuse = lambda record: [pb.Violation(field="record.kind", reason="NOT_ALLOWED", description="no")]
    with quick(address, refused_file=tmp_path / "none" / "refused.jsonl") as log:
        log.append(accepted(0))
        log.append(accepted(1))
        assert log.flush(20)
        assert log.stats().refused == 2
    assert caplog.text.count("a refused row cannot be kept: ") == 1


def test_refused_file_ends_with_a_whole_line_on_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "refused.jsonl"
    file = RefusedFile(path)
    record = encode_record(accepted(), "tests", 1 << 20)
    file.add(record, error())
    assert file.write_pending() is None
    with file_size_limit(path.stat().st_size + 20):
        file.add(record, error())
        assert file.write_pending() is not None
    assert len(lines(path)) == 1


def test_refusals_name_the_session_and_the_daemon(fake: FakeService, address: str) -> None:
    fake.refuse = lambda record: [pb.Violation(field="record.kind", reason="NOT_ALLOWED", description="no")]
    with quick(address) as log:
        for artifact in ({"n": 1}, {"n": float("nan")}):
            with pytest.raises(RefusedError) as refused:
                log.append_sync(accepted(7, artifact=artifact))
            assert (refused.value.session_id, refused.value.daemon) == ("session-7", "tests")
            assert str(refused.value).startswith("the record of session session-7 of daemon tests is refused: record.")
        assert log.stats().last_error == str(refused.value)
