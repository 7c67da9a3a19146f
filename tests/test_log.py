"""The logs: one event a line, in two forms, and never a secret, a link, a phone number or an e-mail address in them."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from bot.log import Redaction, set_up_logging

FOREIGN = ("slack_bolt", "slack_sdk", "httpx", "httpcore", "aiohttp", "asyncio", "uvicorn")
CONFIGURED = "s3cr3t-signing-value"

# A secret, and what of it must not be written.
SECRETS: dict[str, tuple[str, str]] = {
    "a bot token": ("xoxb-1234567890-abcDEF", "abcDEF"),
    "a user token": ("xoxp-1234567890-abcDEF", "abcDEF"),
    "an old token": ("xoxa-2-abcDEF", "abcDEF"),
    "a refresh token": ("xoxr-abcDEF", "abcDEF"),
    "a session token": ("xoxs-1-abcDEF", "abcDEF"),
    "a rotated bot token": ("xoxe.xoxb-1-abcDEF", "abcDEF"),
    "a configuration token": ("xoxe-1-abcDEF", "abcDEF"),
    "a rotated user token": ("xoxe.xoxp-1-abcDEF", "abcDEF"),
    "an app-level token": ("xapp-1-A0123-456-abcDEF", "abcDEF"),
    "a workflow token": ("xwfp-1234567890-abcDEF", "abcDEF"),
    "a webhook secret": ("whsec_abcDEF", "abcDEF"),
    "a configured secret": (CONFIGURED, CONFIGURED),
    "a presigned link": ("https://b.s3.amazonaws.com/r.wav?X-Amz-Credential=AKIA&X-Amz-Signature=abcDEF", "AKIA"),
    "a presigned link's signature": ("https://b.s3.amazonaws.com/r.wav?X-Amz-Signature=abcDEF", "abcDEF"),
    "a command's response_url": ("https://hooks.slack.com/commands/T1/2/abcDEF", "abcDEF"),
    "an action's response_url": ("https://hooks.slack.com/actions/T1/2/abcDEF", "abcDEF"),
    "a response_url of another cloud": ("https://hooks.slack-gov.com/commands/T1/2/abcDEF", "abcDEF"),
    "the sandbox's response_url": ("http://127.0.0.1:9/response/abcDEF", "abcDEF"),
    "a bearer": ("Authorization: Bearer abcDEF123", "abcDEF"),
    "a key's header": ("X-API-Key: abcDEF123", "abcDEF"),
    "an e-mail address": ("jane.doe@example.com", "jane.doe"),
    "a phone number": ("+91 98765 43210", "98765"),
    "a phone number in digits": ("919876543210", "98765"),
    "a socket's ticket": ("wss://wss-primary.slack.com/link/?ticket=abcDEF&app_id=1", "abcDEF"),
}


@pytest.fixture(autouse=True)
def logging_is_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in FOREIGN}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


Capsys = pytest.CaptureFixture[str]
Form = Literal["text", "json"]
FORMS: list[Form] = ["text", "json"]


def set_up(form: Form = "json", level: str = "INFO") -> Any:
    set_up_logging(level=level, form=form, secrets=[CONFIGURED, "", "abc"])
    return structlog.get_logger("bot.test")


def written(capsys: Capsys) -> str:
    out, err = capsys.readouterr()
    assert out == "", "standard output belongs to the commands"
    return err


def events(capsys: Capsys) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(capsys).splitlines()]


# Forms


def test_in_json_every_event_is_one_line_with_its_fields(capsys: Capsys) -> None:
    log = set_up("json")

    log.info("answered", kind="command", count=3)
    log.warning("lines", text="one\ntwo\r\nthree\u2028four")

    first, second = events(capsys)
    assert (first["event"], first["kind"], first["count"], first["level"]) == ("answered", "command", 3, "info")
    assert first["logger"] == "bot.test"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", first["timestamp"])
    assert second["level"] == "warning"


def test_as_text_every_event_is_one_line_for_people(capsys: Capsys) -> None:
    log = set_up("text")

    log.info("answered", kind="command")
    log.info("lines", text="one\ntwo")

    first, second = written(capsys).splitlines()
    assert "answered" in first
    assert "kind=command" in first
    assert "\x1b" not in first, "no colours where there is no terminal"
    assert "one" in second


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("escape", ["\n", "\r\n", "\r", "\x1b[1A\x1b[2K", "\x9b1A"], ids=ascii)
def test_what_somebody_typed_cannot_write_a_line_of_its_own(capsys: Capsys, form: Form, escape: str) -> None:
    log = set_up(form)

    logging.getLogger("aiohttp.server").error("bad path %s", f"/x{escape}2026-01-01 [info] all is well")
    log.info("event", field=f"x{escape}2026-01-01 [info] all is well")

    first, second, *more = written(capsys).rstrip("\n").split("\n")
    assert more == []
    assert not set(escape) & set("\n\r\x1b\x9b") & set(first + second)


@pytest.mark.parametrize("form", FORMS)
def test_an_exception_of_ours_is_written_with_its_trace(capsys: Capsys, form: Form) -> None:
    log = set_up(form)

    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("bug", reference="ab12")

    text = written(capsys)
    assert "ValueError: broken" in text
    assert "Traceback" in text
    assert "ab12" in text
    if form == "json":
        assert len(text.splitlines()) == 1


def test_a_librarys_record_becomes_an_event_like_ours(capsys: Capsys) -> None:
    set_up("json")

    logging.getLogger("some.library").warning("took %d seconds", 7)

    (event,) = events(capsys)
    assert event["event"] == "took 7 seconds"
    assert (event["level"], event["logger"]) == ("warning", "some.library")


def test_bound_context_is_part_of_every_event(capsys: Capsys) -> None:
    log = set_up("json")
    structlog.contextvars.bind_contextvars(request="r1")

    log.info("answered")

    assert events(capsys)[0]["request"] == "r1"


# Levels


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("DEBUG", ["debug", "info", "warning", "error"]),
        ("INFO", ["info", "warning", "error"]),
        ("WARNING", ["warning", "error"]),
        ("ERROR", ["error"]),
    ],
)
def test_the_level_is_the_lowest_that_is_written(capsys: Capsys, level: str, heard: list[str]) -> None:
    log = set_up("json", level)

    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(name)

    assert [event["event"] for event in events(capsys)] == heard


@pytest.mark.parametrize("name", [*FOREIGN, "slack_bolt.AsyncApp", "slack_sdk.web.async_client", "uvicorn.access"])
@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_libraries_that_write_payloads_at_low_levels_are_quiet(capsys: Capsys, name: str, level: str) -> None:
    """Bolt logs forged bodies at INFO, and at DEBUG slack-sdk logs every frame and request."""
    set_up("json", level)

    logging.getLogger(name).debug("the whole payload")
    logging.getLogger(name).info("the whole payload")

    assert written(capsys) == ""


@pytest.mark.parametrize("name", FOREIGN)
def test_their_errors_are_heard(capsys: Capsys, name: str) -> None:
    set_up("json")

    logging.getLogger(name).error("it broke")

    assert [event["event"] for event in events(capsys)] == ["it broke"]


def test_setting_up_twice_writes_once(capsys: Capsys) -> None:
    set_up("json")
    log = set_up("json")

    log.info("once")

    assert len(events(capsys)) == 1


# Redaction


@pytest.mark.parametrize("what", list(SECRETS))
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_an_events_field_is_hidden(capsys: Capsys, form: Form, what: str) -> None:
    secret, telling = SECRETS[what]
    log = set_up(form)

    log.info("event", field=f"before {secret} after")
    name = f"event {secret}"
    log.info(name)

    text = written(capsys)
    assert telling not in text
    assert "before" in text


@pytest.mark.parametrize("what", list(SECRETS))
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_an_exception_is_hidden(capsys: Capsys, form: Form, what: str) -> None:
    secret, telling = SECRETS[what]
    log = set_up(form)

    try:
        try:
            raise KeyError(f"inner {secret}")
        except KeyError as inner:
            raise RuntimeError(f"outer {secret}") from inner
    except RuntimeError:
        log.exception("bug")

    text = written(capsys)
    assert telling not in text
    assert "RuntimeError" in text


@pytest.mark.parametrize("what", list(SECRETS))
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_a_librarys_record_is_hidden(capsys: Capsys, form: Form, what: str) -> None:
    secret, telling = SECRETS[what]
    set_up(form)

    logging.getLogger("some.library").warning("asked %s with %r", secret, {"url": secret})
    try:
        raise OSError(secret)
    except OSError:
        logging.getLogger("slack_sdk").exception("failed: %s", secret)

    text = written(capsys)
    assert telling not in text
    assert "OSError" in text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "value",
    [
        ["xoxb-1-abcDEF"],
        {"token": "xoxb-1-abcDEF"},
        {"deep": [{"url": "https://x.example/r?X-Amz-Signature=abcDEF"}]},
        ("jane-abcDEF@example.com",),
        ValueError("xoxb-1-abcDEF"),
        b"xoxb-1-abcDEF",
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_secret_inside_a_field_that_is_no_text_is_hidden(capsys: Capsys, form: Form, value: object) -> None:
    log = set_up(form)

    log.info("event", field=value)

    assert "abcDEF" not in written(capsys)


def test_a_task_that_nobody_awaits_leaks_nothing_either(capsys: Capsys) -> None:
    set_up("json")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "lost", "exception": ValueError("xoxb-1-abcDEF")})

    asyncio.run(main())

    text = written(capsys)
    assert "lost" in text
    assert "abcDEF" not in text


@pytest.mark.parametrize(
    "text",
    [
        "7f3a2c1e-5b64-4d0f-9a1b-3c8e2f6d7a10",
        "C0OPS",
        "U0MIRA",
        "HTTP 503 from response_url",
        "https://api.samora.ai/v1/call/7f3a2c1e-5b64-4d0f-9a1b-3c8e2f6d7a10",
        "2026-11-01T12:00:00.123456Z",
        "expired_trigger_id",
        "3000",
    ],
)
def test_what_helps_to_understand_stays_readable(text: str) -> None:
    assert Redaction([CONFIGURED]).redact(text) == text


def test_a_very_short_secret_is_not_looked_for() -> None:
    """It would blacken every log line, and nobody's secret is three letters long."""
    assert Redaction(["abc", ""]).redact("abcdef") == "abcdef"


def test_every_occurrence_is_hidden() -> None:
    redaction = Redaction([CONFIGURED])

    assert redaction.redact(f"{CONFIGURED} and {CONFIGURED}") == "[hidden] and [hidden]"
