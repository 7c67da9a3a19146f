"""A burst of calls as agents' subscriptions give birth to them, and whoever draws cards and boards meanwhile."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from bot.core.agent_ports import BoardMessenger
from bot.core.board_drawer import BoardDrawer
from bot.core.boards import BoardJob, BurstRules, Tally
from bot.core.calls import CallId, CallStatus, is_final
from bot.core.changes import ChangeKind, Facts
from bot.core.ports import Claim
from bot.core.subscriptions import Options, Subscription
from bot.storage.boards import fold, want_boards
from bot.storage.rows import subscription_of, subscription_values
from bot.storage.schema import boards, followed_calls, subscriptions
from bot.storage.steps import IS_ACTIVE, Debt, card_wish, lock_subscriptions, make_due, owe
from tests.core.making import make_subscription
from tests.factories import CHANNEL, TEAM, make_call_id
from tests.storage.acting import LEASE, PLENTY, Actor

RULES = BurstRules()

_NEWS = Facts(old="TRIGGERED", new="ONGOING")

_CHANGE = (
    update(followed_calls)
    .where(followed_calls.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("status", "status_since", "ended_at")})
)


@dataclass
class Slack:
    """Fulfils :class:`BoardMessenger`: what stands on each board, and how often anything was said."""

    boards: dict[str, Tally]
    posts: int = 0
    edits: int = 0

    async def post_board(self, job: BoardJob, tally: Tally) -> str:
        self.posts += 1
        self.boards[job.board.id] = tally
        return f"board-{self.posts}"

    async def find_board(self, job: BoardJob) -> str | None:
        raise AssertionError(f"nobody has lost {job.key}")

    async def draw_board(self, job: BoardJob, tally: Tally) -> None:
        self.edits += 1
        self.boards[job.board.id] = tally


class Burst:
    """Calls that come, change and end."""

    def __init__(self, actor: Actor) -> None:
        self.actor, self.clock, self.store = actor, actor.clock, actor.store
        self.slack = Slack({})
        messenger: BoardMessenger = self.slack
        self.drawer = BoardDrawer(
            boards=self.store.boards,
            messenger=messenger,
            stop_team=self.store.outbox.stop_team,
            clock=self.clock,
            rules=RULES,
            dice=lambda: 0.0,
        )
        self.count = 0
        self.followed: dict[str, int] = {}
        self._numbers = count(1_000)

    async def come(
        self, count: int = 1, *, channel_id: str = CHANNEL, mention: str = "", team_id: str = TEAM
    ) -> set[str]:
        """So many calls come, each looked at by itself; returns the subscriptions that went onto a board."""
        folded: set[str] = set()
        for _ in range(count):
            folded |= await self.bear(self._make(channel_id=channel_id, mention=mention, team_id=team_id))
        return folded

    async def come_together(self, count: int) -> None:
        """The same in one transaction."""
        await self.bear(*(self._make() for _ in range(count)))

    def _make(self, *, channel_id: str = CHANNEL, mention: str = "", team_id: str = TEAM) -> Subscription:
        self.count += 1
        return make_subscription(
            f"sub-{self.count:04d}",
            team_id=team_id,
            channel_id=channel_id,
            call_id=make_call_id(self.count),
            card_ts="",
            created_at=self.clock(),
            parent_id="agent-sub",
            options=Options(mention=mention),
        )

    async def bear(self, *born: Subscription) -> set[str]:
        """Inserts them as the store does, with their cards due, and folds them."""
        now, team_id = self.clock(), born[0].team_id
        card = {"seen_status": "TRIGGERED", "card_posts": 1, "card_wanted": 1, "card_due_at": now}
        times = {"status_since": now, "news_at": now, "read_at": now}
        calls = {str(each.call_id): each.call_id for each in born}
        rows = [{"team_id": team_id, "call_id": call_id, "status": "TRIGGERED"} | times for call_id in calls]
        async with self.actor.database.transaction() as connection:
            await connection.execute(insert(followed_calls), rows)
            query = select(followed_calls.c.call_id, followed_calls.c.id)
            is_new = (followed_calls.c.team_id == team_id) & followed_calls.c.call_id.in_(calls)
            self.followed |= {row.call_id: row.id for row in await connection.execute(query.where(is_new))}
            values = [subscription_values(each, followed_id=self.followed[str(each.call_id)]) for each in born]
            await connection.execute(insert(subscriptions), [each | card for each in values])
            return await fold(connection, team_id, born, now=now, rules=RULES)

    async def change(self, n: int, status: CallStatus) -> None:
        """What a look at the n-th call that brings news comes to, as far as cards and boards go."""
        await self.change_all({n: status})

    async def change_all(self, statuses: dict[int, CallStatus]) -> None:
        """The same for several calls at once, with a notice for each that has a card."""
        now = self.clock()
        seen = [
            {
                "of_id": self.followed[str(make_call_id(n))],
                "status": status.value,
                "status_since": now,
                "ended_at": now if is_final(status, None) else None,
            }
            for n, status in statuses.items()
        ]
        is_theirs = subscriptions.c.followed_id.in_([each["of_id"] for each in seen]) & IS_ACTIVE
        async with self.actor.database.transaction() as connection:
            await connection.execute(_CHANGE, seen)
            found = await connection.execute(select(subscriptions.c.board_id).where(is_theirs))
            await connection.execute(update(subscriptions).where(is_theirs).values(card_wish(now)))
            debts = [
                Debt(subscription=subscription_of(row), kind=ChangeKind.STATUS, number=next(self._numbers), facts=_NEWS)
                for row in await lock_subscriptions(connection, is_theirs & (subscriptions.c.board_id == ""))
            ]
            await owe(connection, debts, now)
            await make_due(connection, TEAM, {debt.subscription.channel_id for debt in debts}, now)
            await want_boards(connection, set(found.scalars()) - {""}, now)

    async def claim(self) -> list[BoardJob]:
        """Those that are to be posted, and those that are to be redrawn."""
        return [job for claim in await self._claims(8) for job in claim.rows]

    async def _claims(self, limit: int) -> list[Claim[BoardJob]]:
        store, until = self.store.boards, self.clock() + LEASE
        return [await claim(limit=limit, until=until, rate=PLENTY) for claim in (store.claim_new, store.claim)]

    async def take(self) -> BoardJob:
        (job,) = await self.claim()
        return job

    async def draw(self) -> int:
        """Draws the boards that are due, and returns how many those were."""
        jobs = await self.claim()
        for job in jobs:
            await self.drawer.draw(job)
        return len(jobs)

    async def next_at(self) -> Any:
        """In how long a board is due; None for never."""
        times = [claim.next_at for claim in await self._claims(0) if claim.next_at]
        return min(times) - self.clock() if times else None

    async def board(self, **equal: Any) -> dict[str, Any]:
        return await self.actor.row(boards, **equal)

    async def on_boards(self) -> list[str]:
        return [row["id"] for row in await self.actor.rows(subscriptions) if row["board_id"]]

    async def open(self) -> BoardJob:
        """A board of twelve calls that stands there, has news, and is claimed."""
        await self.come(11)
        await self.draw()
        await self.come()
        self.clock.advance(timedelta(seconds=5))
        return await self.take()


def call_ids(*numbers: int) -> list[CallId]:
    return [make_call_id(n) for n in numbers]
