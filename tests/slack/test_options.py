"""The options of ``subscribe``: what may be typed, what is refused in words, and how options read as words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import CallStatus
from bot.core.errors import UserMistake
from bot.core.subscriptions import Delivery, Options, Style
from bot.slack.blocks import Message
from bot.slack.options import EXAMPLE, mention_markup, options_words, read_options, spell_options
from bot.slack.sentences import error_message
from tests.factories import make_call_id
from tests.slack.judges import judge_message

ID = str(make_call_id())
FINISHED, REJECTED, ONGOING = CallStatus.CALL_FINISHED, CallStatus.REJECTED, CallStatus.ONGOING

ALL_OPTIONS = st.builds(
    Options,
    statuses=st.none() | st.frozensets(st.sampled_from(CallStatus), min_size=1, max_size=5),
    to=st.sampled_from(Delivery),
    mention=st.sampled_from(["", "U0MIRA", "W123", "S123", "UABCDEFGH"]),
    style=st.sampled_from(Style),
).filter(lambda options: not (options.to is Delivery.CARD and options.mention))


def mistake_in(text: str) -> str:
    with pytest.raises(UserMistake) as refused:
        read_options(text)
    judge_message(error_message(refused.value, call_id=None, again=""))
    return refused.value.reason


# What may be typed


@pytest.mark.parametrize(
    "text",
    ["", ID, f"`{ID}`", f"<https://app.samora.ai/calls/{ID}|the call, {ID}>", f"({ID.upper()}),", f"{ID} please",
     f"to the call {ID} .", f"- {ID}"],
)  # fmt: skip
def test_an_id_alone_gives_no_options_wherever_it_stands(text: str) -> None:
    assert read_options(text) is None


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("on:finished", Options(statuses=frozenset({FINISHED}))),
        ("ON:Finished,REJECTED", Options(statuses=frozenset({FINISHED, REJECTED}))),
        ("on:CALL_FINISHED on:rejected", Options(statuses=frozenset({FINISHED, REJECTED}))),
        ("on:finished, rejected", Options(statuses=frozenset({FINISHED, REJECTED}))),
        ("on:finished , rejected , to:channel", Options(statuses=frozenset({FINISHED, REJECTED}), to=Delivery.CHANNEL)),
        ("on:finished,,rejected,", Options(statuses=frozenset({FINISHED, REJECTED}))),
        ("-on:ongoing", Options(statuses=frozenset(CallStatus) - {ONGOING})),
        ("\u2014on:ongoing", Options(statuses=frozenset(CallStatus) - {ONGOING})),
        ("on:finished,ongoing -on:ongoing", Options(statuses=frozenset({FINISHED}))),
        ("on:pending,triggered,ongoing,finished,unanswered,rejected", Options()),
        ("to:thread", Options()),
        ("To:Channel", Options(to=Delivery.CHANNEL)),
        ("to:card style:compact", Options(to=Delivery.CARD, style=Style.COMPACT)),
        ("to:card to:card", Options(to=Delivery.CARD)),
        ("`style:full`", Options()),
        ("mention:<@U0MIRA|mira>", Options(mention="U0MIRA")),
        ("mention:<@U0MIRA>", Options(mention="U0MIRA")),
        ("mention:<@W012|mira, the b: one>", Options(mention="W012")),
        ("mention:<!subteam^S0NIGHT|@night shift>", Options(mention="S0NIGHT")),
        ("mention:U0MIRA", Options(mention="U0MIRA")),
        ("mention:@S0NIGHT", Options(mention="S0NIGHT")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sentence", ["{id} {text}", "{text} {id}", "please {text}, {id}", "{id}, {text}."])
def test_options_stand_before_or_after_the_id_in_any_case(text: str, options: Options, sentence: str) -> None:
    assert read_options(sentence.format(id=ID, text=text)) == options


def test_options_joined_to_the_id_by_a_comma_are_not_lost() -> None:
    assert read_options(f"{ID},to:card") == Options(to=Delivery.CARD)


def test_the_example_that_people_are_shown_works() -> None:
    assert read_options(EXAMPLE) == Options(statuses=frozenset({FINISHED, REJECTED}), to=Delivery.CHANNEL)


# What is refused


@pytest.mark.parametrize("text", ["on:", "-on:", "on:,", "on:finished on:", "to:card on:"])
def test_an_empty_filter_is_refused_and_never_means_everything(text: str) -> None:
    assert "An empty filter would never tell you anything." in mistake_in(f"{ID} {text}")


@pytest.mark.parametrize(
    "text", ["on:finished -on:finished", "-on:pending,triggered,ongoing,finished,unanswered,rejected"]
)
def test_a_filter_that_leaves_no_status_is_refused(text: str) -> None:
    assert "leaves no status" in mistake_in(f"{ID} {text}")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("on:finshed", "on:finished"),
        ("-on:reject", "-on:rejected"),
        ("to:chanel", "to:channel"),
        ("style:kompact", "style:compact"),
        ("mentoin:<@U1>", "mention:<@U1>"),
        ("styl:compact", "style:compact"),
        ("notify:thread", "to:thread"),
        ("when:finished", "on:finished"),
        ("thread", "to:thread"),
        ("channel", "to:channel"),
        ("finishd", "on:finished"),
        ("on: finished", "on:finished"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest_known_one(text: str, nearest: str) -> None:
    said = mistake_in(f"{ID} {text}")
    assert f"Did you mean `{nearest}`?" in said
    assert "I don't know" in said


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("on:everything", "pending, triggered, ongoing, finished, unanswered, rejected"),
        ("to:mars", "thread, channel, card"),
        ("style:", "full, compact"),
        ("xyz", "`on:`, `-on:`, `to:`, `mention:` and `style:`"),
        ("limit:7", "`on:`, `-on:`, `to:`, `mention:` and `style:`"),
        ("colour:red", "`on:`, `-on:`, `to:`, `mention:` and `style:`"),
        ("Colour:Red", "I don't know the option `Colour:Red`."),
    ],
)
def test_what_is_near_to_nothing_is_refused_with_all_that_is_known(text: str, known: str) -> None:
    assert known in mistake_in(f"{ID} {text}")


@pytest.mark.parametrize(
    "who", ["<!here>", "<!channel|channel>", "<!everyone>", "@here", "channel", "@Everyone", "<!here|@here>"]
)
def test_a_whole_channel_is_never_mentioned(who: str) -> None:
    assert "never ping a whole channel" in mistake_in(f"{ID} mention:{who}")


@pytest.mark.parametrize("who", ["@mira", "mira", "<#C123|general>", "SUSAN", "<mira>", "<@U123", "U0\u2019x"])
def test_a_name_that_slack_did_not_recognise_is_to_be_picked_from_slacks_list(who: str) -> None:
    said = mistake_in(f"{ID} mention:{who}")
    assert "pick the name from the list that Slack offers" in said
    assert who in said


def test_a_mention_of_nobody_is_asked_about() -> None:
    assert "Whom am I to mention?" in mistake_in(f"{ID} mention:")


def test_with_the_card_alone_nobody_can_be_mentioned() -> None:
    assert "nobody could be mentioned" in mistake_in(f"{ID} to:card mention:<@U1>")


def test_a_contradiction_is_refused() -> None:
    assert "2 times" in mistake_in(f"{ID} to:card to:thread")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_does_more_than_be_refused_in_words_that_harm_nobody(text: str) -> None:
    try:
        read_options(text)
    except UserMistake as refused:
        judge_message(error_message(refused, call_id=None, again=""))


# As words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(), "every change, in the thread"),
        (Options(statuses=frozenset({FINISHED})), "only Finished, in the thread"),
        (Options(statuses=frozenset({REJECTED, FINISHED})), "only Finished and Rejected, in the thread"),
        (Options(statuses=frozenset(CallStatus) - {ONGOING}), "every change but Ongoing, in the thread"),
        (
            Options(statuses=frozenset({FINISHED, REJECTED, ONGOING})),
            "only Ongoing, Finished and Rejected, in the thread",
        ),
        (Options(to=Delivery.CHANNEL), "every change, in the thread, the final state in the channel too"),
        (Options(to=Delivery.CARD), "the card is kept up to date, without notices"),
        (
            Options(mention="S1", style=Style.COMPACT),
            "every change, in the thread, <!subteam^S1> is mentioned on the final state, compact card",
        ),
    ],
)
def test_options_are_explained_in_plain_words(options: Options, words: str) -> None:
    assert options_words(options) == words


@settings(max_examples=100, deadline=None)
@given(ALL_OPTIONS)
def test_what_a_button_carries_is_read_again_as_the_same_options(options: Options) -> None:
    assert read_options(spell_options(options)) == options
    ours = [mention_markup(options.mention)] if options.mention else []
    judge_message(Message(options_words(options)), ours=ours)


def test_no_options_are_spelt_as_nothing() -> None:
    assert spell_options(None) == ""
    assert read_options("") is None
