from __future__ import annotations

from pathlib import Path

import pytest

from sessionlog_client.delivery.spill import write_lines

from .support import file_size_limit


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "a\nb\n"), ("", "a\nb\n"), ("x\n", "x\na\nb\n"), ("x\ntorn", "x\ntorn\na\nb\n"), ("t", "t\na\nb\n")],
)
def test_write_lines_begins_a_line_of_its_own(tmp_path: Path, before: str | None, after: str) -> None:
    path = tmp_path / "spill.jsonl"
    if before is not None:
        path.write_text(before)
    assert write_lines(path, ["a\n", "b\n"]) == (2, None)
    assert path.read_text() == after


def test_write_lines_ends_with_a_whole_line_where_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "spill.jsonl"
    path.write_text("torn")
    with file_size_limit(12):
        written, error = write_lines(path, ["123\n", "456\n", "789\n"])
    assert (written, isinstance(error, OSError)) == (1, True)
    assert path.read_text() == "torn\n123\n"


def test_write_lines_says_why_it_wrote_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "missing" / "spill.jsonl", tmp_path, "a\0b"):
        written, error = write_lines(path, ["a\n"])
        assert (written, isinstance(error, OSError | ValueError)) == (0, True)
