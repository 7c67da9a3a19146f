"""The listeners: Slack's payloads go in at Bolt, and what is said to Slack comes out.

Bolt is the bot's own, the port to Samora is a fake, and the messenger is the real one up to the wire.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_mock import MockerFixture
from slack_bolt.request.async_request import AsyncBoltRequest
from structlog.testing import capture_logs

from bot.core.errors import (
    BotError,
    CallNotFound,
    ChannelUnavailable,
    PermanentError,
    SamoraRefused,
    SamoraUnavailable,
    SlackUnavailable,
)
from bot.slack.payloads import UNREADABLE_BUTTON, Asked, Payload
from bot.slack.sentences import BUSY, NOT_AN_ID, OUTSIDER, SHARED, UNHEARD
from bot.slack.work import Work
from tests.slack.listeners.door import (
    CHANNEL,
    IN_THREAD,
    LINK,
    ONE,
    PUBLIC,
    TWO,
    USER,
    Bot,
    about,
    anywhere,
    as_sent,
    chosen,
    command,
    in_channel,
    labels,
    mention,
    metadata_of,
    on_message,
    pressed,
    pressed_in_modal,
    submitted,
    typed,
    view_of,
)  # fmt: skip


@pytest.fixture
def bot() -> Bot:
    return Bot()


# The slash command


@pytest.mark.parametrize(
    "text",
    [
        ONE, ONE.upper(), ONE.replace("-", ""), f"`{ONE}`", f"please show {ONE}, thanks",
        f"<https://app.samora.ai/calls/{ONE}|link>", f"  {ONE}  ",
    ],
)  # fmt: skip
async def test_a_command_with_an_id_gets_the_card_for_the_asker_alone(bot: Bot, text: str) -> None:
    ack = await bot.take(command(text))

    assert ack == ""
    assert bot.samora.asked == [ONE]
    assert bot.only.how == "response_url"
    assert bot.only.arguments["in_channel"] is False
    assert bot.only.arguments["replace_original"] is False
    assert ONE in bot.only.text
    assert labels(bot.only) == ["Recording", "Transcript", "Refresh", "Share", "Show all"]
    assert bot.seen == [("command", "answered")]


@pytest.mark.parametrize("text", ["", "help", "HELP", "   "])
async def test_help_or_nothing_gets_the_help(bot: Bot, text: str) -> None:
    await bot.take(command(text))

    assert "Look up and follow Samora calls" in bot.only.text
    assert bot.samora.asked == []


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hepl", "/samora-call help"),
        (f"subscirbe {ONE}", "/samora-call subscribe"),
        ("what is this", "isn't a call id"),
    ],
)
async def test_unknown_words_get_a_kind_hint(bot: Bot, text: str, hint: str) -> None:
    await bot.take(command(text))

    assert hint in bot.only.text
    assert bot.samora.asked == []


async def test_a_command_with_two_ids_asks_which_one(bot: Bot) -> None:
    await bot.take(command(f"{ONE} {TWO}"))

    assert labels(bot.only) == [ONE, TWO]
    assert bot.samora.asked == []


@pytest.mark.parametrize(
    ("error", "says", "again"),
    [
        (CallNotFound("no such call"), "There is no such call in your company", False),
        (SamoraRefused("HTTP 401"), "samora-bot check", False),
        (SamoraRefused("HTTP 400"), "isn't a call id", False),
        (SamoraUnavailable("time-out"), "Samora can't answer right now.", True),
    ],
)
async def test_samoras_errors_are_told_to_the_asker_alone(bot: Bot, error: BotError, says: str, again: bool) -> None:
    bot.samora.error = error

    await bot.take(command(ONE))

    assert says in bot.only.text
    assert bot.only.arguments["in_channel"] is False
    assert labels(bot.only) == (["Try again"] if again else [])
    assert "time-out" not in bot.only.text
    assert bot.seen == [("command", type(error).__name__)]


async def test_a_command_in_a_conversation_that_the_bot_is_not_in_is_answered_at_its_response_url(bot: Bot) -> None:
    """The naive bot answers with chat.postMessage: channel_not_found in private channels and direct messages."""
    bot.wire.errors["chat.postEphemeral"] = ChannelUnavailable("channel_not_found")

    await bot.take(command(ONE, channel_id="D0TWO", channel_name="directmessage"))

    assert bot.only.how == "response_url"


async def test_a_response_url_that_is_used_up_does_not_lose_the_answer(bot: Bot) -> None:
    """Bolt's respond() never raises: the 404 would go unnoticed."""
    bot.wire.errors["response_url"] = PermanentError("HTTP 404 from response_url")

    await bot.take(command(ONE))

    assert bot.only.how == "chat.postEphemeral"
    assert (bot.only.arguments["channel"], bot.only.arguments["user"]) == (CHANNEL, USER)


