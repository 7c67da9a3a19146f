"""The logs: events with fields, one line each, for people or machines, and never a secret in them."""

import logging
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.core.privacy import mask_text

_HIDDEN = "[hidden]"

_SECRETS = re.compile(
    r"""
    x(?:ox[a-z]|app|wfp)[.-][A-Za-z0-9.-]+ | whsec_\w+                  # Slack's tokens, Samora's webhook secrets
    | (?<=://hooks\.slack\.com/)\S+ | (?<=://hooks\.slack-gov\.com/)\S+ | (?<=/response/)\S+     # who has it can post
    | \?[^\s"'<>]*                                                      # what follows a "?" in a link: signatures
    | (?i:(?<=bearer\ )|(?<=x-api-key:\ ))[^\s"',]+
    """,
    re.VERBOSE,
)

# At lower levels these write payloads and whole requests. Bolt's warnings, too, are only about settings that it finds
# in the environment and that are not for it.
_TALKATIVE = {
    "slack_bolt": logging.ERROR,
    **dict.fromkeys(("slack_sdk", "httpx", "httpcore", "aiohttp", "asyncio", "uvicorn"), logging.WARNING),
    **dict.fromkeys(("sqlalchemy", "psycopg", "alembic"), logging.WARNING),
    # A collector that is down would be a line every few seconds; bot.tracing says it once.
    **dict.fromkeys(("opentelemetry", "urllib3"), logging.CRITICAL),
}


_OPERATIONAL = frozenset({"host", "reference"})
_OURS = frozenset({"timestamp", "level", "logger"})

# Most of what is logged is a word of ours, which is nothing personal, and no secret if it is shorter than any.
_WORD = re.compile(r"(?!whsec_)[A-Za-z_]+")

# An id of a call or of a request has nothing in it that a token needs.
_ID = re.compile(r"[0-9a-f-]+")


class Redaction:
    """Hides tokens, keys, links' signatures, e-mail addresses and phone numbers in whatever is about to be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Takes the secrets in use; anything that looks like one is hidden as well."""
        self._secrets = [secret for secret in secrets if len(secret) >= 4]
        self._shortest = min(map(len, self._secrets), default=sys.maxsize)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """A structlog processor: redacts every field of an event, and keeps all but a traceback on one line."""
        return {name: self._redact_field(name, value) for name, value in event.items()}

    def _redact_field(self, name: str, value: object) -> object:
        if value is None or name in _OURS or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str) and len(value) < self._shortest and _WORD.fullmatch(value):
            return value
        # Ids, addresses and times are not personal, but look like telephone numbers.
        is_ours = name in _OPERATIONAL or name.endswith("_id")
        text = self.hide_secrets(str(value)) if is_ours else self.redact(str(value))
        return text if name == "exception" else " ".join(text.split("\n"))

    def redact(self, text: str) -> str:
        """A text without secrets and personal data."""
        return mask_text(self.hide_secrets(text))

    def hide_secrets(self, text: str) -> str:
        """A text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text if _ID.fullmatch(text) else _SECRETS.sub(_HIDDEN, text)


def set_up_logging(*, level: str, form: Literal["text", "json"], secrets: Iterable[str]) -> None:
    """Sends everything that is logged, by us or by a library, to standard error in one form, redacted.

    Args:
        level: the lowest level of our own events that is written.
        form: ``text`` for people, ``json`` for machines.
        secrets: values that must never be written.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    after: list[Processor] = [Redaction(secrets), renderer]
    cleaned: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after]
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(structlog.stdlib.ProcessorFormatter(processors=cleaned, foreign_pre_chain=before))
    logging.basicConfig(handlers=[output], level=level, force=True)
    for name, lowest in _TALKATIVE.items():
        logging.getLogger(name).setLevel(lowest)
    structlog.configure(
        processors=[*before, *after],
        logger_factory=partial(_Lines, sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=False,
    )


class _Lines:
    """What our own events are written to: the standard library's loggers, for libraries, take twice as long."""

    def __init__(self, output: TextIO, name: str) -> None:
        self._output = output
        self.name = name

    def msg(self, line: str) -> None:
        # Whoever doesn't listen to the log must not stop the work.
        with suppress(OSError, ValueError):
            self._output.write(f"{line}\n")
            self._output.flush()

    debug = info = warning = error = critical = exception = msg
