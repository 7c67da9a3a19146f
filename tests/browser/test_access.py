"""The page for those who see differently: nothing that axe, the checker of WCAG's rules, would complain of."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.sandbox.company import FINISHED, TRIGGERED
from tests.browser.conftest import Sit
from tests.browser.seat import Seat

AXE = Path(__file__).parent.parent.parent / "bot/sandbox/page/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


async def complaints(seat: Seat) -> list[str]:
    """What axe finds wrong: the rule, and the elements that break it."""
    if await seat.page.evaluate("typeof axe") == "undefined":
        await seat.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await seat.page.evaluate("rules => axe.run({runOnly: rules}).then(done => done.violations)", RULES)
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_channel_thread_panel_and_modal_are_for_everybody(sit: Sit, scheme: str) -> None:
    mira = await sit(scheme=scheme)
    await mira.say(f"/samora-call subscribe {TRIGGERED}")
    card = mira.messages(TRIGGERED).filter(has_text="Followed here")
    await expect(card).to_be_visible()
    await mira.move(TRIGGERED, "Answer")
    await card.get_by_role("button", name="1 reply").click()
    await mira.say(f"/samora-call {FINISHED}")
    await expect(mira.message("Priya Raman")).to_be_visible()
    assert await complaints(mira) == []

    for tab in ("Agents", "Weather", "Traffic", "Log"):
        await mira.turn_to(tab)
        assert await complaints(mira) == [], tab

    await mira.page.get_by_role("button", name="Shortcuts").first.click()
    await mira.page.get_by_role("menuitem", name="Find a Samora call").click()
    await expect(mira.page.get_by_role("dialog")).to_be_visible()
    assert await complaints(mira) == []


async def test_the_home_and_the_tour_are_for_everybody(sit: Sit) -> None:
    new = await sit(first_visit=True)
    await expect(new.page.get_by_text("Step 1 of 6")).to_be_visible()
    assert await complaints(new) == []
    await new.page.keyboard.press("Escape")
    await new.go("Samora")
    await expect(new.page.get_by_role("button", name="Find a call")).to_be_visible()
    assert await complaints(new) == []
