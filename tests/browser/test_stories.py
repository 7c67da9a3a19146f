"""The stories that the sandbox's page is there for, told in a real browser by the real bot."""

import re

from playwright.async_api import expect

from bot.sandbox.company import AGENT_NAMES, ASHA, FINISHED, HOSTILE, TRIGGERED
from bot.sandbox.media import LINK_LIFETIME
from tests.browser.conftest import Sit
from tests.browser.seat import Seat


async def test_look_up_share_press_recording(mira: Seat, sit: Sit) -> None:
    await mira.say(f"/samora-call {FINISHED}")
    card = mira.message("Finished")
    await expect(card).to_contain_text("Only visible to you")
    await expect(card).to_contain_text("priya.raman@example.com")

    await mira.press("Share", card)
    shared = mira.messages("Finished").filter(has_not_text="Only visible to you")
    await expect(shared).to_contain_text("p•••@example.com")
    jon = await sit()
    await jon.be("jon")
    await expect(jon.messages("Finished")).to_have_count(1)
    await expect(jon.message("Finished")).not_to_contain_text("priya.raman")

    await jon.press("Recording", jon.message("Finished"))
    await jon.press("Open recording", jon.message("works until"))
    await jon.hears()
    await expect(mira.messages("works until")).to_have_count(0)


async def test_an_hour_later_the_link_is_dead_and_the_button_is_not(mira: Seat) -> None:
    await mira.say(f"/samora-call {FINISHED}")
    await mira.press("Recording", mira.message("Finished"))
    first = mira.message("works until")
    await expect(first).to_be_visible()
    old_words = await first.inner_text()

    panel = await mira.turn_to("Weather")
    await panel.get_by_role("button", name="+60 minutes").click()
    await mira.press("Open recording", first)
    await expect(mira.page.get_by_text("links die after 60 minutes").first).to_be_visible()

    await mira.press("Recording", mira.message("Finished"))
    await expect(mira.messages("works until")).to_have_count(2)
    assert await mira.message("works until").inner_text() != old_words
    await mira.press("Open recording", mira.message("works until"))
    await mira.hears()


async def test_the_transcript_opens(mira: Seat) -> None:
    await mira.say(f"/samora-call {FINISHED}")
    await mira.press("Transcript", mira.message("Finished"))
    answer = mira.message("works until")
    await expect(answer).to_be_visible()
    async with mira.page.context.expect_page() as opened:
        await mira.press("Open transcript", answer)
    assert re.search(r"/media/.*\.pdf\?X-Amz-", (await opened.value).url)
    assert LINK_LIFETIME.total_seconds() == 3600


async def test_follow_a_call_to_its_end(mira: Seat) -> None:
    await mira.say(f"/samora-call subscribe {TRIGGERED}")
    card = mira.messages(TRIGGERED).filter(has_text="Followed here")
    await expect(card).to_contain_text("Triggered")

    await mira.move(TRIGGERED, "Answer")
    await expect(card).to_contain_text("Ongoing")
    await card.get_by_role("button", name="1 reply").click()
    await expect(mira.thread("Triggered → Ongoing")).to_be_visible()

    await mira.move(TRIGGERED, "Hang up")
    await expect(mira.thread("Ongoing → Finished")).to_be_visible()
    await mira.move(TRIGGERED, "Recording ready")
    await mira.move(TRIGGERED, "Transcript ready")
    finished = mira.messages(TRIGGERED).filter(has_text="transcript ready")
    await expect(finished).to_contain_text("Finished")
    await expect(mira.thread()).to_have_count(4)  # the card, and a notice for each of three changes


async def test_follow_an_agent_through_a_campaign(mira: Seat) -> None:
    agents = await mira.turn_to("Agents")
    asha = agents.get_by_role("listitem", name=AGENT_NAMES[ASHA], exact=True)
    await mira.press("Follow agent", asha)
    await expect(mira.composer()).to_have_value(f"/samora-call subscribe agent {ASHA}")
    await mira.composer().press("Enter")
    await mira.press("Follow", mira.message(ASHA))

    await mira.press("Start a campaign", asha)
    cards = mira.messages("Refresh")
    await expect(cards.first).to_be_visible()
    board = mira.messages("See all")
    await expect(board).to_contain_text("Many calls at once", timeout=60_000)
    await mira.press("Stop", asha)
    await expect(asha).to_contain_text("the last calls are under way")
    await expect(asha).to_contain_text("calls, over", timeout=30_000)
    await expect(asha).to_contain_text(re.compile(r"Webhooks: [1-9]\d* sent"))
    assert 1 <= await cards.count() <= 10

    await mira.press("See all", board)
    await expect(mira.page.get_by_role("dialog")).to_contain_text("newest first")


