"""The outbox: a notice goes out once or is put off or gives way; a card is drawn as the call is now."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import call

import pytest
from pytest_mock import MockerFixture

from bot.core.calls import CallStatus
from bot.core.card_drawer import Cards
from bot.core.changes import ChangeKind
from bot.core.errors import (
    AppUninstalled,
    BotError,
    CallNotFound,
    ChannelUnavailable,
    EditRefused,
    MessageGone,
    PermanentError,
    SamoraRefused,
    SamoraUnavailable,
    SlackUnavailable,
    StoreUnavailable,
    ThreadUnavailable,
    TokenRefused,
)
from bot.core.outbox import CardJob, Relay, Turn
from bot.core.ports import CallsApi, Messenger, Outbox
from bot.core.recent import RecentCalls
from tests.core.making import FakeClock, make_job, make_reading, make_turn
from tests.factories import READ_AT, TEAM, make_call_id

BEGUN: dict[str, Any] = {"begun_at": READ_AT - timedelta(minutes=1)}
CALL = make_reading(CallStatus.ONGOING)
NEWER = make_reading(CallStatus.CALL_FINISHED)

UNKNOWN = SlackUnavailable("no answer to chat.postMessage")
REFUSED = SlackUnavailable("ratelimited", retry_after=30.0)


def after(seconds: float) -> datetime:
    return READ_AT + timedelta(seconds=seconds)


class Desk:
    """A relay and a drawer of cards; an outbox, a Slack and a Samora that write down, in one list, what is asked."""

    def __init__(self, mocker: MockerFixture) -> None:
        self.clock = FakeClock()
        self.recent = RecentCalls()
        self.outbox: Any = mocker.create_autospec(Outbox, instance=True)
        self.messenger: Any = mocker.create_autospec(Messenger, instance=True)
        self.calls: Any = mocker.create_autospec(CallsApi, instance=True)
        self.bell = mocker.Mock()
        self.log = mocker.Mock()
        for name in ("outbox", "messenger", "calls", "bell"):
            self.log.attach_mock(getattr(self, name), name)
        self.outbox.begin.return_value = True
        self.outbox.begin_card.return_value = True
        self.outbox.lose_card.return_value = True
        self.outbox.repost_card.return_value = True
        self.messenger.post_notice.return_value = "9.9"
        self.messenger.find_notice.return_value = None
        self.messenger.post_card.return_value = "8.8"
        self.messenger.find_card.return_value = None
        self.calls.get_call.return_value = CALL
        self.answer_takes = timedelta()
        self.messenger.post_notice.side_effect = self._post
        shared: dict[str, Any] = {
            "outbox": self.outbox, "messenger": self.messenger, "clock": self.clock, "dice": lambda: 0.0,
        }  # fmt: skip
        self.delays: list[tuple[str, float]] = []
        self.relay = Relay(on_card=self.bell, on_sent=lambda *delay: self.delays.append(delay), **shared)
        self.cards = Cards(calls=self.calls, recent=self.recent, on_change=self.bell, **shared)

    def _post(self, *_: object) -> Any:
        self.clock.advance(self.answer_takes)
        return "9.9"

    @property
    def done(self) -> list[Any]:
        return list(self.log.mock_calls)

    async def deliver_in_vain(self, turn: Turn, error: BotError, *, at: str = "post_notice") -> list[Any]:
        """The turn, with that error of Slack's; what was done about it."""
        getattr(self.messenger, at).side_effect = error
        with pytest.raises(type(error)) as raised:
            await self.relay.deliver(turn)
        assert raised.value is error
        return self.done[self.done.index(getattr(call.messenger, at)(turn.notice)) + 1 :]

    async def draw_in_vain(self, job: CardJob, error: BotError, *, at: str) -> list[Any]:
        """Likewise for a card."""
        getattr(self.calls if at == "get_call" else self.messenger, at).side_effect = error
        with pytest.raises(type(error)) as raised:
            await self.cards.draw(job)
        assert raised.value is error
        named = [name for name, _, _ in self.done]
        return self.done[named.index(f"calls.{at}" if at == "get_call" else f"messenger.{at}") + 1 :]


