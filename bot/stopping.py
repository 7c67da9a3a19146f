"""Being stopped: by SIGTERM, as supervisors do, or by Ctrl-C."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


def stop_on_signals() -> asyncio.Event:
    """An event that is set when the process is told to stop; for the loop that runs."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def until_stopped(work: Coroutine[Any, Any, Result], stopped: asyncio.Event) -> Result | None:
    """Does work that ends when it is told to, at whatever moment that is: then None. Raises what it raises."""
    stopping = asyncio.create_task(stopped.wait(), name="stop")
    working = asyncio.create_task(work, name="work")
    await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    working.cancel()
    with suppress(asyncio.CancelledError):
        return await working
    return None