async def test_outage_and_restart(mira: Seat) -> None:
    await mira.say(f"/samora-call subscribe {TRIGGERED}")
    card = mira.messages(TRIGGERED).filter(has_text="Followed here")
    await expect(card).to_contain_text("Triggered")

    await mira.weather("Samora", "Outage")
    await expect(mira.page.get_by_text("Samora has an outage")).to_be_visible()
    await mira.say(f"/samora-call {FINISHED}")
    await expect(mira.message("can't answer right now")).to_be_visible()

    panel = await mira.turn_to("Weather")
    await panel.get_by_role("button", name="kill -9").click()
    await expect(panel).to_contain_text("Stopped")
    await mira.say("/samora-call help")
    await expect(mira.message("dispatch_failed")).to_be_visible()

    await mira.move(TRIGGERED, "Answer")
    await mira.weather("Samora", "Fine")
    panel = await mira.turn_to("Weather")
    await panel.get_by_role("button", name="Start").click()
    await expect(panel).to_contain_text("Running")
    await expect(card).to_contain_text("Ongoing", timeout=40_000)  # what the killed one held is due after its lease
    await card.get_by_role("button", name="1 reply").click()
    await expect(mira.thread("Triggered → Ongoing")).to_have_count(1)

    await mira.press("Try again", mira.message("can't answer right now"))
    await expect(mira.message("Priya Raman")).to_be_visible()


async def test_lost_answers_lead_to_no_second_notice(mira: Seat) -> None:
    await mira.say(f"/samora-call subscribe {TRIGGERED}")
    card = mira.messages(TRIGGERED).filter(has_text="Followed here")
    await expect(card).to_contain_text("Triggered")
    await mira.weather("Slack", "Lost answers")
    await mira.move(TRIGGERED, "Answer")
    await card.get_by_role("button", name="1 reply").click()
    await mira.weather("Slack", "Fine")
    await mira.move(TRIGGERED, "Hang up")
    await expect(mira.thread("Ongoing → Finished")).to_be_visible()
    await expect(mira.thread("Triggered → Ongoing")).to_have_count(1)


async def test_an_outsider_is_refused(mira: Seat) -> None:
    await mira.go("acme-partner")
    place = "#acme-partner"
    await mira.say(f"/samora-call {FINISHED}", place)
    await mira.press("Share", mira.message("Finished", place))
    # In a shared channel the bot may ask first, as others will see it.
    sure = mira.page.get_by_role("button", name="Share here")
    shared = mira.messages("Finished", place).filter(has_not_text="Only visible to you")
    await expect(sure.or_(shared).first).to_be_visible()
    if await sure.count():
        await sure.click()
    await expect(shared).to_be_visible()

    await mira.be("outsider")
    await expect(mira.page.get_by_role("navigation").get_by_role("button", name="operations")).to_have_count(0)
    before = len(mira.stage.samora.requests)
    await mira.press("Recording", mira.message("Finished", place))
    await expect(mira.message("Only visible to you", place)).to_contain_text("Only members of the workspace")
    assert len(mira.stage.samora.requests) == before
    await mira.say("/samora-call help", place)
    await expect(mira.page.get_by_text("another organisation neither commands")).to_be_visible()


async def test_hostile_variables_draw_as_text(mira: Seat) -> None:
    await mira.say(f"/samora-call {HOSTILE}")
    card = mira.message("Finished")
    for letter_by_letter in (
        "name: <!channel> <!here> <!everyone>",
        "<https://evil.example|click>",
        "<@U123> <#C123|general> <!subteam^S123>",
        "```not code``` and `neither is this`",
        ":rotating_light: :white_check_mark: 🚨",
        "<script>alert(1)</script>",
    ):
        await expect(card).to_contain_text(letter_by_letter)
    body = card.locator(".message-body")
    await expect(body.get_by_role("link")).to_have_count(0)
    await expect(body.locator("script, strong:has-text('bold'), em, del, mark")).to_have_count(0)
    widths = await mira.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]

    await mira.press("Show all", card)
    modal = mira.page.get_by_role("dialog")
    await expect(modal).to_contain_text("<https://evil.example|click>")
    await expect(modal.get_by_role("link")).to_have_count(0)
