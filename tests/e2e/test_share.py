"""Sharing and refreshing: what others see, where the bot may post, and where it may not."""

import pytest

from bot.sandbox import company
from bot.sandbox.faults import Fault
from bot.sandbox.slack import payloads
from tests.e2e.world import JON, MIRA, OPERATIONS, World, assert_quick, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_shared_card_is_for_everybody_and_masked(world: World) -> None:
    card = await world.ask(company.FINISHED)
    assert "priya.raman@example.com" in card.everything_written
    shared = await world.share(card)
    assert shared in world.slack.visible_to(JON, OPERATIONS)
    assert "p•••@example.com" in shared.everything_written
    assert "priya.raman" not in shared.everything_written
    assert "55550 10001" not in shared.everything_written
    assert labels(shared) == ["Recording", "Transcript", "Refresh", "Show all"]


async def test_afterwards_the_private_card_offers_no_more_sharing(world: World) -> None:
    card = await world.ask(company.FINISHED)
    await world.share(card)
    assert "Share" not in labels(world.now_in(card))
    assert "Recording" in labels(world.now_in(card))


async def test_where_the_bot_is_no_member_the_response_url_shares(world: World) -> None:
    card = await world.ask(company.FINISHED, channel="C0QUIET")
    shared = await world.share(card)
    assert shared.ephemeral_to is None
    assert shared.via == "response_url"
    assert "p•••@example.com" in shared.everything_written


@pytest.mark.parametrize("channel", ["C0SECRET", "D0MIRAJON"])
async def test_where_it_can_not_even_see_who_reads_along_it_shares_status_and_times_alone(
    world: World, channel: str
) -> None:
    """Somebody from another organisation may be there."""
    card = await world.ask(company.FINISHED, channel=channel)
    assert "priya.raman@example.com" in card.everything_written
    shared = await world.share(card)
    assert shared.ephemeral_to is None
    assert shared.via == "response_url"
    assert "Finished" in shared.text
    assert "example.com" not in shared.everything_written
    assert "Variables" not in shared.everything_written
    assert labels(shared) == ["Recording", "Transcript", "Refresh", "Show all"]
    fresh = await world.press("Refresh", shared)
    assert fresh.ts == shared.ts
    assert "example.com" not in fresh.everything_written


async def test_an_archived_channel_gets_a_sentence(world: World) -> None:
    card = await world.ask(company.FINISHED)
    world.slack.workspace.change_channel(OPERATIONS, is_archived=True)
    try:
        answer = await world.press("Share", card)
    finally:
        world.slack.workspace.change_channel(OPERATIONS, is_archived=False)
    assert "archived" in answer.text
    assert answer.ephemeral_to == MIRA


async def test_when_slack_loses_the_answer_to_a_post_nothing_is_posted_twice(world: World) -> None:
    card = await world.ask(company.FINISHED)
    posts = _posts(world)
    world.slack.faults.add(Fault(path="/api/chat.postMessage", drop=True, after=True))
    answer = await world.press("Share", card, expect="didn't say")
    assert answer.ephemeral_to == MIRA
    assert _posts(world) == posts + 1


async def test_when_slack_asks_to_wait_try_again_shares(world: World) -> None:
    card = await world.ask(company.FINISHED)
    posts = _posts(world)
    world.slack.faults.add(Fault(path="/api/chat.postMessage", status=429, retry_after=30))
    answer = await world.press("Share", card)
    assert labels(answer) == ["Try again"]
    await world.press("Try again", answer)
    await world.slack.wait_for(lambda: "Recording" in labels(world.now_in(answer)))
    assert _posts(world) == posts + 1


async def test_refresh_redraws_a_private_card_in_its_place(world: World) -> None:
    call = world.samora.add_call(variables={"email": "ana@example.com"})
    card = await world.ask(call.call_id)
    world.samora.move(call.call_id, "trigger")
    fresh = await world.press("Refresh", card)
    assert fresh.ts == card.ts
    assert "Triggered" in fresh.text
    assert "ana@example.com" in fresh.everything_written


async def test_refresh_redraws_a_shared_card_masked(world: World) -> None:
    call = world.samora.add_call(variables={"email": "ana@example.com"})
    shared = await world.share(await world.ask(call.call_id))
    world.samora.move(call.call_id, "trigger")
    fresh = await world.press("Refresh", shared, user=JON)
    assert fresh.ts == shared.ts
    assert "Triggered" in fresh.text
    assert "ana@example.com" not in fresh.everything_written
    assert "Share" not in labels(fresh)


async def test_a_refresh_that_fails_leaves_the_card_alone(world: World) -> None:
    card = await world.ask(company.FINISHED)
    world.samora.faults.add(Fault(path="/v1/*", status=500))
    answer = await world.press("Refresh", card)
    assert answer.ts != card.ts
    assert "can't answer right now" in answer.text
    assert world.now_in(card) == card


async def test_pressing_the_same_press_twice_is_one_press(world: World) -> None:
    """Slack's own retry of an interaction carries the same trigger."""
    call = world.samora.add_call()
    payload = payloads.slash_command(
        world.slack.workspace.users[MIRA],
        world.slack.workspace.channels[OPERATIONS],
        "/samora-call",
        call.call_id,
        trigger_id="13345224609.738474920.8088930838d88f008e0",
        response_url=world.slack._response_urls.issue(channel=OPERATIONS, user=MIRA),
    )
    before = world.calls_of_samora()
    assert_quick(await world.slack.dispatch_raw(payload, "slash_commands"))
    assert_quick(await world.slack.dispatch_raw(payload, "slash_commands"))
    await world.new("Pending")
    await world.ask("help")
    assert world.calls_of_samora() == before + 1


def _posts(world: World) -> int:
    return sum(1 for each in world.slack.messages if each.via == "chat.postMessage")
