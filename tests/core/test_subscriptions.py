"""Subscriptions: what they want to hear, and where their thread begins."""

import pytest

from bot.core.calls import CallStatus
from bot.core.subscriptions import Delivery, Options, Style, SubscriptionState
from tests.core.making import make_subscription

FINISHED = CallStatus.CALL_FINISHED


@pytest.mark.parametrize(
    ("options", "status", "wants"),
    [
        (Options(), FINISHED, True),
        (Options(), "VOICEMAIL", True),
        (Options(to=Delivery.CHANNEL), "VOICEMAIL", True),
        (Options(to=Delivery.CARD), FINISHED, False),
        (Options(statuses=frozenset({FINISHED})), FINISHED, True),
        (Options(statuses=frozenset({FINISHED})), "CALL_FINISHED", True),
        (Options(statuses=frozenset({FINISHED})), CallStatus.ONGOING, False),
        (Options(statuses=frozenset(CallStatus)), "VOICEMAIL", False),
        (Options(statuses=frozenset({FINISHED}), to=Delivery.CARD), FINISHED, False),
        (Options(statuses=frozenset()), FINISHED, False),
    ],
)
def test_a_subscription_wants_every_status_or_those_that_it_names(options: Options, status: str, wants: bool) -> None:
    assert options.wants(status) is wants


def test_quiet_by_default() -> None:
    options = Options()

    assert (options.statuses, options.to, options.mention, options.style) == (None, Delivery.THREAD, "", Style.FULL)
    assert make_subscription().state is SubscriptionState.ACTIVE


@pytest.mark.parametrize(
    ("thread_ts", "card_ts", "root_ts"), [("", "", ""), ("", "2.2", "2.2"), ("1.1", "", "1.1"), ("1.1", "2.2", "1.1")]
)
def test_notices_go_below_the_card_or_into_the_thread_that_was_asked_for(
    thread_ts: str, card_ts: str, root_ts: str
) -> None:
    assert make_subscription(thread_ts=thread_ts, card_ts=card_ts).root_ts == root_ts
