"""What the bot does with its stores, in few words, and a look into the tables."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Table, insert, select, update

from bot.core.changes import FollowedCall, Observation, observe
from bot.core.outbox import BETWEEN_POSTS, CardJob, Turn
from bot.core.ports import Claim, Rate
from bot.core.subscriptions import Subscription
from bot.storage.database import Database
from bot.storage.schema import channels, followed_calls, notices, subscriptions
from bot.storage.store import Store
from tests.core.making import MINUTE, RULES, SECOND, FakeClock, make_reading, make_subscription
from tests.factories import CHANNEL, TEAM, make_call_id

LEASE = timedelta(seconds=30)
PLENTY = Rate(name="plenty", most=100_000, window=SECOND)

Rows = list[dict[str, Any]]


class Actor:
    """One process of the bot."""

    def __init__(self, store: Store, database: Database, clock: FakeClock) -> None:
        self.store = store
        self.database = database
        self.clock = clock
        self._stamps = (f"1700000{n:03d}.000100" for n in count(1))

    async def follow(
        self,
        subscription_id: str = "sub-1",
        *,
        n: int = 1,
        status: str = "ONGOING",
        is_posted: bool = True,
        **more: Any,
    ) -> Subscription:
        """Follows the n-th call; its card is posted at once unless the test is about that."""
        wanted = make_subscription(subscription_id, **({"card_ts": "", "call_id": make_call_id(n)} | more))
        call = make_reading(status, n=n, at=self.clock())
        subscription, job = await self.store.subscriptions.add(wanted, call, card_until=self.clock() + LEASE)
        assert job is not None
        if not is_posted:
            return subscription
        await self.store.outbox.mark_card(job, ts=job.card_ts or next(self._stamps))
        return await self.find(subscription_id)

    async def find(self, subscription_id: str = "sub-1") -> Subscription:
        found = await self.store.subscriptions.find(subscription_id)
        assert found is not None
        return found

    async def claim_calls(self, *, limit: int = 100, rate: Rate = PLENTY) -> Claim[FollowedCall]:
        return await self.store.followed.claim(limit=limit, until=self.clock() + LEASE, rate=rate)

    async def claim_turns(self, *, limit: int = 100, rate: Rate = PLENTY) -> Claim[Turn]:
        return await self.store.outbox.claim_turns(limit=limit, until=self.clock() + LEASE, rate=rate)

    async def claim_new_cards(self, *, limit: int = 100, rate: Rate = PLENTY) -> Claim[CardJob]:
        return await self.store.outbox.claim_new_cards(limit=limit, until=self.clock() + LEASE, rate=rate)

    async def claim_cards(self, *, limit: int = 100, rate: Rate = PLENTY) -> Claim[CardJob]:
        """Cards that are to be posted, and those that are to be redrawn."""
        new = await self.claim_new_cards(limit=limit, rate=rate)
        old = await self.store.outbox.claim_cards(limit=limit, until=self.clock() + LEASE, rate=rate)
        times = [claim.next_at for claim in (new, old) if claim.next_at]
        return Claim(rows=(*new.rows, *old.rows), next_at=min(times, default=None))

    async def take_call(self, n: int = 1) -> FollowedCall:
        """Waits until the n-th call is due, and claims it alone."""
        await self.set(followed_calls, {"due_at": self.clock()}, team_id=TEAM, call_id=str(make_call_id(n)))
        (found,) = [row for row in (await self.claim_calls()).rows if row.call_id == make_call_id(n)]
        return found

    async def take_turn(self) -> Turn:
        (turn,) = (await self.claim_turns()).rows
        return turn

    async def take_card(self) -> CardJob:
        (job,) = (await self.claim_cards()).rows
        return job

    def observe(self, known: FollowedCall, status: str, **media: bool) -> Observation:
        reading = make_reading(status, at=self.clock(), **media)
        return observe(known, replace(reading, id=known.call_id), now=self.clock(), rules=RULES)

    async def see(self, status: str, *, n: int = 1, due_in: timedelta | None = MINUTE, **media: bool) -> Observation:
        """One look at the n-th call, a second later."""
        self.clock.advance(SECOND)
        known = await self.take_call(n)
        seen = self.observe(known, status, **media)
        due_at = None if seen.end or due_in is None else self.clock() + due_in
        assert await self.store.followed.save(seen, due_at=due_at)
        return seen

    async def deliver(self) -> list[Turn]:
        """Posts everything that is owed, as quickly as Slack allows; returns the turns in order."""
        turns = []
        while True:
            claim = await self.claim_turns()
            for turn in claim.rows:
                assert await self.store.outbox.begin(turn)
                await self.store.outbox.mark_sent(turn, ts=next(self._stamps), next_at=self.clock() + SECOND)
                turns.append(turn)
            if not claim.rows:
                if claim.next_at is None:
                    return turns
                self.clock.now = max(claim.next_at, self.clock.now)

    async def draw(self) -> list[CardJob]:
        """Draws or posts every card that is out of date, as quickly as Slack allows; returns them in order."""
        jobs: list[CardJob] = []
        while True:
            claim = await self.claim_cards()
            for job in claim.rows:
                if job.card_ts or await self.store.outbox.begin_card(job):
                    await self.store.outbox.mark_card(job, ts=job.card_ts or next(self._stamps))
                    jobs.append(job)
            if not claim.rows:
                if claim.next_at is None or claim.next_at > self.clock() + BETWEEN_POSTS:
                    return jobs
                self.clock.now = max(claim.next_at, self.clock.now)

    async def rows(self, table: Table, **equal: Any) -> Rows:
        """What is in a table, in order of its key."""
        query = select(table).filter_by(**equal).order_by(*table.primary_key.columns)
        async with self.database.reading() as connection:
            return [dict(row._mapping) for row in await connection.execute(query)]

    async def row(self, table: Table, **equal: Any) -> dict[str, Any]:
        (row,) = await self.rows(table, **equal)
        return row

    async def set(self, table: Table, values: dict[str, Any], **equal: Any) -> None:
        """Changes the world behind the store's back."""
        conditions = [table.c[name] == value for name, value in equal.items()]
        async with self.database.writing() as connection:
            await connection.execute(update(table).where(*conditions).values(values))

    async def multiply(self, most: int) -> None:
        """Follows so many calls as the first one is followed."""
        call, card = await self.call(), await self.card()
        calls = [call | {"id": n, "call_id": str(make_call_id(n))} for n in range(2, most + 1)]
        cards = [
            card | {"id": f"sub-{n}", "followed_id": n, "call_id": str(make_call_id(n))} for n in range(2, most + 1)
        ]
        async with self.database.transaction() as connection:
            await connection.execute(insert(followed_calls), calls)
            await connection.execute(insert(subscriptions), cards)

    async def call(self, n: int = 1) -> dict[str, Any]:
        return await self.row(followed_calls, team_id=TEAM, call_id=str(make_call_id(n)))

    async def card(self, subscription_id: str = "sub-1") -> dict[str, Any]:
        return await self.row(subscriptions, id=subscription_id)

    async def channel(self, channel_id: str = CHANNEL) -> dict[str, Any]:
        return await self.row(channels, team_id=TEAM, channel_id=channel_id)

    async def owed(self) -> list[tuple[str, str]]:
        """Whose notices are not posted yet, and of which kind, in order."""
        return [(row["subscription_id"], row["kind"]) for row in await self.rows(notices) if row["done_at"] is None]

    async def due_at(self, n: int = 1) -> datetime | None:
        due_at: datetime | None = (await self.call(n))["due_at"]
        return due_at
