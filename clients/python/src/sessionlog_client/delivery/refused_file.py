"""The refused file: refused records with what is wrong, as `sessionlog append --rejects` writes them."""

from __future__ import annotations

import json
import os
from collections import deque

from ..errors import RefusedError
from .spill import to_json_line, write_lines

ROWS_MAX = 1_000
BYTES_MAX = 16 * 1024 * 1024


class RefusedFile:
    """Written by the sender's thread alone, with the rows of earlier runs before."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._path = path
        self._pending: deque[tuple[bytes | None, RefusedError]] = deque(maxlen=ROWS_MAX)
        self._rows: int | None = None
        """In the file; None: not counted yet."""

    def add(self, record: bytes | None, error: RefusedError) -> None:
        """Has a refused record written; None: it has no bytes."""
        if self._path is not None:
            self._pending.append((record, error))

    def write_pending(self) -> str | None:
        """Writes what was added. Returns why not all of it was."""
        problem: str | None = None
        while self._pending:
            record, error = self._pending.popleft()
            problem = self._write(record, error) or problem
        return problem

    def _write(self, record: bytes | None, error: RefusedError) -> str | None:
        assert self._path is not None
        try:
            if self._rows is None:
                self._rows = self._count_rows(self._path)
            line = _line(self._rows + 1, record, error)
            size = os.path.getsize(self._path) if self._rows > 0 else 0
            if self._rows >= ROWS_MAX or size + len(line.encode()) > BYTES_MAX:
                return f"{self._path} has room for {ROWS_MAX} rows and {BYTES_MAX} bytes"
            _, problem = write_lines(self._path, [line])
            if problem is not None:
                return str(problem)
            self._rows += 1
        except OSError as problem:
            return str(problem)
        return None

    def _count_rows(self, path: str | os.PathLike[str]) -> int:
        try:
            with open(path, "rb") as file:
                return sum(1 for _ in file)
        except FileNotFoundError:
            return 0


def _line(number: int, record: bytes | None, error: RefusedError) -> str:
    violations = [{"field": v.field, "description": v.description, "reason": v.reason} for v in error.violations]
    line: dict[str, object] = {"line": number, "violations": violations}
    omitted = error.violation_count - len(violations)
    if omitted > 0:
        line["violations_omitted"] = omitted
    row: str | None = None
    try:
        row = None if record is None else to_json_line(record).removesuffix("\n")
    except Exception:  # noqa: BLE001 what has no JSON has no row
        row = None
    return json.dumps(line | {"row": row}, ensure_ascii=False, separators=(",", ":")) + "\n"