@pytest.mark.parametrize("name", ["/samora-call-dev", "/anything"])
async def test_a_command_of_another_name_is_answered_too(bot: Bot, name: str) -> None:
    await bot.take(command(ONE, command=name))

    assert ONE in bot.only.text


# Buttons


@pytest.mark.parametrize(
    ("action_id", "opens"), [("recording", "recording.wav?X-Amz-"), ("transcript", "transcript.pdf?X-Amz-")]
)
@pytest.mark.parametrize("where", [{}, PUBLIC, IN_THREAD], ids=["private", "public", "thread"])
async def test_recording_and_transcript_hand_a_fresh_link_to_the_presser_alone(
    bot: Bot, action_id: str, opens: str, where: dict[str, Any]
) -> None:
    await bot.take(pressed(action_id, about(), **where))

    assert bot.samora.asked == [ONE]
    assert opens in bot.only.text
    assert bot.only.how == "response_url"
    assert bot.only.arguments["in_channel"] is False
    assert bot.only.arguments["replace_original"] is False, "the card would be overwritten by the link"
    assert bot.only.arguments["thread_ts"] == ("5.5" if where is IN_THREAD else "")


@pytest.mark.parametrize("action_id", ["recording", "transcript"])
async def test_a_link_pressed_in_a_modal_is_shown_in_a_modal_on_top(bot: Bot, action_id: str) -> None:
    await bot.take(pressed_in_modal(action_id, about()))

    assert [said.how for said in bot.said] == ["views.push", "views.update"]
    assert "X-Amz-Signature" in bot.said[1].text
    assert "X-Amz-Signature" not in bot.said[0].text


async def test_refresh_redraws_a_private_card_in_its_place(bot: Bot) -> None:
    await bot.take(pressed("refresh", about()))

    assert bot.only.arguments["replace_original"] is True
    assert "jane@example.com" in bot.only.text


async def test_refresh_redraws_a_public_card_masked(bot: Bot) -> None:
    await bot.take(pressed("refresh", about(), **PUBLIC))

    assert bot.only.arguments["replace_original"] is True
    assert "jane@example.com" not in bot.only.text
    assert "j•••@example.com" in bot.only.text
    assert "Share" not in labels(bot.only)


async def test_refresh_in_a_modal_redraws_that_modal(bot: Bot) -> None:
    await bot.take(pressed_in_modal("refresh", about()))

    assert bot.only.how == "views.update"
    assert bot.only.arguments["view_id"] == "V0OPEN"


async def test_a_public_card_whose_response_url_is_dead_is_updated_with_blocks_and_text(bot: Bot) -> None:
    bot.wire.errors["response_url"] = PermanentError("HTTP 404 from response_url")

    await bot.take(pressed("refresh", about(), **PUBLIC))

    assert bot.only.how == "chat.update"
    assert bot.only.arguments["ts"] == "5.5"
    assert bot.only.arguments["blocks"]
    assert bot.only.arguments["text"]


async def test_show_all_opens_a_modal_at_once_and_fills_it(bot: Bot) -> None:
    await bot.take(pressed("show_all", about()))

    assert [said.how for said in bot.said] == ["views.open", "views.update"]
    assert bot.said[1].arguments["view_id"] == "V0NEW"
    assert "Page 1 of" in bot.said[1].text
    assert "jane@example.com" in bot.said[1].text


@pytest.mark.parametrize(("action_id", "page"), [("next_page", 1), ("previous_page", 0)])
async def test_the_pages_of_the_modal_turn_in_place(bot: Bot, action_id: str, page: int) -> None:
    await bot.take(pressed_in_modal(action_id, about(page=page)))

    assert bot.only.how == "views.update"
    assert bot.only.arguments["view_id"] == "V0OPEN"
    assert f"Page {page + 1} of" in bot.only.text


async def test_a_page_that_is_no_more_shows_the_last_one(bot: Bot) -> None:
    await bot.take(pressed_in_modal("next_page", about(page=99)))

    assert "Next" not in labels(bot.only)
    assert "Previous" in labels(bot.only)


async def test_a_choice_among_several_is_shown_in_place_of_the_question(bot: Bot) -> None:
    await bot.take(pressed("show_call:1", about(TWO)))

    assert bot.samora.asked == [TWO]
    assert bot.only.arguments["replace_original"] is True


async def test_share_posts_a_masked_card_and_takes_the_button_away(bot: Bot) -> None:
    await bot.take(pressed("share", about()))

    post, redrawn = bot.said
    assert (post.how, post.arguments["channel"]) == ("chat.postMessage", CHANNEL)
    assert "jane@example.com" not in post.text
    assert "Share" not in labels(post)
    assert redrawn.arguments["replace_original"] is True
    assert "Share" not in labels(redrawn)
    assert "jane@example.com" in redrawn.text


