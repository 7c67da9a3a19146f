"""The README's pictures: taken anew by ``make screenshots``, and at each run of the tests for nobody to keep."""

import os
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.sandbox.company import FINISHED, TRIGGERED
from tests.browser.conftest import Sit
from tests.browser.seat import Seat


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: the folder that SCREENSHOTS names, if it does."""
    return Path(os.environ.get("SCREENSHOTS") or tmp_path)


async def take(seat: Seat, path: Path) -> None:
    """A picture of the page, without a cursor in it."""
    await seat.page.mouse.move(0, 0)
    picture = await seat.page.screenshot(path=path, animations="disabled", caret="hide")
    assert len(picture) > 20_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_call_is_looked_up_and_another_followed(sit: Sit, folder: Path, scheme: str) -> None:
    mira = await sit(scheme=scheme, width=1500, height=940)
    await mira.say(f"/samora-call subscribe {TRIGGERED} style:compact")
    card = mira.messages(TRIGGERED).filter(has_text="Followed here")
    await expect(card).to_contain_text("Triggered")
    await mira.move(TRIGGERED, "Answer")
    await card.get_by_role("button", name="1 reply").click()
    await mira.move(TRIGGERED, "Hang up")
    await expect(mira.thread("Ongoing → Finished")).to_be_visible()
    await mira.say(f"/samora-call {FINISHED}")
    await expect(mira.message("Priya Raman")).to_be_visible()
    await take(mira, folder / f"sandbox-{scheme}.png")


async def test_samora_is_away(sit: Sit, folder: Path) -> None:
    mira = await sit(scheme="dark", width=1200, height=760)
    await mira.weather("Samora", "Outage")
    await mira.say(f"/samora-call {FINISHED}")
    await expect(mira.message("can't answer right now")).to_be_visible()
    await take(mira, folder / "sandbox-outage.png")


async def test_on_a_telephone(sit: Sit, folder: Path) -> None:
    mira = await sit(width=390, height=844)
    await mira.say(f"/samora-call {FINISHED}")
    await expect(mira.message("Priya Raman")).to_be_visible()
    await take(mira, folder / "sandbox-phone.png")