@pytest.fixture
def desk(mocker: MockerFixture) -> Desk:
    return Desk(mocker)


# A notice that goes out


@pytest.mark.parametrize(("ago", "seconds"), [(2.5, 2.5), (-1, 0.0)])
async def test_how_late_a_notice_is_is_told_by_the_path_on_which_it_came(
    desk: Desk, ago: float, seconds: float
) -> None:
    await desk.relay.deliver(make_turn(path="webhook", happened_at=desk.clock() - timedelta(seconds=ago)))

    assert desk.delays == [("webhook", seconds)]


async def test_a_notice_that_tells_nothing_seen_is_never_late(desk: Desk) -> None:
    await desk.relay.deliver(make_turn())

    assert desk.delays == []


async def test_a_notice_that_is_not_posted_is_not_late_yet(desk: Desk) -> None:
    turn = make_turn(path="poll", happened_at=READ_AT)

    await desk.deliver_in_vain(turn, REFUSED)

    assert desk.delays == []


async def test_what_is_about_to_be_posted_is_put_down_then_posted_then_marked(desk: Desk) -> None:
    turn = make_turn()

    await desk.relay.deliver(turn)

    assert desk.done == [
        call.outbox.begin(turn),
        call.messenger.post_notice(turn.notice),
        call.outbox.mark_sent(turn, ts="9.9", next_at=after(1)),
    ]


@pytest.mark.parametrize(
    ("answer_ms", "next_ms"), [(0, 1_000), (20, 1_020), (50, 1_050), (51, 1_050), (400, 1_050), (9_000, 1_050)]
)
async def test_the_channels_next_second_begins_with_the_answer_but_a_slow_one_holds_nobody_back(
    desk: Desk, answer_ms: int, next_ms: int
) -> None:
    desk.answer_takes = timedelta(milliseconds=answer_ms)

    await desk.relay.deliver(turn := make_turn())

    assert desk.done[-1] == call.outbox.mark_sent(turn, ts="9.9", next_at=after(next_ms / 1000))


async def test_what_an_earlier_attempt_has_posted_is_found_and_not_posted_again(desk: Desk) -> None:
    desk.messenger.find_notice.return_value = "5.5"
    turn = make_turn(**BEGUN)

    await desk.relay.deliver(turn)

    assert desk.done == [
        call.messenger.find_notice(turn.notice),
        call.outbox.mark_sent(turn, ts="5.5", next_at=after(1)),
    ]


async def test_what_an_earlier_attempt_has_not_posted_is_posted(desk: Desk) -> None:
    turn = make_turn(**BEGUN)

    await desk.relay.deliver(turn)

    assert desk.done == [
        call.messenger.find_notice(turn.notice),
        call.outbox.begin(turn),
        call.messenger.post_notice(turn.notice),
        call.outbox.mark_sent(turn, ts="9.9", next_at=after(1)),
    ]


@pytest.mark.parametrize("begun", [{}, BEGUN])
async def test_a_turn_that_is_somebody_elses_by_now_posts_nothing(desk: Desk, begun: dict[str, Any]) -> None:
    desk.outbox.begin.return_value = False

    await desk.relay.deliver(turn := make_turn(**begun))

    assert desk.done[-1] == call.outbox.begin(turn)
    desk.messenger.post_notice.assert_not_called()


# A notice that must wait


@pytest.mark.parametrize("begun", [{}, BEGUN])
@pytest.mark.parametrize(
    ("error", "failures", "seconds", "is_unknown"),
    [
        (REFUSED, 0, 30, False),
        (REFUSED, 9, 60, False),
        (SlackUnavailable("no connection", retry_after=1.0), 0, 1, False),
        (SlackUnavailable("ratelimited", retry_after=0.0), 2, 4, False),
        (UNKNOWN, 0, 1, True),
        (UNKNOWN, 3, 8, True),
        (UNKNOWN, 99, 60, True),
    ],
)
async def test_what_cannot_be_posted_now_is_put_off(
    desk: Desk, begun: dict[str, Any], error: SlackUnavailable, failures: int, seconds: float, is_unknown: bool
) -> None:
    """After a refusal it surely is not there; after no answer, nobody knows."""
    turn = make_turn(failures=failures, **begun)

    assert await desk.deliver_in_vain(turn, error) == [
        call.outbox.put_off(turn, due_at=after(seconds), is_unknown=is_unknown)
    ]


