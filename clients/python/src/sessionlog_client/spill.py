"""The spill file: rows that could not be sent, as JSONL for `sessionlog append`."""

from __future__ import annotations

import json
import os
from io import FileIO

from google.protobuf.json_format import MessageToDict

from .v1 import session_log_pb2 as pb


def to_json_line(row: bytes) -> str:
    """A row's ProtoJSON. Raises when it has none: such a row the service would refuse too."""
    message = pb.SessionRecord.FromString(row)
    fields = MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def write_spill(path: str | os.PathLike[str], lines: list[str]) -> tuple[int, OSError | ValueError | None]:
    """Adds lines to a file, which then ends with a whole one, and syncs it. Returns how many are in it, and why not all
    of them are."""
    written = 0
    try:
        with open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640), "ab+", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                begun = _ends_within_line(file, end)
                for line in lines:
                    end += _write(file, f"\n{line}" if begun else line)
                    begun = False
                    written += 1
            except OSError:
                file.truncate(end)
                raise
            finally:
                os.fsync(file.fileno())
    except (OSError, ValueError) as problem:
        return written, problem
    return written, None


def _ends_within_line(file: FileIO, size: int) -> bool:
    """Whether a file of that size lacks its last newline. A row that followed would be lost with the torn one."""
    if size == 0:
        return False
    file.seek(size - 1)
    return file.read(1) != b"\n"


def _write(file: FileIO, line: str) -> int:
    data = memoryview(line.encode())
    size = len(data)
    while data:
        data = data[file.write(data) :]
    return size
