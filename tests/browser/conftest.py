"""A real browser before a stage of its own for each test: the page as it was built, and the real bot behind it."""

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from bot.sandbox.site import Site, find_page
from bot.sandbox.stage import open_stage
from bot.slack.manifest import make_manifest
from tests.browser.seat import Seat, Theatre

_NAMES = ("chromium", "chromium-browser", "google-chrome")

# A browser left to itself talks to its maker, which a closed network refuses many times over; and as root it has no
# sandbox of its own.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
_FIRST_PORT = 8_760

# What a browser says of a link that is dead, which one test is about.
_EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 403")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's browser."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"no browser here: none of {', '.join(_NAMES)}. On Debian: apt-get install chromium")
    return found


@pytest_asyncio.fixture
async def theatre(chromium: str) -> AsyncIterator[Theatre]:
    """A stage, its page, and a browser; at the end the browser must not have complained of anything."""
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(open_stage(make_manifest()))
        site = await stack.enter_async_context(Site(stage=stage, page=find_page(), port=_FIRST_PORT))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        stack.push_async_callback(browser.close)
        theatre = Theatre(stage=stage, url=site.url, browser=browser)
        yield theatre
        assert [each for each in theatre.complaints if not _EXPECTED.search(each)] == []
        assert [line for line in stage.bot.lines if '"event": "bug"' in line] == []


@pytest_asyncio.fixture
async def mira(theatre: Theatre) -> Seat:
    """Mira before the page, in daylight."""
    return await theatre.seat()


Sit = Callable[..., Awaitable[Seat]]


@pytest.fixture
def sit(theatre: Theatre) -> Sit:
    """Opens the page for another visitor, with another screen or scheme."""
    return partial(theatre.seat)
