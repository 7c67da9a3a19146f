"""The page as a chat workspace: what one finds there, with a mouse, a keyboard or a telephone."""

import pytest
from playwright.async_api import expect

from bot.sandbox.company import FINISHED, FINISHED_WITHOUT_MEDIA, ONGOING, TRIGGERED
from bot.sandbox.slack.people import BOT_USER
from tests.browser.conftest import Sit
from tests.browser.seat import Seat, Theatre


def post(seat: Seat, text: str = "", *, user: str = "U0JON", channel: str = "C0OPS", **rest: object) -> str:
    """Lets somebody post; returns the message's ts."""
    return seat.stage.slack.workspace.post(channel, user, text=text, **rest).ts  # type: ignore[arg-type]


async def test_the_composer_completes_commands_and_says_what_they_take(mira: Seat) -> None:
    composer = mira.composer()
    await composer.press_sequentially("/sa")
    options = mira.page.get_by_role("listbox").get_by_role("option")
    await expect(options).to_contain_text(["/samora-call"])
    await expect(options.first).to_contain_text("Look up or follow a Samora call")
    await composer.press("Tab")
    await expect(composer).to_have_value("/samora-call ")
    await expect(mira.page.get_by_text("subscribe <call id>").first).to_be_visible()
    await composer.press_sequentially("help")
    await composer.press("Enter")
    await expect(mira.message("/samora-call list")).to_contain_text("Only visible to you")


async def test_a_command_in_a_thread_is_refused_and_a_mention_answers_there(mira: Seat) -> None:
    post(mira, "what about this one?")
    message = mira.message("what about this one?")
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    await mira.page.get_by_role("menuitem", name="Reply in thread").click()
    thread = mira.page.get_by_role("region", name="Thread")
    composer = thread.get_by_role("textbox")
    await composer.fill(f"/samora-call {FINISHED}")
    await composer.press("Enter")
    await expect(mira.page.get_by_text("Slack has no slash commands in threads")).to_be_visible()
    await composer.fill(f"@samora {FINISHED}")
    await composer.press("Enter")
    await expect(mira.thread("Finished")).to_contain_text("Only visible to you")


async def test_a_message_shortcut_asks_which_call_is_meant(mira: Seat) -> None:
    post(mira, f"{FINISHED} or {ONGOING}?")
    message = mira.message(FINISHED)
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    await mira.page.get_by_role("menuitem", name="Show Samora call").click()
    modal = mira.page.get_by_role("dialog")
    choice = modal.get_by_role("combobox")
    await expect(choice).to_be_visible()
    await choice.select_option(value=ONGOING)
    await modal.get_by_role("button", name="Show", exact=True).click()
    await expect(modal).to_contain_text("Ongoing")


async def test_the_global_shortcut_asks_and_says_what_is_wrong(mira: Seat) -> None:
    await mira.page.get_by_role("button", name="Shortcuts").first.click()
    await mira.page.get_by_role("menuitem", name="Find a Samora call").click()
    modal = mira.page.get_by_role("dialog")
    field = modal.get_by_role("textbox")
    await field.fill("not an id")
    await field.press("Enter")
    await expect(modal).to_contain_text("That isn't a call id")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await field.fill(FINISHED_WITHOUT_MEDIA)
    await modal.get_by_role("button", name="Show", exact=True).click()
    await expect(modal).to_contain_text("Arjun Mehta")
    await mira.page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    assert mira.stage.slack.views_of("U0MIRA") == []


async def test_a_form_keeps_what_is_chosen_and_saves_it(mira: Seat) -> None:
    await mira.say(f"/samora-call subscribe {TRIGGERED}")
    await expect(mira.messages(TRIGGERED).filter(has_text="Followed here")).to_be_visible()
    await mira.say("/samora-call list")
    await mira.press("Edit", mira.message("Calls followed in this channel"))
    modal = mira.page.get_by_role("dialog")
    await expect(modal.get_by_role("checkbox", name="Finished")).to_be_checked()
    await modal.get_by_role("checkbox", name="Pending").uncheck()
    await modal.get_by_role("radio", name="the final state in the channel too").check()
    await modal.get_by_role("combobox").select_option(label="@jon")
    await modal.get_by_role("button", name="Save").click()
    await expect(modal).to_contain_text("every change but Pending")
    await expect(modal).to_contain_text("@jon is mentioned")