@pytest.mark.parametrize("error", [REFUSED, UNKNOWN])
async def test_looking_in_vain_leaves_it_as_unknown_as_before(desk: Desk, error: SlackUnavailable) -> None:
    turn = make_turn(**BEGUN)

    (put_off,) = await desk.deliver_in_vain(turn, error, at="find_notice")

    assert put_off.kwargs["is_unknown"] is True
    desk.messenger.post_notice.assert_not_called()


@pytest.mark.parametrize("method", ["begin", "mark_sent", "put_off", "pause"])
async def test_a_database_that_does_not_answer_is_told_and_nothing_else_is_tried(desk: Desk, method: str) -> None:
    """What was begun stays begun: whoever comes next looks for it."""
    if method in {"put_off", "pause"}:
        desk.messenger.post_notice.side_effect = UNKNOWN if method == "put_off" else ChannelUnavailable("is_archived")
    getattr(desk.outbox, method).side_effect = StoreUnavailable("locked")

    with pytest.raises(StoreUnavailable):
        await desk.relay.deliver(make_turn())

    assert desk.done[-1][0] == f"outbox.{method}"


# A notice that gives way

CHANNEL_CLOSED = ChannelUnavailable("not_in_channel")
THREAD_LOCKED = ThreadUnavailable("restricted_action_thread_locked")
ROOT_GONE = MessageGone("thread_not_found")
TOKEN_REFUSED = TokenRefused("invalid_auth")
UNINSTALLED = AppUninstalled("token_revoked")
BLOCKS_REFUSED = PermanentError("invalid_blocks")


@pytest.mark.parametrize(
    ("error", "whole_channel"), [(CHANNEL_CLOSED, True), (THREAD_LOCKED, False), (BLOCKS_REFUSED, False)]
)
@pytest.mark.parametrize(("begun", "at"), [({}, "post_notice"), (BEGUN, "post_notice"), (BEGUN, "find_notice")])
async def test_where_nothing_can_be_posted_the_subscription_or_the_whole_channel_is_paused(
    desk: Desk, error: PermanentError, whole_channel: bool, begun: dict[str, Any], at: str
) -> None:
    turn = make_turn(**begun)

    assert await desk.deliver_in_vain(turn, error, at=at) == [
        call.outbox.pause(turn, reason=error.reason, whole_channel=whole_channel)
    ]


async def test_where_the_root_is_gone_the_card_is_posted_anew(desk: Desk) -> None:
    turn = make_turn()

    assert await desk.deliver_in_vain(turn, ROOT_GONE) == [call.outbox.lose_card(turn), call.bell()]


async def test_where_the_root_is_gone_again_the_subscription_is_paused(desk: Desk) -> None:
    desk.outbox.lose_card.return_value = False
    turn = make_turn()

    assert await desk.deliver_in_vain(turn, ROOT_GONE) == [
        call.outbox.lose_card(turn),
        call.outbox.pause(turn, reason="thread_not_found", whole_channel=False),
    ]


async def test_where_the_app_was_removed_all_work_for_the_workspace_stops(desk: Desk) -> None:
    assert await desk.deliver_in_vain(make_turn(), UNINSTALLED) == [call.outbox.stop_team(TEAM)]


@pytest.mark.parametrize(
    ("begun", "at", "is_unknown"),
    [({}, "post_notice", False), (BEGUN, "post_notice", False), (BEGUN, "find_notice", True)],
)
async def test_where_the_token_is_refused_the_notice_waits(
    desk: Desk, begun: dict[str, Any], at: str, is_unknown: bool
) -> None:
    """No fault of the channel's. What could not be looked for stays unknown."""
    turn = make_turn(failures=2, **begun)

    assert await desk.deliver_in_vain(turn, TOKEN_REFUSED, at=at) == [
        call.outbox.put_off(turn, due_at=after(4), is_unknown=is_unknown)
    ]


