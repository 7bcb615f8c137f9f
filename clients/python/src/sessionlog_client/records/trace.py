"""The trace that an incoming request belongs to, for `session_id`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Protocol, TypeAlias, runtime_checkable

from .._limits import SESSION_ID_LENGTH_MAX


@runtime_checkable
class HasItems(Protocol):
    """A mapping, or like one: the headers of `http.server` are not a Mapping."""

    def items(self) -> Iterable[tuple[str, object]]: ...


Text: TypeAlias = str | bytes
Headers: TypeAlias = HasItems | Iterable[tuple[Text, Text]]

_SESSION_ID = re.compile(rf"[A-Za-z0-9._:-]{{1,{SESSION_ID_LENGTH_MAX}}}")
# https://www.w3.org/TR/trace-context/#traceparent-header-field-values
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


def trace_id_from_headers(headers: Headers | None) -> str:
    """The trace id of `X-Lakehouse-Trace-Id`, else of `traceparent`; empty when neither has a valid one.

    `headers` has `items()`, as those of Flask, Django and `http.server` and a WSGI environment have, or is pairs, as
    those of ASGI are. Names are in any case.
    """
    values = _values(headers or ())
    for value in values["x-lakehouse-trace-id"]:
        if _SESSION_ID.fullmatch(value):
            return value
    for value in values["traceparent"]:
        trace_id = parse_traceparent(value)
        if trace_id:
            return trace_id
    return ""


def trace_id_from_metadata(metadata: Iterable[tuple[str, Text]] | None) -> str:
    """The same of an incoming gRPC call's metadata, `context.invocation_metadata()`."""
    return trace_id_from_headers(metadata)


def parse_traceparent(text: str) -> str:
    """The trace id of a W3C traceparent; empty when it is not valid."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None:
        return ""
    version, trace_id, parent_id, rest = match.groups()
    if version == "ff" or (version == "00" and rest is not None):
        return ""
    if not trace_id.strip("0") or not parent_id.strip("0"):
        return ""
    return trace_id


def current_span() -> tuple[str, str]:
    """The trace id and the span id of OpenTelemetry's current span, which is Langfuse's current observation as well;
    empty without one. A program that has spans has imported opentelemetry: this does not. Raises nothing."""
    opentelemetry = sys.modules.get("opentelemetry.trace")
    if opentelemetry is None:
        return "", ""
    try:
        context = opentelemetry.get_current_span().get_span_context()
        return (f"{context.trace_id:032x}", f"{context.span_id:016x}") if context.is_valid else ("", "")
    except Exception:  # noqa: BLE001 what another library does must not cost a record
        return "", ""


def no_span() -> tuple[str, str]:
    """In place of `current_span` where spans do not count."""
    return "", ""


def _values(headers: Headers) -> dict[str, list[str]]:
    pairs = headers.items() if isinstance(headers, HasItems) else headers
    found: dict[str, list[str]] = {"x-lakehouse-trace-id": [], "traceparent": []}
    for key, value in pairs:
        # WSGI has HTTP_X_LAKEHOUSE_TRACE_ID for X-Lakehouse-Trace-Id.
        name = _text(key).lower().replace("_", "-").removeprefix("http-")
        if name in found:
            # Values of a header that came twice may be joined by commas, which trace ids do not contain.
            found[name] += [one.strip() for one in _text(value).split(",")]
    return found


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
