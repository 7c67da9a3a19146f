"""The audit and what is kept: who was given or changed what is on record, and what is over is gone in time."""

import asyncio
import csv
import io
import json
import os
import sys
from pathlib import Path

import pytest

from bot.sandbox import company
from tests.e2e.following import (
    answer_to,
    ask,
    follow,
    is_ready_again,
    locked_database,
    open_channel,
    press,
    query,
    query_until,
    said_in_modal,
    subscriptions_in,
    told,
)
from tests.e2e.world import JON, MIRA, World, assert_quick, labels, link_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]
AWAY = "I can't reach my memory right now."
LONG_AGO = "2020-01-01 00:00:00.000000"


def acts(world: World) -> list[tuple[str, ...]]:
    """Who did what to which call where, in order."""
    return query(world, "SELECT user_id, action, call_id, channel_id FROM audit ORDER BY id")


def lines(world: World) -> list[tuple[str, ...]]:
    """The same, as the log has it."""
    read = [json.loads(line) for line in world.bot.lines if '"event": "audit"' in line]
    return [(line["user_id"], line["action"], line["call_id"], line["channel_id"]) for line in read]


async def run(world: World, *arguments: str) -> str:
    """What the command prints, beside a bot that runs."""
    file = Path(world.bot.folder, "samora-bot.db")
    inherited = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{file}", **inherited},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_every_act_is_a_row_and_a_line(quick: World, channel: str) -> None:
    call = quick.samora.add_call(status="ONGOING")
    over = company.HOSTILE
    before = len(lines(quick))

    await follow(quick, call.call_id, channel=channel)
    shown = await ask(quick, "list", channel=channel, user=JON)
    await press(quick, "Pause", shown, user=JON)
    await press(quick, "Resume", await ask(quick, "list", channel=channel))
    card = await ask(quick, over, channel=channel, user=JON)
    await press(quick, "Recording", card, user=JON)
    await press(quick, "Transcript", card, user=JON)
    assert_quick(await quick.slack.press(JON, "Show all", message=card))
    await said_in_modal(quick, over, user=JON)
    quick.look()
    await quick.share(card, user=JON)
    await ask(quick, f"unsubscribe {call.call_id}", channel=channel)

    expected = [
        (MIRA, "subscribe", call.call_id, channel),
        (JON, "pause", call.call_id, channel),
        (MIRA, "resume", call.call_id, channel),
        (JON, "recording", over, channel),
        (JON, "transcript", over, channel),
        (JON, "variables", over, channel),
        (JON, "share", over, channel),
        (MIRA, "end", call.call_id, channel),
    ]
    assert acts(quick) == expected
    assert lines(quick)[before:] == expected
    printed = list(csv.DictReader(io.StringIO(await run(quick, "audit", "--csv", "--user", JON))))
    assert [row["action"] for row in printed] == ["share", "variables", "transcript", "recording", "pause"]


async def test_a_look_up_is_no_act(quick: World, channel: str) -> None:
    card = await ask(quick, company.FINISHED, channel=channel)
    await press(quick, "Refresh", card)
    await ask(quick, "list", channel=channel)
    await ask(quick, "help", channel=channel)
    assert acts(quick) == []


async def test_without_the_database_nobody_is_handed_anything_that_could_not_be_put_down(
    quick: World, channel: str
) -> None:
    card = await ask(quick, company.FINISHED, channel=channel)
    with locked_database(quick):
        refused = await press(quick, "Recording", card)
        assert "Finished" in (await ask(quick, company.FINISHED, channel=channel)).text, "looking up needs no memory"
    assert (refused.text, labels(refused)) == (AWAY, ["Try again"])
    assert "url" not in str(refused.blocks)
    answer = await press(quick, "Try again", refused)
    assert link_in(answer.blocks)
    assert acts(quick) == [(MIRA, "recording", company.FINISHED, channel)]


async def test_what_is_over_goes_when_the_bot_runs(mortal: World, channel: str) -> None:
    ended, kept, other = mortal.samora.add_call(), mortal.samora.add_call(), open_channel(mortal)
    await follow(mortal, ended.call_id, channel=channel)
    card = await follow(mortal, kept.call_id, channel=other)
    await ask(mortal, f"unsubscribe {ended.call_id}", channel=channel)
    await query_until(mortal, "SELECT card_due_at FROM subscriptions WHERE channel_id = ?", channel, equals=None)
    assert await mortal.bot.stop() == 0
    query(mortal, "UPDATE subscriptions SET ended_at = ? WHERE state = 'ended'", LONG_AGO)
    query(mortal, "UPDATE followed_calls SET read_at = ? WHERE due_at IS NULL", LONG_AGO)
    query(mortal, "UPDATE audit SET at = ? WHERE action = 'end'", LONG_AGO)
    await mortal.bot.start()
    await is_ready_again(mortal)
    await query_until(mortal, "SELECT count(*) FROM followed_calls", equals=1)
    assert subscriptions_in(mortal, channel) == []
    assert subscriptions_in(mortal, other) == [("active", "")]
    assert [action for _, action, _, _ in acts(mortal)] == ["subscribe", "subscribe"]
    mortal.samora.move(kept.call_id, "trigger")
    await told(mortal, card, "Pending → Triggered")


async def test_forgetting_beside_a_bot_that_runs(quick: World, channel: str) -> None:
    call, other = quick.samora.add_call(), quick.samora.add_call()
    await follow(quick, call.call_id, channel=channel)
    card = await follow(quick, other.call_id, channel=channel)
    printed = await run(quick, "forget", call.call_id, "--yes")
    assert "Erased: 1 followed call, 1 subscription, 1 row of the audit." in printed
    quick.samora.move(call.call_id, "trigger")
    quick.samora.move(other.call_id, "trigger")
    await told(quick, card, "Pending → Triggered")
    assert acts(quick) == [(MIRA, "subscribe", other.call_id, channel)]
    doing = quick.slack.command(MIRA, f"subscribe {call.call_id}", channel=channel)
    await answer_to(quick, doing, channel=channel)
    assert subscriptions_in(quick, channel) == [("active", "")] * 2, "and may be followed anew"
