"""The memory of what is followed and done, in memory: fakes of the ports that the Slack side uses."""

from dataclasses import replace
from datetime import datetime

from bot.core.audit import AuditAction, AuditEntry
from bot.core.calls import Call, CallId
from bot.core.errors import StoreUnavailable
from bot.core.outbox import CardJob
from bot.core.subscriptions import Options, Reason, Subscription, SubscriptionState

_RESUMABLE = {Reason.QUIET}


class FakeSubscriptions:
    """Fulfils :class:`bot.core.ports.Subscriptions`. Remembers every call in ``done``; ``broken`` methods fail."""

    def __init__(self, *there: Subscription) -> None:
        self.rows: dict[str, Subscription] = {row.id: row for row in there}
        self.done: list[tuple[object, ...]] = []
        self.broken: set[str] = set()
        self.card_until: datetime | None = None
        self.resumed = 1
        self.agents_ended = 0
        self.folded: set[str] = set()

    def _do(self, method: str, *arguments: object) -> None:
        if method in self.broken or "all" in self.broken:
            raise StoreUnavailable("locked")
        self.done.append((method, *arguments))

    def names(self) -> list[object]:
        """The methods that changed something, in order."""
        return [method for method, *_ in self.done if method not in {"find", "find_here", "list_here", "list_of"}]

    async def add(
        self, wanted: Subscription, call: Call, *, card_until: datetime
    ) -> tuple[Subscription, CardJob | None]:
        self._do("add", wanted.id)
        self.card_until = card_until
        if there := self._here(wanted.team_id, wanted.channel_id, wanted.call_id):
            return there, None
        self.rows[wanted.id] = wanted
        return wanted, CardJob(
            subscription_id=wanted.id,
            key=f"card-{wanted.id}",
            team_id=wanted.team_id,
            channel_id=wanted.channel_id,
            thread_ts=wanted.thread_ts,
            card_ts=wanted.card_ts,
            call_id=call.id,
            options=wanted.options,
            state=wanted.state,
            number=0,
            known=call,
            wanted=1,
            lease="ours",
            begun_at=wanted.created_at,
        )

    async def discard(self, subscription_id: str) -> None:
        self._do("discard", subscription_id)
        del self.rows[subscription_id]

    async def find(self, subscription_id: str) -> Subscription | None:
        self._do("find", subscription_id)
        return self.rows.get(subscription_id)

    async def find_here(self, team_id: str, channel_id: str, call_id: CallId) -> Subscription | None:
        self._do("find_here", channel_id)
        return self._here(team_id, channel_id, call_id)

    async def list_here(
        self, team_id: str, channel_id: str, *, offset: int, limit: int
    ) -> tuple[tuple[Subscription, ...], int]:
        self._do("list_here", offset, limit)
        there = self._open(team_id, channel_id)
        return tuple(there[offset : offset + limit]), len(there)

    async def list_of(
        self, team_id: str, creator_id: str, *, offset: int, limit: int
    ) -> tuple[tuple[Subscription, ...], int]:
        self._do("list_of", offset, limit)
        theirs = [row for row in self.rows.values() if (row.team_id, row.creator_id) == (team_id, creator_id)]
        there = [row for row in theirs if row.state is not SubscriptionState.ENDED]
        return tuple(there[offset : offset + limit]), len(there)

    async def pause(self, subscription_id: str, *, by: str) -> bool:
        self._do("pause", subscription_id, by)
        return self._turn(subscription_id, SubscriptionState.ACTIVE, SubscriptionState.PAUSED, Reason.PERSON)

    async def resume(self, subscription_id: str, *, by: str) -> int:
        self._do("resume", subscription_id, by)
        row = self.rows.get(subscription_id)
        may = row and (row.state is SubscriptionState.PAUSED or row.reason in _RESUMABLE)
        if not row or not may:
            return 0
        self.rows[row.id] = replace(row, state=SubscriptionState.ACTIVE, reason="")
        return self.resumed

    async def end(self, subscription_id: str, *, by: str) -> bool:
        self._do("end", subscription_id, by)
        row = self.rows.get(subscription_id)
        if row is None or row.state is SubscriptionState.ENDED:
            return False
        self.rows[row.id] = replace(row, state=SubscriptionState.ENDED, reason=Reason.PERSON)
        return True

    async def end_all(self, team_id: str, channel_id: str, *, by: str) -> int:
        self._do("end_all", team_id, channel_id, by)
        there = self._open(team_id, channel_id)
        for row in there:
            self.rows[row.id] = replace(row, state=SubscriptionState.ENDED, reason=Reason.PERSON)
        return len(there) + self.agents_ended

    async def change(self, subscription_id: str, options: Options, *, by: str) -> bool:
        self._do("change", subscription_id, options, by)
        row = self.rows.get(subscription_id)
        if row is None or row.state is SubscriptionState.ENDED:
            return False
        self.rows[row.id] = replace(row, options=options)
        return True

    async def unfold(self, subscription_id: str) -> bool:
        self._do("unfold", subscription_id)
        is_folded = subscription_id in self.folded
        self.folded.discard(subscription_id)
        return is_folded

    async def want_card(self, team_id: str, channel_id: str, card_ts: str) -> None:
        self._do("want_card", team_id, channel_id, card_ts)

    async def resume_channel(self, team_id: str, channel_id: str) -> int:
        self._do("resume_channel", team_id, channel_id)
        return len(self._open(team_id, channel_id))

    async def move_channel(self, team_id: str, old_id: str, new_id: str) -> None:
        self._do("move_channel", team_id, old_id, new_id)

    async def share_channel(self, team_id: str, channel_id: str, *, is_shared: bool) -> None:
        self._do("share_channel", team_id, channel_id, is_shared)

    async def stop_team(self, team_id: str) -> int:
        self._do("stop_team", team_id)
        return len(self.rows)

    async def resume_team(self, team_id: str) -> int:
        self._do("resume_team", team_id)
        return len(self.rows)

    async def erase_team(self, team_id: str) -> int:
        self._do("erase_team", team_id)
        count = len(self.rows)
        self.rows.clear()
        return count

    def _turn(self, row_id: str, old: SubscriptionState, new: SubscriptionState, reason: str) -> bool:
        row = self.rows.get(row_id)
        if row is None or row.state is not old:
            return False
        self.rows[row_id] = replace(row, state=new, reason=reason)
        return True

    def _here(self, team_id: str, channel_id: str, call_id: CallId) -> Subscription | None:
        return next((row for row in self._open(team_id, channel_id) if row.call_id == call_id), None)

    def _open(self, team_id: str, channel_id: str) -> list[Subscription]:
        return [
            row
            for row in self.rows.values()
            if (row.team_id, row.channel_id) == (team_id, channel_id) and row.state is not SubscriptionState.ENDED
        ]


class FakeOutbox:
    """What the Slack side uses of :class:`bot.core.ports.Outbox`: it only ever marks the first card."""

    def __init__(self) -> None:
        self.marked: list[tuple[str, str]] = []
        self.put_off: list[tuple[str, datetime, bool]] = []
        self.broken = False

    async def mark_card(self, job: CardJob, *, ts: str) -> None:
        if self.broken:
            raise StoreUnavailable("locked")
        self.marked.append((job.subscription_id, ts))

    async def put_off_card(self, job: CardJob, *, due_at: datetime, is_unknown: bool) -> None:
        self.put_off.append((job.subscription_id, due_at, is_unknown))


class FakeAudit:
    """Fulfils :class:`bot.core.ports.Audit`: remembers every act, in order; fails while it is ``broken``."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.broken = False

    async def add(self, entry: AuditEntry) -> None:
        if self.broken:
            raise StoreUnavailable("locked")
        self.entries.append(entry)

    def acts(self) -> list[tuple[AuditAction, str, str, str]]:
        """What was done, by whom, to which call, where."""
        return [(each.action, each.user_id, str(each.call_id), each.channel_id) for each in self.entries]
