"""The stage: what the bot on it is told, and what Samora is told of the bot."""

from bot.samora.webhook import SECRET_HEADER
from bot.sandbox.company import AGENT_NAMES
from bot.sandbox.stage import Stage, set_stage
from bot.slack.manifest import make_manifest


async def test_the_calls_of_all_agents_are_announced_to_the_bots_door_with_its_secret(stage: Stage) -> None:
    settings = stage.bot._environment
    assert {each.agent_id for each in stage.samora.webhooks} == AGENT_NAMES.keys()
    assert {each.url for each in stage.samora.webhooks} == {f"http://127.0.0.1:{settings['PORT']}/samora/webhook"}
    secrets = {each.custom_headers[SECRET_HEADER] for each in stage.samora.webhooks}
    assert secrets == {settings["WEBHOOK_SECRET"]}
    assert len(settings["WEBHOOK_SECRET"]) >= 32


async def test_every_stage_has_a_secret_of_its_own(stage: Stage) -> None:
    async with set_stage(make_manifest()) as other:
        assert other.bot._environment["WEBHOOK_SECRET"] != stage.bot._environment["WEBHOOK_SECRET"]
