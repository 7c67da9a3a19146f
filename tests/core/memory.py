"""A memory of what is followed and owed: the ports FollowedCalls and Outbox, as their docstrings say, and nothing else.

What a database does with statements and locks is done here with plain objects and one thread.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from bot.core.calls import Call
from bot.core.changes import ChangeKind, Facts, FollowedCall, Observation
from bot.core.outbox import CardJob, Notice, Turn
from bot.core.owing import owed_facts
from bot.core.ports import Claim, Clock, Rate
from bot.core.subscriptions import Reason, Subscription, SubscriptionState

ACTIVE, PAUSED, ENDED = SubscriptionState
STILL_TOLD = {Reason.DONE, Reason.QUIET}


@dataclass
class Due:
    """Something that is claimed by lease: when it is due, whose it is, and how often it went wrong."""

    due_at: datetime | None = None
    lease: str = ""
    failures: int = 0

    def put_off(self, due_at: datetime) -> None:
        self.due_at, self.lease, self.failures = due_at, "", self.failures + 1

    def free(self, due_at: datetime | None) -> None:
        self.due_at, self.lease, self.failures = due_at, "", 0


@dataclass
class Kept:
    """A followed call."""

    row: FollowedCall
    due: Due


@dataclass
class Wish:
    """A subscription with its card, and the status that it was told of last."""

    subscription: Subscription
    seen: str
    card: Due = field(default_factory=Due)
    wanted: int = 0
    shown: int = 0
    posts: int = 1
    begun_at: datetime | None = None

    def change(self, state: SubscriptionState, reason: str = "") -> None:
        self.subscription = replace(self.subscription, state=state, reason=reason)


@dataclass
class Owed:
    """A notice, and what became of it."""

    notice: Notice
    sent_ts: str = ""
    dropped: str = ""


class Memory:
    """What is remembered."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.kept: dict[int, Kept] = {}
        self.wishes: dict[str, Wish] = {}
        self.owed: list[Owed] = []
        self.channels: dict[tuple[str, str], Due] = {}
        self.uses: list[tuple[str, datetime]] = []
        self._tokens = count(1)

    def add(self, followed: FollowedCall, *subscriptions: Subscription) -> None:
        """Follows a call, due at once, for subscriptions whose cards stand there and show it."""
        self.kept[followed.id] = Kept(followed, Due(self.clock()))
        for subscription in subscriptions:
            self.wishes[subscription.id] = Wish(subscription, seen=followed.state.status)

    def wishes_of(self, followed: FollowedCall) -> Iterator[Wish]:
        for wish in self.wishes.values():
            if (wish.subscription.team_id, wish.subscription.call_id) == (followed.team_id, followed.call_id):
                yield wish

    def owe(self, wish: Wish, kind: ChangeKind, facts: Facts, *, channel_id: str = "") -> None:
        """One more notice: into the thread, or to a person."""
        subscription, number = wish.subscription, len(self.owed) + 1
        to = channel_id or subscription.channel_id
        self.channels.setdefault((subscription.team_id, to), Due(self.clock()))
        notice = Notice(
            id=number, key=f"notice-{number}", team_id=subscription.team_id, channel_id=to, root_ts="",
            subscription_id=subscription.id, call_id=subscription.call_id, kind=kind, facts=facts,
            options=subscription.options,
        )  # fmt: skip
        self.owed.append(Owed(notice))

    def is_owed(self, owed: Owed) -> bool:
        """Whether anybody still waits for it, and it has somewhere to go."""
        subscription = self.wishes[owed.notice.subscription_id].subscription
        if owed.sent_ts or owed.dropped or subscription.reason == Reason.UNINSTALLED:
            return False
        if owed.notice.kind is ChangeKind.PAUSED:
            return True
        is_told = subscription.state is ACTIVE or subscription.reason in STILL_TOLD
        return is_told and bool(subscription.root_ts)

    def pause(self, wishes: list[Wish], reason: str) -> None:
        """Pauses those that are not paused yet, and owes each creator one direct message."""
        paused = [wish for wish in wishes if wish.subscription.state is ACTIVE or self._is_still_told(wish)]
        for wish in paused:
            wish.change(PAUSED, reason)
        for creator in dict.fromkeys(wish.subscription.creator_id for wish in paused):
            theirs = [wish for wish in paused if wish.subscription.creator_id == creator]
            channel_id = theirs[0].subscription.channel_id
            facts = Facts(reason=reason, channel_id=channel_id, count=len(theirs))
            self.owe(theirs[0], ChangeKind.PAUSED, facts, channel_id=creator)

    def _is_still_told(self, wish: Wish) -> bool:
        return any(each.notice.subscription_id == wish.subscription.id and self.is_owed(each) for each in self.owed)

    def resume(self, subscription_id: str) -> None:
        """Makes one active again. What changed meanwhile is owed as one notice; the call is looked at at once."""
        wish = self.wishes[subscription_id]
        wish.change(ACTIVE)
        wish.wanted += 1
        wish.card.due_at = wish.card.due_at or self.clock()
        for kept in self.kept.values():
            row = kept.row
            if row.call_id != wish.subscription.call_id:
                continue
            if kept.due.due_at is None:
                kept.row, kept.due.due_at = replace(row, news_at=self.clock()), self.clock()
            observation = Observation(followed=row, at=self.clock(), kind=ChangeKind.STATUS)
            if facts := owed_facts(observation, wish.subscription, seen=wish.seen):
                wish.seen = facts.new
                self.owe(wish, ChangeKind.STATUS, facts)

    def stop_team(self, team_id: str) -> int:
        active = [wish for wish in self.wishes.values() if wish.subscription.team_id == team_id]
        active = [wish for wish in active if wish.subscription.state is ACTIVE]
        for wish in active:
            wish.change(PAUSED, Reason.UNINSTALLED)
        return len(active)

    def room(self, limit: int, rate: Rate) -> int:
        """How many may be taken now."""
        since = self.clock() - rate.window
        used = sum(name == rate.name and at > since for name, at in self.uses)
        return max(0, min(limit, rate.most - used))

    def take(self, due: Due, until: datetime, rate: Rate) -> str:
        """A lease until then."""
        self.uses.append((rate.name, self.clock()))
        due.due_at, due.lease = until, f"lease-{next(self._tokens)}"
        return due.lease

    def next_at(self, dues: list[Due]) -> datetime | None:
        return min((due.due_at for due in dues if due.due_at), default=None)