async def test_share_from_a_thread_posts_in_that_thread(bot: Bot) -> None:
    await bot.take(pressed("share", about(), **IN_THREAD))

    assert bot.said[0].arguments["thread_ts"] == "5.5"


async def test_share_where_the_bot_is_no_member_goes_through_the_response_url(bot: Bot) -> None:
    bot.wire.errors["chat.postMessage"] = ChannelUnavailable("not_in_channel")

    await bot.take(pressed("share", about()))

    assert [said.how for said in bot.said] == ["response_url", "response_url"]
    assert bot.said[0].arguments["in_channel"] is True
    assert "jane@example.com" not in bot.said[0].text


async def test_a_share_after_which_the_private_card_cannot_be_redrawn_does_not_offer_to_share_again(bot: Bot) -> None:
    """The card stands in the channel: a *Try again* would put it there twice."""
    bot.wire.errors["response_url"] = SlackUnavailable("no answer from response_url")

    await bot.take(pressed("share", about()))

    assert bot.said[0].how == "chat.postMessage"
    assert not any("Try again" in labels(said) for said in bot.said)


async def test_share_in_a_modal_opened_from_a_channel_posts_there(bot: Bot) -> None:
    origin = Asked(channel="C0SALES", thread="4.4")

    await bot.take(pressed_in_modal("share", about(), origin=origin))

    assert [said.how for said in bot.said] == ["views.push", "chat.postMessage", "views.update"]
    assert (bot.said[1].arguments["channel"], bot.said[1].arguments["thread_ts"]) == ("C0SALES", "4.4")
    assert SHARED.text in bot.said[2].text


async def test_share_in_a_modal_opened_from_nowhere_asks_for_the_channel(bot: Bot) -> None:
    """A trigger opens one modal only: a second one with the same trigger is exchanged_trigger_id."""
    await bot.take(pressed_in_modal("share", about()))

    assert bot.said[-1].arguments["view"]["callback_id"] == "share_call"
    assert Asked.parse(bot.said[-1].arguments["view"]["private_metadata"]).call == ONE
    assert bot.samora.asked == []
    assert bot.seen == [("action.share", "answered")]


async def test_share_pressed_twice_at_the_same_time_posts_once(bot: Bot) -> None:
    for trigger_id in ("1.1.a", "1.1.b"):
        body = as_sent(pressed("share", about(), trigger_id=trigger_id))
        response = await bot.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="http"))
        assert response.status == 200
    await bot.work.close(grace=5)

    assert [said.how for said in bot.said] == ["chat.postMessage", "response_url"]


@pytest.mark.parametrize(
    ("again", "shows"),
    [
        ("show_call", "Finished"),
        ("refresh", "Finished"),
        ("recording", "recording.wav"),
        ("transcript", "transcript.pdf"),
        ("", "Finished"),
        ("no_such_action", "Finished"),
    ],
)
async def test_try_again_repeats_what_failed_in_place_of_the_failure(bot: Bot, again: str, shows: str) -> None:
    await bot.take(pressed("try_again", about(again=again)))

    assert bot.samora.asked == [ONE]
    assert bot.only.arguments["replace_original"] is True
    assert shows in bot.only.text


async def test_try_again_after_show_all_opens_the_modal_at_the_same_page(bot: Bot) -> None:
    await bot.take(pressed("try_again", about(again="show_all", page=2)))

    assert [said.how for said in bot.said] == ["views.open", "views.update"]
    assert bot.samora.asked == [ONE]


async def test_try_again_that_fails_again_offers_itself_again_in_place(bot: Bot) -> None:
    bot.samora.error = SamoraUnavailable("HTTP 503")

    await bot.take(pressed("try_again", about(again="transcript")))

    (button,) = bot.only.arguments["blocks"][-1]["elements"]
    assert bot.only.arguments["replace_original"] is True
    assert Asked.parse(button["value"]) == Asked(call=ONE, again="transcript")


async def test_try_again_in_a_modal_answers_in_that_modal(bot: Bot) -> None:
    await bot.take(pressed_in_modal("try_again", about(again="show_all")))

    assert (bot.only.how, bot.only.arguments["view_id"]) == ("views.update", "V0OPEN")
    assert "Page 1 of" in bot.only.text


async def test_try_again_repeats_a_share(bot: Bot) -> None:
    await bot.take(pressed("try_again", about(again="share")))

    assert [said.how for said in bot.said] == ["chat.postMessage", "response_url"]


async def test_a_failed_refresh_leaves_the_public_card_alone(bot: Bot) -> None:
    bot.samora.error = SamoraUnavailable("HTTP 503")

    await bot.take(pressed("refresh", about(), **PUBLIC))

    assert bot.only.arguments["replace_original"] is False
    assert bot.only.arguments["in_channel"] is False
    assert labels(bot.only) == ["Try again"]


