"""The spill file: rows that could not be sent, as JSONL for `sessionlog append`."""

from __future__ import annotations

import json
import os

from google.protobuf.json_format import MessageToDict

from .v1 import session_log_pb2 as pb


def to_json_line(row: bytes) -> str:
    """A row's ProtoJSON. Raises when it has none: such a row the service would refuse too."""
    message = pb.SessionRecord.FromString(row)
    fields = MessageToDict(message, preserving_proto_field_name=True)
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def write_spill(path: str | os.PathLike[str], lines: list[str]) -> None:
    """Adds lines to a file, and syncs it. Raises OSError."""
    data = memoryview("".join(lines).encode())
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
