"""Webhooks that were installed: Samora's signing secret is kept so that only WEBHOOK_SECRET opens it."""

import pytest

from bot.storage.database import Database
from bot.storage.schema import webhooks
from bot.storage.webhooks import WebhookStore
from tests.core.making import FakeClock
from tests.factories import OTHER_TEAM, TEAM
from tests.storage.acting import Actor

AGENT = "a6e27000-0000-4000-8000-000000000001"
SIGNING = "whsec_0123456789abcdef"


@pytest.fixture
def kept(database: Database, clock: FakeClock) -> WebhookStore:
    return WebhookStore(database=database, team_id=TEAM, secret="the-webhook-secret", clock=clock)


async def test_a_secret_comes_back_and_stands_nowhere_as_it_is(kept: WebhookStore, actor: Actor) -> None:
    await kept.keep("wh-1", agent_id=AGENT, secret=SIGNING)
    assert await kept.find_secret("wh-1") == SIGNING
    row = await actor.row(webhooks)
    assert row["agent_id"] == AGENT
    assert "whsec" not in str(row)
    assert "0123456789abcdef" not in str(row)


async def test_the_same_secret_is_never_written_twice_alike(kept: WebhookStore, actor: Actor) -> None:
    await kept.keep("wh-1", agent_id=AGENT, secret=SIGNING)
    await kept.keep("wh-2", agent_id=AGENT, secret=SIGNING)
    assert len({row["secret"] for row in await actor.rows(webhooks)}) == 2


async def test_a_newer_secret_takes_the_place_of_the_older(kept: WebhookStore, actor: Actor) -> None:
    await kept.keep("wh-1", agent_id=AGENT, secret="whsec_old")
    await kept.keep("wh-1", agent_id=AGENT, secret=SIGNING)
    assert await kept.find_secret("wh-1") == SIGNING
    assert len(await actor.rows(webhooks)) == 1


async def test_another_webhook_secret_or_workspace_opens_nothing(
    kept: WebhookStore, database: Database, clock: FakeClock
) -> None:
    await kept.keep("wh-1", agent_id=AGENT, secret=SIGNING)
    other = WebhookStore(database=database, team_id=TEAM, secret="another-webhook-secret", clock=clock)
    assert await other.find_secret("wh-1") is None
    foreign = WebhookStore(database=database, team_id=OTHER_TEAM, secret="the-webhook-secret", clock=clock)
    assert await foreign.find_secret("wh-1") is None


async def test_what_was_removed_is_forgotten(kept: WebhookStore) -> None:
    for each in ("wh-1", "wh-2"):
        await kept.keep(each, agent_id=AGENT, secret=SIGNING)
    await kept.forget("wh-1")
    assert await kept.find_secret("wh-1") is None
    assert await kept.find_secret("wh-2") == SIGNING
