"""The log of the real process, as a machine reads it: each outcome is one line, and carries the ids that lead to it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox import company
from tests.e2e.following import ask, drawn, follow, open_channel, open_world, press, query, told

pytestmark = pytest.mark.asyncio

OUTCOMES = {"answered", "not_answered", "not_taken", "bug"}


async def test_each_outcome_is_one_line_with_ids(unused_tcp_port_factory: Callable[[], int]) -> None:
    async with open_world(unused_tcp_port_factory, LOG_LEVEL="INFO") as world:
        channel = open_channel(world)
        card = await ask(world, company.FINISHED, channel=channel)
        await press(world, "Recording", card)
        await ask(world, "00000000-0000-4000-8000-000000000000", channel=channel)
        call = world.samora.add_call()
        followed = await follow(world, call.call_id, channel=channel)
        world.samora.move(call.call_id, "trigger")
        await drawn(world, followed, "Triggered")
        await told(world, followed, "Pending → Triggered")
        (ids,) = query(world, "SELECT id FROM subscriptions")
        await world.bot.stop()
        lines: list[dict[str, Any]] = [json.loads(line) for line in world.bot.lines]

    requests = [line for line in lines if line["event"] in OUTCOMES]
    assert [(line["kind"], line["outcome"]) for line in requests] == [
        ("command", "answered"),
        ("action.recording", "answered"),
        ("command", "CallNotFound"),
        ("command", "answered"),
    ]
    assert all(isinstance(line["milliseconds"], int) for line in requests)
    assert len({line["request_id"] for line in requests}) == 4
    assert {line["user_id"] for line in requests} == {"U0MIRA"}
    unknown = "00000000-0000-4000-8000-000000000000"
    assert [line["call_id"] for line in requests] == [company.FINISHED, company.FINISHED, unknown, call.call_id]
    # What else is said of a request carries its id, too.
    acts = [line for line in lines if line["event"] == "audit"]
    assert {line["request_id"] for line in acts} <= {line["request_id"] for line in requests}
    assert acts

    done = [line for line in lines if line["event"] == "done"]
    (change,) = [line for line in done if line["worker"] == "poller"]
    assert (change["outcome"], change["call_id"]) == ("status", call.call_id)
    (sent,) = [line for line in done if line["worker"] == "relay"]
    assert (sent["outcome"], sent["call_id"], sent["notice_id"]) == ("sent", call.call_id, "1")
    assert {(line["call_id"], line["subscription_id"]) for line in done if line["worker"] == "cards"} == {
        (call.call_id, *ids)
    }
    assert all(isinstance(line["milliseconds"], int) for line in done)
    # Nothing is said of looks that saw nothing.
    assert {line["worker"] for line in done} == {"poller", "relay", "cards"}
