"""Recording and transcript: fresh links, for the presser alone."""

import re

import aiohttp
import pytest

from bot.sandbox import company
from tests.e2e.world import JON, MIRA, OPERATIONS, OUTSIDER, World, assert_quick, link_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def fetch(url: str) -> tuple[int, str, bytes]:
    async with aiohttp.ClientSession() as browser, browser.get(url) as page:
        return page.status, page.content_type, await page.read()


@pytest.mark.parametrize(
    ("label", "kind", "begins"), [("Recording", "audio/wav", b"RIFF"), ("Transcript", "application/pdf", b"%PDF")]
)
async def test_a_press_hands_the_presser_a_link_that_works(world: World, label: str, kind: str, begins: bytes) -> None:
    card = await world.ask(company.FINISHED)
    answer = await world.press(label, card)
    assert answer.ephemeral_to == MIRA
    assert answer.channel == card.channel
    status, content_type, body = await fetch(link_in(answer.blocks))
    assert (status, content_type, body[:4]) == (200, kind, begins)
    assert re.search(r"works until <!date\^\d+\^\{time\}\|[^>]+ UTC> \(60 minutes\)", answer.everything_written)


async def test_an_hour_later_the_link_is_dead_and_the_card_is_not(world: World) -> None:
    card = await world.ask(company.FINISHED)
    first = link_in((await world.press("Recording", card)).blocks)
    world.clock.advance(3601)
    assert (await fetch(first))[0] == 403
    second = link_in((await world.press("Recording", card)).blocks)
    assert second != first
    assert (await fetch(second))[0] == 200


async def test_anybody_of_the_workspace_may_press_on_a_shared_card(world: World) -> None:
    shared = await world.share(await world.ask(company.FINISHED))
    answer = await world.press("Recording", shared, user=JON)
    assert answer.ephemeral_to == JON
    assert (await fetch(link_in(answer.blocks)))[0] == 200


async def test_in_a_thread_the_link_comes_in_that_thread(world: World) -> None:
    root = world.slack.post_as(JON, OPERATIONS, "A thread")
    assert_quick(await world.slack.mention(MIRA, OPERATIONS, company.FINISHED, thread_ts=root.ts))
    card = await world.new("Finished")
    shared = await world.share(card)
    assert shared.thread_ts == root.ts
    answer = await world.press("Recording", shared, user=JON)
    assert answer.thread_ts == root.ts
    assert answer.ephemeral_to == JON


@pytest.mark.parametrize("label", ["Recording", "Transcript", "Refresh", "Show all"])
async def test_an_outsider_is_refused_and_nothing_is_asked_of_samora(world: World, label: str) -> None:
    card = await world.ask(company.FINISHED, channel="C0SHARED")
    shared = await world.share_with_strangers(card)
    before = world.calls_of_samora()
    answer = await world.press(label, shared, user=OUTSIDER)
    assert answer.ephemeral_to == OUTSIDER
    assert "Only members of the workspace" in answer.text
    assert world.calls_of_samora() == before


async def test_not_ready_never_and_gone_are_three_sentences(world: World) -> None:
    call = world.samora.add_call(status="CALL_FINISHED")
    call.has_recording = True
    card = await world.ask(call.call_id)
    call.has_recording = False
    assert "is being prepared" in (await world.press("Recording", card)).text
    world.samora.set_status(call.call_id, "UNANSWERED")
    assert "there will be none" in (await world.press("Recording", card)).text
    del world.samora.calls[call.call_id]
    gone = await world.press("Recording", card)
    assert "no such call in your company" in gone.text
    assert call.call_id in gone.text


async def test_a_link_buttons_press_is_acked(world: World) -> None:
    answer = await world.press("Recording", await world.ask(company.FINISHED))
    assert_quick(await world.slack.press(MIRA, "Open recording", message=answer))
