"""The watchdog: how late the event loop is, and where it hangs."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from structlog.testing import capture_logs

from bot import watchdog as watchdog_module
from bot.watchdog import Watchdog

DEPLOYMENT = Path(__file__).parents[1] / "deploy/kubernetes/deployment.yaml"


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


# What /healthz tells


class Loop:
    """An event loop of a clock's own: it beats, and hangs, when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self._beats: asyncio.Queue[None] = asyncio.Queue()
        monkeypatch.setattr(watchdog_module, "monotonic", lambda: self.now)
        monkeypatch.setattr("bot.watchdog.asyncio.sleep", lambda _seconds: self._beats.get())
        self.watchdog = Watchdog(observe_lag=lambda _seconds: None)

    async def beat(self) -> None:
        self._beats.put_nowait(None)
        for _ in range(3):
            await REAL_SLEEP(0)


REAL_SLEEP = asyncio.sleep


@pytest_asyncio.fixture
async def loop(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Loop]:
    loop = Loop(monkeypatch)
    assert loop.watchdog.find_block() == 0, "nobody watches yet"
    watching = asyncio.create_task(loop.watchdog.run())
    await REAL_SLEEP(0)
    yield loop
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_loop_that_turns_is_not_blocked(loop: Loop) -> None:
    for _ in range(40):
        loop.now += 0.5
        assert loop.watchdog.find_block() == 0
        await loop.beat()

    loop.now += 5.0
    assert loop.watchdog.find_block() == 0


async def test_a_probe_that_is_served_before_the_next_beat_knows_of_the_block(loop: Loop) -> None:
    loop.now += 6.5

    assert loop.watchdog.find_block() == 6.5


async def test_a_block_is_told_for_ten_seconds_after_it_and_then_no_more(loop: Loop) -> None:
    loop.now += 6.5
    await loop.beat()

    told = []
    for _ in range(30):
        told.append(loop.watchdog.find_block())
        loop.now += 0.5
        await loop.beat()

    assert told == [6.5] * 20 + [0.0] * 10, "told without a break, and over for good"


@pytest.mark.parametrize("hang", [5.5, 9.0, 10.0, 24.0, 60.0])
def test_kubernetes_starts_a_process_anew_only_if_it_hangs_for_long(hang: float) -> None:
    """Whenever its probes come, one meets a block of more than five seconds, and a short one doesn't last for three."""
    probe = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    told_for = watchdog_module._TOLD_SECONDS

    def fails(at: float) -> bool:
        answered_at = max(at, hang) if at >= 0 else at
        return answered_at - at > probe["timeoutSeconds"] or 0 <= answered_at - hang < told_for

    period = probe["periodSeconds"]
    failed = [sum(fails(first + period * number) for number in range(20)) for first in range(period)]

    assert min(failed) >= 1
    assert (max(failed) >= probe["failureThreshold"]) is (hang > 20)


async def test_who_watches_no_more_knows_of_no_block(loop: Loop) -> None:
    other = Watchdog(observe_lag=lambda _seconds: None)
    watching = asyncio.create_task(other.run())
    await REAL_SLEEP(0)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    loop.now += 60
    assert other.find_block() == 0
