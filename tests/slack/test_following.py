"""Following: how a channel begins to follow a call, what stands there afterwards, and what the asker is told."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.core.calls import Call, CallId, CallStatus
from bot.core.changes import Rules
from bot.core.errors import (
    AppUninstalled,
    BotError,
    CallNotFound,
    ChannelUnavailable,
    MessageGone,
    PermanentError,
    SamoraUnavailable,
    SlackUnavailable,
    StoreUnavailable,
)
from bot.core.lookup import Lookup
from bot.core.outbox import CardJob
from bot.core.ports import Messenger as Deliveries
from bot.core.ports import Outbox
from bot.core.subscriptions import Delivery, Options, Reason, Style, Subscription, SubscriptionState
from bot.slack.blocks import Block, Message
from bot.slack.follow_words import END_ALL, KEEP_ALL
from bot.slack.following import Following
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Place
from bot.slack.replies import ModalReply
from bot.slack.witness import Witness
from tests.factories import CHANNEL, ROOT_TS, TEAM, USER, make_call, make_call_id, make_seal
from tests.slack.agents import FakeAgents
from tests.slack.judges import judge_message, judge_view
from tests.slack.people import KnownPeople, make_access
from tests.slack.stores import FakeAudit, FakeOutbox, FakeSubscriptions

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ID = make_call_id()
HERE = Place(team_id=TEAM, user_id=USER, channel_id=CHANNEL, is_private=True, response_url="https://r")
IN_THREAD = replace(HERE, thread_ts=ROOT_TS)
RUNNING: dict[str, Any] = {
    "status": CallStatus.ONGOING, "ended_at": None, "started_at": NOW, "recording_url": None, "transcript_url": None,
}  # fmt: skip
CARD = "1700000300.000100"


def make_subscription(**changes: Any) -> Subscription:
    there = Subscription(
        id="s-there",
        team_id=TEAM,
        channel_id=CHANNEL,
        call_id=ID,
        creator_id="U0JON",
        created_at=NOW - timedelta(hours=1),
        changed_at=NOW,
        card_ts=CARD,
        status="ONGOING",
    )
    return replace(there, **changes)


@dataclass
class Cards:
    """The deliveries: what was drawn, and the errors that come instead."""

    posted: list[CardJob] = field(default_factory=list)
    drawn: list[CardJob] = field(default_factory=list)
    post_errors: list[BotError] = field(default_factory=list)
    draw_errors: list[BotError] = field(default_factory=list)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_go.set()

    async def post_card(self, job: CardJob, _call: Call) -> str:
        await self.may_go.wait()
        if self.post_errors:
            raise self.post_errors.pop(0)
        self.posted.append(job)
        return "9.9"

    async def draw_card(self, job: CardJob, _call: Call) -> None:
        if self.draw_errors:
            raise self.draw_errors.pop(0)
        self.drawn.append(job)


class Spoken(Messenger):
    """A messenger that remembers what everybody sees, and fails on demand."""

    def __init__(self) -> None:
        super().__init__(web=AsyncWebClient(), session=cast("aiohttp.ClientSession", None), seal=make_seal())
        self.public: list[tuple[str, str, Message]] = []
        self.updated: list[tuple[str, str]] = []
        self.redrawn: list[Message] = []
        self.views: list[Block] = []
        self.told: list[Place] = []
        self.error: BotError | None = None
        self.tell_error: BotError | None = None

    async def tell(self, place: Place, message: Message) -> None:
        if self.tell_error:
            raise self.tell_error
        judge_message(message)
        self.told.append(place)

    async def post(
        self, *, channel: str, thread_ts: str, message: Message, key: str = "", broadcast: bool = False
    ) -> str:
        assert not key
        assert not broadcast
        if self.error:
            raise self.error
        self.public.append((channel, thread_ts, message))
        return "9.9"

    async def update(self, *, channel: str, ts: str, message: Message) -> None:
        if self.error:
            raise self.error
        assert message.blocks
        self.updated.append((channel, ts))
        self.redrawn.append(message)

    async def respond(self, *_: object, **__: object) -> None:
        raise PermanentError("HTTP 404 from response_url")

    async def update_view(self, view_id: str, view: Block) -> None:
        assert view_id
        self.views.append(view)


@dataclass
class Heard:
    """A reply that remembers what it was given."""

    has_other_way = False

    sent: list[Message] = field(default_factory=list)
    waits: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)
    error: BotError | None = None

    async def begin(self) -> None:
        return None

    async def still_asking(self) -> None:
        self.waits += 1
        self.told.set()

    async def send(self, message: Message) -> None:
        if self.error:
            raise self.error
        judge_message(message, ours=[f"<@{USER}>", "<@U0JON>", "<#C0OTHER>"])
        self.sent.append(message)

    async def redraw(self, card: Message) -> None:  # noqa: ARG002
        raise AssertionError("nothing is redrawn by its reply")

    @property
    def text(self) -> str:
        (message,) = self.sent
        return message.text


class Bench:
    """Following with everything around it faked."""

    def __init__(self, *there: Subscription, patience: float = 60.0, **call: Any) -> None:
        self.call = make_call(**{"id": ID, **RUNNING, **call})
        self.call_error: BotError | None = None
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.subscriptions, self.agents, self.outbox = FakeSubscriptions(*there), FakeAgents(), FakeOutbox()
        self.cards, self.spoken, self.heard = Cards(), Spoken(), Heard()
        self.audit, self.people = FakeAudit(), KnownPeople()
        self.woken = 0
        self._ids = iter(f"s{number}" for number in range(1, 9))
        self.following = Following(
            lookup=Lookup(calls=self),
            messenger=self.spoken,
            deliveries=cast("Deliveries", self.cards),
            subscriptions=self.subscriptions,
            agents=self.agents,
            outbox=cast("Outbox", self.outbox),
            access=make_access(self.people),
            witness=Witness(audit=self.audit, clock=lambda: NOW),
            clock=lambda: NOW,
            rules=Rules(),
            on_change=self._wake,
            make_id=lambda: next(self._ids),
            patience=patience,
        )

    def _wake(self) -> None:
        self.woken += 1

    async def get_call(self, _call_id: CallId) -> Call:
        self.asked += 1
        await self.may_answer.wait()
        if self.call_error:
            raise self.call_error
        return self.call

    async def subscribe(self, place: Place = HERE, options: Options | None = None, *, card_ts: str = "") -> None:
        await self.following.subscribe(place, ID, options, self.heard, card_ts=card_ts)

    @property
    def only(self) -> Subscription:
        (row,) = self.subscriptions.rows.values()
        return row


async def let_others_run() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


# Beginning


async def test_subscribing_posts_the_card_before_it_claims_success() -> None:
    bench = Bench()
    bench.cards.may_go.clear()

    asking = asyncio.create_task(bench.subscribe())
    await let_others_run()
    assert bench.only.id == "s1", "a row before an action"
    assert bench.heard.sent == []
    bench.cards.may_go.set()
    await asking

    assert [job.subscription_id for job in bench.cards.posted] == ["s1"]
    assert bench.outbox.marked == [("s1", "9.9")]
    assert bench.heard.text == f"Following call `{ID}` here: every change, in the thread."
    assert (bench.asked, bench.woken) == (1, 1)


async def test_what_is_remembered_is_who_what_where_and_since_when() -> None:
    bench = Bench()

    await bench.subscribe(IN_THREAD, Options(to=Delivery.CHANNEL))

    row = bench.only
    assert (row.team_id, row.channel_id, row.thread_ts, row.creator_id) == (TEAM, CHANNEL, ROOT_TS, USER)
    assert (row.call_id, row.status, row.created_at, row.changed_at) == (ID, "ONGOING", NOW, NOW)
    assert row.options == Options(to=Delivery.CHANNEL)
    assert row.card_ts == ""
    assert bench.cards.posted[0].thread_ts == ROOT_TS
    assert "the final state in the channel too" in bench.heard.text


async def test_the_card_is_the_askers_to_post_for_longer_than_two_posts_take() -> None:
    bench = Bench()

    await bench.subscribe()

    assert bench.subscriptions.card_until == NOW + timedelta(seconds=30)


async def test_ids_are_opaque_and_differ() -> None:
    bench = Bench()
    following = Following(
        lookup=Lookup(calls=bench), messenger=bench.spoken, deliveries=cast("Deliveries", bench.cards),
        subscriptions=bench.subscriptions, outbox=cast("Outbox", bench.outbox), clock=lambda: NOW, rules=Rules(),
        access=make_access(), witness=Witness(audit=bench.audit, clock=lambda: NOW), on_change=lambda: None,
        agents=bench.agents,
    )  # fmt: skip

    for channel in ("C1", "C2"):
        await following.subscribe(replace(HERE, channel_id=channel), ID, None, Heard())

    first, second = bench.subscriptions.rows
    assert first != second
    assert len(first) == 32


async def test_from_a_modal_the_channel_is_named() -> None:
    bench = Bench()

    await bench.subscribe(replace(HERE, channel_id="C0OTHER", view_id="V1"))

    assert "in <#C0OTHER>: every change" in bench.heard.text


async def test_a_slow_samora_is_announced_and_then_answered() -> None:
    bench = Bench(patience=0.01)
    bench.may_answer.clear()

    asking = asyncio.create_task(bench.subscribe())
    await bench.heard.told.wait()
    bench.may_answer.set()
    await asking

    assert (bench.heard.waits, len(bench.heard.sent)) == (1, 1)


@pytest.mark.parametrize("error", [CallNotFound("x"), SamoraUnavailable("HTTP 503")])
async def test_a_call_that_cannot_be_read_is_not_followed(error: BotError) -> None:
    bench = Bench()
    bench.call_error = error

    with pytest.raises(type(error)):
        await bench.subscribe()

    assert bench.subscriptions.rows == {}
    assert bench.cards.posted == []


async def test_an_answer_that_cannot_be_said_does_not_undo_what_is_done() -> None:
    bench = Bench()
    bench.heard.error = SlackUnavailable("no answer from response_url")

    with capture_logs() as logs:
        await bench.subscribe()

    assert bench.only.id == "s1"
    assert logs[-1]["event"] == "not_told_of_following"


# Who reads along

SHARED_WORDS = "People of another organisation are in that channel, so its card shows status and times alone."
UNKNOWN_WORDS = "I can't tell who else reads along there, so its card shows status and times alone."


@pytest.mark.parametrize(("who", "words"), [("shared", SHARED_WORDS), ("unseen", UNKNOWN_WORDS)])
async def test_whoever_follows_where_others_may_read_along_is_told_what_they_see(who: str, words: str) -> None:
    bench = Bench()
    setattr(bench.people, who, {CHANNEL})

    await bench.subscribe()

    assert bench.heard.text.endswith(f". {words}")
    assert len(bench.cards.posted) == 1


async def test_nothing_of_the_kind_is_said_of_direct_messages_with_the_bot() -> None:
    bench = Bench()

    await bench.subscribe(replace(HERE, channel_id="D0MIRA"))

    assert "status and times" not in bench.heard.text
    assert bench.people.asked == []


async def test_while_slack_does_not_say_who_reads_along_nothing_is_followed() -> None:
    bench = Bench()
    bench.people.errors["conversations.info"] = SlackUnavailable("HTTP 503", retry_after=1.0)

    with pytest.raises(SlackUnavailable):
        await bench.subscribe()

    assert bench.subscriptions.rows == {}
    assert bench.cards.posted == []


# A call that is over


async def test_a_call_that_is_over_for_good_gets_its_card_and_nothing_to_follow() -> None:
    bench = Bench(status="CALL_FINISHED", ended_at=NOW, recording_url="https://r", transcript_url="https://t")

    await bench.subscribe(IN_THREAD)

    ((channel, thread_ts, card),) = bench.spoken.public
    assert (channel, thread_ts) == (CHANNEL, ROOT_TS)
    assert "Finished" in card.text
    assert bench.heard.text == f"Call `{ID}` is over. Nothing is left to follow."
    assert bench.subscriptions.rows == {}


@pytest.mark.parametrize("status", ["UNANSWERED", "REJECTED"])
async def test_so_does_one_that_never_took_place(status: str) -> None:
    bench = Bench(status=status, ended_at=NOW)

    await bench.subscribe()

    assert "Nothing is left to follow" in bench.heard.text


async def test_its_public_card_is_masked() -> None:
    bench = Bench(status="REJECTED", ended_at=NOW, variables={"email": "jane@example.com"})

    await bench.subscribe()

    assert "jane@example.com" not in str(bench.spoken.public)


@pytest.mark.parametrize("card_ts", ["", CARD])
async def test_where_another_organisation_reads_along_it_holds_no_variables_and_that_is_said(card_ts: str) -> None:
    bench = Bench(status="REJECTED", ended_at=NOW, variables={"email": "jane@example.com"})
    bench.people.shared = {CHANNEL}

    await bench.subscribe(replace(HERE, is_private=not card_ts), card_ts=card_ts)

    cards = [message for *_, message in bench.spoken.public] or bench.spoken.redrawn
    assert [("email" in str(card), "Rejected" in card.text) for card in cards] == [(False, True)]
    assert bench.heard.text.endswith(f"Nothing is left to follow. {SHARED_WORDS}")


async def test_its_card_that_was_pressed_is_redrawn_instead() -> None:
    bench = Bench(status="REJECTED", ended_at=NOW)

    await bench.subscribe(replace(HERE, is_private=False), card_ts=CARD)

    assert bench.spoken.updated == [(CHANNEL, CARD)]
    assert bench.spoken.public == []
    assert "Nothing is left to follow" in bench.heard.text


async def test_its_card_that_cannot_be_redrawn_changes_nothing_about_that() -> None:
    bench = Bench(status="REJECTED", ended_at=NOW)
    bench.spoken.error = MessageGone("cant_update_message")

    await bench.subscribe(card_ts=CARD)

    assert "Nothing is left to follow" in bench.heard.text


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ChannelUnavailable("not_in_channel"), ChannelUnavailable),
        (SlackUnavailable("ratelimited", retry_after=90.0), SlackUnavailable),
    ],
)
async def test_its_card_that_cannot_be_posted_is_said(error: BotError, raised: type[BotError]) -> None:
    bench = Bench(status="REJECTED", ended_at=NOW)
    bench.spoken.error = error

    with pytest.raises(raised):
        await bench.subscribe()

    assert bench.heard.sent == []


async def test_its_card_that_may_be_posted_is_said_to_be_so() -> None:
    bench = Bench(status="REJECTED", ended_at=NOW)
    bench.spoken.error = SlackUnavailable("no answer to chat.postMessage")

    await bench.subscribe()

    assert "Slack didn't say whether its card was posted" in bench.heard.text


@pytest.mark.parametrize(
    ("media", "options", "words"),
    [
        ({}, None, "I'll tell you here when its recording and transcript are ready."),
        ({"recording_url": "https://r"}, None, "I'll tell you here when its transcript is ready."),
        ({}, Options(to=Delivery.CARD), "The card here will show when its recording and transcript are ready."),
        ({}, Options(statuses=frozenset({CallStatus.ONGOING})), "The card here will show when"),
    ],
)
async def test_a_call_that_has_just_ended_is_followed_until_its_media_are_there(
    media: dict[str, Any], options: Options | None, words: str
) -> None:
    bench = Bench(status="CALL_FINISHED", ended_at=NOW - timedelta(minutes=1), **media)

    await bench.subscribe(options=options)

    assert bench.only.id == "s1"
    assert bench.heard.text == f"Call `{ID}` is over. {words}" or words in bench.heard.text


# Twice is once


async def test_what_is_followed_already_is_not_followed_twice() -> None:
    bench = Bench(make_subscription())

    await bench.subscribe()

    assert bench.cards.posted == []
    assert list(bench.subscriptions.rows) == ["s-there"]
    assert "is followed here already, since" in bench.heard.text
    assert "by <@U0JON>" in bench.heard.text
    assert "Edit" not in bench.heard.text
    assert (bench.asked, bench.woken) == (0, 0)


async def test_of_two_who_ask_at_the_same_time_the_second_is_told_so() -> None:
    bench = Bench()
    bench.may_answer.clear()
    second = Heard()
    first = asyncio.create_task(bench.subscribe())
    asking = asyncio.create_task(bench.following.subscribe(HERE, ID, None, second))
    await let_others_run()
    assert bench.asked == 2
    bench.may_answer.set()
    await asyncio.gather(first, asking)

    assert len(bench.cards.posted) == 1
    assert sorted("already" in text for text in (bench.heard.text, second.text)) == [False, True]


async def test_what_stood_on_a_board_is_followed_as_it_is_asked_for() -> None:
    bench = Bench()
    bench.subscriptions.rows["s-there"] = make_subscription()
    bench.subscriptions.folded.add("s-there")
    options = Options(to=Delivery.CHANNEL, style=Style.COMPACT)

    await bench.subscribe(options=options)

    assert bench.only.options == options
    assert "its own card comes into the channel: every change, in the thread, the final state" in bench.heard.text
    assert "Edit" not in bench.heard.text
    assert bench.woken == 1


async def test_what_stood_on_a_board_keeps_its_options_where_none_are_given() -> None:
    bench = Bench()
    bench.subscriptions.rows["s-there"] = make_subscription(options=Options(style=Style.COMPACT))
    bench.subscriptions.folded.add("s-there")

    await bench.subscribe()

    assert bench.only.options == Options(style=Style.COMPACT)
    assert "its own card comes into the channel." in bench.heard.text


@pytest.mark.parametrize(
    ("options", "is_hinted"),
    [(None, False), (Options(), False), (Options(style=Style.COMPACT), True), (Options(to=Delivery.CARD), True)],
)
async def test_options_of_what_is_followed_already_are_changed_from_the_list(
    options: Options | None, is_hinted: bool
) -> None:
    bench = Bench(make_subscription())

    await bench.subscribe(options=options)

    assert bench.only.options == Options()
    assert ("press *Edit* in `/samora-call list`" in bench.heard.text) is is_hinted


@pytest.mark.parametrize(
    ("reason", "words"), [(Reason.PERSON, "somebody paused it"), ("is_archived", "the channel is archived")]
)
async def test_asking_for_what_is_paused_resumes_it(reason: str, words: str) -> None:
    bench = Bench(make_subscription(state=SubscriptionState.PAUSED, reason=reason))

    await bench.subscribe()

    assert bench.only.state is SubscriptionState.ACTIVE
    assert f"was paused here: {words}. Now I follow it again." in bench.heard.text
    assert bench.woken == 1
    assert bench.cards.posted == []


async def test_what_has_ended_is_followed_anew() -> None:
    bench = Bench(make_subscription(state=SubscriptionState.ENDED, reason=Reason.QUIET))

    await bench.subscribe()

    assert list(bench.subscriptions.rows) == ["s-there", "s1"]


# A card that can't be posted


@pytest.mark.parametrize(
    "error",
    [
        ChannelUnavailable("not_in_channel"),
        ChannelUnavailable("channel_not_found"),
        MessageGone("thread_not_found"),
        PermanentError("invalid_blocks"),
        AppUninstalled("token_revoked"),
        SlackUnavailable("ratelimited", retry_after=90.0),
    ],
    ids=repr,
)
async def test_where_the_card_cannot_be_posted_nothing_is_half_done(error: BotError) -> None:
    bench = Bench()
    bench.cards.post_errors = [error]

    with pytest.raises(type(error)) as raised:
        await bench.subscribe()

    assert raised.value is error
    assert bench.subscriptions.rows == {}
    assert bench.subscriptions.names() == ["add", "discard"]
    assert bench.heard.sent == []
    assert (bench.outbox.marked, bench.outbox.put_off, bench.woken) == ([], [], 0)


async def test_a_short_429_is_waited_for_and_posted_once() -> None:
    bench = Bench()
    bench.cards.post_errors = [SlackUnavailable("ratelimited", retry_after=0.01)]

    await bench.subscribe()

    assert len(bench.cards.posted) == 1
    assert "Following call" in bench.heard.text


async def test_an_unknown_outcome_is_said_and_left_to_the_relay() -> None:
    bench = Bench()
    bench.cards.post_errors = [SlackUnavailable("no answer to chat.postMessage")]

    with capture_logs() as logs:
        await bench.subscribe()

    assert bench.only.id == "s1"
    assert bench.outbox.put_off == [("s1", NOW + timedelta(seconds=2), True)]
    assert bench.outbox.marked == []
    assert "Slack didn't confirm its card" in bench.heard.text
    assert bench.woken == 1
    assert [entry["event"] for entry in logs] == ["card_unknown", "followed"]


async def test_a_row_that_cannot_be_taken_back_does_not_hide_why_nothing_was_posted() -> None:
    bench = Bench()
    bench.cards.post_errors = [ChannelUnavailable("not_in_channel")]
    bench.subscriptions.broken = {"discard"}

    with capture_logs() as logs, pytest.raises(ChannelUnavailable):
        await bench.subscribe()

    assert [entry["event"] for entry in logs] == ["not_discarded"]


@pytest.mark.parametrize("method", ["find_here", "add"])
async def test_without_a_memory_nothing_is_posted(method: str) -> None:
    bench = Bench()
    bench.subscriptions.broken = {method}

    with pytest.raises(StoreUnavailable):
        await bench.subscribe()

    assert bench.cards.posted == []


async def test_a_card_that_cannot_be_marked_is_the_relays_to_find() -> None:
    """The row stays, so that trying again finds that the call is followed already."""
    bench = Bench()
    bench.outbox.broken = True

    with pytest.raises(StoreUnavailable):
        await bench.subscribe()

    assert bench.only.id == "s1"


async def test_a_process_that_ends_in_between_leaves_the_row_for_the_relay() -> None:
    bench = Bench()
    bench.cards.may_go.clear()
    asking = asyncio.create_task(bench.subscribe())
    await let_others_run()
    assert bench.only.id == "s1"

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert bench.subscriptions.names() == ["add"]


# A public card that becomes the subscription's


PUBLIC = replace(HERE, is_private=False, message_ts=CARD)


async def test_the_public_card_that_was_pressed_becomes_the_subscriptions() -> None:
    bench = Bench()

    await bench.subscribe(PUBLIC, card_ts=CARD)

    assert bench.only.card_ts == CARD
    assert [job.card_ts for job in bench.cards.drawn] == [CARD]
    assert bench.cards.posted == []
    assert bench.outbox.marked == [("s1", CARD)]
    assert bench.woken == 1


async def test_that_the_bot_may_speak_there_is_proven_by_its_own_answer() -> None:
    """A response_url may have posted the card where the bot is no member: that it can be redrawn proves nothing."""
    bench = Bench()

    await bench.subscribe(PUBLIC, card_ts=CARD)

    assert bench.spoken.told == [replace(PUBLIC, response_url="")]
    assert bench.heard.sent == []


@pytest.mark.parametrize("undone", [None, ChannelUnavailable("channel_not_found")])
async def test_where_the_bot_may_not_speak_nothing_is_half_done(undone: BotError | None) -> None:
    bench = Bench()
    bench.spoken.tell_error, bench.spoken.error = ChannelUnavailable("not_in_channel"), undone

    with pytest.raises(ChannelUnavailable, match="not_in_channel"):
        await bench.subscribe(PUBLIC, card_ts=CARD)

    assert bench.subscriptions.rows == {}
    assert bench.spoken.updated == ([] if undone else [(CHANNEL, CARD)]), "the card doesn't say that it is followed"
    assert bench.woken == 0


@pytest.mark.parametrize("error", [SlackUnavailable("x"), ChannelUnavailable("user_not_in_channel")])
async def test_an_answer_that_did_not_get_there_takes_the_usual_way(error: BotError) -> None:
    bench = Bench()
    bench.spoken.tell_error = error

    await bench.subscribe(PUBLIC, card_ts=CARD)

    assert bench.only.id == "s1"
    assert "Following call" in bench.heard.text


@pytest.mark.parametrize("error", [MessageGone("cant_update_message"), ChannelUnavailable("channel_not_found")])
async def test_a_public_card_that_cannot_be_redrawn_gets_a_new_one_beside_it(error: BotError) -> None:
    """It was posted through somebody's response_url, or is deleted by now."""
    bench = Bench()
    bench.cards.draw_errors = [error]

    await bench.subscribe(PUBLIC, card_ts=CARD)

    assert bench.subscriptions.names() == ["add", "discard", "add"]
    assert bench.only.id == "s2"
    assert bench.only.card_ts == ""
    assert bench.outbox.marked == [("s2", "9.9")]


