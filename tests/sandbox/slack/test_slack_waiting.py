"""Waiting: quick looks see every change, slow ones leave the server room."""

import asyncio
import time

import pytest

from bot.sandbox.slack import SlackSandbox
from bot.sandbox.slack.changes import Changes


async def test_a_quick_look_is_taken_at_every_change() -> None:
    changes, looks = Changes(), 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        return looks > 20

    async def change() -> None:
        for _ in range(20):
            changes.announce()
            await asyncio.sleep(0)

    changing = asyncio.create_task(change())
    await changes.wait_for(look, within=5, describe=str)
    await changing
    assert looks == 21


async def test_slow_looks_leave_the_server_most_of_the_time() -> None:
    changes, looks, spent, began = Changes(), 0, 0.0, time.perf_counter()

    def look() -> bool:
        nonlocal looks, spent
        started = time.perf_counter()
        while time.perf_counter() - started < 0.002:
            pass
        looks += 1
        spent += time.perf_counter() - started
        return looks == 5

    async def change() -> None:
        while True:
            changes.announce()
            await asyncio.sleep(0)

    changing = asyncio.create_task(change())
    await changes.wait_for(look, within=30, describe=str)
    changing.cancel()
    # The last look is followed by nothing.
    assert spent <= 0.5 * (time.perf_counter() - began)


async def test_the_last_look_is_at_the_very_end() -> None:
    changes, ready = Changes(), False

    def look() -> bool:
        started = time.perf_counter()
        while time.perf_counter() - started < 0.002:
            pass
        return ready

    async def change() -> None:
        nonlocal ready
        ready = True
        changes.announce()

    changing = asyncio.create_task(change())
    # The pause after the first, slow look outlasts the time.
    assert await changes.wait_for(look, within=0.005, describe=str)
    await changing


async def test_nothing_in_time_is_a_timeout() -> None:
    with pytest.raises(TimeoutError, match="there is: nobody"):
        await Changes().wait_for(lambda: None, within=0.001, describe=lambda: "nobody")


async def test_thousands_of_messages_do_not_slow_the_look_for_one(slack: SlackSandbox) -> None:
    for number in range(5000):
        slack.workspace.post("C0OPS", "U0SAMORA", text=f"message {number}")
    slack.find_message("not there")
    began = time.perf_counter()
    for _ in range(20):
        assert slack.find_message("not there", channel="C0OPS") is None
        assert slack.find_message("message 4999") is not None
    assert time.perf_counter() - began < 5.0  # a tenth of a second here; reading all blocks anew would take far longer