@pytest.mark.parametrize("error", [CHANNEL_CLOSED, ROOT_GONE, THREAD_LOCKED, BLOCKS_REFUSED])
async def test_who_cannot_be_told_that_somebody_cannot_be_told_is_not_told(desk: Desk, error: PermanentError) -> None:
    turn = make_turn(kind=ChangeKind.PAUSED, channel_id="U111", root_ts="")

    assert await desk.deliver_in_vain(turn, error) == [call.outbox.drop(turn, reason=error.reason)]


async def test_a_direct_message_waits_for_slack_like_any_notice(desk: Desk) -> None:
    turn = make_turn(kind=ChangeKind.PAUSED, channel_id="U111", root_ts="")

    assert await desk.deliver_in_vain(turn, REFUSED) == [call.outbox.put_off(turn, due_at=after(30), is_unknown=False)]


async def test_nobody_need_listen(desk: Desk) -> None:
    desk.messenger.post_notice.side_effect = ROOT_GONE
    desk.messenger.draw_card.side_effect = None
    quiet = {"outbox": desk.outbox, "messenger": desk.messenger, "clock": desk.clock}

    with pytest.raises(MessageGone):
        await Relay(**quiet).deliver(make_turn())
    await Cards(calls=desk.calls, recent=desk.recent, **quiet).draw(make_job(card_ts=""))

    assert desk.done[-1] == call.outbox.mark_card(make_job(card_ts=""), ts="8.8")


# A card that is drawn


async def test_a_card_is_drawn_from_the_reading_that_made_the_change(desk: Desk) -> None:
    desk.recent.keep(NEWER, number=3)
    job = make_job()

    await desk.cards.draw(job)

    assert desk.done == [call.messenger.draw_card(job, NEWER), call.outbox.mark_card(job, ts=job.card_ts)]


async def test_a_reading_of_another_change_is_not_used(desk: Desk) -> None:
    desk.recent.keep(NEWER, number=2)
    job = make_job()

    await desk.cards.draw(job)

    assert desk.done == [
        call.calls.get_call(make_call_id()),
        call.messenger.draw_card(job, CALL),
        call.outbox.mark_card(job, ts=job.card_ts),
    ]


async def test_a_card_that_is_not_there_yet_is_put_down_then_posted_then_marked_and_its_thread_announced(
    desk: Desk,
) -> None:
    job = make_job(card_ts="")

    await desk.cards.draw(job)

    assert desk.done == [
        call.calls.get_call(make_call_id()),
        call.messenger.prepare_card(job),
        call.outbox.begin_card(job),
        call.messenger.post_card(job, CALL),
        call.outbox.mark_card(job, ts="8.8"),
        call.bell(),
    ]


async def test_a_card_that_an_earlier_attempt_has_posted_is_found_and_not_posted_again(desk: Desk) -> None:
    desk.messenger.find_card.return_value = "5.5"
    job = make_job(card_ts="", **BEGUN)

    await desk.cards.draw(job)

    assert desk.done == [
        call.calls.get_call(make_call_id()),
        call.messenger.find_card(job),
        # It shows the call as it was then, so it is still to be redrawn.
        call.outbox.mark_card(replace(job, wanted=job.wanted - 1), ts="5.5"),
        call.bell(),
    ]


async def test_a_card_that_an_earlier_attempt_has_not_posted_is_posted(desk: Desk) -> None:
    job = make_job(card_ts="", **BEGUN)

    await desk.cards.draw(job)

    assert [name for name, _, _ in desk.done] == [
        "calls.get_call", "messenger.find_card", "messenger.prepare_card", "outbox.begin_card", "messenger.post_card",
        "outbox.mark_card", "bell",
    ]  # fmt: skip


@pytest.mark.parametrize("begun", [{}, BEGUN])
async def test_a_card_that_slack_tells_too_little_for_is_not_begun(desk: Desk, begun: dict[str, Any]) -> None:
    job = make_job(card_ts="", **begun)

    assert await desk.draw_in_vain(job, REFUSED, at="prepare_card") == [
        call.outbox.put_off_card(job, due_at=after(30), is_unknown=True)
    ]

    desk.outbox.begin_card.assert_not_called()


