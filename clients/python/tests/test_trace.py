from __future__ import annotations

import http.client
import io
from typing import Any

import pytest

from sessionlog_client import parse_traceparent, trace_id_from_headers, trace_id_from_metadata

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Lakehouse-Trace-Id": "abc"}, "abc"),
        ({"x-lakehouse-trace-id": " abc ", "traceparent": PARENT}, "abc"),
        ({"HTTP_X_LAKEHOUSE_TRACE_ID": "abc", "wsgi.version": (1, 0)}, "abc"),
        ({"HTTP_TRACEPARENT": PARENT}, TRACE),
        ([(b"x-lakehouse-trace-id", b"abc")], "abc"),
        ([("X-Lakehouse-Trace-Id", "not valid"), ("X-Lakehouse-Trace-Id", "valid")], "valid"),
        ({"X-Lakehouse-Trace-Id": "not valid", "Traceparent": PARENT}, TRACE),
        ({"X-Lakehouse-Trace-Id": "s" * 129}, ""),
        ({"X-Lakehouse-Trace-Id": ""}, ""),
        ({"HTTP_X_LAKEHOUSE_TRACE_ID": "not valid,own"}, "own"),
        ({"HTTP_TRACEPARENT": f"nothing, {PARENT}"}, TRACE),
        ({}, ""),
        (None, ""),
    ],
)
def test_trace_id_from_headers(headers: Any, expected: str) -> None:
    assert trace_id_from_headers(headers) == expected


def test_trace_id_from_headers_of_http_server() -> None:
    headers = http.client.parse_headers(io.BytesIO(b"X-Lakehouse-Trace-Id: abc\r\nAccept: */*\r\n\r\n"))
    assert trace_id_from_headers(headers) == "abc"


def test_trace_id_from_metadata() -> None:
    assert trace_id_from_metadata((("user-agent", "grpc"), ("traceparent", PARENT))) == TRACE
    assert trace_id_from_metadata(None) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PARENT, TRACE),
        (f"01-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", ""),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", ""),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", ""),
        (f"00-{TRACE}-{'0' * 16}-01", ""),
        (PARENT.upper(), ""),
        (PARENT + "\n", ""),
        ("", ""),
    ],
)
def test_parse_traceparent(text: str, expected: str) -> None:
    assert parse_traceparent(text) == expected
