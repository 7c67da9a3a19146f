"""Whatever Slack, Samora or a stranger sends: figures keep to their lists, and nothing of it is logged or traced."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from bot.core.errors import BotError
from bot.samora.webhook import SECRET_HEADER
from bot.sandbox import company
from bot.sandbox.faults import Fault
from tests.e2e.conftest import BUGS
from tests.e2e.following import ask, follow, open_channel, open_world, press, read, told, told_of
from tests.e2e.world import MIRA, World
from tests.tracing.collector import Collector
from tests.tracing.judging import names

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "the-secret-of-the-webhooks"
AGENT = "5b0c4d9e-1111-4222-8333-444455556666"

# What only a stranger says: nobody may find it anywhere but in Slack, before whom it is for.
MARK = "Zebulon"
PHONE, MAIL = "+1 415 555 0199", f"{MARK.lower()}@quirk.example"
LINK = f"https://{MARK}:pa55word@files.example/{MARK}/rec.wav?X-Amz-Credential={MARK}&X-Amz-Signature={MARK}"
NEVER = (MARK, MARK.lower(), "Quirk", "415 555", "4155550199", "pa55word", "X-Amz", "files.example", SECRET)

VARIABLES = {
    "name": f"{MARK} Quirk",
    "email": MAIL,
    "phone": PHONE,
    f"{MARK}\n2026-01-01 [info] key": [MARK, {MARK: {"deep": [MARK] * 50}}],
    "link": LINK,
    "token": f"xoxb-{MARK}",
    "number": 10**300,
    "nothing": None,
    "\ud800": "\udfff",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncIterator[Collector]:
    with Collector() as there:
        yield there


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hostile(collector: Collector, unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[World]:
    """A bot that traces and takes webhooks; whatever was sent to it, nothing of that is in its log and its traces."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "WEBHOOK_SECRET": SECRET}
    async with open_world(unused_tcp_port_factory, rates=False, **settings) as world:
        yield world
        figures = (await read(world, "/metrics"))[1]
        await world.bot.stop()
    assert world.bot.exit_code == 0
    traced = b"".join(collector.bodies).decode("utf-8", "replace")
    for never in NEVER:
        assert [line for line in world.bot.lines if never in line] == [], never
        assert never not in traced, never
        assert never not in figures, never
    assert [line for line in world.bot.lines if any(bug in line for bug in BUGS)] == []
    assert [line for line in world.bot.lines if not line.startswith("{")] == [], "one event is one line"


async def label_values(world: World) -> dict[str, set[str]]:
    """Every value of every label, by ``metric.label``."""
    found = defaultdict[str, set[str]](set)
    for family in text_string_to_metric_families((await read(world, "/metrics"))[1]):
        for sample in family.samples:
            assert sample.value != float("inf"), sample
            for name, value in sample.labels.items():
                found[f"{family.name.removeprefix('samora_bot_')}.{name}"].add(value)
    return found


def error_names(error: type[Exception] = BotError) -> set[str]:
    """Those of the error tree, which is a list that has an end."""
    return {error.__name__}.union(*(error_names(each) for each in error.__subclasses__()))


async def knock(world: World, body: bytes | Mapping[str, object], *, secret: str = SECRET) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    session = aiohttp.ClientSession(headers={SECRET_HEADER: secret})
    async with session, session.post(f"{world.url}/samora/webhook", data=content) as answer:
        return answer.status


async def test_statuses_of_samora_that_nobody_knows_are_told_by_their_class(hostile: World) -> None:
    channel = open_channel(hostile)
    await ask(hostile, company.FINISHED, channel=channel)
    for status in (201, 204, 302, 400, 401, 403, 404, 409, 418, 451, 500, 599, 600, 999):
        hostile.samora.faults.add(Fault(path="/v1/call/*", status=status, body=f'{{"message": "{MARK}"}}'))
        await ask(hostile, company.FINISHED, channel=channel)
    for status in (429, 503):
        hostile.samora.faults.add(Fault(path="/v1/call/*", status=status, retry_after=10**40))
        await ask(hostile, company.FINISHED, channel=channel)
    hostile.samora.faults.add(Fault(path="/v1/call/*", status=200, body=f"<html>{MARK}</html>"))
    await ask(hostile, company.FINISHED, channel=channel)

    assert (await label_values(hostile))["samora_seconds.outcome"] == {
        *("200", "2xx", "3xx", "400", "401", "403", "404", "4xx", "429", "500", "503", "5xx", "6xx", "9xx"),
        "unreadable",
    }
    assert "samora_bot_samora_rest_seconds_total 172800.0" in (await read(hostile, "/metrics"))[1]


