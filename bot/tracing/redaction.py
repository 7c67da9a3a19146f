"""What leaves in a span: only what is named here. Libraries write addresses, statements and errors into theirs."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from structlog.typing import FilteringBoundLogger

# Semantic conventions, in their old words and in their new ones; libraries still differ.
_ALLOWED = {
    "http.method": "http.request.method",
    "http.request.method": "http.request.method",
    "http.status_code": "http.response.status_code",
    "http.response.status_code": "http.response.status_code",
    "db.system": "db.system.name",
    "db.system.name": "db.system.name",
}
_ADDRESSES = ("url.full", "http.url")
_OURS = "samora."

_WORD = re.compile(r"[A-Za-z]{1,20}(?=\s|$)")
_OUR_NAME = re.compile(r"[a-z][a-z._]{0,60}")
_OUR_ID = re.compile(r"[\w.-]{1,64}")

# Of an address, only a method of Slack's, and that a call was asked for: a path may be a secret, and so may a query.
_SLACK_METHOD = re.compile(r"/api/([a-z]+(?:\.[a-zA-Z]+){1,4})$")
_CALL = re.compile(r"/v1/call/[0-9a-f-]{36}$")


class Redacting(SpanExporter):
    """Sends spans that hold nothing secret and nothing personal, and says once that they aren't taken."""

    def __init__(self, sender: SpanExporter, *, log: FilteringBoundLogger) -> None:
        """Takes who sends them, and where it is said."""
        self._sender = sender
        self._log = log
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Called by the thread that sends."""
        result = self._sender.export([redact(each) for each in spans])
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing and not self._is_failing:
            self._log.warning("traces_not_taken", spans=len(spans))
        elif self._is_failing and not is_failing:
            self._log.info("traces_taken_again")
        self._is_failing = is_failing
        return result

    def shutdown(self) -> None:
        """Gives up what is being tried."""
        self._sender.shutdown()


def redact(span: ReadableSpan) -> ReadableSpan:
    """The span as it may leave: without events, links, and whatever isn't allowed by name."""
    given = dict(span.attributes or {})
    kept = {_ALLOWED[name]: value for name, value in given.items() if name in _ALLOWED}
    kept |= {name: value for name, value in given.items() if name.startswith(_OURS) and _OUR_ID.fullmatch(str(value))}
    scope = span.instrumentation_scope
    is_ours = scope is not None and scope.name == "bot"
    return ReadableSpan(
        name=_name_ours(span.name) if is_ours else _name_library(span.name, given),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=kept,
        kind=span.kind,
        instrumentation_scope=scope,
        # Its description is an error's text.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _name_ours(name: str) -> str:
    return name if _OUR_NAME.fullmatch(name) else "bot"


def _name_library(name: str, attributes: Mapping[str, object]) -> str:
    """What is done, and with which method of Slack's or thing of Samora's, where it is one of these."""
    found = _WORD.match(name)
    verb = found.group() if found else "other"
    path = urlsplit(next((str(attributes[each]) for each in _ADDRESSES if each in attributes), "")).path
    if method := _SLACK_METHOD.search(path):
        return f"{verb} {method.group(1)}"
    return f"{verb} call" if _CALL.search(path) else verb
