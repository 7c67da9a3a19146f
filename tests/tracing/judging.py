"""Spans, as tests look at them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """A span that came: its name, its trace, its own id, whose child it is, and what it says."""

    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]

    @classmethod
    def of(cls, span: Any) -> "Seen":
        attributes = {each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes}
        return cls(span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), attributes)


def trace_of(spans: list[Seen], name: str, **attributes: str) -> list[Seen]:
    """All spans of the one trace that holds such a span; fails if it is in several or in none."""
    wanted = {f"samora.{key}": value for key, value in attributes.items()}.items()
    (trace,) = {each.trace for each in spans if each.name == name and wanted <= each.attributes.items()}
    return [each for each in spans if each.trace == trace]


def names(spans: list[Seen]) -> set[str]:
    return {each.name for each in spans}
