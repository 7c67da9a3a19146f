"""Traces as such: off is off, and of what libraries write into their spans only what is allowed by name leaves."""

import subprocess
import sys

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode
from structlog.testing import capture_logs

from bot.core.tracing import TRACEPARENT
from bot.tracing import open_tracing
from bot.tracing.redaction import Redacting, redact
from tests.tracing.collector import Collector
from tests.tracing.judging import names

OFF = """
import sys
import bot.app, bot.cli
from bot.tracing import open_tracing
with open_tracing(endpoint="", headers="", service="") as tracing, tracing.span("x", parent=""):
    assert tracing.trace_configs() == []
print([name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf", "requests"))])
"""


def test_off_means_that_it_is_not_even_imported() -> None:
    found = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        ("POST", "https://slack.com/api/chat.postMessage?token=xoxb-1", "POST chat.postMessage"),
        ("POST", "https://hooks.slack.com/actions/T1/2/secret", "POST"),
        ("GET", "https://api.samora.ai/v1/call/7f3a2c1e-5b64-4d0f-9a1b-3c8e2f6d7a10?key=1", "GET call"),
        ("SELECT /data/jane/samora-bot.db", "", "SELECT"),
        ("+49 30 1234567", "", "other"),
    ],
)
def test_of_an_address_only_a_method_of_slack_s_is_left(name: str, url: str, expected: str) -> None:
    with TracerProvider(shutdown_on_exit=False).get_tracer("a library").start_as_current_span(name) as span:
        span.set_attributes({"http.url": url, "http.status_code": 200, "db.statement": "SELECT secret", "x": "secret"})
        span.add_event("exception", {"exception.message": "secret"})
        span.set_status(Status(StatusCode.ERROR, "secret"))
    assert isinstance(span, ReadableSpan)
    left = redact(span)
    assert left.name == expected
    assert dict(left.attributes or {}) == {"http.response.status_code": 200}
    assert (left.events, left.links, left.status.description) == ((), (), None)
    assert left.status.status_code is StatusCode.ERROR
    assert "secret" not in left.to_json()


def test_an_endpoint_that_fails_is_said_once_and_so_is_that_it_works_again() -> None:
    class Sender(SpanExporter):
        answers = iter([SpanExportResult.FAILURE, SpanExportResult.FAILURE, *[SpanExportResult.SUCCESS] * 2])

        def export(self, spans: object) -> SpanExportResult:  # noqa: ARG002
            return next(self.answers)

    with capture_logs() as logs:
        sending = Redacting(Sender(), log=structlog.get_logger())
        for _ in range(4):
            sending.export([])
    assert [line["event"] for line in logs] == ["traces_not_taken", "traces_taken_again"]


def test_a_span_goes_on_where_its_traceparent_is_carried_to() -> None:
    with Collector() as collector:
        with open_tracing(endpoint=collector.url, headers="a=1,b=x%3Dy", service="test") as tracing:
            with tracing.span("first", parent=""):
                carried = TRACEPARENT.get()
            assert TRACEPARENT.get() == ""
            with tracing.span("second", parent=carried, call_id="c1"):
                pass
            with pytest.raises(ValueError, match="jane"), tracing.span("third", parent="rubbish"):
                raise ValueError("jane@example.com")
        spans = {each.name: each for each in collector.spans()}
    assert len(carried) == 55
    assert names(list(spans.values())) == {"first", "second", "third"}
    assert spans["second"].trace == spans["first"].trace == carried[3:35]
    assert spans["second"].parent == spans["first"].id
    assert spans["second"].attributes == {"samora.call_id": "c1"}
    assert spans["third"].trace != spans["first"].trace
    assert b"jane" not in b"".join(collector.bodies)
    assert collector.headers[0]["b"] == "x=y"