async def test_a_card_that_is_somebody_elses_by_now_is_not_posted(desk: Desk) -> None:
    desk.outbox.begin_card.return_value = False

    await desk.cards.draw(job := make_job(card_ts=""))

    assert desk.done[-1] == call.outbox.begin_card(job)


async def test_the_last_picture_of_a_call_that_samora_knows_no_more_stays(desk: Desk) -> None:
    desk.calls.get_call.side_effect = CallNotFound("no such call")
    job = make_job()

    await desk.cards.draw(job)

    assert desk.done[1:] == [call.outbox.mark_card(job, ts=job.card_ts)]


@pytest.mark.parametrize("begun", [{}, BEGUN])
async def test_without_a_last_picture_the_card_waits_for_the_call(desk: Desk, begun: dict[str, Any]) -> None:
    """Marked, it would be thought to stand there, and its notices would wait for a root for ever."""
    job = make_job(card_ts="", **begun)

    assert await desk.draw_in_vain(job, CallNotFound("no such call"), at="get_call") == [
        call.outbox.put_off_card(job, due_at=after(1), is_unknown=True)
    ]


# A card that others have come to read, and that Samora can't be asked about

SHARED: dict[str, Any] = {"is_shared": True}


async def test_where_others_read_along_the_last_picture_of_a_call_that_is_gone_holds_what_they_may_see(
    desk: Desk,
) -> None:
    desk.calls.get_call.side_effect = CallNotFound("no such call")
    job = make_job(**SHARED)

    await desk.cards.draw(job)

    assert desk.done[1:] == [call.messenger.redact_card(job), call.outbox.mark_card(job, ts=job.card_ts)]


@pytest.mark.parametrize("error", [SamoraUnavailable("HTTP 503"), SamoraRefused("HTTP 401")])
async def test_where_others_read_along_a_card_does_not_wait_for_samora_to_hold_no_more_than_they_may_see(
    desk: Desk, error: BotError
) -> None:
    """It is still to be drawn whole, as soon as Samora answers."""
    job = make_job(**SHARED)

    assert await desk.draw_in_vain(job, error, at="get_call") == [
        call.messenger.redact_card(job),
        call.outbox.put_off_card(job, due_at=after(1), is_unknown=True),
    ]


async def test_where_others_read_along_a_card_that_is_yet_to_be_posted_waits_for_samora(desk: Desk) -> None:
    job = make_job(card_ts="", **SHARED)

    assert await desk.draw_in_vain(job, SamoraUnavailable("HTTP 503"), at="get_call") == [
        call.outbox.put_off_card(job, due_at=after(1), is_unknown=True)
    ]


@pytest.mark.parametrize("samora", [CallNotFound("no such call"), SamoraUnavailable("HTTP 503")])
async def test_what_slack_does_not_take_back_now_is_tried_again(desk: Desk, samora: BotError) -> None:
    desk.calls.get_call.side_effect = samora
    job = make_job(**SHARED)

    assert await desk.draw_in_vain(job, REFUSED, at="redact_card") == [
        call.outbox.put_off_card(job, due_at=after(30), is_unknown=True)
    ]


# A card that must wait

POSTING: dict[str, Any] = {"card_ts": ""}