FORGED = [
    None, "", "x", "{}", "null", "[]", '{"v":1}', '{"v":2,"call":"' + ONE + '"}', '{"v":1,"call":"../../admin"}',
    '{"v":1,"call":7}', '{"v":1,"call":"' + ONE.upper() + '"}', '{"v":1,"call":"' + ONE + '","page":-1}',
    '{"v":1,"call":"' + ONE + '","page":1e99}', '{"v":1,"call":"<!channel>"}', ONE, "{" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("value", FORGED, ids=lambda value: repr(value)[:40])
@pytest.mark.parametrize("action_id", ["recording", "share", "show_all"])
async def test_a_forged_or_outdated_button_gets_a_kind_sentence_and_asks_nothing(
    bot: Bot, action_id: str, value: str | None
) -> None:
    await bot.take(pressed(action_id, value))

    assert bot.samora.asked == []
    assert bot.only.how == "response_url"
    assert bot.only.arguments["in_channel"] is False
    assert bot.only.arguments["text"] in {
        "I can't read that button any more. Please look the call up again.",
        "That isn't a call id.",
    }
    assert bot.seen == [("action.unreadable", "answered")]


@pytest.mark.parametrize("action_id", ["open_link", "open_recording", "", "recordings", "share_call", "__proto__"])
async def test_a_link_button_and_unknown_buttons_are_acked_and_nothing_more(bot: Bot, action_id: str) -> None:
    """Without an ack Slack shows a warning sign beside the button, link buttons included."""
    await bot.take(pressed(action_id, about(), url=LINK))

    assert bot.said == []
    assert bot.samora.asked == []
    assert bot.seen == []


@pytest.mark.parametrize(
    "element",
    [
        {"type": "static_select", "selected_option": {"value": ONE}},
        {"type": "overflow", "selected_option": {"value": ONE}},
        {"type": "checkboxes", "selected_options": []},
        {"type": "plain_text_input", "value": ONE},
    ],
    ids=lambda element: element["type"],
)
async def test_elements_of_other_kinds_are_acked(bot: Bot, element: dict[str, Any]) -> None:
    await bot.take(pressed("x") | {"actions": [{"action_id": "call_id", "block_id": "call_id", **element}]})

    assert bot.said == []


# Shortcuts


async def test_show_on_a_message_with_one_id_answers_ephemerally(bot: Bot) -> None:
    await bot.take(on_message("show_call", f"look at {ONE}"))

    assert bot.samora.asked == [ONE]
    assert bot.only.how == "response_url"
    assert bot.only.arguments["in_channel"] is False


async def test_show_on_a_message_in_a_thread_answers_in_that_thread(bot: Bot) -> None:
    message = {"type": "message", "ts": "5.6", "thread_ts": "5.5", "user": "U0JON", "text": ONE}

    await bot.take(on_message("show_call", "", message=message, message_ts="5.6"))

    assert bot.only.arguments["thread_ts"] == "5.5"


MESSAGES: dict[str, dict[str, Any]] = {
    "blocks of a bot": {"text": "", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"`{ONE}`"}}]},
    "rich text": {"text": "", "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "link", "url": f"https://app.samora.ai/calls/{ONE}"}]}]}]},
    "an attachment's field": {"text": "", "attachments": [{"fields": [{"title": "Call", "value": ONE}]}]},
    "a card of ours": {"text": "", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"Agent {TWO}"}},
        {"type": "actions", "elements": [{"type": "button", "action_id": "refresh", "value": about()}]}]},
}  # fmt: skip


@pytest.mark.parametrize("where", list(MESSAGES))
async def test_show_finds_the_id_wherever_the_message_holds_it(bot: Bot, where: str) -> None:
    await bot.take(on_message("show_call", "", message={"type": "message", "ts": "5.5", **MESSAGES[where]}))

    assert bot.samora.asked == [ONE]


async def test_show_on_a_message_with_several_ids_opens_a_picker(bot: Bot) -> None:
    await bot.take(on_message("show_call", f"{ONE} or {TWO}"))

    view = bot.only.arguments["view"]
    assert bot.only.how == "views.open"
    assert view["callback_id"] == "pick_call"
    assert [option["value"] for option in view["blocks"][0]["element"]["options"]] == [ONE, TWO]
    assert Asked.parse(view["private_metadata"]).channel == CHANNEL
    assert bot.samora.asked == []


async def test_show_on_a_message_without_an_id_opens_a_modal_that_asks(bot: Bot) -> None:
    await bot.take(on_message("show_call", "hello"))

    assert bot.only.arguments["view"]["callback_id"] == "find_call"
    assert bot.only.arguments["trigger_id"] == "1.1.shortcut"


