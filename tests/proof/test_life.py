"""Lives: every path that a call may take, followed by two channels, on both databases."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from bot.sandbox.slack import Message
from bot.slack.cards import status_words
from tests.e2e.following import card_in, follow, notices_in, open_world
from tests.e2e.world import World, find_leaks

BEFORE = ("PENDING", "TRIGGERED", "ONGOING")
ENDS = ("CALL_FINISHED", "UNANSWERED", "REJECTED", "VOICEMAIL")
PATHS = [
    (*steps, end) for number in range(1, len(BEFORE) + 1) for steps in combinations(BEFORE, number) for end in ENDS
]


@pytest.fixture(params=["sqlite", "postgres"])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[World]:
    url = request.getfixturevalue(f"{request.param}_url")
    async with open_world(unused_tcp_port_factory, DATABASE_URL=url) as there:
        yield there
        assert find_leaks(there) == []
    assert not re.search(rb"@example.com|X-Amz-", everything_in(tmp_path))


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_every_life_is_told_once_in_order_in_two_channels(world: World) -> None:
    # In every channel one post a second leaves: lives are spread over channels of their own.
    lives = []
    for number, path in enumerate(PATHS):
        channels = (f"C0LEFT{number}", f"C0RIGHT{number}")
        for channel in channels:
            world.slack.add_channel(channel, channel.lower(), members=("U0MIRA", "U0SAMORA"))
        lives.append(live(world, path, channels))
    await asyncio.gather(*lives)


async def live(world: World, path: tuple[str, ...], channels: tuple[str, ...]) -> None:
    """One call's life, looked at step by step: at each, both cards and both threads are as they should be."""
    call = world.samora.add_call(status=path[0], variables={"email": "priya@example.com"})
    cards = [await follow(world, call.call_id, channel=channel) for channel in channels]
    told: list[str] = []
    for old, new in pairwise(path):
        if new == "VOICEMAIL":
            call.ended_at = world.clock.now()
        world.samora.set_status(call.call_id, new)
        told.append(f"{status_words(old)} → {status_words(new)}")
        for card in cards:
            await world.slack.wait_for(lambda: is_told(world, card, call.call_id, told), 30.0)  # noqa: B023
    if path[-1] in {"CALL_FINISHED", "VOICEMAIL"}:
        call.has_recording = call.has_transcript = True
        told.append("Recording and transcript ready")
        for card in cards:
            await world.slack.wait_for(lambda: is_told(world, card, call.call_id, told), 30.0)  # noqa: B023


def is_told(world: World, card: Message, call_id: str, told: list[str]) -> bool:
    """Whether the thread says exactly that, and the card shows the last of it; anything wrong fails at once."""
    lines = notices_in(world, card.ts, card.channel)
    for line, expected in zip(lines, told, strict=False):
        assert line.startswith(expected), (lines, told)
    assert len(lines) <= len(told), (lines, told)
    now = card_in(world, call_id, card.channel)
    assert now is not None
    assert now.ts == card.ts
    last = next(words for words in reversed(told) if "→" in words).split(" → ")[1]
    media = "Recording ready; transcript ready" if "ready" in told[-1] else ""
    return len(lines) == len(told) and now.text.startswith(last) and media in now.text
