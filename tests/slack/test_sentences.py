"""What the bot says in words: kind, complete, harmless, and never a trace or a body."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import EXAMPLE_ID, CallId
from bot.core.errors import (
    BotError,
    CallNotFound,
    ChannelUnavailable,
    PermanentError,
    SamoraRefused,
    SamoraUnavailable,
    SlackUnavailable,
    StoreUnavailable,
    TemporaryError,
    ThreadUnavailable,
    TokenRefused,
    UnsafeLink,
    UserMistake,
)
from bot.slack import follow_words, sentences
from bot.slack.blocks import Block, Message
from bot.slack.cards import FOLLOW, RECORDING, SHOW_CALL, TRY_AGAIN
from bot.slack.grammar import SUBCOMMANDS
from bot.slack.payloads import Asked
from bot.slack.sentences import CHOOSE, bug_message, error_message, find_hint, help_message, not_an_id, which_call
from bot.slack.views import message_view
from tests.factories import HOSTILE_TEXTS, make_call_id
from tests.slack.judges import judge_message, judge_view, parts_of

ID = make_call_id()
ERRORS: list[BotError] = [
    UserMistake("That isn't a call id."),
    CallNotFound("no such call"),
    SamoraUnavailable("time-out"),
    SamoraUnavailable("HTTP 429", retry_after=9.0),
    SlackUnavailable("ratelimited"),
    StoreUnavailable("database is locked"),
    SamoraRefused("HTTP 401"),
    SamoraRefused("HTTP 400"),
    UnsafeLink("recording link without https and host"),
    ChannelUnavailable("not_in_channel"),
    ChannelUnavailable("channel_not_found"),
    ChannelUnavailable("is_archived"),
    ChannelUnavailable("restricted_action"),
    ThreadUnavailable("restricted_action_thread_locked"),
    TokenRefused("missing_scope"),
    PermanentError("x"),
    TemporaryError("x"),
]


def say(error: BotError, call_id: CallId | None = ID) -> Message:
    return error_message(error, call_id=call_id, again=RECORDING)


def buttons_of(message: Message) -> list[Block]:
    return [part for part in parts_of(list(message.blocks)) if part.get("type") == "button"]


# Help and hints


def test_help_shows_every_subcommand_with_an_example() -> None:
    message = help_message()
    shown = json.dumps(message.blocks)
    for told in (shown, message.text):
        assert f"/samora-call {EXAMPLE_ID}" in told
        for name in SUBCOMMANDS:
            assert f"/samora-call {name}" in told
        for option in ("on:", "-on:", "to:channel", "to:card", "mention:", "style:compact"):
            assert option in told
        assert "soon" not in told
    judge_message(message)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("subscirbe x", "subscribe"), ("unsubscibe", "unsubscribe"), ("LITS", "list"), ("hlep me", "help")],
)
def test_a_hint_names_the_nearest_subcommand(text: str, nearest: str) -> None:
    hint = find_hint(text).text
    assert f"Did you mean `/samora-call {nearest}`?" in hint
    assert text.split(maxsplit=1)[0].lower() in hint


@pytest.mark.parametrize("text", ["blah", "1234", "", "what is this"])
def test_a_hint_for_anything_else_shows_what_an_id_looks_like_and_where_help_is(text: str) -> None:
    hint = find_hint(text).text
    assert EXAMPLE_ID in hint
    assert "/samora-call help" in hint
    assert text in hint


def test_a_text_that_is_no_id_is_quoted_only_if_there_is_one() -> None:
    assert "I read `12-34`." in not_an_id(" 12-34\n")
    assert "I read" not in not_an_id("\u200b ")


@settings(max_examples=80, deadline=None)
@given(HOSTILE_TEXTS)
def test_no_text_makes_a_hint_that_harms(text: str) -> None:
    hint = find_hint(text)
    judge_message(hint)
    assert len(hint.text) < 1_000
    assert hint.text.count("`") % 2 == 0


# Errors


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("call_id", [ID, None])
def test_every_error_is_said_in_a_message_that_slack_takes(error: BotError, call_id: CallId | None) -> None:
    message = say(error, call_id)
    judge_message(message)
    judge_view(message_view(message))
    assert "None" not in message.text
    assert "HTTP" not in message.text
    assert "Traceback" not in message.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CallNotFound("x"), ["no such call in your company", str(ID)]),
        (SamoraRefused("HTTP 400"), ["isn't a call id", EXAMPLE_ID, str(ID)]),
        (SamoraRefused("HTTP 401"), ["Samora refuses this bot's key", "administrator", "`samora-bot check`"]),
        (SamoraRefused("HTTP 403"), ["Samora refuses this bot's key", "administrator", "`samora-bot check`"]),
        (SamoraUnavailable("HTTP 503"), ["Samora can't answer right now"]),
        (SlackUnavailable("timeout"), ["Slack can't do that right now"]),
        (StoreUnavailable("database is locked"), ["I can't reach my memory right now."]),
        (TokenRefused("missing_scope"), ["Slack refuses that (`missing_scope`)", "`samora-bot check`"]),
        (ThreadUnavailable("restricted_action_thread_locked"), ["This thread is locked"]),
        (ChannelUnavailable("not_in_channel"), ["/invite @Samora", "try again"]),
        (ChannelUnavailable("channel_not_found"), ["/invite @Samora", "try again"]),
        (ChannelUnavailable("is_archived"), ["archived"]),
        (ChannelUnavailable("restricted_action"), ["`restricted_action`"]),
        (UnsafeLink("x"), ["isn't safe", "administrator"]),
        (UserMistake("That is <not> so."), ["That is &lt;not&gt; so."]),
    ],
    ids=repr,
)
def test_each_error_says_what_to_do(error: BotError, said: list[str]) -> None:
    text = say(error).text
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize(
    "error", [SamoraUnavailable("time-out"), SlackUnavailable("time-out"), StoreUnavailable("database is locked")]
)
def test_what_time_mends_can_be_tried_again_with_one_press(error: BotError) -> None:
    message = say(error)
    (button,) = buttons_of(message)
    assert (button["text"]["text"], button["action_id"]) == ("Try again", TRY_AGAIN)
    assert Asked.parse(button["value"]) == Asked(call=str(ID), again=RECORDING)
    assert message.text in json.dumps(message.blocks, ensure_ascii=False)


def test_what_nothing_can_repeat_offers_no_second_try() -> None:
    message = error_message(SamoraUnavailable("time-out"), call_id=ID, again="")
    assert buttons_of(message) == []


def test_a_second_try_takes_along_what_it_needs() -> None:
    asked = Asked(sub="s1", page=2, options="to:card", thread="5.5", card="6.6")
    for call_id, call in ((ID, str(ID)), (None, "")):
        message = error_message(StoreUnavailable("x"), call_id=call_id, again="edit", asked=asked)
        (button,) = buttons_of(message)
        assert Asked.parse(button["value"]) == asked.model_copy(update={"again": "edit", "call": call})
        judge_message(message)


@pytest.mark.parametrize("error", [error for error in ERRORS if not isinstance(error, TemporaryError)][:-1], ids=repr)
def test_what_time_does_not_mend_offers_no_second_try(error: BotError) -> None:
    assert buttons_of(say(error)) == []


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([UserMistake, ChannelUnavailable]), HOSTILE_TEXTS.filter(str.strip))
def test_no_reason_escapes_into_markup(error: type[BotError], reason: str) -> None:
    text = say(error(reason[:200])).text
    assert "<" not in text
    assert ">" not in text


# The rest


def test_a_question_which_call_has_one_button_per_call() -> None:
    ids = [make_call_id(n) for n in range(1, 4)]
    message = which_call(ids)
    assert "3 call ids" in message.text
    assert [button["text"]["text"] for button in buttons_of(message)] == [str(call_id) for call_id in ids]
    assert [Asked.parse(button["value"]).call_id for button in buttons_of(message)] == ids
    assert {button["action_id"].split(":")[0] for button in buttons_of(message)} == {CHOOSE}
    assert {Asked.parse(button["value"]).again for button in buttons_of(message)} == {SHOW_CALL}
    judge_message(message)


def test_a_call_is_chosen_for_what_was_asked() -> None:
    message = which_call([make_call_id(1), make_call_id(2)], again=FOLLOW, options="to:card")
    asked = [Asked.parse(button["value"]) for button in buttons_of(message)]
    assert {(each.again, each.options) for each in asked} == {(FOLLOW, "to:card")}
    judge_message(message)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 200))
def test_a_question_about_very_many_calls_is_still_short(count: int) -> None:
    message = which_call([make_call_id(n) for n in range(1, count + 1)])
    judge_message(message)
    assert len(buttons_of(message)) == min(count, 5)


def test_a_bug_is_told_with_its_reference_alone() -> None:
    message = bug_message("ab12`<!channel>")
    assert "abʼ" not in message.text
    assert "`ab12ʼ&lt;!channel&gt;`" in message.text
    judge_message(message)


def test_every_fixed_sentence_is_a_message_that_slack_takes() -> None:
    everything = {**vars(sentences), **vars(follow_words)}
    fixed = [value for value in everything.values() if isinstance(value, Message)]
    assert len(fixed) >= 9
    for message in fixed:
        judge_message(message)
    assert EXAMPLE_ID in sentences.NOT_AN_ID