async def test_where_neither_works_the_asker_learns_why() -> None:
    bench = Bench()
    bench.cards.draw_errors = [ChannelUnavailable("channel_not_found")]
    bench.cards.post_errors = [ChannelUnavailable("not_in_channel")]

    with pytest.raises(ChannelUnavailable, match="not_in_channel"):
        await bench.subscribe(PUBLIC, card_ts=CARD)

    assert bench.subscriptions.rows == {}


# From nowhere


async def test_from_nowhere_it_asks_for_the_channel() -> None:
    bench = Bench()
    reply = ModalReply(bench.spoken, Place(user_id=USER), view_id="V1")

    await bench.following.ask_where_to_follow(ID, reply)

    (view,) = bench.spoken.views
    judge_view(view)
    assert view["callback_id"] == "follow_in"
    assert Asked.parse(view["private_metadata"]).call_id == ID
    assert bench.asked == 0


# Ending


async def test_unsubscribing_ends_what_is_followed_here() -> None:
    bench = Bench(make_subscription(), make_subscription(id="s-far", channel_id="C0OTHER"))

    await bench.following.unsubscribe(HERE, ID, bench.heard)

    assert bench.subscriptions.rows["s-there"].state is SubscriptionState.ENDED
    assert bench.subscriptions.rows["s-far"].state is SubscriptionState.ACTIVE
    assert bench.heard.text == f"Call `{ID}` isn't followed here any more."
    assert bench.woken == 1


