"""Spans by OpenTelemetry: made here, told of by the libraries, and sent away by a thread that nobody waits for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from urllib.parse import unquote

import aiohttp
import httpx
import structlog
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiohttp_client import create_trace_config
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes
from sqlalchemy import Engine

import bot
from bot.core.tracing import TRACEPARENT
from bot.tracing.redaction import Redacting

# What waits to be sent is bounded: spans that an endpoint doesn't take in time are lost, and the bot is not slower.
_MOST_WAITING = 2048
_MOST_TOGETHER = 256
_SEND_EVERY_SECONDS = 2.0
_SEND_SECONDS = 3.0
_CLOSE_SECONDS = 1.0

# Libraries write whole statements into their spans: what is not sent anyway is not kept either.
_LONGEST_TEXT = 200

_W3C = TraceContextTextMapPropagator()


class _OurRoots(Sampler):
    """Only what we begin is traced: a library's span alone is a row that was looked for, and not there."""

    def should_sample(
        self,
        parent_context: Context | None,  # noqa: ARG002
        trace_id: int,  # noqa: ARG002
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,  # noqa: ARG002
    ) -> SamplingResult:
        """Whether it is one of ours."""
        return SamplingResult(Decision.RECORD_AND_SAMPLE if kind is SpanKind.SERVER else Decision.DROP, attributes)

    def get_description(self) -> str:
        """What it is called."""
        return "OurRoots"


class SpanTracing:
    """Fulfils :class:`bot.tracing.Tracing`."""

    def __init__(self, *, endpoint: str, headers: str, service: str) -> None:
        """Takes where spans go, what that wants to be told, and what we are called."""
        sender = OTLPSpanExporter(
            endpoint=endpoint.rstrip("/") + "/v1/traces",
            headers=_read_headers(headers),
            timeout=_SEND_SECONDS,
            compression=Compression.Gzip,
        )
        self._processor = BatchSpanProcessor(
            Redacting(sender, log=structlog.get_logger("bot.tracing")),
            max_queue_size=_MOST_WAITING,
            max_export_batch_size=_MOST_TOGETHER,
            schedule_delay_millis=_SEND_EVERY_SECONDS * 1000,
            export_timeout_millis=_SEND_SECONDS * 1000,
        )
        self._provider = TracerProvider(
            sampler=ParentBased(_OurRoots(), remote_parent_not_sampled=ALWAYS_OFF),
            resource=Resource({"service.name": service, "service.version": bot.__version__}),
            span_limits=SpanLimits(max_span_attribute_length=_LONGEST_TEXT),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer("bot")
        # Slack and Samora are told nothing of our traces.
        propagate.set_global_textmap(CompositePropagator([]))

    @contextmanager
    def span(self, name: str, *, parent: str | None = None, **ids: str) -> Iterator[None]:
        """Fulfils :class:`bot.core.tracing.OpenSpan`; lines that are logged meanwhile carry the trace's id."""
        above = None if parent is None else _W3C.extract({"traceparent": parent}, Context())
        kind = SpanKind.INTERNAL if parent is None else SpanKind.SERVER
        with self._tracer.start_as_current_span(name, above, kind, _attributes(ids), record_exception=False):
            carrier: dict[str, str] = {}
            _W3C.inject(carrier)
            before = TRACEPARENT.set(carrier.get("traceparent", ""))
            try:
                with structlog.contextvars.bound_contextvars(trace_id=carrier.get("traceparent", "")[3:35]):
                    yield
            finally:
                TRACEPARENT.reset(before)

    def watch_http(self, client: httpx.AsyncClient) -> None:
        """Each request of that client is a span."""
        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=self._provider)

    def watch_engine(self, engine: Engine) -> None:
        """Each statement of that engine is a span."""
        # It has not said yet that it knows SQLAlchemy 2.1, but works with it: tests/e2e/test_tracing.py.
        SQLAlchemyInstrumentor().instrument(engine=engine, tracer_provider=self._provider, skip_dep_check=True)

    def trace_configs(self) -> list[aiohttp.TraceConfig]:
        """For an aiohttp session: each of its requests is a span."""
        return [create_trace_config(tracer_provider=self._provider)]

    def close(self) -> None:
        """Sends what waits, if the endpoint takes it within a second; a thread that is still at it ends with us."""
        if SQLAlchemyInstrumentor().is_instrumented_by_opentelemetry:
            SQLAlchemyInstrumentor().uninstrument()
        closing = Thread(target=self._processor.shutdown, name="last traces", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)


def _attributes(ids: dict[str, str]) -> dict[str, str]:
    return {f"samora.{name}": value for name, value in ids.items() if value}


def _read_headers(text: str) -> dict[str, str]:
    """As the standard variable writes them: opentelemetry.io/docs/specs/otel/protocol/exporter."""
    parts = (each.partition("=") for each in text.split(",") if "=" in each)
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in parts}
