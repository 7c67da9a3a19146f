"""What a statement costs doesn't grow with what is stored: each one finds its rows through an index."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from bot.core.calls import CallStatus
from bot.storage.database import Database
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, SECOND
from tests.factories import CHANNEL, TEAM, USER, make_call_id
from tests.storage.acting import LEASE, Actor
from tests.storage.announced import Campaign
from tests.storage.bursting import Burst

# A whole table, or a whole workspace's part of one. What is owed is few: its index holds nothing else; so are the
# agents, and who follows them. A virtual table is the list of ids that a webhook names.
_FEW = "ix_notices_owed|ix_agent_subscriptions|autoindex_agents"
_SMALL = r"due\b|agents\b|\w+ VIRTUAL TABLE|(\d+ )?CONSTANT|\("
_BAD = re.compile(rf"^SCAN (?!{_SMALL})|^SEARCH (?!.*({_FEW})).*\(team_id=\?\)$")


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def statements(database: Database) -> Iterator[dict[str, Any]]:
    """Every statement that is run, with its parameters."""
    seen: dict[str, Any] = {}

    def note(
        _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")) and not many:
            seen[statement] = parameters

    event.listen(database.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.sync_engine, "before_cursor_execute", note)


async def test_everything_is_found_through_an_index(
    store: Store, actor: Actor, database: Database, statements: dict[str, Any]
) -> None:
    await actor.follow("sub-1")
    await actor.follow("sub-2", n=2, is_posted=False)
    await actor.see("TRIGGERED")
    turn = await actor.take_turn()
    await store.outbox.begin(turn)
    await store.outbox.put_off(turn, due_at=actor.clock(), is_unknown=False)
    await actor.deliver()
    await actor.see("PENDING")
    await store.outbox.pause(await actor.take_turn(), reason="not_in_channel", whole_channel=True)
    await store.subscriptions.resume("sub-1", by=USER)
    await actor.draw()
    actor.clock.advance(LEASE)
    for job in (await actor.claim_cards()).rows:
        await store.outbox.begin_card(job)
        await store.outbox.put_off_card(job, due_at=actor.clock() + SECOND, is_unknown=True)
    await store.subscriptions.find_here(TEAM, CHANNEL, make_call_id())
    await store.subscriptions.list_here(TEAM, CHANNEL, offset=0, limit=5)
    await store.subscriptions.list_of(TEAM, "U1", offset=0, limit=5)
    await store.subscriptions.want_card(TEAM, CHANNEL, "1.1")
    await store.subscriptions.share_channel(TEAM, CHANNEL, is_shared=True)
    await store.subscriptions.change("sub-1", (await actor.find()).options, by=USER)
    await store.subscriptions.pause("sub-1", by=USER)
    await store.subscriptions.end("sub-1", by=USER)
    await store.subscriptions.discard("sub-1")
    await store.subscriptions.resume_channel(TEAM, CHANNEL)
    await store.subscriptions.resume_team(TEAM)
    await store.measure()
    await store.audit.list_newest(limit=5, since=actor.clock())
    await actor.follow("sub-1")
    await store.subscriptions.end("sub-1", by=USER)
    await actor.draw()
    actor.clock.advance(HOUR)
    assert await store.prune(kept=MINUTE, audit_kept=MINUTE) > 3
    assert len(statements) > 40
    await check_plans(database, statements)


async def test_and_so_are_boards(store: Store, actor: Actor, database: Database, statements: dict[str, Any]) -> None:
    burst = Burst(actor)
    job = await burst.open()
    board_id = job.board.id
    await burst.change(1, CallStatus.UNANSWERED)
    await store.boards.begin(job)
    await store.boards.mark(job, ts="1.1")
    await store.boards.tally(board_id)
    for status in (None, CallStatus.UNANSWERED):
        await store.boards.list_calls(board_id, status=status, offset=5, limit=5)
    await store.boards.find(board_id)
    actor.clock.advance(MINUTE)
    again = await burst.take()
    await store.boards.close(again, most=20)
    await store.boards.pause(again, reason="is_archived")
    await store.boards.repost(again)
    await store.boards.give_up(again)
    assert len(statements) >= 19
    await check_plans(database, statements)


async def test_and_so_is_what_webhooks_say(
    store: Store, actor: Actor, database: Database, statements: dict[str, Any]
) -> None:
    campaign = Campaign(actor)
    await campaign.wish()
    await campaign.announce(7)
    await campaign.read("ONGOING", n=7)
    await campaign.announce(7)
    actor.clock.advance(MINUTE)
    await campaign.read("REJECTED", n=7)
    await campaign.announce(7)
    await store.announcements.measure_coverage(silent_after=MINUTE)
    assert len(statements) >= 19
    await check_plans(database, statements)


async def test_cards_to_be_posted_are_found_apart_from_the_many_to_be_redrawn(
    actor: Actor, database: Database, statements: dict[str, Any]
) -> None:
    await actor.follow(is_posted=False)
    actor.clock.advance(LEASE)
    assert (await actor.claim_new_cards()).rows
    claims = [each for each in statements if each.startswith("WITH due") and "FROM subscriptions" in each]
    async with database.reading() as connection:
        for claim in claims:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {claim}", statements[claim])
            assert "ix_subscriptions_card_new" in str([row.detail for row in plan])
    assert len(claims) == 1


async def check_plans(database: Database, statements: dict[str, Any]) -> None:
    ours = dict(statements)
    async with database.reading() as connection:
        for statement, given in ours.items():
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
            steps = [str(row.detail) for row in plan]
            assert not [step for step in steps if _BAD.search(step)], (statement, steps)


async def test_the_newest_acts_are_read_without_sorting_all(
    store: Store, database: Database, statements: dict[str, Any]
) -> None:
    await store.audit.list_newest(limit=5)
    (statement,) = [each for each in statements if "FROM audit" in each]
    async with database.reading() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", statements[statement])
        assert [str(row.detail) for row in plan] == ["SCAN audit USING INDEX ix_audit_at"]
