"""What the page may ask for."""

from typing import Any

import pytest

from bot.sandbox.company import FINISHED, PENDING, RAVI
from bot.sandbox.orders import OrderRefusedError, Orders
from bot.sandbox.stage import Stage


async def order(stage: Stage, *, as_: str = "U0MIRA", **what: Any) -> str | None:
    """Carries an order out; returns what went wrong between Slack and the bot."""
    return (await Orders(stage).carry_out(as_, what)).error


def sent(stage: Stage) -> dict[str, Any]:
    """What Slack would have told the bot last: nobody listens here."""
    return stage.slack.delivered[-1].payload


async def test_a_text_that_begins_with_a_slash_is_a_command(stage: Stage) -> None:
    await order(stage, do="say", channel="C0OPS", text=f"/samora-call {FINISHED} ", thread_ts=None)
    assert sent(stage)["command"] == "/samora-call"
    assert sent(stage)["text"] == FINISHED
    assert stage.slack.messages == []


async def test_a_text_that_names_the_bot_is_posted_and_the_bot_is_told(stage: Stage) -> None:
    await order(stage, do="say", channel="C0OPS", text=f"hey @samora, {FINISHED}?", thread_ts=None)
    assert sent(stage)["event"]["type"] == "app_mention"
    assert sent(stage)["event"]["text"] == f"hey <@U0SAMORA>, {FINISHED}?" == stage.slack.messages[-1].text


async def test_the_bot_is_named_and_invited_in_whatever_letters(stage: Stage) -> None:
    await order(stage, do="say", channel="C0QUIET", text="/invite @Samora", thread_ts=None)
    assert stage.slack.workspace.channels["C0QUIET"].has_bot
    await order(stage, do="say", channel="C0QUIET", text=f"@Samora {FINISHED}", thread_ts=None)
    assert sent(stage)["event"]["type"] == "app_mention"


async def test_any_other_text_is_a_message_with_mentions_and_links_in_which_brackets_are_only_brackets(
    stage: Stage,
) -> None:
    text = "<!channel> @jon & @night-shift: see https://acme.example/?a=1&b=2"
    await order(stage, do="say", channel="C0OPS", text=text, thread_ts=None)
    (message,) = stage.slack.messages
    assert message.user == "U0MIRA"
    assert message.text == (
        "&lt;!channel&gt; <@U0JON> &amp; <!subteam^S0NIGHT>: see <https://acme.example/?a=1&amp;b=2>"
    )


async def test_a_reply_goes_into_its_thread(stage: Stage) -> None:
    root = stage.slack.post_as("U0JON", "C0OPS", "root")
    await order(stage, do="say", channel="C0OPS", text="reply", thread_ts=root.ts)
    assert stage.slack.messages[-1].thread_ts == root.ts


async def test_a_press_names_the_button_by_its_action_and_block(stage: Stage) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go", "value": "v"}
    blocks = [{"type": "actions", "block_id": name, "elements": [button]} for name in ("b1", "b2")]
    message = stage.slack.post_as("U0JON", "C0OPS", "look", blocks=blocks)
    place = {"channel": "C0OPS", "ts": message.ts}
    await order(stage, do="press", message=place, block_id="b2", action_id="go")
    assert sent(stage)["actions"][0]["block_id"] == "b2"


async def test_without_a_bot_slack_says_so(stage: Stage) -> None:
    assert await order(stage, do="shortcut", callback_id="find_call") == "dispatch_failed"


async def test_calls_move_and_are_added(stage: Stage) -> None:
    await order(stage, do="move_call", call_id=PENDING, event="trigger")
    assert stage.samora.calls[PENDING].status == "TRIGGERED"
    before = set(stage.samora.calls)
    await order(stage, do="add_call")
    await order(stage, do="add_call")
    first, second = (stage.samora.calls[each] for each in stage.samora.calls.keys() - before)
    assert first.status == second.status == "PENDING"
    assert first.variables
    assert first.variables != second.variables


async def test_time_weather_and_channels_are_steered(stage: Stage) -> None:
    await order(stage, do="advance", seconds=3600)
    assert stage.clock.moved_by == 3600
    await order(stage, do="weather", of="slack", to="outage")
    assert stage.weather.now["slack"] == "outage"
    await order(stage, do="archive", channel="C0OPS")
    assert stage.slack.workspace.channels["C0OPS"].is_archived


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({}, "missing: 'do'"),
        ({"do": "dance"}, "one of"),
        ({"do": "say", "channel": "C0OPS"}, "missing: 'text'"),
        ({"do": "say", "channel": "C0OPS", "text": "/invite @jon", "thread_ts": None}, "only the bot can be invited"),
        ({"do": "say", "channel": "C0OPS", "text": "/giphy cats", "thread_ts": None}, "/giphy is not a command here"),
        ({"do": "say", "channel": "C0OPS", "text": "/samora-call", "thread_ts": "1.2"}, "no slash commands in threads"),
        ({"do": "say", "channel": "C0NOWHERE", "text": "hi", "thread_ts": None}, "no channel"),
        ({"do": "press", "block_id": "b"}, "missing: 'action_id'"),
        ({"do": "press", "block_id": "b", "action_id": "a", "view": "V1"}, "no such view"),
        ({"do": "move_call", "call_id": FINISHED, "event": "trigger"}, "does not fit"),
        ({"do": "move_call", "call_id": "nobody's", "event": "trigger"}, "missing"),
        ({"do": "advance", "seconds": -1}, "forward"),
        ({"do": "advance"}, "seconds"),
        ({"do": "weather", "of": "slack", "to": "hail"}, "outage"),
        ({"do": "process", "what": "dance"}, "kill"),
        ({"do": "archive", "channel": "C0NOWHERE"}, "no channel"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_a_sentence(stage: Stage, what: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OrderRefusedError, match=sentence):
        await order(stage, **what)


async def test_people_of_another_organisation_have_no_commands(stage: Stage) -> None:
    with pytest.raises(OrderRefusedError, match="another organisation"):
        await order(stage, as_="U0OUTSIDER", do="say", channel="C0SHARED", text="/samora-call", thread_ts=None)


async def test_a_campaign_of_an_agent_is_started_once_and_stopped(stage: Stage) -> None:
    await order(stage, do="start_campaign", agent_id=RAVI)
    campaign = stage.samora.campaigns.last
    assert campaign is not None
    assert (campaign.agent_id, campaign.total, campaign.state) == (RAVI, 200, "running")
    with pytest.raises(OrderRefusedError, match="under way"):
        await order(stage, do="start_campaign", agent_id=RAVI)
    await order(stage, do="stop_campaign")
    assert campaign.state != "running"


@pytest.mark.parametrize(
    "wanted", [{}, {"agent_id": "nobody"}, {"agent_id": RAVI, "calls": "2"}, {"agent_id": RAVI, "calls": 2.5}]
)
async def test_a_campaign_that_makes_no_sense_is_refused(stage: Stage, wanted: dict[str, Any]) -> None:
    with pytest.raises(OrderRefusedError):
        await order(stage, do="start_campaign", **wanted)
    assert stage.samora.campaigns.last is None
