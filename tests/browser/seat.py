"""Before the page: what a visitor types, presses and sees there, found as a screen reader finds it."""

import asyncio
from dataclasses import dataclass, field

from playwright.async_api import Browser, Locator, Page, WebSocketRoute, expect

from bot.sandbox.stage import Stage

# The page's own timers apart, everything waits for the real bot on a busy machine.
expect.set_options(timeout=15_000)

_NO_TOUR = "localStorage.setItem('samora-sandbox-tour', 'seen')"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One visitor before the page."""

    page: Page
    stage: Stage

    def composer(self, place: str = "#operations") -> Locator:
        """Where one types."""
        return self.page.get_by_role("textbox", name=f"Message {place}", exact=True)

    async def say(self, text: str, place: str = "#operations") -> None:
        """Types a text, and sends it with Enter."""
        await self.composer(place).fill(text)
        await self.composer(place).press("Enter")

    def messages(self, text: str = "", place: str = "#operations") -> Locator:
        """The messages in a conversation that hold a text."""
        return self.page.get_by_role("log", name=f"Messages in {place}").get_by_role("article").filter(has_text=text)

    def message(self, text: str, place: str = "#operations") -> Locator:
        """The newest of them."""
        return self.messages(text, place).last

    def thread(self, text: str = "") -> Locator:
        """The messages in the thread beside the conversation that hold a text."""
        return self.page.get_by_role("region", name="Thread").get_by_role("article").filter(has_text=text)

    async def press(self, label: str, within: Locator) -> None:
        """Presses a button by what is written on it: a screen reader may be told more."""
        await within.get_by_role("button").filter(has_text=label).first.click()

    async def turn_to(self, tab: str) -> Locator:
        """Opens one of the control panel's tabs."""
        button = self.page.get_by_role("tab", name=tab, exact=True)
        await button.click()
        await expect(button).to_have_attribute("aria-selected", "true")
        return self.page.get_by_role("tabpanel", name=tab, exact=True)

    async def go(self, place: str) -> None:
        """Opens a conversation from the sidebar."""
        await self.page.get_by_role("navigation").get_by_role("button", name=place).first.click()

    async def be(self, name: str) -> None:
        """Acts as somebody else."""
        select = self.page.get_by_role("combobox", name="Act as")
        option = select.get_by_role("option").filter(has_text=name)
        await select.select_option(value=await option.get_attribute("value"))
        await expect(select).to_contain_text(name)

    async def move(self, call_id: str, event: str) -> None:
        """Lets something happen to a call."""
        calls = await self.turn_to("Calls")
        await calls.get_by_role("button", name=f"{event}, call {call_id[:8]}", exact=True).click()

    async def weather(self, of: str, kind: str) -> None:
        """Changes the weather of Slack or Samora."""
        panel = await self.turn_to("Weather")
        group = panel.get_by_role("group", name=of)
        await group.get_by_role("radio", name=kind).click()
        # It is the sandbox that says how the weather is; its banner moves all that is below, and a press would miss.
        await expect(group).to_have_attribute("aria-busy", "false")
        await expect(group.get_by_role("radio", name=kind)).to_be_checked()

    async def hears(self) -> None:
        """Waits until the player has a sound to play."""
        await expect(self.page.locator("audio")).to_have_js_property("readyState", 4)  # HAVE_ENOUGH_DATA


@dataclass(kw_only=True)
class Theatre:
    """A stage, and the browser in front of it.

    Attributes:
        stage: what can be steered from outside, and looked into.
        url: where the page is.
        complaints: what the browser's console said of errors.
    """

    stage: Stage
    url: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    lines: list[WebSocketRoute] = field(default_factory=list)
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    async def seat(
        self,
        *,
        scheme: str = "light",
        width: int = 1440,
        height: int = 900,
        first_visit: bool = False,
        with_brittle_line: bool = False,
    ) -> Seat:
        """Opens the page as a visitor in India does, who knows the tour already unless it is the ``first_visit``.

        With a brittle line, the connection to the sandbox can be cut.
        """
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            timezone_id="Asia/Kolkata",
            locale="en-GB",
            reduced_motion="reduce",
        )
        if not first_visit:
            await context.add_init_script(_NO_TOUR)
        page = await context.new_page()
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if with_brittle_line:
            await page.route_web_socket("**/live", self._connect)
        await page.goto(self.url)
        seat = Seat(page=page, stage=self.stage)
        await expect(page.get_by_role("combobox", name="Act as")).to_contain_text("mira")
        return seat

    async def cut_lines(self) -> None:
        """Cuts the brittle lines, and every one that is tried until they are mended."""
        self.cut.set()
        for line in self.lines:
            await line.close()

    def mend_lines(self) -> None:
        """Lets pages connect again."""
        self.cut.clear()

    async def _connect(self, line: WebSocketRoute) -> None:
        if self.cut.is_set():
            await line.close()
        else:
            line.connect_to_server()
            self.lines.append(line)
