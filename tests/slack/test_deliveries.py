"""Deliveries: what the outbox sends, as it reaches the messenger."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_mock import MockerFixture
from structlog.testing import capture_logs

from bot.core.access import Audience
from bot.core.calls import Call, CallStatus
from bot.core.changes import ChangeKind, Facts
from bot.core.errors import (
    AppUninstalled,
    BotError,
    ChannelUnavailable,
    EditRefused,
    MessageGone,
    PermanentError,
    SlackUnavailable,
    TokenRefused,
)
from bot.core.outbox import Notice
from bot.core.ports import Messenger as MessengerPort
from bot.core.subscriptions import Delivery, Options, Style, SubscriptionState
from bot.core.visibility import Visibility
from bot.slack.cards import call_card
from bot.slack.deliveries import Deliveries
from bot.slack.messenger import Messenger
from bot.slack.notices import notice_message
from tests.core.making import make_job, make_notice, make_reading
from tests.factories import CHANNEL, READ_AT, ROOT_TS, make_call
from tests.slack.agents import make_names
from tests.slack.judges import LONGEST_CARD, judge_message, parts_of
from tests.slack.people import KnownPeople, make_access

ONGOING = make_reading(CallStatus.ONGOING)
BEGUN = READ_AT - timedelta(minutes=1)


@pytest.fixture
def spoken(mocker: MockerFixture) -> Any:
    messenger = mocker.create_autospec(Messenger, instance=True)
    messenger.post.return_value = "9.9"
    messenger.find.return_value = "5.5"
    return messenger


@pytest.fixture
def people() -> KnownPeople:
    return KnownPeople()


@pytest.fixture
def deliveries(spoken: Any, people: KnownPeople) -> MessengerPort:
    return Deliveries(messenger=spoken, access=make_access(people), names=make_names())


# Notices


async def test_a_notice_goes_into_its_thread_under_its_key(deliveries: MessengerPort, spoken: Any) -> None:
    notice = make_notice()

    assert await deliveries.post_notice(notice) == "9.9"

    spoken.post.assert_awaited_once_with(
        channel=CHANNEL, thread_ts=ROOT_TS, message=notice_message(notice), key="key-7", broadcast=False
    )


async def test_a_final_state_that_the_channel_wants_to_hear_is_shown_there_too(
    deliveries: MessengerPort, spoken: Any
) -> None:
    await deliveries.post_notice(make_notice(options=Options(to=Delivery.CHANNEL)))

    assert spoken.post.await_args.kwargs["broadcast"] is True


def make_direct_message(**overrides: Any) -> Notice:
    facts = Facts(reason="is_archived", channel_id="C111", count=1)
    return make_notice(kind=ChangeKind.PAUSED, facts=facts, channel_id="U111", root_ts="", **overrides)


async def test_a_direct_message_goes_to_its_person(deliveries: MessengerPort, spoken: Any) -> None:
    notice = make_direct_message()
    await deliveries.post_notice(notice)

    spoken.post.assert_awaited_once_with(
        channel="U111", thread_ts="", message=notice_message(notice), key="key-7", broadcast=False
    )


# Looking for them


async def test_a_notice_is_looked_for_in_its_thread_since_it_was_begun(deliveries: MessengerPort, spoken: Any) -> None:
    assert await deliveries.find_notice(make_notice(begun_at=BEGUN)) == "5.5"

    spoken.find.assert_awaited_once_with(channel=CHANNEL, thread_ts=ROOT_TS, key="key-7", since=BEGUN)


async def test_a_direct_message_is_not_looked_for(deliveries: MessengerPort, spoken: Any) -> None:
    assert await deliveries.find_notice(make_direct_message(begun_at=BEGUN)) is None

    spoken.find.assert_not_awaited()


async def test_what_was_never_begun_is_not_looked_for(deliveries: MessengerPort, spoken: Any) -> None:
    assert await deliveries.find_notice(make_notice()) is None
    assert await deliveries.find_card(make_job(card_ts="")) is None

    spoken.find.assert_not_awaited()


@pytest.mark.parametrize("thread_ts", ["", ROOT_TS])
async def test_a_card_is_looked_for_where_it_was_to_be_posted(
    deliveries: MessengerPort, spoken: Any, thread_ts: str
) -> None:
    assert await deliveries.find_card(make_job(card_ts="", thread_ts=thread_ts, begun_at=BEGUN)) == "5.5"

    spoken.find.assert_awaited_once_with(channel=CHANNEL, thread_ts=thread_ts, key="key-1", since=BEGUN)


async def test_where_reading_is_not_granted_nothing_is_found(deliveries: MessengerPort, spoken: Any) -> None:
    spoken.find.side_effect = TokenRefused("missing_scope")

    assert await deliveries.find_notice(make_notice(begun_at=BEGUN)) is None
    assert await deliveries.find_card(make_job(card_ts="", begun_at=BEGUN)) is None


@pytest.mark.parametrize(
    "error",
    [
        TokenRefused("invalid_auth"),
        TokenRefused("token_expired"),
        AppUninstalled("token_revoked"),
        MessageGone("thread_not_found"),
        PermanentError("a_code_that_is_new"),
        SlackUnavailable("HTTP 503"),
        SlackUnavailable("ratelimited", retry_after=9.0),
    ],
)
async def test_any_other_error_of_a_look_is_no_answer(deliveries: MessengerPort, spoken: Any, error: BotError) -> None:
    """Else the notice would count as not there, and come twice."""
    spoken.find.side_effect = error

    with pytest.raises(type(error)):
        await deliveries.find_notice(make_notice(begun_at=BEGUN))


async def test_where_nothing_may_be_read_the_post_shows_whether_it_may_be_posted(
    deliveries: MessengerPort, spoken: Any
) -> None:
    spoken.find.side_effect = ChannelUnavailable("channel_not_found")

    assert await deliveries.find_notice(make_notice(begun_at=BEGUN)) is None


# Cards

STANDING = {
    Delivery.THREAD: "Followed here: changes are told in the thread.",
    Delivery.CHANNEL: "Followed here: changes are told in the thread, the final one in the channel too.",
    Delivery.CARD: "Followed here: this card is kept up to date.",
}


@pytest.mark.parametrize("thread_ts", ["", ROOT_TS])
@pytest.mark.parametrize("to", Delivery)
async def test_a_card_is_posted_for_all_to_see_and_says_how_the_call_is_followed(
    deliveries: MessengerPort, spoken: Any, thread_ts: str, to: Delivery
) -> None:
    job = make_job(card_ts="", thread_ts=thread_ts, options=Options(to=to))

    assert await deliveries.post_card(job, ONGOING) == "9.9"

    card = call_card(ONGOING, audience=Audience.CHANNEL, follow=False, standing=STANDING[to])
    spoken.post.assert_awaited_once_with(channel=CHANNEL, thread_ts=thread_ts, message=card, key="key-1")
    judge_message(card, longest=LONGEST_CARD)


async def test_a_card_is_redrawn_where_it_stands(deliveries: MessengerPort, spoken: Any) -> None:
    await deliveries.draw_card(make_job(), ONGOING)

    card = call_card(ONGOING, audience=Audience.CHANNEL, follow=False, standing=STANDING[Delivery.THREAD])
    spoken.update.assert_awaited_once_with(channel=CHANNEL, ts=ROOT_TS, message=card)


async def test_a_card_masks_what_all_may_not_see(spoken: Any) -> None:
    visibility = Visibility(shown=("desk",))
    deliveries = Deliveries(messenger=spoken, access=make_access(), names=make_names(), visibility=visibility)
    call = make_call(variables={"desk": "desk@example.com", "to": {"email": "jane@example.com"}})

    await deliveries.draw_card(make_job(), call)
    await deliveries.post_card(make_job(card_ts=""), call)

    for said in (spoken.update, spoken.post):
        card = repr(said.await_args.kwargs["message"])
        assert "desk@example.com" in card
        assert "j•••@example.com" in card
        assert "jane@example.com" not in card


@pytest.mark.parametrize("why", ["shared", "unseen", "another process says so"])
async def test_where_others_may_read_along_a_card_holds_status_and_times_alone(
    deliveries: MessengerPort, spoken: Any, people: KnownPeople, why: str
) -> None:
    if why in {"shared", "unseen"}:
        setattr(people, why, {CHANNEL})
    told = why not in {"shared", "unseen"}
    call = make_call(agent_id="front-desk", variables={"desk": "desk@example.com"})

    await deliveries.draw_card(make_job(is_shared=told), call)
    await deliveries.post_card(make_job(card_ts="", is_shared=told), call)

    for said in (spoken.update, spoken.post):
        card = said.await_args.kwargs["message"]
        assert card == call_card(call, audience=Audience.STRANGERS)
        assert "desk" not in repr(card)


async def test_what_is_remembered_of_a_call_is_enough_for_a_card_that_others_read(
    deliveries: MessengerPort, spoken: Any, people: KnownPeople
) -> None:
    """Nothing is said of a recording and a transcript: nobody could be asked whether they are there."""
    call = make_call()
    known = Call(id=call.id, status=call.status, read_at=READ_AT, started_at=call.started_at, ended_at=call.ended_at)

    await deliveries.redact_card(make_job(is_shared=True, known=known))

    said = spoken.update.await_args.kwargs
    assert (said["channel"], said["ts"]) == (CHANNEL, ROOT_TS)
    assert said["message"] == call_card(known, audience=Audience.STRANGERS, media=False)
    judge_message(said["message"])
    assert "recording" not in repr(said["message"]).lower()
    assert "Duration" in repr(said["message"])
    assert people.asked == [], "Slack has told us"


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_card_that_others_have_come_to_read_and_that_slack_lets_nobody_edit_is_a_warning(
    deliveries: MessengerPort, spoken: Any, is_known: bool
) -> None:
    spoken.update.side_effect = EditRefused("edit_window_closed")
    job = make_job(is_shared=True)

    with capture_logs() as logs, pytest.raises(EditRefused):
        await (deliveries.redact_card(job) if is_known else deliveries.draw_card(job, ONGOING))

    assert logs == [
        {
            "event": "not_redacted",
            "log_level": "warning",
            "subscription_id": "sub-1",
            "call_id": str(job.call_id),
            "channel_id": CHANNEL,
            "card_ts": ROOT_TS,
            "reason": "edit_window_closed",
        }
    ]


@pytest.mark.parametrize(
    ("is_shared", "error"), [(False, EditRefused("edit_window_closed")), (True, MessageGone("message_not_found"))]
)
async def test_where_nothing_stands_that_others_may_not_see_nobody_is_warned(
    deliveries: MessengerPort, spoken: Any, is_shared: bool, error: MessageGone
) -> None:
    spoken.update.side_effect = error

    with capture_logs() as logs, pytest.raises(MessageGone):
        await deliveries.draw_card(make_job(is_shared=is_shared), ONGOING)

    assert logs == []


async def test_direct_messages_with_the_bot_are_one_persons(
    deliveries: MessengerPort, spoken: Any, people: KnownPeople
) -> None:
    call = make_call(variables={"desk": "desk@example.com"})

    await deliveries.post_card(make_job(card_ts="", channel_id="D0MIRA"), call)

    assert "d•••@example.com" in repr(spoken.post.await_args.kwargs["message"])
    assert people.asked == []


async def test_while_slack_does_not_say_who_reads_along_no_card_is_drawn(
    deliveries: MessengerPort, spoken: Any, people: KnownPeople
) -> None:
    people.errors["conversations.info"] = SlackUnavailable("HTTP 503", retry_after=1.0)

    with pytest.raises(SlackUnavailable) as error:
        await deliveries.draw_card(make_job(), ONGOING)
    with pytest.raises(SlackUnavailable):
        await deliveries.post_card(make_job(card_ts=""), ONGOING)

    assert error.value.retry_after, "nothing was posted, so the relay may try again without looking for it"
    spoken.update.assert_not_awaited()
    spoken.post.assert_not_awaited()


async def test_a_card_that_is_prepared_is_posted_without_another_question(
    deliveries: MessengerPort, spoken: Any, people: KnownPeople
) -> None:
    job = make_job(card_ts="")
    await deliveries.prepare_card(job)
    (asked,) = people.asked

    await deliveries.post_card(job, ONGOING)

    assert people.asked == [asked]
    spoken.post.assert_awaited_once()


async def test_a_compact_card_stays_compact(deliveries: MessengerPort, spoken: Any) -> None:
    await deliveries.draw_card(make_job(options=Options(style=Style.COMPACT)), ONGOING)

    card = call_card(ONGOING, audience=Audience.CHANNEL, follow=False, compact=True, standing=STANDING[Delivery.THREAD])
    assert spoken.update.await_args.kwargs["message"] == card


@pytest.mark.parametrize(
    ("state", "status", "offers_follow", "says_followed"),
    [
        (SubscriptionState.ACTIVE, CallStatus.ONGOING, False, True),
        (SubscriptionState.PAUSED, CallStatus.ONGOING, False, True),
        (SubscriptionState.ENDED, CallStatus.ONGOING, True, False),
        (SubscriptionState.ACTIVE, CallStatus.CALL_FINISHED, False, False),
        (SubscriptionState.ENDED, CallStatus.CALL_FINISHED, False, False),
    ],
)
async def test_a_card_offers_to_follow_what_is_not_followed_and_goes_on(
    deliveries: MessengerPort,
    spoken: Any,
    state: SubscriptionState,
    status: CallStatus,
    offers_follow: bool,
    says_followed: bool,
) -> None:
    await deliveries.draw_card(make_job(state=state), make_reading(status))

    blocks = list(spoken.update.await_args.kwargs["message"].blocks)
    labels = {part["text"]["text"] for part in parts_of(blocks) if part.get("type") == "button"}
    assert ("Follow" in labels) is offers_follow
    assert ("Followed here" in repr(blocks)) is says_followed


async def test_no_delivery_shows_a_channel_what_is_personal_or_a_link(deliveries: MessengerPort, spoken: Any) -> None:
    call = make_call(variables={"email": "jane.doe@example.com"})
    await deliveries.post_card(make_job(card_ts=""), call)
    await deliveries.draw_card(make_job(), call)

    assert "s3.example.com" not in repr(spoken.mock_calls)
    assert "jane.doe" not in repr(spoken.mock_calls)
