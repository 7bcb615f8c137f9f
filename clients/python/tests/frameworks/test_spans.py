"""The current span of OpenTelemetry, or Langfuse's current observation, gives session_id and the attempts' span_id."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from sessionlog_client import SessionRecord
from sessionlog_client.v1 import session_log_pb2 as pb

from ..support import FakeService, quick

sdk: Any = pytest.importorskip("opentelemetry.sdk.trace")
tracer: Any = sdk.TracerProvider().get_tracer("tests")


def records(fake: FakeService) -> list[pb.SessionRecord]:
    return [record for call in fake.calls for record in call]


def test_spans_of_opentelemetry(fake: FakeService, address: str) -> None:
    with quick(address) as log:
        with tracer.start_as_current_span("request") as request:
            trace_id = f"{request.get_span_context().trace_id:032x}"
            with log.session("fill") as session:
                with tracer.start_as_current_span("attempt") as first:
                    session.no_json("a")
                with tracer.start_as_current_span("attempt") as second:
                    session.accept({"n": 1})
            log.append(SessionRecord("email", "infra_error"))
            log.append_sync(SessionRecord("email", "infra_error"))
            log.append(SessionRecord("email", "infra_error", session_id="given"))
        assert session.session_id == trace_id
        assert log.flush(20)
    assert sorted(record.session_id for record in records(fake)) == [trace_id, trace_id, trace_id, "given"]
    [filled] = [record for record in records(fake) if record.kind == "fill"]
    span_ids = [f"{span.get_span_context().span_id:016x}" for span in (first, second)]
    assert [attempt.span_id for attempt in filled.attempts] == span_ids


@pytest.mark.parametrize("options", [{"trace_ids": "header"}, {}], ids=["switched off", "no span"])
def test_spans_that_do_not_count(fake: FakeService, address: str, options: Any) -> None:
    with quick(address, **options) as log:
        if options:
            with tracer.start_as_current_span("request") as span, log.session("fill") as session:
                session.no_json("a")
            assert session.session_id != f"{span.get_span_context().trace_id:032x}"
        else:
            with log.session("fill") as session:
                session.no_json("a")
        assert log.flush(20)
    [record] = records(fake)
    assert (len(record.session_id), record.attempts[0].span_id) == (32, "")


def test_spans_are_not_imported() -> None:
    program = "import sys, sessionlog_client; sys.exit('opentelemetry' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_spans_of_langfuse(fake: FakeService, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    langfuse: Any = pytest.importorskip("langfuse")
    for name, value in {"PUBLIC_KEY": "pk", "SECRET_KEY": "sk", "HOST": f"http://{address}"}.items():
        monkeypatch.setenv(f"LANGFUSE_{name}", value)
    client = langfuse.Langfuse(tracing_enabled=True, span_exporter=_Nowhere())
    found: dict[str, str] = {}

    @langfuse.observe()  # type: ignore[untyped-decorator]
    def handler(log: Any) -> None:
        found["trace"] = client.get_current_trace_id()
        found["span"] = client.get_current_observation_id()
        with log.session("fill") as session:
            session.no_json("a")

    with quick(address) as log:
        handler(log)
        assert log.flush(20)
    [record] = records(fake)
    assert (record.session_id, record.attempts[0].span_id) == (found["trace"], found["span"])


class _Nowhere:
    """Exports no span."""

    def export(self, spans: object) -> Any:
        from opentelemetry.sdk.trace.export import SpanExportResult

        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True
