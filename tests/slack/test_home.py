"""The Home tab, drawn around whatever there is to say to its person."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import CallStatus
from bot.core.errors import StoreUnavailable
from bot.core.subscriptions import Delivery, Options, Style, SubscriptionState
from bot.slack.blocks import Block, Message, section
from bot.slack.follow_words import NOTHING_OF_YOURS
from bot.slack.grammar import COMMAND, SUBCOMMANDS
from bot.slack.home import FIND, home_view
from bot.slack.lists import EDIT, LIST, PER_PAGE, home_message
from bot.slack.payloads import Asked
from bot.slack.sentences import OUTSIDER, error_message
from tests.factories import HOSTILE_TEXTS
from tests.slack.judges import judge_home, parts_of
from tests.slack.test_listing import PAUSED, labels_of, make_many, make_subscription, rows_of

OURS = ["<#C0OPS>", "<#C0NIGHT>", "<!subteam^S0NIGHT>"]


def texts_of(view: Block) -> str:
    return "\n".join(block["text"]["text"] for block in view["blocks"] if "text" in block)


# What always stands there


@pytest.mark.parametrize(
    "message",
    [
        NOTHING_OF_YOURS,
        OUTSIDER,
        Message("words", (section("blocks"),)),
        error_message(StoreUnavailable("locked"), call_id=None, again=LIST, asked=Asked(again=LIST)),
        home_message(make_many(PER_PAGE, channel_id="C0OPS"), count=99, page=3),
    ],
    ids=["nothing", "outsider", "blocks", "error", "list"],
)
def test_whatever_it_says_it_says_what_the_bot_is_for_and_leads_to_any_call(message: Message) -> None:
    view = home_view(message)

    judge_home(view, ours=OURS)
    assert "I show you how Samora's phone calls went" in view["blocks"][0]["text"]["text"]
    (find,) = view["blocks"][1]["elements"]
    assert (find["text"]["text"], find["action_id"]) == ("Find a call", FIND)
    said = list(message.blocks) or [section(message.text)]
    assert view["blocks"][2 : 2 + len(said)] == said


def test_a_newcomer_learns_what_to_type() -> None:
    shown = texts_of(home_view(NOTHING_OF_YOURS))

    assert "You follow no call." in shown
    for word in SUBCOMMANDS:
        assert f"`{COMMAND} {word}" in shown


# What somebody follows


def test_each_call_says_how_it_stands_where_since_when_and_how_it_is_followed() -> None:
    there = make_subscription(channel_id="C0OPS", options=Options(to=Delivery.CHANNEL))

    message = home_message([there], count=1, page=0)

    (row,) = rows_of(message)
    assert row.startswith(f"*Ongoing* · call `{there.call_id}`\n*Following* · since <!date^")
    assert "> in <#C0OPS> · last change <!date^" in row
    assert row.endswith("\nEvery change, in the thread, the final state in the channel too.")
    assert "by <@" not in row
    assert labels_of(message) == [["Pause", "End", "Edit"]]
    assert "Calls that you follow: 1" in str(message.blocks[0])


def test_a_paused_one_says_why_and_offers_to_resume() -> None:
    message = home_message([make_subscription(**PAUSED)], count=1, page=0)

    assert "*Paused*: the channel is archived" in rows_of(message)[0]
    assert labels_of(message) == [["Resume", "End", "Edit"]]


@pytest.mark.parametrize(
    ("channel_id", "thread_ts", "words"),
    [
        ("C0OPS", "5.5", " in a thread of <#C0OPS> "),
        ("D0JON", "", " in our direct messages "),
        ("D0JON", "5.5", " in a thread of our direct messages "),
    ],
)
def test_where_it_is_followed_is_said_as_slack_can_show_it(channel_id: str, thread_ts: str, words: str) -> None:
    message = home_message([make_subscription(channel_id=channel_id, thread_ts=thread_ts)], count=1, page=0)

    assert words in rows_of(message)[0]


def test_its_buttons_know_their_page_and_that_they_stand_in_a_home() -> None:
    message = home_message(make_many(PER_PAGE), count=3 * PER_PAGE, page=1)

    assert labels_of(message)[-1] == ["Previous", "Next"]
    buttons = [part for part in parts_of(list(message.blocks)) if part.get("action_id") == EDIT]
    values = [Asked.parse(button["value"]) for button in buttons]
    assert [(value.sub, value.page, value.home) for value in values] == [
        (f"s{number}", 1, True) for number in range(1, PER_PAGE + 1)
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(HOSTILE_TEXTS, min_size=1, max_size=PER_PAGE),
    st.sampled_from(["", "person", "restricted_action_thread_only_channel_of_some_length"]),
    st.sampled_from(["", "5.5"]),
)
def test_no_status_makes_a_home_that_slack_refuses(statuses: list[str], reason: str, thread_ts: str) -> None:
    state = SubscriptionState.PAUSED if reason else SubscriptionState.ACTIVE
    wanted = frozenset({CallStatus.REJECTED, CallStatus.ONGOING})
    options = Options(statuses=wanted, to=Delivery.CHANNEL, mention="S0NIGHT", style=Style.COMPACT)
    shown = [
        make_subscription(
            number,
            channel_id="C0NIGHT",
            status=status,
            state=state,
            reason=reason,
            options=options,
            thread_ts=thread_ts,
        )
        for number, status in enumerate(statuses)
    ]
    judge_home(home_view(home_message(shown, count=99, page=3)), ours=OURS)
