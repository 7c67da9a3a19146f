"""Traces: off unless somebody wants them. Off means that OpenTelemetry isn't even imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import aiohttp
import httpx
from sqlalchemy import Engine

from bot.core.tracing import OpenSpan, untraced


class Tracing(Protocol):
    """Who opens spans, and whom the libraries tell what they do."""

    @property
    def span(self) -> OpenSpan:
        """Opens a span."""

    def watch_http(self, client: httpx.AsyncClient) -> None:
        """Each request of that client is a span."""

    def watch_engine(self, engine: Engine) -> None:
        """Each statement of that engine is a span."""

    def trace_configs(self) -> list[aiohttp.TraceConfig]:
        """For an aiohttp session: each of its requests is a span."""


class NoTracing:
    """Nothing is traced, and costs nothing."""

    span: OpenSpan = staticmethod(untraced)

    def watch_http(self, client: httpx.AsyncClient) -> None:
        """Nobody watches."""

    def watch_engine(self, engine: Engine) -> None:
        """Nobody watches."""

    def trace_configs(self) -> list[aiohttp.TraceConfig]:
        """None."""
        return []


NO_TRACING = NoTracing()


@contextmanager
def open_tracing(*, endpoint: str, headers: str, service: str) -> Iterator[Tracing]:
    """Traces go to that OTLP endpoint as long as the context lasts; at its end, what waits has a second to leave.

    Args:
        endpoint: the base address of a collector that takes OTLP over HTTP; empty for no traces.
        headers: what it wants to be told with each request: ``name=value``, comma-separated. A secret.
        service: what the bot is called there.
    """
    if not endpoint:
        yield NO_TRACING
        return
    from bot.tracing.spans import SpanTracing

    tracing = SpanTracing(endpoint=endpoint, headers=headers, service=service)
    try:
        yield tracing
    finally:
        tracing.close()
