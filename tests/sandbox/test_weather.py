"""The weather: a neighbour fails in one way, for as long as it is told to."""

import aiohttp
import pytest

from bot.sandbox.company import FINISHED
from bot.sandbox.sending import Mischief
from bot.sandbox.stage import Stage
from bot.sandbox.weather import _FAULTS


async def ask_samora(stage: Stage) -> int | None:
    async with aiohttp.ClientSession(headers={"X-API-Key": stage.samora.api_key}) as http:
        try:
            async with http.get(f"{stage.samora.url}/v1/call/{FINISHED}") as answer:
                return answer.status
        except aiohttp.ClientError:
            return None


async def post(stage: Stage) -> int | None:
    headers = {"Authorization": f"Bearer {stage.slack.bot_token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        body = {"channel": "C0OPS", "text": "hello"}
        try:
            async with http.post(f"{stage.slack.api_url}chat.postMessage", json=body) as answer:
                return answer.status
        except aiohttp.ClientError:
            return None


@pytest.mark.parametrize(("kind", "status"), [("outage", 503), ("throttling", 429), ("lost answers", None)])
async def test_samora_fails_again_and_again_until_the_weather_is_fine(
    stage: Stage, kind: str, status: int | None
) -> None:
    stage.weather.change("samora", kind)
    assert [await ask_samora(stage) for _ in range(3)] == [status] * 3
    assert await post(stage) == 200
    stage.weather.change("samora", "fine")
    assert await ask_samora(stage) == 200


async def test_slack_posts_and_only_the_word_of_it_is_lost(stage: Stage) -> None:
    stage.weather.change("slack", "lost answers")
    assert await post(stage) is None
    assert stage.slack.find_message("hello") is not None
    assert await ask_samora(stage) == 200


async def test_one_weather_follows_another(stage: Stage) -> None:
    stage.weather.change("slack", "outage")
    stage.weather.change("slack", "throttling")
    assert await post(stage) == 429
    assert stage.weather.now == {"slack": "throttling", "samora": "fine", "webhooks": "fine"}


def test_slow_is_slow_enough_to_be_seen_and_quick_enough_for_a_modal() -> None:
    assert _FAULTS["samora"]["slow"].delay > 3
    assert 0 < _FAULTS["slack"]["slow"].delay < 3


@pytest.mark.parametrize(
    ("kind", "mischief"),
    [
        ("lost", Mischief(lost=1 / 3)),
        ("doubled", Mischief(doubled=1)),
        ("reordered", Mischief(reordered=1)),
        ("off", Mischief(lost=1)),
        ("fine", Mischief()),
    ],
)
async def test_webhooks_have_a_weather_of_their_own(stage: Stage, kind: str, mischief: Mischief) -> None:
    stage.weather.change("samora", "outage")
    stage.weather.change("webhooks", "lost")
    stage.weather.change("webhooks", kind)
    assert stage.samora.sender.mischief == mischief
    assert stage.weather.now == {"slack": "fine", "samora": "outage", "webhooks": kind}
    assert await ask_samora(stage) == 503


@pytest.mark.parametrize(
    ("of", "to"),
    [("weather", "fine"), ("slack", "hail"), ("", ""), ("slack", "off"), ("webhooks", "outage"), ("webhooks", "")],
)
async def test_other_weather_is_refused_in_a_sentence(stage: Stage, of: str, to: str) -> None:
    with pytest.raises(ValueError, match="lost answers"):
        stage.weather.change(of, to)
