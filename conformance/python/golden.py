"""Sends golden cases through the client, from ProtoJSON as google.protobuf reads it.

    golden.py record|batch ADDRESS JOURNAL < cases

Reads one JSON object a line, `name` and `send`, the record's ProtoJSON as text; answers each with one line: `written`,
what the case added to the journal, and `violations`, or `trouble` where there was neither.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format

from sessionlog_client import CallError, RefusedError, SessionLogger
from sessionlog_client.v1 import session_log_pb2 as pb
from sessionlog_client.v1 import session_log_pb2_grpc as pb_grpc

Violations = list[dict[str, str]]


def as_record(log: SessionLogger) -> Callable[[pb.SessionRecord], Violations]:
    """With our client, and the answer waited for."""

    def send(record: pb.SessionRecord) -> Violations:
        try:
            log.append_sync(record)
        except RefusedError as error:
            return [{"field": violation.field, "reason": violation.reason} for violation in error.violations]
        return []

    return send


def as_batch(address: str) -> Callable[[pb.SessionRecord], Violations]:
    """With the generated stub alone."""
    stub = pb_grpc.SessionLogStub(grpc.insecure_channel(address))

    def send(record: pb.SessionRecord) -> Violations:
        [result] = stub.BatchAppendSessions(pb.BatchAppendSessionsRequest(records=[record]), timeout=30).results
        return [{"field": violation.field, "reason": violation.reason} for violation in result.rejected.violations]

    return send


def answer(send: Callable[[pb.SessionRecord], Violations], case: dict[str, str], journal: Path) -> dict[str, Any]:
    before = journal.stat().st_size
    record = json_format.Parse(case["send"], pb.SessionRecord())
    try:
        violations = send(record)
    except (CallError, grpc.RpcError) as error:
        return {"trouble": str(error)}
    with journal.open("rb") as file:
        file.seek(before)
        return {"violations": violations, "written": file.read().decode()}


def main() -> None:
    logging.basicConfig()
    message, address, journal = sys.argv[1:]
    # A golden record without a daemon is to arrive without one.
    log = SessionLogger(address, daemon="")
    send = as_record(log) if message == "record" else as_batch(address)
    for line in sys.stdin:
        print(json.dumps(answer(send, json.loads(line), Path(journal))), flush=True)
    log.close()


if __name__ == "__main__":
    main()
