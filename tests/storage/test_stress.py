"""Everything at once, at random: nothing is lost, nothing is told twice, nobody waits in a circle."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from bot.core.changes import ChangeKind, observe
from bot.core.errors import StoreUnavailable
from bot.core.outbox import CardJob, Turn
from bot.core.ports import Rate
from bot.core.subscriptions import SubscriptionState
from bot.storage.database import Database
from bot.storage.opening import open_database
from bot.storage.schema import channels, followed_calls, notices, subscriptions
from bot.storage.store import Store
from tests.core.making import HOUR, MINUTE, RULES, SECOND, FakeClock, make_reading, make_subscription
from tests.factories import TEAM, USER, make_call_id
from tests.storage.acting import Actor

CALLS = 5
CHANNELS = ("C1", "C2", "C3")
STATUSES = ("PENDING", "TRIGGERED", "ONGOING", "CALL_FINISHED")
NEWS = 25
SEEDS = range(2)
_TOO_LONG = "57014"
RATE = Rate(name="crowd", most=1000, window=SECOND)


class Crowd:
    """Many who use one database, each in a task of its own."""

    def __init__(self, actors: list[Actor], clock: FakeClock, dice: random.Random) -> None:
        self.actors = actors
        self.clock = clock
        self.dice = dice
        self.posted: dict[str, int] = defaultdict(int)
        self.news = 0
        self._count = 0

    @property
    def store(self) -> Store:
        return self.dice.choice(self.actors).store

    async def everything(self) -> None:
        actions = [self.follow, self.look, self.look, self.relay, self.relay, self.draw, self.change]
        async with asyncio.TaskGroup() as tasks:
            for action in actions * 2:
                tasks.create_task(self._repeat(action))

    async def _repeat(self, action: Callable[[], Awaitable[None]]) -> None:
        while self.news < NEWS:
            self.clock.advance(timedelta(milliseconds=self.dice.randrange(400)))
            await asyncio.sleep(0)  # in SQLite, a claim of nothing waits for nobody
            try:
                await action()
            except StoreUnavailable as error:
                # Whoever waits for ten seconds is told to come again; a busy machine may take so long.
                if error.reason != _TOO_LONG:
                    raise

    async def follow(self) -> None:
        self._count += 1
        n, store = self.dice.randrange(1, CALLS + 1), self.store
        wanted = make_subscription(
            f"sub-{self._count}", channel_id=self.dice.choice(CHANNELS), call_id=make_call_id(n), card_ts=""
        )
        call = make_reading(self.dice.choice(STATUSES), n=n, at=self.clock())
        _, job = await store.subscriptions.add(wanted, call, card_until=self.clock() + 5 * SECOND)
        if job and self.dice.random() < 0.8:
            await store.outbox.mark_card(job, ts=f"{self._count}.1")
        elif job and self.dice.random() < 0.5:
            await store.subscriptions.discard(job.subscription_id)

    async def look(self) -> None:
        store = self.store
        claim = await store.followed.claim(limit=3, until=self.clock() + 5 * SECOND, rate=RATE)
        for known in claim.rows:
            reading = make_reading(self.dice.choice(STATUSES), at=self.clock())
            call = make_reading(reading.status, n=int(str(known.call_id)[:8], 16), at=self.clock())
            seen = observe(known, call, now=self.clock(), rules=RULES)
            if self.dice.random() < 0.1:
                due_at = self.clock() + SECOND
                await store.followed.put_off(known, due_at=due_at, held_until=due_at)
            elif self.dice.random() < 0.9 and await store.followed.save(seen, due_at=self.clock() + SECOND):
                self.news += 1 if seen.kind else 0

    async def relay(self) -> None:
        store = self.store
        claim = await store.outbox.claim_turns(limit=3, until=self.clock() + 5 * SECOND, rate=RATE)
        for turn in claim.rows:
            await self.post(store, turn, fate=self.dice.random())

    async def post(self, store: Store, turn: Turn, *, fate: float = 1.0) -> None:
        if fate < 0.05:
            await store.outbox.release(turn)
        elif fate < 0.1:
            await store.outbox.pause(turn, reason="not_in_channel", whole_channel=fate < 0.07)
        elif fate < 0.15:
            await store.outbox.put_off(turn, due_at=self.clock() + SECOND, is_unknown=False)
        elif fate < 0.2:
            await store.outbox.lose_card(turn)
        elif await store.outbox.begin(turn):
            self.posted[turn.notice.key] += 1
            await store.outbox.mark_sent(turn, ts=f"9.{len(self.posted)}", next_at=self.clock() + SECOND)

    async def draw(self) -> None:
        store = self.store
        for claim in (store.outbox.claim_new_cards, store.outbox.claim_cards):
            for job in (await claim(limit=3, until=self.clock() + 5 * SECOND, rate=RATE)).rows:
                await self.draw_one(store, job, fate=self.dice.random())

    async def draw_one(self, store: Store, job: CardJob, *, fate: float = 1.0) -> None:
        if fate < 0.05:
            await store.outbox.pause_card(job, reason="is_archived", whole_channel=fate < 0.02)
        elif fate < 0.1:
            await store.outbox.repost_card(job)
        elif fate < 0.15:
            await store.outbox.put_off_card(job, due_at=self.clock() + SECOND, is_unknown=True)
        elif job.card_ts or await store.outbox.begin_card(job):
            await store.outbox.mark_card(job, ts=job.card_ts or f"{job.key}.ts")

    async def change(self) -> None:
        which = f"sub-{self.dice.randrange(1, self._count + 2)}"
        store, channel_id = self.store, self.dice.choice(CHANNELS)
        actions: list[Callable[[], Awaitable[object]]] = [
            lambda: store.subscriptions.pause(which, by=USER),
            lambda: store.subscriptions.resume(which, by=USER),
            lambda: store.subscriptions.end(which, by=USER),
            lambda: store.subscriptions.resume_channel(TEAM, channel_id),
        ]
        rare: list[Callable[[], Awaitable[object]]] = [
            lambda: store.subscriptions.end_all(TEAM, channel_id, by=USER),
            lambda: store.subscriptions.move_channel(TEAM, channel_id, CHANNELS[0]),
            lambda: store.subscriptions.share_channel(TEAM, channel_id, is_shared=True),
            self.reinstall,
        ]
        await self.dice.choice(rare if self.dice.random() < 0.1 else actions)()

    async def reinstall(self) -> None:
        await self.store.subscriptions.stop_team(TEAM)
        await self.look()
        await self.store.subscriptions.resume_team(TEAM)

    async def settle(self) -> None:
        """Everybody comes back, everything is opened again, and what is owed goes out."""
        store = self.store
        await store.subscriptions.resume_team(TEAM)
        for channel_id in CHANNELS:
            await store.subscriptions.resume_channel(TEAM, channel_id)
        self.clock.advance(MINUTE)
        for _ in range(1000):
            until = self.clock() + MINUTE
            new = await store.outbox.claim_new_cards(limit=99, until=until, rate=RATE)
            old = await store.outbox.claim_cards(limit=99, until=until, rate=RATE)
            turns = await store.outbox.claim_turns(limit=99, until=until, rate=RATE)
            for job in (*new.rows, *old.rows):
                await self.draw_one(store, job)
            for turn in turns.rows:
                await self.post(store, turn)
            if not new.rows and not old.rows and not turns.rows:
                times = [claim.next_at for claim in (new, old, turns) if claim.next_at]
                if not times:
                    return
                self.clock.now = max(self.clock(), min(times))
        raise AssertionError("it never ends")


@pytest.fixture
async def actors(url: str, database: Database, clock: FakeClock) -> AsyncIterator[list[Actor]]:
    """The processes that use the database: one of a file, two of a server."""
    databases = [database] if database.is_sqlite else [database, open_database(url)]
    yield [Actor(Store(database=each, clock=clock, team_id=lambda: TEAM), each, clock) for each in databases]
    for each in databases:
        await each.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_crowd(actors: list[Actor], clock: FakeClock, seed: int) -> None:
    crowd = Crowd(actors, clock, random.Random(seed))
    await crowd.everything()
    await crowd.settle()
    await check(actors[0])
    # Whoever has lost a lease while it posted has posted nevertheless: the next one looks for that, the crowd doesn't.
    assert sum(crowd.posted.values()) >= len(await actors[0].rows(notices)) / 4
    assert set(crowd.posted.values()) <= {1, 2}


async def check(actor: Actor) -> None:
    """What must be so whatever happened."""
    rows = await actor.rows(subscriptions)
    states = {row["id"]: row["state"] for row in rows}
    calls = {row["id"]: row for row in await actor.rows(followed_calls)}
    for row in rows:
        is_active = row["state"] == SubscriptionState.ACTIVE
        if is_active:
            assert calls[row["followed_id"]]["due_at"] is not None
            assert row["card_drawn"] == row["card_wanted"]
    followed = {row["followed_id"] for row in rows if row["state"] == SubscriptionState.ACTIVE}
    assert {call["id"] for call in calls.values() if call["due_at"]} == followed
    for row in await actor.rows(notices):
        if row["done_at"] is None:
            assert row["kind"] != ChangeKind.PAUSED
            assert states[row["subscription_id"]] == SubscriptionState.PAUSED
    assert not [row for row in await actor.rows(channels) if row["due_at"]]
    assert actor.clock() - rows[0]["created_at"] < 24 * HOUR
