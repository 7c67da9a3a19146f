"""Following as a whole, against a model: whatever fails and in whatever order, each notice comes once and in its turn.

Looks, deliveries and drawings fail in every way that the ports allow; processes die at the worst moment and others take
over. What stands in Slack is at every moment the beginning of what the model expects, and once all is well, all of it.
"""

from asyncio import CancelledError
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.core.calls import Call, CallId, CallStatus
from bot.core.card_drawer import Cards
from bot.core.changes import CallState, ChangeKind
from bot.core.errors import (
    BotError,
    CallNotFound,
    ChannelUnavailable,
    PermanentError,
    SamoraUnavailable,
    SlackUnavailable,
    ThreadUnavailable,
    TokenRefused,
)
from bot.core.follow import Poller
from bot.core.outbox import CardJob, Notice, Relay
from bot.core.ports import Rate
from bot.core.recent import RecentCalls
from bot.core.subscriptions import Delivery, Options, Reason, Subscription, SubscriptionState
from tests.core.making import (
    HOUR,
    MINUTE,
    RULES,
    SECOND,
    FakeClock,
    finish,
    make_followed,
    make_reading,
    make_subscription,
    make_wishes,
)
from tests.core.memory import Memory, MemoryFollowed, MemoryOutbox
from tests.factories import make_call_id

LEASE = 30 * SECOND
# Enough for a busy machine under coverage.
pytestmark = pytest.mark.timeout(300)

PLENTY = Rate(name="plenty", most=1_000_000, window=SECOND)
FINISHED = CallStatus.CALL_FINISHED

# How a delivery may go: Slack takes it, refuses it before or after, and the process may die or sleep anywhere.
DELIVERIES = (
    *("fine", "refused", "lost", "answer lost", "slow", "closed", "locked", "token", "blind"),
    *("killed", "killed after", "dead", "late"),
)

# What a thread is told: the kind, the status before where that changed, and the status.
Told = tuple[ChangeKind, str, str]


def options_of_all() -> dict[str, tuple[int, str, Options]]:
    """Subscriptions: the number of the call, the channel, the options. Two share a channel, two share a call."""
    return {
        "sub-all": (1, "C1", Options()),
        "sub-final": (1, "C2", Options(statuses=frozenset({FINISHED}))),
        "sub-other": (2, "C1", Options(to=Delivery.CHANNEL)),
        "sub-card": (2, "C2", Options(to=Delivery.CARD)),
    }


class Samora:
    """A Samora whose calls change when a test says so; ``how`` it answers the next question."""

    def __init__(self, machine: "Following") -> None:
        self.readings = {make_call_id(n): make_reading(CallStatus.PENDING, n=n) for n in (1, 2)}
        self.how = "fine"
        self._machine = machine

    async def get_call(self, call_id: CallId) -> Call:
        how, self.how = self.how, "fine"
        call = self.readings[call_id]
        if how == "slow":
            # So slow that the lease runs out, and somebody else looks meanwhile and sees more.
            self._machine.clock.advance(LEASE)
            self._machine.change(call_id.value, FINISHED, recording=True, transcript=False)
            self._machine.look_at_all("fine")
        if how == "down":
            raise SamoraUnavailable("HTTP 503")
        if how == "unknown":
            raise CallNotFound("no such call")
        return call