async def test_unsubscribing_from_what_is_not_followed_says_so() -> None:
    bench = Bench(make_subscription(channel_id="C0OTHER"))

    await bench.following.unsubscribe(HERE, ID, bench.heard)

    assert "isn't followed here. `/samora-call list` shows what is." in bench.heard.text
    assert bench.woken == 0


async def test_what_somebody_else_ends_at_the_same_moment_is_not_followed_either(mocker: Any) -> None:
    bench = Bench(make_subscription())
    mocker.patch.object(bench.subscriptions, "end", return_value=False)

    await bench.following.unsubscribe(HERE, ID, bench.heard)

    assert "isn't followed here." in bench.heard.text


@pytest.mark.parametrize(("count", "words"), [(1, "1 call is followed here"), (3, "3 calls are followed here")])
async def test_ending_everything_is_asked_about_first(count: int, words: str) -> None:
    bench = Bench(*(make_subscription(id=f"s{n}", call_id=make_call_id(n)) for n in range(1, count + 1)))

    await bench.following.ask_unsubscribe_all(HERE, bench.heard)

    (question,) = bench.heard.sent
    assert words in question.text
    buttons = question.blocks[1]["elements"]
    assert [(each["text"]["text"], each["action_id"]) for each in buttons] == [
        ("End all", END_ALL),
        ("Keep them", KEEP_ALL),
    ]
    assert [each.get("style") for each in buttons] == ["danger", None]
    assert bench.subscriptions.names() == []