@pytest.mark.parametrize("message", [None, "text", [], {}, {"text": None}, {"blocks": [None, 3, "x", {"type": None}]}])
async def test_a_message_of_a_strange_shape_opens_a_modal_that_asks(bot: Bot, message: object) -> None:
    await bot.take(on_message("show_call", "", message=message))

    assert bot.only.arguments["view"]["callback_id"] == "find_call"


async def test_the_global_shortcut_opens_a_modal_that_asks(bot: Bot) -> None:
    await bot.take(anywhere())

    assert bot.only.how == "views.open"
    assert bot.only.arguments["view"]["callback_id"] == "find_call"
    assert bot.seen == [("shortcut.find_call", "answered")]


@pytest.mark.parametrize("payload", [anywhere("other_apps"), on_message("other_apps", ONE), anywhere("")])
async def test_an_unknown_shortcut_is_acked_and_nothing_more(bot: Bot, payload: Payload) -> None:
    await bot.take(payload)

    assert bot.said == []
    assert bot.samora.asked == []


async def test_a_modal_that_cannot_be_opened_is_told_where_somebody_can_read_it(bot: Bot) -> None:
    bot.wire.errors["views.open"] = SlackUnavailable("expired_trigger_id")

    await bot.take(on_message("show_call", "no id"))

    assert bot.only.how == "response_url"
    assert "Slack can't do that right now." in bot.only.text
    assert bot.seen == [("shortcut.show_call", "SlackUnavailable")]


async def test_a_global_shortcut_without_any_place_to_answer_is_acked_and_its_loss_is_logged(bot: Bot) -> None:
    bot.wire.errors["views.open"] = SlackUnavailable("expired_trigger_id")

    with capture_logs() as logs:
        await bot.take(anywhere())

    assert bot.said == []
    assert [entry["reason"] for entry in logs if entry["event"] == "answer_lost"] != []


# Submitted modals


@pytest.mark.parametrize(
    ("callback_id", "values"), [("find_call", typed(f"see {ONE.upper()}")), ("pick_call", chosen(ONE))]
)
async def test_a_submitted_id_is_answered_in_the_modal_itself(
    bot: Bot, callback_id: str, values: dict[str, Any]
) -> None:
    ack = await bot.take(submitted(callback_id, values))

    assert ack["response_action"] == "update"
    assert "Asking Samora" in json.dumps(ack["view"], ensure_ascii=False)
    assert (bot.only.how, bot.only.arguments["view_id"]) == ("views.update", "V0OPEN")
    assert ONE in bot.only.text
    assert bot.samora.asked == [ONE]


@pytest.mark.parametrize("text", ["", "hello", "123", ONE[:-1]])
async def test_a_submitted_text_that_is_no_id_is_marked_at_its_input(bot: Bot, text: str) -> None:
    """The key is the input's block_id: with any other, Slack shows nothing at all."""
    ack = await bot.take(submitted("find_call", typed(text)))

    assert ack == {"response_action": "errors", "errors": {"call_id": NOT_AN_ID}}
    assert bot.said == []


async def test_several_submitted_ids_lead_to_a_picker_that_remembers_where_it_came_from(bot: Bot) -> None:
    ack = await bot.take(submitted("find_call", typed(f"{ONE} {TWO}"), origin=Asked(channel="C0SALES")))

    assert ack["response_action"] == "update"
    assert ack["view"]["callback_id"] == "pick_call"
    assert metadata_of(ack["view"]).channel == "C0SALES"
    assert bot.samora.asked == []


async def test_where_the_modal_was_opened_from_is_kept_for_the_card_in_it(bot: Bot) -> None:
    await bot.take(submitted("find_call", typed(ONE), origin=Asked(channel="C0SALES", thread="4.4")))

    kept = Asked.parse(bot.only.arguments["view"]["private_metadata"])
    assert (kept.channel, kept.thread) == ("C0SALES", "4.4")


async def test_an_error_after_a_submission_is_told_in_the_modal(bot: Bot) -> None:
    bot.samora.error = SamoraUnavailable("HTTP 503")

    await bot.take(submitted("find_call", typed(ONE)))

    assert bot.only.how == "views.update"
    assert labels(bot.only) == ["Try again"]


async def test_a_submitted_channel_gets_the_card(bot: Bot) -> None:
    ack = await bot.take(submitted("share_call", in_channel("C0SALES"), origin=Asked(call=ONE)))

    post, told = bot.said
    assert ack["response_action"] == "update"
    assert (post.how, post.arguments["channel"]) == ("chat.postMessage", "C0SALES")
    assert "jane@example.com" not in post.text
    assert told.how == "views.update"
    assert SHARED.text in told.text