async def test_the_apps_home_shows_what_one_follows(mira: Seat) -> None:
    await mira.say(f"/samora-call subscribe {TRIGGERED}")
    await expect(mira.messages(TRIGGERED).filter(has_text="Followed here")).to_be_visible()
    await mira.go("Samora")
    home = mira.page.get_by_role("tabpanel", name="Home")
    await expect(home).to_contain_text(TRIGGERED)
    await expect(home).to_contain_text("#operations")
    await mira.press("Pause", home)
    await expect(home.get_by_role("button").filter(has_text="Resume")).to_be_visible()
    await mira.press("Find a call", home)
    await expect(mira.page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()


async def test_unread_messages_are_counted_until_they_are_read(mira: Seat) -> None:
    post(mira, "one", channel="C0SALES")
    post(mira, "two", channel="C0SALES")
    sales = mira.page.get_by_role("navigation").get_by_role("button", name="sales")
    await expect(sales).to_contain_text("2")
    await sales.click()
    await expect(mira.message("two", "#sales")).to_be_visible()
    await mira.go("operations")
    await expect(sales).not_to_contain_text("2")


async def test_dates_stand_in_the_readers_zone_and_names_as_names(mira: Seat) -> None:
    post(
        mira,
        "<!date^1705314605^{date_num} {time_secs}|a fallback> <@U0JON> <#C0SALES> <!subteam^S0NIGHT> <!here>"
        " *bold* `code` &lt;b&gt; <https://acme.example/a?b=1&amp;c=2|a link> <javascript:alert(1)|no link>",
    )
    message = mira.message("bold")
    await expect(message).to_contain_text("2024-01-15 16:00:05")  # 10:30:05 UTC in India
    for name in ("@jon", "#sales", "@night-shift", "@here", "<b>"):
        await expect(message).to_contain_text(name)
    await expect(message.get_by_role("link")).to_have_count(1)
    await expect(message.get_by_role("link", name="a link")).to_have_attribute("href", "https://acme.example/a?b=1&c=2")
    await expect(message.get_by_text("bold", exact=True)).to_have_css("font-weight", "600")
    await expect(message.locator(".slack_inline_code")).to_have_text("code")


STRANGE = {"type": "hologram", "depth": 3}
STRANGE_ELEMENT = {"type": "lever", "action_id": "pull", "handle": "brass"}
RICH = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "read me"}, {"type": "smell", "of": "tea"}]}
    ],
}


@pytest.mark.parametrize(
    ("blocks", "json"),
    [
        ([STRANGE], '"depth": 3'),
        ([{"type": "actions", "elements": [STRANGE_ELEMENT]}], '"handle": "brass"'),
        ([RICH], '"of": "tea"'),
        ([{"type": "section"}], '"section"'),
        ([{"type": "context", "elements": [{"type": "video", "length": 7}]}], '"length": 7'),
    ],
)
async def test_what_the_page_does_not_know_is_shown_and_never_dropped(
    mira: Seat, blocks: list[dict[str, object]], json: str
) -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "Look"}}
    post(mira, "something strange", user=BOT_USER, blocks=[header, *blocks])
    message = mira.message("Look")
    await expect(message).to_contain_text("Unsupported")
    await expect(message.locator("pre")).to_contain_text(json)


async def test_everything_works_with_the_keyboard_alone(mira: Seat) -> None:
    page = mira.page
    await mira.composer().focus()
    await page.keyboard.type(f"/samora-call {FINISHED}")
    await page.keyboard.press("Enter")
    card = mira.message("Finished")
    await expect(card).to_be_visible()
    recording = card.get_by_role("button").filter(has_text="Recording")
    for _ in range(40):
        if await recording.evaluate("each => each === document.activeElement"):
            break
        await page.keyboard.press("Shift+Tab")
    await expect(recording).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(mira.message("works until")).to_be_visible()