class Slack:
    """A Slack that takes posts, refuses them, or takes them and doesn't say so; the threads are what counts."""

    def __init__(self, machine: "Following") -> None:
        self.threads: dict[str, list[Told]] = defaultdict(list)
        self.cards: dict[str, str] = {}
        self.stands: dict[str, str] = {}
        self.posted_at: dict[str, datetime] = {}
        self.how = "fine"
        self._machine = machine

    async def post_notice(self, notice: Notice) -> str:
        how, self.how = self.how, "fine"
        machine = self._machine
        assert machine.memory.is_owed(machine.memory.owed[notice.id - 1]), "nobody waits for it"
        errors: dict[str, BaseException] = {
            "refused": SlackUnavailable("ratelimited", retry_after=7.0),
            "lost": SlackUnavailable("no answer to chat.postMessage"),
            "closed": ChannelUnavailable("is_archived"),
            "locked": ThreadUnavailable("restricted_action_thread_locked"),
            "token": TokenRefused("invalid_auth"),
            "killed": CancelledError(),
        }
        if how in errors:
            raise errors[how]
        self._take(notice)
        if how == "answer lost":
            raise errors["lost"]
        if how == "killed after":
            raise errors["killed"]
        if how == "slow":
            # So slow that the lease runs out, and somebody else finds the notice and marks it.
            machine.clock.advance(LEASE)
            machine.deliver_all("fine")
        return self.stands[notice.key]

    def _take(self, notice: Notice) -> None:
        now = self._machine.clock()
        previous = self.posted_at.get(notice.channel_id)
        assert previous is None or now - previous >= SECOND, "one post per second and channel"
        self.posted_at[notice.channel_id] = now
        self.stands[notice.key] = f"{len(self.stands) + 1}.0"
        facts = notice.facts
        if notice.kind is not ChangeKind.PAUSED:
            self.threads[notice.subscription_id].append((notice.kind, facts.old, facts.new))

    async def find_notice(self, notice: Notice) -> str | None:
        if self.how == "blind":
            self.how = "fine"
            raise SlackUnavailable("HTTP 500")
        # In direct messages nothing can be looked for.
        return self.stands.get(notice.key) if notice.root_ts else None

    async def draw_card(self, job: CardJob, call: Call) -> None:
        how, self.how = self.how, "fine"
        if how == "refused":
            raise SlackUnavailable("ratelimited", retry_after=7.0)
        if how == "killed":
            raise CancelledError
        self.cards[job.subscription_id] = call.status

    async def redact_card(self, job: CardJob) -> None:
        self.cards[job.subscription_id] = job.known.status

    async def prepare_card(self, job: CardJob) -> None:
        raise NotImplementedError

    async def post_card(self, job: CardJob, call: Call) -> str:
        raise NotImplementedError

    async def find_card(self, job: CardJob) -> str | None:
        raise NotImplementedError


@dataclass
class ModelCall:
    """A call as looks have shown it, in the plainest words."""

    status: str
    since: datetime
    news_at: datetime
    media: frozenset[str] = frozenset()
    media_at: datetime | None = None
    is_media_told: bool = False
    is_alarm_told: bool = False

    def look(self, call: Call | None, now: datetime) -> ChangeKind | None:
        """What a look tells."""
        if call:
            state = CallState.of(call)
            media = frozenset(name for name in ("recording", "transcript") if getattr(state, name))
            if call.status != self.status:
                is_over = call.status in {"UNANSWERED", "REJECTED"} or (call.status == FINISHED and len(media) == 2)
                self.status, self.media, self.since, self.news_at = call.status, media, now, now
                self.media_at, self.is_media_told, self.is_alarm_told = None, is_over, False
                return ChangeKind.STATUS
            if media != self.media:
                self.news_at = now
                if self.status == FINISHED:
                    self.media_at = (self.media_at or now) if media - self.media or (self.media_at and media) else None
                self.media = media
        return self._late(now)

    def _late(self, now: datetime) -> ChangeKind | None:
        """What the time alone tells."""
        if self.status == FINISHED:
            is_due = len(self.media) == 2 or (self.media_at and now - self.media_at >= MINUTE)
            if self.media_at and is_due and not self.is_media_told:
                self.is_media_told = True
                return ChangeKind.MEDIA
            return None
        patience = {"TRIGGERED": 15 * MINUTE, "ONGOING": HOUR}.get(self.status, timedelta.max)
        is_stuck = now - self.since >= patience and not self.is_alarm_told
        self.is_alarm_told = self.is_alarm_told or is_stuck
        if self.status not in {"UNANSWERED", "REJECTED"} and now - self.news_at >= 24 * HOUR:
            return ChangeKind.LET_GO
        return ChangeKind.STUCK if is_stuck else None


@dataclass
class ModelWish:
    """What a subscription expects in its thread."""

    options: Options
    seen: str
    expected: list[Told] = field(default_factory=list)

    def hear(self, kind: ChangeKind, status: str) -> None:
        if kind is ChangeKind.STATUS and status != self.seen and self.options.wants(status):
            self.expected.append((kind, self.seen, status))
            self.seen = status
        is_alarm = kind in {ChangeKind.STUCK, ChangeKind.LET_GO}
        if (kind is ChangeKind.MEDIA and self.options.wants(status)) or (
            is_alarm and self.options.to is not Delivery.CARD
        ):
            self.expected.append((kind, "", status))
            self.seen = status