@pytest.mark.parametrize("reason", ["not_in_channel", "channel_not_found"])
async def test_a_submitted_channel_without_the_bot_says_how_to_invite_it(bot: Bot, reason: str) -> None:
    bot.wire.errors["chat.postMessage"] = ChannelUnavailable(reason)

    await bot.take(submitted("share_call", in_channel("C0QUIET"), origin=Asked(call=ONE)))

    assert bot.only.how == "views.update"
    assert "/invite @Samora" in bot.only.text


async def test_a_share_of_no_call_is_marked_at_its_input(bot: Bot) -> None:
    ack = await bot.take(submitted("share_call", in_channel("C0SALES"), origin=Asked(call="x")))

    assert ack["response_action"] == "errors"
    assert list(ack["errors"]) == ["channel"]
    assert bot.said == []


@pytest.mark.parametrize("metadata", ["", "outdated", '{"v":9}'])
@pytest.mark.parametrize("callback_id", ["find_call", "pick_call", "share_call", "follow_in", "edit_options"])
async def test_a_submission_that_cannot_be_read_is_refused_in_its_place(
    bot: Bot, callback_id: str, metadata: str
) -> None:
    payload = submitted(callback_id, in_channel("C0SALES") | typed(ONE))
    payload["view"]["private_metadata"] = metadata

    ack = await bot.take(payload)

    assert ack["response_action"] == "update"
    assert UNREADABLE_BUTTON in str(ack["view"])
    assert (bot.said, bot.samora.asked) == ([], [])


async def test_an_unknown_modal_is_acked_and_closes(bot: Bot) -> None:
    assert await bot.take(submitted("other_apps", typed(ONE))) == ""
    assert bot.said == []


@pytest.mark.parametrize("state", [{}, {"values": None}, {"values": []}, {"values": {"call_id": None}}])
async def test_a_submission_of_a_strange_shape_is_marked_at_its_input(bot: Bot, state: object) -> None:
    payload = submitted("find_call", {})
    payload["view"]["state"] = state

    assert (await bot.take(payload))["errors"] == {"call_id": NOT_AN_ID}


# Mentions and other events


async def test_a_mention_with_an_id_is_answered_to_the_asker_alone(bot: Bot) -> None:
    await bot.take(mention(ONE))

    assert bot.only.how == "chat.postEphemeral"
    assert (bot.only.arguments["channel"], bot.only.arguments["user"]) == (CHANNEL, USER)
    assert "thread_ts" not in bot.only.arguments


async def test_a_mention_in_a_thread_is_answered_in_that_thread(bot: Bot) -> None:
    await bot.take(mention(ONE, thread_ts="5.5"))

    assert bot.only.arguments["thread_ts"] == "5.5"


async def test_a_mention_alone_gets_the_help(bot: Bot) -> None:
    await bot.take(mention(""))

    assert "Look up and follow Samora calls" in bot.only.text


@pytest.mark.parametrize(
    "event",
    [
        {"type": "app_mention", "bot_id": "B1", "user": "U0BOT"},
        {"type": "app_mention", "user": None},
        {"type": "app_home_opened", "tab": "messages"},
        {"type": "app_home_opened", "tab": "home", "user": None},
        {"type": "message", "text": ONE},
        {"type": "tokens_revoked"},
        {"type": "channel_archive"},
        {"type": "nothing_known"},
    ],
    ids=lambda event: str(event["type"]),
)
async def test_events_that_are_not_for_us_are_acked_and_nothing_more(bot: Bot, event: dict[str, Any]) -> None:
    """An event without a listener is a 404: Slack sends it again, and in the end disables all events."""
    await bot.take(mention(ONE, **event))

    assert bot.said == []
    assert bot.samora.asked == []


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "block_suggestion", "action_id": "x", "value": "y"},
        {"type": "view_closed", "view": {"id": "V1"}},
        {"type": "function_executed"},
        {"type": "x" * 5000},
        {"type": 3},
        {"type": None},
        {},
    ],
    ids=lambda payload: str(payload)[:40],
)
async def test_what_nobody_listens_to_is_acked(bot: Bot, payload: Payload) -> None:
    """Bolt answers it 404 over HTTP, and not at all over Socket Mode."""
    with capture_logs() as logs:
        assert await bot.take(payload) == ""

    assert bot.said == []
    assert [entry["event"] for entry in logs] == ["nobody_listens"]
    assert len(logs[0]["kind"]) <= 40


# Repeated deliveries


REPEATED: dict[str, Callable[[], Payload]] = {
    "command": lambda: command(ONE),
    "action": lambda: pressed("recording", about()),
    "shortcut": lambda: on_message("show_call", ONE),
    "submission": lambda: submitted("find_call", typed(ONE)),
    "mention": lambda: mention(ONE),
}


