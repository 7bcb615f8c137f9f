"""How long `append` takes its caller, beside `json.dumps` of the same record.

    python bench/append.py [--address HOST:PORT]

Without an address nothing listens; the buffer has room for all records.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sessionlog_client import SessionAttempt, SessionLogger, SessionRecord

ROUNDS = 5_000


def record(fills: int) -> SessionRecord:
    """A session of three attempts, with a row of about 1 KB where there are two fills."""
    return SessionRecord(
        schema="session.iterate.v1",
        session_id="4bf92f3577b34da6a3ce929d0e0e4736",
        timestamp=1_777_699_329_123_456_789,
        daemon="validatord",
        kind="fill",
        model="qwen3:8b",
        provider="ollama",
        prompt="Fill 2 welder slots at Plant 7, Mon 06:00-14:00. " * 5,
        iterations=3,
        max_iterations=3,
        final_verdict="accepted",
        attempts=[
            SessionAttempt(0, "no_json", "no JSON object in output", "a1"),
            SessionAttempt(1, "validation_failed", 'fills[0].candidate_id "W-9999" is not on the roster', "a2"),
            SessionAttempt(2, "accepted", span_id="a3"),
        ],
        artifact={
            "fills": [{"candidate_id": f"W-{number}", "name": "Ana Ruiz", "score": 0.93} for number in range(fills)]
        },
        grounded_in_roster=True,
        duration_ms=1840,
    )


def measure(calls: dict[str, Callable[[], Any]]) -> dict[str, list[int]]:
    """Nanoseconds of each call, sorted; the calls take turns, so that other load on the machine affects all alike."""
    times: dict[str, list[int]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            began = time.perf_counter_ns()
            call()
            times[name].append(time.perf_counter_ns() - began)
    return {name: sorted(values) for name, values in times.items()}


def report(name: str, fills: int, address: str) -> None:
    row = record(fills)
    fresh = record(fills)
    fresh.session_id = ""
    fresh.timestamp = None
    plain = asdict(row)
    log = SessionLogger(address, buffer_rows=10 * ROUNDS, buffer_bytes=1 << 31)
    times = measure(
        {
            "json.dumps": lambda: json.dumps(plain),
            "append": lambda: log.append(row),
            "append, stamped": lambda: log.append(fresh),
        }
    )
    log.close(0)
    for call, values in times.items():
        p50, p99 = statistics.median(values), values[len(values) * 99 // 100]
        print(f"{name:12} {call:16} p50 {p50 / 1e3:7.1f} µs   p99 {p99 / 1e3:7.1f} µs")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="127.0.0.1:1")
    address = parser.parse_args().address
    for fills in (2, 20, 200):
        report(f"{fills} fills", fills, address)


if __name__ == "__main__":
    main()
