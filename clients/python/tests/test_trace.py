from __future__ import annotations

import http.client
import io
from typing import Any

import pytest

from sessionlog_client import parse_traceparent, trace_id_from_headers, trace_id_from_metadata

from .support import cases

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize("case", cases("trace_ids.jsonl"))
def test_trace_id_from_headers(case: dict[str, Any]) -> None:
    pairs = [(name, value) for name, value in case["headers"]]
    assert trace_id_from_headers(pairs) == case["expected"]
    assert trace_id_from_metadata([(name.lower(), value.encode()) for name, value in pairs]) == case["expected"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Lakehouse-Trace-Id": "abc"}, "abc"),
        ({"HTTP_X_LAKEHOUSE_TRACE_ID": "abc", "wsgi.version": (1, 0)}, "abc"),
        ({"HTTP_TRACEPARENT": PARENT}, TRACE),
        ({"HTTP_X_LAKEHOUSE_TRACE_ID": "not valid,own"}, "own"),
        ([(b"x-lakehouse-trace-id", b"abc")], "abc"),
        ({}, ""),
        (None, ""),
    ],
)
def test_trace_id_from_headers_of_frameworks(headers: Any, expected: str) -> None:
    assert trace_id_from_headers(headers) == expected


def test_trace_id_from_headers_of_http_server() -> None:
    headers = http.client.parse_headers(io.BytesIO(b"X-Lakehouse-Trace-Id: abc\r\nAccept: */*\r\n\r\n"))
    assert trace_id_from_headers(headers) == "abc"


def test_trace_id_from_metadata_of_a_call_without_any() -> None:
    assert trace_id_from_metadata(None) == ""


@pytest.mark.parametrize(("text", "expected"), [(PARENT, TRACE), (PARENT + "\n", ""), ("", "")])
def test_parse_traceparent(text: str, expected: str) -> None:
    assert parse_traceparent(text) == expected