class Following(RuleBasedStateMachine):
    """Two calls, four subscriptions, one poller, one relay, and all that can go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.memory = Memory(self.clock)
        self.samora, self.slack = Samora(self), Slack(self)
        self.followed, self.outbox = MemoryFollowed(self.memory), MemoryOutbox(self.memory)
        recent = RecentCalls()
        shared: dict[str, Any] = {"clock": self.clock, "dice": lambda: 0.0}
        self.poller = Poller(
            calls=self.samora,
            followed=self.followed,
            wishes=make_wishes(self.clock),
            recent=recent,
            rules=RULES,
            on_change=lambda: None,
            **shared,
        )
        self.relay = Relay(outbox=self.outbox, messenger=self.slack, **shared)
        self.cards = Cards(outbox=self.outbox, messenger=self.slack, calls=self.samora, recent=recent, **shared)
        self.model_calls: dict[CallId, ModelCall] = {}
        self.model: dict[str, ModelWish] = {}
        self._follow_all()

    def _follow_all(self) -> None:
        now = self.clock()
        for n in (1, 2):
            subscriptions = [
                make_subscription(name, call_id=make_call_id(n), channel_id=channel, options=options, creator_id="U1")
                for name, (of, channel, options) in options_of_all().items()
                if of == n
            ]
            row = make_followed(CallStatus.PENDING, id=n, call_id=make_call_id(n), status_since=now, news_at=now)
            self.memory.add(row, *subscriptions)
            self.model_calls[row.call_id] = ModelCall(CallStatus.PENDING, since=now, news_at=now)
            for each in subscriptions:
                self.model[each.id] = ModelWish(each.options, seen=CallStatus.PENDING)
                self.slack.cards[each.id] = CallStatus.PENDING

    # What happens outside

    @rule(
        n=st.sampled_from([1, 2]),
        status=st.sampled_from([*CallStatus, FINISHED, FINISHED, "VOICEMAIL"]),
        recording=st.booleans(),
        transcript=st.booleans(),
    )
    def call_changes(self, n: int, status: str, recording: bool, transcript: bool) -> None:
        self.change(make_call_id(n).value, status, recording=recording, transcript=transcript)

    @rule(
        n=st.sampled_from([1, 2]),
        status=st.sampled_from(
            [CallStatus.TRIGGERED, CallStatus.ONGOING, CallStatus.ONGOING, FINISHED, CallStatus.REJECTED]
        ),
        media=st.booleans(),
    )
    def call_changes_and_is_seen(self, n: int, status: str, media: bool) -> None:
        self.change(make_call_id(n).value, status, recording=media, transcript=media)
        self.clock.now = max(self.clock.now, self.memory.kept[n].due.due_at or self.clock.now)
        self.look_at_all("fine")

    def change(self, call_id: str, status: str, *, recording: bool, transcript: bool) -> None:
        now, seen = self.samora.readings[CallId(call_id)].status, self.model_calls[CallId(call_id)].status
        if now != seen == status:
            return  # a status that came and went between two looks is nobody's business
        is_over = status == FINISHED
        reading = make_reading(
            status, ended=is_over, recording=is_over and recording, transcript=is_over and transcript
        )
        self.samora.readings[CallId(call_id)] = replace(reading, id=CallId(call_id))

    @rule(
        duration=st.sampled_from(
            [5 * SECOND, 31 * SECOND, 59 * SECOND, MINUTE, 2 * MINUTE, 16 * MINUTE, HOUR, 25 * HOUR]
        )
    )
    def time_passes(self, duration: timedelta) -> None:
        self.clock.advance(duration)

    @rule(name=st.sampled_from(sorted(options_of_all())))
    def pause(self, name: str) -> None:
        wish = self.memory.wishes[name]
        if wish.subscription.state is SubscriptionState.ACTIVE:
            wish.change(SubscriptionState.PAUSED, Reason.PERSON)

    @rule()
    def resume_all(self) -> None:
        for name in self.model:
            self.resume(name)

    def resume(self, name: str) -> None:
        subscription = self.memory.wishes[name].subscription
        if subscription.state is SubscriptionState.PAUSED or subscription.reason == Reason.QUIET:
            kept = next(kept for kept in self.memory.kept.values() if kept.row.call_id == subscription.call_id)
            if kept.due.due_at is None:
                self.model_calls[subscription.call_id].news_at = self.clock()
            self.memory.resume(name)
            self.model[name].hear(ChangeKind.STATUS, self.model_calls[subscription.call_id].status)

    # What the workers do

    @rule(how=st.sampled_from(["fine", "fine", "down", "unknown", "slow", "killed"]))
    def look(self, how: str) -> None:
        self.clock.advance(RULES.interval)
        self.look_at_all(how)

    def look_at_all(self, how: str) -> None:
        claim = finish(self.followed.claim(limit=9, until=self.clock() + LEASE, rate=PLENTY))
        for row in claim.rows if how != "killed" else ():
            told = self._active(row.call_id)
            self.samora.how = how
            reading = self.samora.readings[row.call_id]
            try:
                finish(self.poller.look(row))
            except SamoraUnavailable:
                assert how == "down"
            else:
                if how != "slow":
                    self._hear(told, row.call_id, reading if how == "fine" else None)

    def _active(self, call_id: CallId) -> list[Subscription]:
        subscriptions = [wish.subscription for wish in self.memory.wishes.values()]
        return [each for each in subscriptions if each.call_id == call_id and each.state is SubscriptionState.ACTIVE]

    def _hear(self, told: list[Subscription], call_id: CallId, reading: Call | None) -> None:
        known = self.model_calls[call_id]
        if kind := known.look(reading, self.clock()):
            for subscription in told:
                self.model[subscription.id].hear(kind, known.status)

    @rule(how=st.sampled_from(DELIVERIES))
    def deliver(self, how: str) -> None:
        for _ in range(3):
            self.deliver_all(how)
            self.clock.advance(SECOND / 2)

    @rule(how=st.sampled_from(DELIVERIES), again=st.sampled_from(DELIVERIES))
    def deliver_twice(self, how: str, again: str) -> None:
        for each in (how, again):
            self.deliver_all(each)
            self.clock.advance(LEASE)

    def deliver_all(self, how: str) -> None:
        claim = finish(self.outbox.claim_turns(limit=9, until=self.clock() + LEASE, rate=PLENTY))
        if how == "late":
            # It slept until its lease was over, and somebody else has done the work.
            self.clock.advance(LEASE)
            self.deliver_all("fine")
        for turn in claim.rows if how != "dead" else ():
            self.slack.how = how
            try:
                finish(self.relay.deliver(turn))
            except (SlackUnavailable, PermanentError, CancelledError):
                assert how not in {"fine", "late", "slow"}
        self.slack.how = "fine"

    @rule(how=st.sampled_from(["fine", "refused", "killed", "down"]))
    def draw_all(self, how: str) -> None:
        until = self.clock() + LEASE
        new = finish(self.outbox.claim_new_cards(limit=9, until=until, rate=PLENTY))
        old = finish(self.outbox.claim_cards(limit=9, until=until, rate=PLENTY))
        for job in (*new.rows, *old.rows):
            self.slack.how = self.samora.how = how
            try:
                finish(self.cards.draw(job))
            except (BotError, CancelledError):
                assert how != "fine"
        self.slack.how = self.samora.how = "fine"

    # What must hold

    @invariant()
    def what_was_told_is_the_beginning_of_what_is_expected(self) -> None:
        for name, wish in self.model.items():
            told = self.slack.threads[name]
            assert told == wish.expected[: len(told)], name

    @invariant()
    def statuses_form_a_chain(self) -> None:
        for name in ("sub-all", "sub-other"):  # the others choose what they are told
            told = self.slack.threads[name]
            steps = [(old, new) for kind, old, new in told if kind is ChangeKind.STATUS]
            assert all(before[1] == after[0] for before, after in pairwise(steps))

    @invariant()
    def a_number_is_used_once(self) -> None:
        assert max(Counter(owed.notice.key for owed in self.memory.owed).values(), default=1) == 1

    def teardown(self) -> None:
        """All is well again: nothing is lost, and every card shows the call as it was last seen."""
        self.resume_all()
        for _ in range(500):
            self.look_at_all("fine")
            self.deliver_all("fine")
            self.draw_all("fine")
            if self._is_quiet():
                break
            self.clock.advance(5 * SECOND)
        for name, wish in self.model.items():
            assert self.slack.threads[name] == wish.expected, name
            call_id = self.memory.wishes[name].subscription.call_id
            if any(kept.due.due_at for kept in self.memory.kept.values() if kept.row.call_id == call_id):
                assert self.slack.cards[name] == self.samora.readings[call_id].status
        # A direct message that was given up may stand there all the same: nothing can be looked for there.
        stands = set(self.slack.stands) - {owed.notice.key for owed in self.memory.owed if owed.dropped}
        assert stands == {owed.notice.key for owed in self.memory.owed if not owed.dropped}

    def _is_quiet(self) -> bool:
        wishes = self.memory.wishes.values()
        nothing_owed = not any(self.memory.is_owed(owed) for owed in self.memory.owed)
        all_seen = all(
            kept.due.due_at is None or kept.row.state == CallState.of(self.samora.readings[kept.row.call_id])
            for kept in self.memory.kept.values()
        )
        return nothing_owed and all_seen and all(wish.wanted == wish.shown for wish in wishes)


Following.TestCase.settings = settings(
    max_examples=180,
    stateful_step_count=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestFollowing = Following.TestCase
