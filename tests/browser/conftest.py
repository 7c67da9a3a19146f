"""A real browser before a stage of its own for each test: the page as it was built, and the real bot behind it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from bot.sandbox.site import Site, find_page
from bot.sandbox.stage import Stage, open_stage
from bot.slack.manifest import make_manifest

_NAMES = ("chromium", "chromium-browser", "google-chrome")

# Without these a browser talks to its maker, which a closed network refuses many times over. As root there is no sandbox.
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
_FIRST_PORT = 8750


@dataclass(frozen=True, kw_only=True)
class Theatre:
    """A stage, and the browser in front of it.

    Attributes:
        stage: what can be steered from outside, and looked into.
        url: where the page is.
        complaints: what the browser's console said of errors, in the order in which it came.
    """

    stage: Stage
    url: str
    complaints: list[str]
    _browser: Browser

    async def open(
        self, *, scheme: str = "light", width: int = 1440, height: int = 900, first_visit: bool = False
    ) -> Page:
        """Opens the page as a new visitor in India does; without ``first_visit`` the tour is known already."""