@pytest.mark.parametrize(
    ("job", "at", "error", "seconds", "is_unknown"),
    [
        ({}, "get_call", SamoraUnavailable("x"), 1, True),
        ({}, "get_call", SamoraUnavailable("x", retry_after=90.0), 90, True),
        ({"failures": 3}, "draw_card", UNKNOWN, 8, True),
        ({}, "draw_card", REFUSED, 30, True),
        (POSTING | BEGUN, "get_call", SamoraUnavailable("x"), 1, True),
        (POSTING | BEGUN, "find_card", UNKNOWN, 1, True),
        (POSTING | BEGUN, "find_card", REFUSED, 30, True),
        (POSTING, "post_card", UNKNOWN, 1, True),
        (POSTING, "post_card", REFUSED, 30, False),
        (POSTING | BEGUN, "post_card", REFUSED, 30, False),
        (POSTING | {"failures": 99}, "post_card", UNKNOWN, 60, True),
        # Somebody must mend these, and no channel is at fault.
        ({}, "get_call", SamoraRefused("HTTP 401"), 1, True),
        (POSTING | BEGUN, "get_call", SamoraRefused("HTTP 401"), 1, True),
        (POSTING | BEGUN, "find_card", TOKEN_REFUSED, 1, True),
        (POSTING, "post_card", TOKEN_REFUSED, 1, False),
        (POSTING, "post_card", BLOCKS_REFUSED, 1, False),
        ({"failures": 2}, "draw_card", BLOCKS_REFUSED, 4, True),
    ],
)
async def test_a_card_that_cannot_be_drawn_now_is_put_off(
    desk: Desk, job: dict[str, Any], at: str, error: BotError, seconds: float, is_unknown: bool
) -> None:
    """Only a refusal of the post itself says that no earlier attempt counts any more."""
    made = make_job(**job)

    assert await desk.draw_in_vain(made, error, at=at) == [
        call.outbox.put_off_card(made, due_at=after(seconds), is_unknown=is_unknown)
    ]


@pytest.mark.parametrize("method", ["begin_card", "mark_card", "put_off_card"])
async def test_a_database_that_does_not_answer_leaves_the_card_to_the_end_of_its_lease(desk: Desk, method: str) -> None:
    if method == "put_off_card":
        desk.messenger.post_card.side_effect = UNKNOWN
    getattr(desk.outbox, method).side_effect = StoreUnavailable("locked")

    with pytest.raises(StoreUnavailable):
        await desk.cards.draw(make_job(card_ts=""))

    assert desk.done[-1][0] == f"outbox.{method}"
    desk.bell.assert_not_called()


# A card that gives way


@pytest.mark.parametrize(("job", "at"), [({}, "draw_card"), (POSTING, "post_card"), (POSTING | BEGUN, "find_card")])
@pytest.mark.parametrize(("error", "whole_channel"), [(CHANNEL_CLOSED, True), (THREAD_LOCKED, False)])
async def test_where_no_card_can_be_drawn_the_subscription_or_the_whole_channel_is_paused(
    desk: Desk, job: dict[str, Any], at: str, error: PermanentError, whole_channel: bool
) -> None:
    made = make_job(**job)

    assert await desk.draw_in_vain(made, error, at=at) == [
        call.outbox.pause_card(made, reason=error.reason, whole_channel=whole_channel),
        call.bell(),
    ]


async def test_a_card_that_is_gone_is_to_be_posted_anew(desk: Desk) -> None:
    job = make_job()

    assert await desk.draw_in_vain(job, MessageGone("message_not_found"), at="draw_card") == [
        call.outbox.repost_card(job),
        call.bell(),
    ]


async def test_a_card_that_may_be_edited_no_more_is_posted_anew_once_and_then_left_as_it_is(desk: Desk) -> None:
    desk.outbox.repost_card.return_value = False
    job = make_job()

    assert await desk.draw_in_vain(job, EditRefused("edit_window_closed"), at="draw_card") == [
        call.outbox.repost_card(job),
        call.outbox.mark_card(job, ts=job.card_ts),
    ]


async def test_a_card_that_is_gone_again_pauses_its_subscription(desk: Desk) -> None:
    desk.outbox.repost_card.return_value = False
    job = make_job()

    assert await desk.draw_in_vain(job, MessageGone("message_not_found"), at="draw_card") == [
        call.outbox.repost_card(job),
        call.outbox.pause_card(job, reason="message_not_found", whole_channel=False),
        call.bell(),
    ]


@pytest.mark.parametrize(("job", "at"), [({}, "draw_card"), (POSTING, "post_card"), (POSTING | BEGUN, "find_card")])
async def test_a_card_of_a_workspace_that_removed_the_app_stops_all_work_there(
    desk: Desk, job: dict[str, Any], at: str
) -> None:
    assert await desk.draw_in_vain(make_job(**job), UNINSTALLED, at=at) == [call.outbox.stop_team(TEAM)]