async def test_errors_of_slack_that_nobody_knows_are_others(hostile: World) -> None:
    channel = open_channel(hostile)
    errors = [
        json.dumps({"ok": False, "error": error})
        for error in (MARK, f"{MARK}_{'x' * 5_000}", f"a\n{MARK}", "fatal_error")
    ]
    faults = [Fault(status=200, body=error) for error in errors]
    faults += [
        Fault(status=status, body=f'"{MARK}"', retry_after=10**40) for status in (201, 302, 404, 418, 429, 503, 599)
    ]
    for fault in faults:
        hostile.slack.faults.add(Fault(path="/response/*", status=404, body=MARK))
        hostile.slack.faults.add(
            Fault(path="/api/chat.postEphemeral", status=fault.status, body=fault.body, retry_after=fault.retry_after)
        )
        assert (await hostile.slack.command(MIRA, company.FINISHED, channel=channel)).ok
    await hostile.slack.wait_for(lambda: not hostile.slack.faults._waiting, 20.0)
    await told_of(hostile, 'samora_bot_slack_seconds_count{method="chat.postEphemeral",outcome="http_5xx"} 2.0')

    values = await label_values(hostile)
    assert values["slack_seconds.method"] <= {
        *("auth.test", "chat.postEphemeral", "chat.postMessage", "chat.update", "response_url", "users.info"),
        *("views.publish", "views.open", "conversations.info", "team.info"),
    }
    assert values["slack_seconds.outcome"] <= {
        "ok",
        "other",
        "fatal_error",
        "ratelimited",
        "http_4xx",
        "http_5xx",
        "dropped",
    }
    assert {"other", "fatal_error", "ratelimited", "http_5xx"} <= values["slack_seconds.outcome"]


async def test_payloads_that_nobody_knows_make_no_kind(hostile: World) -> None:
    place = {"team": {"id": "T0SANDBOX"}, "user": {"id": MIRA}, "trigger_id": f"1.2.{MARK}"}
    for payload in (
        {"type": "whatever_they_think_of_next"},
        {"type": "two\n\x1b[2Jlines"},
        {"type": {"a": MARK}},
        {"command": f"/{MARK}", "team_id": "T0SANDBOX", "user_id": "U0NOBODY", "text": f"{MARK} {MAIL} {PHONE}"},
        {"type": "block_actions", "actions": [{"action_id": MARK, "value": MARK}], **place},
        {"type": "block_actions", "actions": [{"action_id": "recording", "value": MARK}], **place},
        {"type": "view_submission", "view": {"callback_id": MARK, "private_metadata": MARK}, **place},
        {"type": "view_closed", "view": {"callback_id": MARK}, **place},
        {"type": "shortcut", "callback_id": MARK, **place},
        {"type": "message_action", "callback_id": MARK, "message": {"text": MARK}, **place},
        {"type": "event_callback", "event": {"type": MARK, "user": MARK}, "event_id": MARK, "team_id": "T0SANDBOX"},
        {"type": "event_callback", "event": {"type": "channel_shared", "channel": MARK}, "team_id": "T0ELSEWHERE"},
        {"type": "event_callback", "event": {"type": [MARK]}, "event_id": MARK, "team_id": "T0SANDBOX"},
    ):
        kind = "events_api" if payload.get("type") == "event_callback" else "interactive"
        await hostile.slack.dispatch_raw(payload, "slash_commands" if "command" in payload else kind)  # type: ignore[arg-type]
    session = aiohttp.ClientSession()
    async with session:
        for method, path in (
            ("POST", "/slack/events"),
            (MARK.upper(), f"/{MARK}"),
            ("PUT", "/metrics"),
            ("POST", "/samora/webhook"),
        ):
            async with session.request(method, f"{hostile.url}{path}", data=MARK, headers={"X-Slack-Signature": MARK}):
                pass

    values = await label_values(hostile)
    assert values["requests.kind"] == {"none", "command", "action.unreadable", "event.channel_shared"}
    assert values["requests.outcome"] <= {"answered", "foreign", "outsider", "unsigned", *error_names()}
    assert values["ack_seconds.kind"] <= {
        *("command", "block_actions", "view_submission", "shortcut", "message_action", "event_callback"),
    }
    assert values["ack_seconds.transport"] == {"http"}


