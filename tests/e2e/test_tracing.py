"""Traces, with the real process and a real collector: what belongs together is one trace, with nothing secret."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

import aiohttp
import pytest

from bot.samora.webhook import SECRET_HEADER
from bot.sandbox import company
from tests.e2e.following import ask, drawn, follow, open_channel, open_world, press, query_until, told
from tests.e2e.world import World, link_in
from tests.tracing.collector import Collector
from tests.tracing.judging import Seen, names, trace_of

pytestmark = pytest.mark.asyncio

WEBHOOK_SECRET = "the-secret-of-the-webhooks"
COLLECTOR_KEY = "the-key-of-the-collector"


def assert_one_tree(spans: list[Seen]) -> None:
    """Each is a child of another one of them, but for the one that began it."""
    ids = {each.id for each in spans}
    roots = [each for each in spans if not each.parent]
    assert len(roots) == 1, spans
    assert [each for each in spans if each.parent and each.parent not in ids] == []


def has_notice(spans: list[Seen]) -> bool:
    """Whether the delivery of a notice came, which is the end of a change."""
    return any(each.name == "worker.relay" for each in spans)


async def send_webhook(world: World, call_id: str) -> None:
    body = {"event": "CALL_FINISHED", "data": {"call_id": call_id}}
    session = aiohttp.ClientSession(headers={SECRET_HEADER: WEBHOOK_SECRET})
    async with session, session.post(f"{world.url}/samora/webhook", json=body) as answer:
        assert answer.status == 202


async def test_what_belongs_together_is_one_trace_and_holds_nothing_secret(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    with Collector() as collector:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-collector-key={COLLECTOR_KEY}",
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
        }
        async with open_world(unused_tcp_port_factory, rates=False, **settings) as world:
            channel = open_channel(world)
            card = await ask(world, company.FINISHED, channel=channel)
            link = link_in((await press(world, "Recording", card)).blocks)
            call = world.samora.add_call(variables={"name": "Zebulon", "email": "zeb@secret.example"})
            followed = await follow(world, call.call_id, channel=channel)
            world.samora.move(call.call_id, "trigger")
            await drawn(world, followed, "Triggered")
            await told(world, followed, "Pending → Triggered")
            await asyncio.to_thread(collector.wait_for, has_notice)
            secrets = [world.slack.bot_token, world.slack.signing_secret, world.samora.api_key]
        assert world.bot.exit_code == 0
        lines = list(world.bot.lines)

    spans = collector.spans()
    commands = [each for each in spans if each.name == "slack.command"]
    assert len(commands) == 2
    for command in commands:
        whole = [each for each in spans if each.trace == command.trace]
        assert_one_tree(whole)
        assert {"slack.command", "ack", "answer", "GET call"} <= names(whole), whole
    # A look-up is answered through the response_url, whose path is a secret.
    first = [each for each in spans if each.trace == commands[0].trace]
    assert "POST" in names(first)

    (delivery,) = [
        each
        for each in spans
        if each.name == "worker.relay"
        and "POST chat.postMessage" in names([other for other in spans if other.parent == each.id])
    ]
    change = [each for each in spans if each.trace == delivery.trace]
    assert_one_tree(change)
    assert {"worker.poller", "GET call", "UPDATE", "INSERT", "worker.relay", "POST chat.postMessage"} <= names(change)

    everything = b"".join(collector.bodies).decode("utf-8", "replace")
    signature = link.partition("?")[2]
    for secret in [*secrets, WEBHOOK_SECRET, COLLECTOR_KEY, "Zebulon", "zeb@", "/response/", "/media/", "SELECT "]:
        assert secret not in everything, secret
    assert signature
    assert signature not in everything
    assert "127.0.0.1" not in everything
    assert {each["x-collector-key"] for each in collector.headers} == {COLLECTOR_KEY}
    assert COLLECTOR_KEY not in "".join(lines)
    # A line of the log leads to its trace.
    relayed = [json.loads(line) for line in lines if '"worker": "relay"' in line and '"outcome": "sent"' in line]
    assert [line["trace_id"] for line in relayed] == [delivery.trace]


async def test_a_change_that_a_webhook_announced_belongs_to_its_trace(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    with Collector() as collector:
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "POLL_INTERVAL": "3600",
        }
        async with open_world(unused_tcp_port_factory, rates=False, **settings) as world:
            call = world.samora.add_call()
            followed = await follow(world, call.call_id, channel=open_channel(world))
            # The first look, which following makes, is over: the next one by itself would be in an hour.
            is_rested = "SELECT count(*) FROM followed_calls WHERE call_id = ? AND due_at > ?"
            soon = (datetime.now(UTC) + timedelta(minutes=30)).strftime("%Y-%m-%d %H:%M")
            await query_until(world, is_rested, call.call_id, soon, equals=1)
            world.samora.move(call.call_id, "trigger")
            await send_webhook(world, call.call_id)
            await told(world, followed, "Pending → Triggered")
            spans = await asyncio.to_thread(collector.wait_for, has_notice)
    change = trace_of(spans, "samora.webhook")
    assert_one_tree(change)
    assert {"worker.poller", "GET call", "worker.relay", "POST chat.postMessage"} <= names(change)


@pytest.mark.parametrize("fault", ["down", "refuses", "hangs"])
async def test_a_collector_that_fails_slows_nothing_and_fails_nothing_and_is_one_line(
    fault: str, unused_tcp_port_factory: Callable[[], int]
) -> None:
    with Collector() as collector:
        collector.status = 503
        collector.hangs = fault == "hangs"
        url = f"http://127.0.0.1:{unused_tcp_port_factory()}" if fault == "down" else collector.url
        async with open_world(unused_tcp_port_factory, OTEL_EXPORTER_OTLP_ENDPOINT=url) as world:
            channel = open_channel(world)
            for _ in range(3):
                await ask(world, company.FINISHED, channel=channel)
            await world.bot.wait_for_line("traces_not_taken")
            began = monotonic()
            assert await world.bot.stop() == 0
            assert monotonic() - began < 5
            lines = list(world.bot.lines)
    assert len([line for line in lines if "traces_not_taken" in line]) == 1
    assert not [line for line in lines if re.search(r"opentelemetry|Traceback|urllib3", line)]
