"""The spill file: records that could not be sent, as JSONL for `sessionlog append`."""

from __future__ import annotations

import json
import os
from io import FileIO

from google.protobuf.json_format import MessageToDict

from ..v1 import session_log_pb2 as pb
from .counters import Counters
from .diagnostics import Diagnostics
from .status import CallFailure


def spill(
    records: list[bytes],
    path: str | os.PathLike[str] | None,
    counters: Counters,
    diagnostics: Diagnostics,
    failure: CallFailure | None = None,
) -> None:
    """Writes records to the spill file; without one, or where that fails, they are dropped. failure: why they are not
    sent; None: it is the end."""
    reason = "close" if failure is None else failure.code
    why = "" if failure is None else f"{failure.code}: {failure.message}; further ones are only counted"
    if path is None:
        counters.add(dropped=len(records))
        diagnostics.once(reason, f"{len(records)} records lost: {why or 'not sent before close'}")
        return
    lines: list[str] = []
    for record in records:
        try:
            lines.append(to_json_line(record))
        except Exception as error:  # noqa: BLE001 one record without JSON must not cost the others
            counters.add(refused=1)
            diagnostics.once("spill record", f"a record is not spilled, as it has no JSON: {error}")
    spilled, problem = write_lines(path, lines)
    lost = len(lines) - spilled
    counters.add(spilled=spilled, dropped=lost)
    if spilled > 0:
        what = "not sent before close are" if failure is None else "could not be sent and are"
        diagnostics.once(reason, f"{spilled} records {what} in {path}{': ' if why else ''}{why}")
    if problem is not None:
        diagnostics.once("spill", f"{lost} records lost: cannot write the spill file: {problem}")


def to_json_line(request: bytes) -> str:
    """The ProtoJSON of a request's record. Raises when it has none: the service would refuse such a record too."""
    message = pb.AppendSessionRequest.FromString(request).record
    fields = MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def write_lines(path: str | os.PathLike[str], lines: list[str]) -> tuple[int, OSError | ValueError | None]:
    """Appends lines to a file, which then ends with a whole one, and syncs it. Returns how many are in it, and why not
    all of them are."""
    written = 0
    try:
        with open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640), "ab+", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                torn = _ends_within_line(file, end)
                for line in lines:
                    end += _write(file, f"\n{line}" if torn else line)
                    torn = False
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
    """Whether a file of that size lacks its last newline. A line added there would be lost with the torn one."""
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