async def test_events_of_webhooks_that_nobody_knows_are_others(hostile: World) -> None:
    for body in (
        {"event": MARK, "call_id": company.FINISHED},
        {"event": [MARK], "type": {"x": MARK}},
        {"event": "CALL_FINISHED", "data": {"call_id": company.FINISHED, "customer": VARIABLES | {"number": 1}}},
        b"\xff\xfe{",
        b"[" * 5_000,
    ):
        assert await knock(hostile, body) == 202
    assert await knock(hostile, b"x" * (256 * 1024 + 1)) == 413
    assert await knock(hostile, {"event": MARK}, secret=MARK) == 401

    values = await label_values(hostile)
    assert values["webhooks.event"] == {"none", "other", "call_finished"}
    assert values["webhooks.outcome"] == values["webhook_seconds.outcome"] | {"refused"}
    assert (
        values["webhooks.outcome"] == {"taken", "ignored", "no_call", "large", "refused"} & values["webhooks.outcome"]
    )


async def test_of_a_call_that_is_all_lies_nothing_is_logged_traced_or_counted(
    hostile: World, collector: Collector
) -> None:
    channel = open_channel(hostile)
    call = hostile.samora.add_call(variables={name: each for name, each in VARIABLES.items() if name.isascii()})
    card = await follow(hostile, call.call_id, channel=channel)
    hostile.samora.move(call.call_id, "trigger")
    await told(hostile, card, "Pending → Triggered")
    lie = {
        "status": f"{MARK} {PHONE}",
        "recording_url": LINK,
        "transcript_url": f"javascript:{MARK}",
        "variables": VARIABLES,
    }
    path = f"/v1/call/{company.FINISHED}"
    for data in (
        lie,
        lie | {"status": "CALL_FINISHED"},
        lie | {"status": "CALL_FINISHED", "variables": MARK, "agent_id": f"{MARK} {MAIL}"},
        lie | {"status": [MARK]},
    ):
        hostile.samora.faults.add(Fault(path=path, status=200, body=json.dumps({"data": data})))
        answer = await ask(hostile, company.FINISHED, channel=channel)
        hostile.samora.faults.clear()
    card = await ask(hostile, company.FINISHED, channel=channel)
    for url in (LINK, f"https://files.example/{MARK}?X-Amz-Signature={MARK}", f"javascript:{MARK}", f"https://[{MARK}"):
        body = json.dumps({"data": lie | {"status": "CALL_FINISHED", "recording_url": url}})
        hostile.samora.faults.add(Fault(path=path, status=200, body=body))
        answer = await press(hostile, "Recording", card)
        hostile.samora.faults.clear()
    for text in (
        f"{MARK} {PHONE}",
        f"subscribe {call.call_id} on:{MARK}",
        f"subscribe {call.call_id} {MARK}:{MAIL}",
        f"subscribe agent {AGENT} var.name:{MARK}*",
        f"subscribe agent {AGENT} duration>{MARK}",
        f"name {AGENT} {MARK} Quirk",
        f"unsubscribe {MARK}",
    ):
        answer = await ask(hostile, text, channel=channel)
        assert answer.ephemeral_to == MIRA
    await asyncio.to_thread(collector.wait_for, lambda spans: "worker.relay" in names(spans))
