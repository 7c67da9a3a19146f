"""What is said of agents: complete, harmless, and never more than Slack takes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.access import Sharing
from bot.core.agents import AgentSubscription
from bot.core.calls import CallStatus
from bot.core.errors import UserMistake
from bot.core.filters import VariableFilter
from bot.core.subscriptions import Options
from bot.slack import agent_words as words
from bot.slack.agent_wish import AgentWish
from bot.slack.blocks import Message
from bot.slack.follow_words import readers_words
from tests.factories import HOSTILE_TEXTS, make_call, make_call_id
from tests.slack.agents import AGENT, make_agent_subscription
from tests.slack.judges import judge_message
from tests.slack.test_filter_words import ALL_FILTERS, TYPEABLE
from tests.slack.test_options import ALL_OPTIONS

LONGEST = 13_000
SHARED = readers_words(Sharing.SHARED)
EVERYTHING = (words.NO_WEBHOOKS, words.NOT_A_MEMBER, SHARED, words.NOT_IN_THREADS)
OURS = ["<@U0JON>", "<@U0MIRA>", "<@W123>", "<!subteam^S123>", "<@UABCDEFGH>"]
WISHES = st.builds(
    AgentWish,
    agent_id=st.just(AGENT),
    options=st.none() | ALL_OPTIONS,
    filters=st.lists(ALL_FILTERS, max_size=10).map(tuple),
)


def carries(wish: AgentWish) -> bool:
    """Whether a button can carry that; what the judges take for links are what somebody typed."""
    try:
        return "http" not in words.agent_value(wish).encode()
    except UserMistake:
        return False


@settings(max_examples=100, deadline=None)
@given(WISHES.filter(carries), HOSTILE_TEXTS, st.integers(0, 50), HOSTILE_TEXTS)
def test_no_filter_name_or_status_makes_a_message_that_slack_refuses(
    wish: AgentWish, name: str, count: int, status: str
) -> None:
    agent = words.agent_words(AGENT, name[: words.LONGEST_NAME])
    there = make_agent_subscription(options=wish.options or Options(), filters=wish.filters)
    calls = [make_call(id=make_call_id(number), status=status) for number in range(1, count + 1)]
    messages = [
        words.ask_message(wish, agent, EVERYTHING),
        words.followed_message(wish, agent, EVERYTHING),
        words.changed_message(wish, agent),
        words.already_message(make_agent_subscription(), agent, is_resumed=False, is_masked=True, wish=wish),
        words.already_message(there, agent, is_resumed=True, is_masked=False, wish=wish),
        words.trial_message(wish, agent, matched=calls, seen=50, unread=0, there=None),
        words.ended_message(agent),
        words.not_followed_message(agent),
        words.named_message(AGENT, name),
        words.which_name_message(AGENT),
    ]
    for message in messages:
        judge_message(message, ours=OURS)
        assert len(json.dumps([message.text, message.blocks])) < LONGEST


def test_a_name_can_neither_ping_nor_be_markup() -> None:
    assert words.agent_words(AGENT, "<!here> *a* `b`") == "*&lt;!here&gt; ∗a∗ ʼbʼ*"
    assert words.agent_words(AGENT, "") == f"agent `{AGENT}`"


@pytest.mark.parametrize("message", [words.WHICH_AGENT, words.WHICH_AGENT_TO_END, words.WHICH_AGENT_TO_NAME])
def test_whoever_is_asked_for_an_agent_sees_an_example(message: Message) -> None:
    judge_message(message)
    assert "`/samora-call " in message.text


def test_a_trial_with_many_matches_shows_the_newest_and_counts_the_rest() -> None:
    calls = [make_call(id=make_call_id(number), status=CallStatus.REJECTED) for number in range(1, 13)]

    message = words.trial_message(AgentWish(agent_id=AGENT), "agent", matched=calls, seen=50, unread=3, there=None)

    assert (
        "Of the last 50 calls that I have seen of it, 12 would have got a card. 3 of them couldn't be read."
        in message.text
    )
    assert "read. The newest 10:" in message.text
    assert str(message.blocks).count("🚫 Rejected") == 10


@pytest.mark.parametrize(
    ("seen", "count", "sentence"),
    [(1, 0, "Of the last call that I have seen of it, none would"), (2, 1, "Of the last 2 calls that I have seen")],
)
def test_a_trial_counts(seen: int, count: int, sentence: str) -> None:
    calls = [make_call()] * count
    message = words.trial_message(AgentWish(agent_id=AGENT), "agent", matched=calls, seen=seen, unread=0, there=None)
    assert sentence in message.text


def test_how_it_is_followed_decides_whether_another_way_is_meant() -> None:
    first, second = (VariableFilter(name=name, glob="x") for name in "ab")
    there: AgentSubscription = make_agent_subscription(filters=(first, second))
    assert not words.differs(there, AgentWish(agent_id=AGENT))
    assert not words.differs(there, AgentWish(agent_id=AGENT, filters=(second, first)))
    assert words.differs(there, AgentWish(agent_id=AGENT, filters=(first,)))


@given(TYPEABLE)
def test_what_a_button_carries_says_nothing_but_the_wish(value: str) -> None:
    asked = words.agent_value(AgentWish(agent_id=AGENT, filters=(VariableFilter(name="a", glob=value),)))
    assert asked.model_dump(exclude_defaults=True).keys() <= {"v", "agent", "options"}