def is_due(due: Due, now: datetime) -> bool:
    return due.due_at is not None and due.due_at <= now


class MemoryFollowed:
    """Fulfils :class:`bot.core.ports.FollowedCalls`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def claim(self, *, limit: int, until: datetime, rate: Rate) -> Claim[FollowedCall]:
        memory = self._memory
        due = [kept for kept in memory.kept.values() if is_due(kept.due, memory.clock())]
        due.sort(key=lambda kept: kept.due.due_at or until)
        taken = due[: memory.room(limit, rate)]
        for kept in taken:
            kept.row = replace(kept.row, lease=memory.take(kept.due, until, rate), failures=kept.due.failures)
        rows = tuple(kept.row for kept in taken)
        return Claim(rows=rows, next_at=memory.next_at([kept.due for kept in memory.kept.values()]))

    async def save(self, seen: Observation, *, due_at: datetime | None, born: tuple[Subscription, ...] = ()) -> bool:
        assert not born, "nobody follows an agent here"
        memory, kept = self._memory, self._find(seen.followed)
        if not kept:
            return False
        kept.row = replace(seen.followed, lease="")
        kept.due.free(due_at)
        for wish in memory.wishes_of(kept.row):
            self._tell(wish, seen)
        return True

    def _tell(self, wish: Wish, seen: Observation) -> None:
        if wish.subscription.state is ACTIVE:
            facts = owed_facts(seen, wish.subscription, seen=wish.seen)
            if facts and seen.kind:
                self._memory.owe(wish, seen.kind, facts)
                wish.seen = facts.new
            if seen.end:
                wish.change(ENDED, seen.end)
        if seen.is_card_old:
            wish.wanted += 1
            wish.card.due_at = wish.card.due_at or self._memory.clock()

    async def put_off(self, known: FollowedCall, *, due_at: datetime, held_until: datetime) -> None:  # noqa: ARG002
        if kept := self._find(known):
            kept.due.put_off(due_at)

    async def release(self, known: FollowedCall) -> None:
        if kept := self._find(known):
            kept.due.due_at, kept.due.lease = self._memory.clock(), ""

    def _find(self, known: FollowedCall) -> Kept | None:
        kept = self._memory.kept[known.id]
        return kept if kept.due.lease == known.lease else None


class MemoryOutbox:
    """Fulfils :class:`bot.core.ports.Outbox`. Who has lost the lease changes nothing any more."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    # Notices

    async def claim_turns(self, *, limit: int, until: datetime, rate: Rate) -> Claim[Turn]:
        memory = self._memory
        turns: list[Turn] = []
        for (team_id, channel_id), due in memory.channels.items():
            waiting = [owed for owed in memory.owed if owed.notice.channel_id == channel_id and memory.is_owed(owed)]
            if is_due(due, memory.clock()) and waiting and memory.room(limit - len(turns), rate):
                lease, failures = memory.take(due, until, rate), due.failures
                notice = self._addressed(waiting[0].notice)
                turns.append(
                    Turn(team_id=team_id, channel_id=channel_id, lease=lease, failures=failures, notice=notice)
                )
        busy = {owed.notice.channel_id for owed in memory.owed if memory.is_owed(owed)}
        dues = [due for (_, channel_id), due in memory.channels.items() if channel_id in busy]
        return Claim(rows=tuple(turns), next_at=memory.next_at(dues))

    def _addressed(self, notice: Notice) -> Notice:
        subscription = self._memory.wishes[notice.subscription_id].subscription
        return replace(
            notice,
            root_ts="" if notice.kind is ChangeKind.PAUSED else subscription.root_ts,
            options=subscription.options,
            has_own_thread=not subscription.thread_ts,
        )

    async def begin(self, turn: Turn) -> bool:
        due, owed = self._find(turn)
        if not due or not self._memory.is_owed(owed):
            return False
        notice = owed.notice
        owed.notice = replace(notice, begun_at=self._memory.clock(), attempts=notice.attempts + 1)
        return True

    async def mark_sent(self, turn: Turn, *, ts: str, next_at: datetime) -> None:
        due, owed = self._find(turn)
        if due:
            owed.sent_ts = ts
            due.free(next_at)

    async def put_off(self, turn: Turn, *, due_at: datetime, is_unknown: bool) -> None:
        due, owed = self._find(turn)
        if due:
            due.put_off(due_at)
            if not is_unknown:
                owed.notice = replace(owed.notice, begun_at=None)

    async def drop(self, turn: Turn, *, reason: str) -> None:
        due, owed = self._find(turn)
        if due:
            owed.dropped = reason
            due.free(self._memory.clock())

    async def pause(self, turn: Turn, *, reason: str, whole_channel: bool) -> None:
        due, owed = self._find(turn)
        if due:
            due.free(self._memory.clock())
            self._pause(owed.notice.subscription_id, reason, whole_channel=whole_channel)

    def _pause(self, subscription_id: str, reason: str, *, whole_channel: bool) -> None:
        wish = self._memory.wishes[subscription_id]
        here = [each for each in self._memory.wishes.values() if _place(each) == _place(wish)]
        self._memory.pause(here if whole_channel else [wish], reason)

    async def lose_card(self, turn: Turn) -> bool:
        due, owed = self._find(turn)
        wish = self._memory.wishes[turn.notice.subscription_id]
        if not due or wish.subscription.thread_ts or wish.posts > 1:
            return False
        due.free(self._memory.clock())
        owed.notice = replace(owed.notice, begun_at=None)
        self._repost(wish)
        return True

    def _repost(self, wish: Wish) -> None:
        wish.subscription = replace(wish.subscription, card_ts="")
        wish.posts, wish.wanted = wish.posts + 1, wish.wanted + 1
        wish.card.free(self._memory.clock())

    async def release(self, turn: Turn) -> None:
        due, _ = self._find(turn)
        if due:
            due.due_at, due.lease = self._memory.clock(), ""

    def _find(self, turn: Turn) -> tuple[Due | None, Owed]:
        due, owed = self._memory.channels[turn.team_id, turn.channel_id], self._memory.owed[turn.notice.id - 1]
        return (due if due.lease == turn.lease else None), owed

    # Cards

    async def claim_new_cards(self, *, limit: int, until: datetime, rate: Rate) -> Claim[CardJob]:
        return self._claim(limit, until, rate, is_new=True)

    async def claim_cards(self, *, limit: int, until: datetime, rate: Rate) -> Claim[CardJob]:
        return self._claim(limit, until, rate, is_new=False)

    def _claim(self, limit: int, until: datetime, rate: Rate, *, is_new: bool) -> Claim[CardJob]:
        memory = self._memory
        jobs: list[CardJob] = []
        old = [wish for wish in memory.wishes.values() if self._is_old(wish)]
        waiting = [wish for wish in old if is_new == (not wish.subscription.card_ts)]
        for wish in waiting:
            if is_due(wish.card, memory.clock()) and memory.room(limit - len(jobs), rate):
                lease = memory.take(wish.card, until, rate)
                jobs.append(self._job(wish, lease))
        return Claim(rows=tuple(jobs), next_at=memory.next_at([wish.card for wish in waiting]))

    def _is_old(self, wish: Wish) -> bool:
        return wish.wanted > wish.shown and wish.subscription.state is not PAUSED

    def _job(self, wish: Wish, lease: str) -> CardJob:
        subscription = wish.subscription
        rows = [kept.row for kept in self._memory.kept.values() if kept.row.call_id == subscription.call_id]
        known = Call(id=subscription.call_id, status=rows[0].state.status, read_at=rows[0].news_at)
        return CardJob(
            subscription_id=subscription.id, key=f"card-{subscription.id}-{wish.posts}", team_id=subscription.team_id,
            channel_id=subscription.channel_id, thread_ts=subscription.thread_ts, card_ts=subscription.card_ts,
            call_id=subscription.call_id, options=subscription.options, state=subscription.state, number=rows[0].number,
            known=known, wanted=wish.wanted, lease=lease, failures=wish.card.failures, begun_at=wish.begun_at,
        )  # fmt: skip

    async def begin_card(self, job: CardJob) -> bool:
        if wish := self._find_card(job):
            wish.begun_at = self._memory.clock()
        return wish is not None

    async def mark_card(self, job: CardJob, *, ts: str) -> None:
        if wish := self._find_card(job):
            wish.subscription = replace(wish.subscription, card_ts=ts)
            wish.shown, wish.begun_at = job.wanted, None
            wish.card.free(self._memory.clock() if wish.wanted > wish.shown else None)

    async def put_off_card(self, job: CardJob, *, due_at: datetime, is_unknown: bool) -> None:
        if wish := self._find_card(job):
            wish.card.put_off(due_at)
            wish.begun_at = wish.begun_at if is_unknown else None

    async def repost_card(self, job: CardJob) -> bool:
        wish = self._find_card(job)
        if not wish or wish.posts > 1:
            return False
        wish.begun_at = None
        self._repost(wish)
        return True

    async def pause_card(self, job: CardJob, *, reason: str, whole_channel: bool) -> None:
        if wish := self._find_card(job):
            wish.card.free(self._memory.clock())
            self._pause(wish.subscription.id, reason, whole_channel=whole_channel)

    async def release_card(self, job: CardJob) -> None:
        if wish := self._find_card(job):
            wish.card.due_at, wish.card.lease = self._memory.clock(), ""

    def _find_card(self, job: CardJob) -> Wish | None:
        wish = self._memory.wishes[job.subscription_id]
        return wish if wish.card.lease == job.lease else None

    async def stop_team(self, team_id: str) -> int:
        return self._memory.stop_team(team_id)


def _place(wish: Wish) -> tuple[str, str]:
    return wish.subscription.team_id, wish.subscription.channel_id
