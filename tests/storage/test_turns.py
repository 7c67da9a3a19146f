"""Turns: one at a time, in order, those in a hurry first, and nobody who gives up keeps one."""

import asyncio

from bot.storage.turns import Turns


async def settle() -> None:
    """Lets everybody go as far as can be."""
    for _ in range(10):
        await asyncio.sleep(0)


class Line:
    """People who take a turn each, and what they did."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.did: list[str] = []
        self.at_once = 0

    def send(self, name: str, *, is_urgent: bool = False) -> "asyncio.Task[None]":
        return asyncio.create_task(self.go(name, is_urgent=is_urgent))

    async def go(self, name: str, *, is_urgent: bool) -> None:
        async with self.turns.take(is_urgent=is_urgent):
            self.at_once += 1
            assert self.at_once == 1
            self.did.append(name)
            await asyncio.sleep(0)
            self.at_once -= 1


async def test_in_order_and_those_in_a_hurry_first() -> None:
    line = Line()
    async with line.turns.take():
        going = [line.send("a"), line.send("b"), line.send("hurry", is_urgent=True), line.send("c")]
        await settle()
        assert line.did == []
    await asyncio.gather(*going)
    assert line.did == ["hurry", "a", "b", "c"]


async def test_whoever_gives_up_is_passed_over() -> None:
    line = Line()
    async with line.turns.take():
        going = [line.send(name) for name in ("a", "b", "c")]
        await settle()
        going[1].cancel()
        await settle()
    await asyncio.gather(*going, return_exceptions=True)
    assert line.did == ["a", "c"]


async def test_whoever_gives_up_as_the_turn_comes_hands_it_on() -> None:
    line = Line()
    first = line.turns.take()
    await first.__aenter__()
    going = [line.send("a"), line.send("b")]
    await settle()
    await first.__aexit__(None, None, None)
    going[0].cancel()  # the turn is its own by now, and it has not run since
    await asyncio.gather(*going, return_exceptions=True)
    assert line.did == ["b"]
    await line.send("c")
    assert line.did == ["b", "c"]


async def test_a_turn_that_ends_in_an_error_is_over() -> None:
    line = Line()
    try:
        async with line.turns.take():
            raise ValueError
    except ValueError:
        pass
    await line.send("a")
    assert line.did == ["a"]