@pytest.mark.parametrize("kind", list(REPEATED))
async def test_the_same_trigger_or_event_is_answered_once_and_acked_each_time(bot: Bot, kind: str) -> None:
    for _ in range(3):
        await bot.take(REPEATED[kind]())

    assert len(bot.said) == 1
    assert bot.samora.asked == [ONE]
    assert [outcome for _, outcome in bot.seen] == ["answered", "repeated", "repeated"]


async def test_an_event_that_comes_again_after_a_restart_is_answered(bot: Bot) -> None:
    """Dropping whatever carries x-slack-retry-num would lose events: the retry may be the only delivery."""
    request = AsyncBoltRequest(
        body=json.dumps(mention(ONE)), headers={"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    )

    response = await bot.bolt.async_dispatch(request)
    await bot.work.close(grace=5)

    assert response.status == 200
    assert len(bot.said) == 1


# No room


@pytest.fixture
def full() -> Bot:
    return Bot(work=Work(at_once=0, waiting=0))


async def test_a_command_for_which_there_is_no_room_is_told_so_in_the_ack(full: Bot) -> None:
    assert await full.take(command(ONE)) == BUSY.text
    assert full.samora.asked == []
    assert full.seen == [("command", "busy")]


async def test_who_asks_after_an_answer_that_slack_did_not_take_is_told_so_in_the_ack(bot: Bot) -> None:
    for way in ("response_url", "chat.postEphemeral"):
        bot.wire.errors[way] = SlackUnavailable("no answer in time")
    acks = [await bot.take(command(ONE, trigger_id=f"1.1.{each}")) for each in "abc"]
    bot.wire.errors.clear()
    acks += [await bot.take(command(ONE, trigger_id=f"1.1.{each}")) for each in "de"]

    assert acks == ["", UNHEARD.text, UNHEARD.text, UNHEARD.text, ""]
    assert len(bot.said) == 2


async def test_a_submission_for_which_there_is_no_room_is_told_so_in_the_modal(full: Bot) -> None:
    ack = await full.take(submitted("find_call", typed(ONE)))

    assert ack["response_action"] == "update"
    assert BUSY.text in json.dumps(ack)


@pytest.mark.parametrize("payload", [pressed("recording", about()), on_message("show_call", ONE), mention(ONE)])
async def test_whatever_else_there_is_no_room_for_is_not_acked(full: Bot, payload: Payload) -> None:
    """Slack sends an event again then, and shows a person that a press came to nothing."""
    response = await full.bolt.async_dispatch(AsyncBoltRequest(body=as_sent(payload), mode="http"))

    assert response.status == 503
    assert [outcome for _, outcome in full.seen] == ["busy"]
    assert full.samora.asked == []


async def test_what_was_too_much_may_come_again() -> None:
    bot = Bot(work=Work(at_once=0, waiting=0))
    await bot.take(command(ONE))
    bot.work._at_once = 1

    await bot.take(command(ONE))

    assert [outcome for _, outcome in bot.seen] == ["busy", "answered"]


# Outsiders, other workspaces and other apps


OUTSIDE = {"user": {"id": "U0OUT", "username": "out", "team_id": "T0PARTNER"}}
NOBODY_KNOWS = {"user": {"id": "U0OUT", "username": "out"}}
OUTSIDERS: dict[str, Payload] = {
    "recording": pressed("recording", about(), **PUBLIC, **OUTSIDE),
    "transcript": pressed("transcript", about(), **PUBLIC, **OUTSIDE),
    "refresh": pressed("refresh", about(), **PUBLIC, **OUTSIDE),
    "show all": pressed("show_all", about(), **PUBLIC, **OUTSIDE),
    "share": pressed("share", about(), **PUBLIC, **OUTSIDE),
    "forged": pressed("recording", "forged", **PUBLIC, **OUTSIDE),
    "whose team nobody tells": pressed("recording", about(), **PUBLIC, **NOBODY_KNOWS),
    "shortcut": on_message("show_call", ONE, **OUTSIDE),
    "mention": mention(ONE, user="U0OUT", team="T0PARTNER", user_team="T0PARTNER"),
    "mention whose team nobody tells": mention(ONE, user="U0OUT", team=None, user_team=None),
}


@pytest.mark.parametrize("who", list(OUTSIDERS))
async def test_an_outsider_in_a_shared_channel_is_refused_and_nothing_is_asked_of_samora(bot: Bot, who: str) -> None:
    await bot.take(OUTSIDERS[who])

    assert bot.samora.asked == []
    assert bot.only.arguments["text"] == OUTSIDER.text
    assert bot.only.how in {"response_url", "chat.postEphemeral"}
    assert not bot.only.arguments.get("in_channel")
    assert [outcome for _, outcome in bot.seen] == ["outsider"]


@pytest.mark.parametrize("callback_id", ["find_call", "share_call"])
async def test_a_modal_submitted_by_an_outsider_asks_nothing_and_is_refused_in_words(
    bot: Bot, callback_id: str
) -> None:
    values = typed(ONE) if callback_id == "find_call" else in_channel("C0SALES")

    await bot.take(submitted(callback_id, values, origin=Asked(call=ONE), **OUTSIDE))

    assert bot.samora.asked == []
    assert bot.only.how == "views.update"
    assert OUTSIDER.text in bot.only.text


FOREIGN: dict[str, Payload] = {
    "a command of another team": command(ONE, team_id="T0OTHER"),
    "a command for another app": command(ONE, api_app_id="A0OTHER"),
    "a button of another team": pressed("recording", about(), team={"id": "T0OTHER"}),
    "a button for another app": pressed("recording", about(), api_app_id="A0OTHER"),
    "a button of an organisation": pressed("recording", about(), team=None),
    "a shortcut of another team": on_message("show_call", ONE, team={"id": "T0OTHER"}),
    "a submission of another team": submitted(
        "find_call", typed(ONE), view=view_of("find_call", app_installed_team_id="T0OTHER",
                                              state={"values": {"call_id": typed(ONE)}})
    ),
    "a mention for another team": mention(ONE) | {"authorizations": [{"team_id": "T0OTHER"}]},
    "a mention for another app": mention(ONE) | {"api_app_id": "A0OTHER"},
}  # fmt: skip


@pytest.mark.parametrize("what", list(FOREIGN))
async def test_a_payload_for_another_team_or_app_is_acked_and_leads_to_nothing(bot: Bot, what: str) -> None:
    """Bolt's single-token mode does not check the team: a payload for another one would be served."""
    with capture_logs() as logs:
        await bot.take(FOREIGN[what])

    assert bot.samora.asked == []
    assert bot.said == []
    assert [outcome for _, outcome in bot.seen] == ["foreign"]
    assert [entry["event"] for entry in logs] == ["foreign_payload"]


async def test_a_partners_mention_is_for_the_authorised_team_and_not_for_the_outer_one(bot: Bot) -> None:
    """In shared channels the outer team_id may be the partner's: authorizations[0] says whose event it is."""
    await bot.take(mention(ONE) | {"team_id": "T0PARTNER"})

    assert bot.samora.asked == [ONE]


async def test_a_modal_opened_elsewhere_is_for_the_team_that_installed_the_app(bot: Bot) -> None:
    """An external user's submission names that user's team; the view names ours."""
    payload = submitted("find_call", typed(ONE), team={"id": "T0PARTNER"})

    await bot.take(payload)

    assert bot.samora.asked == [ONE]


# Bugs


async def test_an_exception_in_a_job_is_said_and_logged_under_one_reference(bot: Bot) -> None:
    bot.samora.error = RuntimeError(f"token xoxb-1 and {LINK}")

    with capture_logs() as logs:
        await bot.take(command(ONE))

    (bug,) = [entry for entry in logs if entry["event"] == "bug"]
    assert bug["reference"] in bot.only.text
    assert bug["exc_info"]
    for secret in ("RuntimeError", "Traceback", "xoxb-1", "X-Amz-Signature"):
        assert secret not in bot.only.text
    assert bot.seen == [("command", "bug")]


EARLY = {
    "command": ("bot.slack.listeners.commands.place_of_command", command(ONE)),
    "action": ("bot.slack.listeners.actions.place_of_interaction", pressed("recording", about())),
    "shortcut": ("bot.slack.listeners.shortcuts.place_of_interaction", on_message("show_call", ONE)),
    "submission": ("bot.slack.listeners.views.place_of_interaction", submitted("find_call", typed(ONE))),
    "event": ("bot.slack.listeners.events.place_of_mention", mention(ONE)),
}


@pytest.mark.parametrize("kind", list(EARLY))
async def test_an_exception_right_before_or_after_the_ack_does_not_lose_the_ack(
    bot: Bot, mocker: MockerFixture, kind: str
) -> None:
    """Bolt forgets the ack of a listener that raises within 10 ms, hangs for 3 seconds and answers 404."""
    where, payload = EARLY[kind]
    mocker.patch(where, side_effect=RuntimeError("early"))

    with capture_logs() as logs:
        await bot.take(payload)

    assert [entry["event"] for entry in logs] == ["bug"]
    assert logs[0]["reference"]


async def test_a_messenger_that_breaks_loses_the_answer_and_nothing_else(bot: Bot, mocker: MockerFixture) -> None:
    mocker.patch.object(bot.wire, "respond", side_effect=ValueError("broken"))

    with capture_logs() as logs:
        await bot.take(command(ONE))

    assert [entry["event"] for entry in logs] == ["bug", "bug", "answer_lost"]
    assert bot.seen == [("command", "bug")]
