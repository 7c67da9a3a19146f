"""The sandbox as people start it: the stage, the page before it, and a browser where there is one."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Callable

from bot.sandbox.site import Site, find_page
from bot.sandbox.stage import open_stage


async def show(*, manifest: str, port: int, with_browser: bool, say: Callable[[str], None]) -> None:
    """Opens the sandbox, and keeps it open until cancelled.

    Args:
        manifest: the bot's, as YAML, for Socket Mode.
        port: the page's; one of the next if it is taken.
        with_browser: whether to open the page in a browser that has a screen.
        say: is told the address, once all of it works.

    Raises:
        PageMissing: the page isn't built.
        CannotStart: the bot doesn't come up.
    """
    page = find_page()
    async with open_stage(manifest) as stage, Site(stage=stage, page=page, port=port) as site:
        say(f"The sandbox is open at {site.url} until you press Ctrl-C.")
        if with_browser and has_screen():
            await asyncio.to_thread(webbrowser.open, site.url)
        await asyncio.Event().wait()


def has_screen() -> bool:
    """Whether a browser would get a window: in a mere terminal, it would take the terminal."""
    return sys.platform in {"darwin", "win32"} or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
