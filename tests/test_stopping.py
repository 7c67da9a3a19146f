"""Being stopped: at whatever moment it comes."""

import asyncio
import os
import signal

from bot.stopping import stop_on_signals, until_stopped


async def test_what_is_done_before_the_stop_is_returned() -> None:
    async def work() -> str:
        return "done"

    assert await until_stopped(work(), asyncio.Event()) == "done"


async def test_a_signal_ends_what_is_under_way_and_lets_it_clean_up() -> None:
    began, cleaned = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()
        return "done"

    stopped = stop_on_signals()
    working = asyncio.create_task(until_stopped(work(), stopped))
    await began.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await working is None
    assert cleaned.is_set()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