async def test_the_first_visit_is_shown_around_and_others_are_not(sit: Sit) -> None:
    new = await sit(first_visit=True)
    step = new.page.get_by_role("dialog").or_(new.page.get_by_role("region")).filter(has_text="Step 1 of 6")
    await expect(step).to_be_visible()
    calls = await new.turn_to("Calls")
    await calls.get_by_role("button", name=f"Look up, call {FINISHED[:8]}").click()
    await expect(new.composer()).to_have_value(f"/samora-call {FINISHED}")
    await new.composer().press("Enter")
    await expect(step).to_contain_text("Done.")
    await step.get_by_role("button", name="Next").click()
    await expect(new.page.get_by_text("Step 2 of 6")).to_be_visible()
    await new.page.reload()
    await expect(new.page.get_by_role("button", name="Tour")).to_be_visible()
    await expect(new.page.get_by_text("of 6")).to_have_count(0)
    await new.page.get_by_role("button", name="Tour").click()
    await expect(new.page.get_by_text("Step 1 of 6")).to_be_visible()
    await new.page.keyboard.press("Escape")
    await expect(new.page.get_by_text("of 6")).to_have_count(0)


@pytest.mark.parametrize("width", [1100, 1280])
async def test_the_panels_tabs_leave_room_for_what_closes_it(sit: Sit, width: int) -> None:
    seat = await sit(width=width)
    last = await seat.page.get_by_role("tab", name="Log").bounding_box()
    close = await seat.page.get_by_role("button", name="Close panel").bounding_box()
    assert last
    assert close
    assert last["x"] + last["width"] <= close["x"]


async def test_it_fits_a_telephone(sit: Sit) -> None:
    seat = await sit(width=360, height=740)
    page = seat.page

    async def fits() -> bool:
        return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    assert await fits()
    await seat.say(f"/samora-call {FINISHED}")
    await expect(seat.message("Finished")).to_be_visible()
    assert await fits()
    await seat.press("Recording", seat.message("Finished"))
    await expect(seat.message("works until")).to_be_visible()
    assert await fits()


async def test_a_page_that_loses_its_sandbox_says_so_and_comes_back(theatre: Theatre) -> None:
    mira = await theatre.seat(with_brittle_line=True)
    await theatre.cut_lines()
    await expect(mira.page.get_by_text("Connection lost")).to_be_visible()
    theatre.mend_lines()
    await expect(mira.page.get_by_text("Connection lost")).to_have_count(0)
    await mira.say("hello again")
    await expect(mira.message("hello again")).to_be_visible()


async def test_the_traffic_shows_both_ways_and_the_log_what_the_bot_wrote(mira: Seat) -> None:
    await mira.say(f"/samora-call {FINISHED}")
    await expect(mira.message("Finished")).to_be_visible()
    traffic = await mira.turn_to("Traffic")
    await expect(traffic).to_contain_text("slash_commands /samora-call")
    row = traffic.get_by_text(f"GET /v1/call/{FINISHED}").first
    await row.click()
    await expect(traffic).to_contain_text('"status": "CALL_FINISHED"')
    await expect(traffic).not_to_contain_text("X-Amz-Signature")
    log = await mira.turn_to("Log")
    await expect(log).to_contain_text("answered")


async def test_an_archived_channel_takes_no_words_until_it_is_brought_back(mira: Seat) -> None:
    panel = await mira.turn_to("Weather")
    await panel.get_by_role("button", name="Archive").click()
    await expect(mira.page.get_by_text("This channel is archived")).to_be_visible()
    await expect(mira.composer()).to_be_disabled()
    await panel.get_by_role("button", name="Unarchive").click()
    await expect(mira.composer()).to_be_editable()