async def test_where_nothing_is_followed_there_is_nothing_to_ask() -> None:
    bench = Bench()

    await bench.following.ask_unsubscribe_all(HERE, bench.heard)

    assert "No call is followed here." in bench.heard.text
    assert bench.heard.sent[0].blocks == ()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "Nothing was followed here."), (1, "1 call is not followed"), (2, "2 calls are not followed here any more")],
)
async def test_everything_ends_at_once(count: int, words: str) -> None:
    bench = Bench(*(make_subscription(id=f"s{n}", call_id=make_call_id(n)) for n in range(1, count + 1)))

    await bench.following.end_all(HERE, bench.heard)

    assert words in bench.heard.text
    assert {row.state for row in bench.subscriptions.rows.values()} <= {SubscriptionState.ENDED}
    assert bench.woken == 1


# A card that was redrawn by itself


async def test_a_public_card_that_was_refreshed_is_drawn_again_as_a_subscriptions() -> None:
    bench = Bench()

    await bench.following.want_card(PUBLIC)

    assert bench.subscriptions.done == [("want_card", TEAM, CHANNEL, CARD)]
    assert bench.woken == 1


async def test_a_private_one_is_not() -> None:
    bench = Bench()

    await bench.following.want_card(HERE)

    assert (bench.subscriptions.done, bench.woken) == ([], 0)


async def test_a_memory_that_fails_then_does_not_spoil_the_refresh() -> None:
    bench = Bench()
    bench.subscriptions.broken = {"want_card"}

    with capture_logs() as logs:
        await bench.following.want_card(PUBLIC)

    assert [entry["event"] for entry in logs] == ["card_not_wanted"]
    assert bench.woken == 0
