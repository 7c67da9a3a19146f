"""The watchdog: how late the event loop is, and where it hangs."""

import asyncio
import threading
import time

from structlog.testing import capture_logs

from bot.watchdog import Watchdog


async def test_it_tells_how_late_the_loop_is() -> None:
    lags: list[float] = []
    enough = asyncio.Event()

    def hear(seconds: float) -> None:
        lags.append(seconds)
        if len(lags) == 3:
            enough.set()

    watching = asyncio.create_task(Watchdog(observe_lag=hear, beat_every=0.01).run())
    async with asyncio.timeout(10):
        await enough.wait()
    watching.cancel()

    assert all(0 <= each < 5 for each in lags)


async def test_while_the_loop_hangs_it_says_where_and_says_it_once() -> None:
    lags: list[float] = []
    watchdog = Watchdog(observe_lag=lags.append, beat_every=0.01, blocked_after=0.05)
    with capture_logs() as lines:
        watching = asyncio.create_task(watchdog.run())
        await asyncio.sleep(0)
        await asyncio.sleep(0.02)

        def hang_here() -> None:
            until = time.monotonic() + 10
            while not lines and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.05)

        hang_here()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    (line,) = lines
    assert (line["event"], line["log_level"]) == ("loop_blocked", "error")
    assert "hang_here" in line["at"]
    assert line["seconds"] >= 0


async def test_its_thread_ends_with_it() -> None:
    watching = asyncio.create_task(Watchdog(observe_lag=lambda _: None, beat_every=0.005).run())
    await asyncio.sleep(0.02)
    (thread,) = (each for each in threading.enumerate() if each.name == "watchdog")

    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()
