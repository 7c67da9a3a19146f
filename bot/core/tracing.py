"""Tracing, as far as the rules and the adapters know of it: a context that travels with a row, and who opens a span."""

from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Protocol

# The span under which things are done just now, as W3C writes it (55 characters); empty where nothing is traced.
# Source: w3.org/TR/trace-context ("traceparent").
TRACEPARENT: ContextVar[str] = ContextVar("traceparent", default="")


class OpenSpan(Protocol):
    """Opens a span for as long as the context lasts."""

    def __call__(self, name: str, *, parent: str | None = None, **ids: str) -> AbstractContextManager[None]:
        """Opens one.

        Args:
            name: what is done: of a small set of words.
            parent: a traceparent, or empty to begin a trace; with None, the span under which this is done now.
            ids: what it is about: our own ids, nothing personal.
        """


def untraced(name: str, *, parent: str | None = None, **ids: str) -> AbstractContextManager[None]:  # noqa: ARG001
    """Where nothing is traced."""
    return nullcontext()
