"""The whole of what is remembered, put together."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, or_, select

from bot.core.agents import SILENT_AFTER
from bot.core.boards import BurstRules
from bot.core.calls import CallId
from bot.core.changes import ChangeKind
from bot.core.figures import Figures
from bot.core.ports import Clock
from bot.storage.agents import AgentNameStore, AgentSubscriptionStore
from bot.storage.announcing import AnnouncementStore
from bot.storage.audit import AuditStore
from bot.storage.board_store import BoardStore
from bot.storage.calls import FollowedCallStore
from bot.storage.counting import count_standing
from bot.storage.coverage import Arrivals
from bot.storage.coverage import measure as measure_webhooks
from bot.storage.database import Database
from bot.storage.erasing import Erased, forget_call, forget_user
from bot.storage.leases import make_token as make_random_token
from bot.storage.outbox import OutboxStore
from bot.storage.pruning import prune
from bot.storage.schema import agent_subscriptions, boards, followed_calls, notices, subscriptions
from bot.storage.steps import IS_OWED, IS_PAUSED
from bot.storage.subscriptions import SubscriptionStore

_BURST = BurstRules()


class Store:
    """The stores over one database.

    Attributes:
        database: where they are kept.
        followed: the calls that somebody follows.
        announcements: what webhooks say.
        subscriptions: what people follow.
        outbox: what is owed to Slack.
        boards: what stands for many cards there.
        agents: the agents that channels follow.
        names: what people call them.
        audit: who did what.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        team_id: Callable[[], str],
        make_token: Callable[[], str] = make_random_token,
        burst: BurstRules = _BURST,
    ) -> None:
        """Takes the database, the time, whose rows are claimed and counted, leases' tokens, and how a burst begins."""
        self.database = database
        self._clock = clock
        self._team_id = team_id
        arrivals = Arrivals()
        self.followed = FollowedCallStore(
            database=database, clock=clock, team_id=team_id, make_token=make_token, burst=burst, arrivals=arrivals
        )
        self.announcements = AnnouncementStore(database=database, clock=clock, team_id=team_id, arrivals=arrivals)
        self.subscriptions = SubscriptionStore(database=database, clock=clock, team_id=team_id, make_token=make_token)
        self.outbox = OutboxStore(database=database, clock=clock, team_id=team_id, make_token=make_token)
        self.boards = BoardStore(database=database, clock=clock, team_id=team_id, make_token=make_token)
        self.agents = AgentSubscriptionStore(database=database, clock=clock, team_id=team_id)
        self.names = AgentNameStore(database=database, clock=clock, team_id=team_id)
        self.audit = AuditStore(database=database)

    async def prune(self, *, kept: timedelta, audit_kept: timedelta) -> int:
        """Throws away one batch of what has been over for that long, and how many rows that were."""
        return await prune(self.database, now=self._clock(), kept=kept, audit_kept=audit_kept)

    async def forget_call(self, call_id: CallId) -> Erased:
        """Erases what is kept about a call."""
        return await forget_call(self.database, call_id)

    async def forget_user(self, user_id: str) -> Erased:
        """Erases what is kept about a person."""
        return await forget_user(self.database, user_id)

    async def measure(self) -> Figures:
        """How much there is to do; each figure comes from an index. What waits for a person is not counted as owed."""
        now, team_id = self._clock(), self._team_id()
        is_due = (followed_calls.c.team_id == team_id) & (followed_calls.c.due_at <= now)
        is_wanted = or_(~IS_PAUSED, notices.c.kind == ChangeKind.PAUSED.value)
        owed = notices.join(subscriptions, subscriptions.c.id == notices.c.subscription_id)
        is_owed = (notices.c.team_id == team_id, IS_OWED, is_wanted)
        is_theirs = subscriptions.c.team_id == team_id
        due = select(func.count(), func.min(followed_calls.c.due_at)).where(is_due)
        notes = select(func.count(), func.min(notices.c.created_at)).select_from(owed).where(*is_owed)
        cards = select(func.count()).where(is_theirs, subscriptions.c.card_due_at.is_not(None))
        is_board_old = (boards.c.team_id == team_id, boards.c.due_at.is_not(None), boards.c.wanted > boards.c.drawn)
        async with self.database.reading() as connection:
            calls_due, due_since = (await connection.execute(due)).one()
            notices_owed, owed_since = (await connection.execute(notes)).one()
            cards_old = (await connection.execute(cards)).scalar_one()
            cards_old += (await connection.execute(select(func.count()).where(*is_board_old))).scalar_one()
            calls = await count_standing(connection, subscriptions, team_id)
            agents = await count_standing(connection, agent_subscriptions, team_id)
            webhooks = await measure_webhooks(connection, team_id, now - SILENT_AFTER)
        return Figures(
            calls_due=calls_due,
            late_seconds=(now - (due_since or now)).total_seconds(),
            notices_owed=notices_owed,
            oldest_notice_seconds=(now - (owed_since or now)).total_seconds(),
            cards_old=cards_old,
            active=calls.active,
            paused=calls.paused,
            refused=calls.refused,
            agents_active=agents.active,
            agents_paused=agents.paused,
            agents_refused=agents.refused,
            agents_announced=webhooks.arriving,
            agents_silent=webhooks.stopped,
            webhook_seconds=(now - webhooks.last_at).total_seconds() if webhooks.last_at else None,
        )
