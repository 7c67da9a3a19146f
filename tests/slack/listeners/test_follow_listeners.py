"""The listeners, as far as they lead to following: from Slack's payloads to what is said and remembered."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from pytest_mock import MockerFixture
from slack_bolt.request.async_request import AsyncBoltRequest
from structlog.testing import capture_logs

from bot.core.calls import CallId, CallStatus
from bot.core.errors import ChannelUnavailable, SamoraUnavailable, SlackUnavailable
from bot.core.subscriptions import Delivery, Options, Reason, Style, Subscription, SubscriptionState
from bot.slack.follow_words import GONE, NOT_YOURS
from bot.slack.payloads import Asked, Payload
from bot.slack.sentences import BUSY, NO_CHANNEL, NOT_AN_ID, OUTSIDER
from bot.slack.work import Work
from tests.slack.listeners.door import (
    CHANNEL,
    IN_THREAD,
    ONE,
    PUBLIC,
    READ_AT,
    TEAM,
    TWO,
    USER,
    Bot,
    Said,
    about,
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
)  # fmt: skip


@pytest.fixture
def bot() -> Bot:
    bot = Bot()
    bot.samora.is_running = True
    return bot


def followed(**changes: Any) -> Subscription:
    there = Subscription(
        id="s1", team_id=TEAM, channel_id=CHANNEL, call_id=CallId(ONE), creator_id="U0JON", created_at=READ_AT,
        changed_at=READ_AT, card_ts="5.5", status="ONGOING",
    )  # fmt: skip
    return replace(there, **changes)


def only_row(bot: Bot) -> Subscription:
    (row,) = bot.subscriptions.rows.values()
    return row


def posts(bot: Bot) -> list[Said]:
    return [said for said in bot.said if said.how == "chat.postMessage"]


def buttons_of(said: Said) -> list[dict[str, Any]]:
    blocks = said.arguments.get("blocks") or said.arguments.get("view", {}).get("blocks", [])
    return [element for block in blocks if block["type"] == "actions" for element in block["elements"]]


def press_of(said: Said, label: str) -> tuple[str, str]:
    """What a button of that name would send."""
    element = next(each for each in buttons_of(said) if each["text"]["text"] == label)
    return element["action_id"], element["value"]


# The slash command


async def test_subscribe_posts_the_card_and_tells_the_asker_alone(bot: Bot) -> None:
    await bot.take(command(f"subscribe {ONE}"))

    card, told = bot.said
    assert (card.how, card.arguments["channel"], card.arguments.get("thread_ts")) == ("chat.postMessage", CHANNEL, None)
    assert told.how == "response_url"
    assert told.arguments["in_channel"] is False
    assert f"Following call `{ONE}` here: every change, in the thread." in told.text
    assert only_row(bot).creator_id == USER
    assert bot.outbox.marked == [("s-new", "9.9")]
    assert bot.woken == 1
    assert bot.seen == [("command", "answered")]


async def test_options_come_with_the_command_as_slack_escapes_names(bot: Bot) -> None:
    link = f"<https://app.samora.ai/{ONE}|the call>"
    await bot.take(command(f"subscribe {link} on:finished to:channel mention:<@U0MIRA|mira b> style:compact"))

    assert only_row(bot).options == Options(
        statuses=frozenset({CallStatus.CALL_FINISHED}), to=Delivery.CHANNEL, mention="U0MIRA", style=Style.COMPACT
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"subscribe {ONE} notify:thread", "Did you mean `to:thread`?"),
        (f"subscribe {ONE} on:", "An empty filter would never tell you anything."),
        (f"subscribe {ONE} mention:@mira", "pick the name from the list"),
        ("subscribe", "Which call?"),
        ("subscribe to:card", "Which call?"),
        ("unsubscribe", "Which call?"),
        ("unsubscribe everything", "Which call?"),
        (f"unsubscribe {ONE}", "isn't followed here"),
        ("unsubscribe all", "No call is followed here."),
        ("list", "No call is followed here."),
    ],
)
async def test_what_cannot_be_done_is_said_and_asks_nothing_of_samora(bot: Bot, text: str, says: str) -> None:
    await bot.take(command(text))

    assert says in bot.only.arguments["text"]
    assert labels(bot.only) == []
    assert bot.samora.asked == []
    assert bot.subscriptions.rows == {}


async def test_several_calls_to_follow_are_asked_about_and_the_options_kept(bot: Bot) -> None:
    await bot.take(command(f"subscribe {ONE} {TWO} to:card"))
    question = bot.only

    await bot.take(pressed(*press_of(question, TWO)))

    assert only_row(bot).call_id == CallId(TWO)
    assert only_row(bot).options == Options(to=Delivery.CARD)
    assert bot.said[-1].arguments["replace_original"] is True


async def test_several_calls_to_end_are_asked_about() -> None:
    bot = Bot(followed())
    await bot.take(command(f"unsubscribe {ONE} {TWO}"))

    await bot.take(pressed(*press_of(bot.only, ONE)))

    assert only_row(bot).state is SubscriptionState.ENDED
    assert "isn't followed here any more" in bot.said[-1].text
    assert bot.said[-1].arguments["replace_original"] is True


async def test_where_the_bot_is_no_member_the_asker_learns_how_to_invite_it(bot: Bot) -> None:
    bot.wire.errors["chat.postMessage"] = ChannelUnavailable("not_in_channel")

    await bot.take(command(f"subscribe {ONE}"))

    assert "/invite @Samora" in bot.only.text
    assert labels(bot.only) == []
    assert bot.subscriptions.rows == {}


async def test_trying_again_follows_as_it_was_asked_for(bot: Bot) -> None:
    bot.samora.error = SamoraUnavailable("HTTP 503")
    await bot.take(command(f"subscribe {ONE} to:channel"))
    bot.samora.error = None

    await bot.take(pressed(*press_of(bot.only, "Try again")))

    assert only_row(bot).options == Options(to=Delivery.CHANNEL)
    assert bot.said[-1].arguments["replace_original"] is True


async def test_a_memory_that_fails_is_said_with_a_button(bot: Bot) -> None:
    bot.subscriptions.broken = {"all"}
    for text in (f"subscribe {ONE}", f"unsubscribe {ONE}", "list"):
        await bot.take(command(text, trigger_id=text))
        assert bot.said[-1].arguments["text"] == "I can't reach my memory right now."
        assert labels(bot.said[-1]) == ["Try again"]
    bot.subscriptions.broken = set()

    await bot.take(pressed(*press_of(bot.said[-1], "Try again")))

    assert "No call is followed here." in bot.said[-1].text


@pytest.mark.parametrize("text", ["unsubscribe all", "unsubscribe"])
async def test_what_nothing_can_repeat_fails_without_a_button(text: str) -> None:
    bot = Bot(followed())
    bot.subscriptions.broken = {"all"}

    await bot.take(command(text))

    assert labels(bot.only) == []


# Mentions


async def test_a_mention_in_a_thread_follows_in_that_thread(bot: Bot) -> None:
    await bot.take(mention(f"subscribe {ONE} mention:<@U0JON> to:channel", thread_ts="5.5"))

    assert posts(bot)[0].arguments["thread_ts"] == "5.5"
    assert only_row(bot).thread_ts == "5.5"
    assert only_row(bot).options.mention == "U0JON"
    assert bot.said[-1].how == "chat.postEphemeral"
    assert bot.said[-1].arguments["thread_ts"] == "5.5"


@pytest.mark.parametrize("said", ["<@U0JON> subscribe {id}", "<@U0JON|jon> subscribe {id} mention: <@U0JON>"])
async def test_other_names_in_a_mention_are_not_taken_for_words(bot: Bot, said: str) -> None:
    await bot.take(mention(said.format(id=ONE)))

    assert "I can't read" not in bot.said[-1].text
    assert bool(bot.subscriptions.rows) is ("mention:" not in said)


# A call on a board


@pytest.mark.parametrize("how", ["command", "button"])
async def test_a_call_that_stands_on_a_board_gets_a_card_by_being_followed(how: str) -> None:
    bot = Bot(followed())
    (row,) = bot.subscriptions.rows.values()
    bot.subscriptions.folded = {row.id}
    payload = command(f"subscribe {ONE}") if how == "command" else pressed("follow", about(), **PUBLIC)

    await bot.take(payload)
    await bot.take(command(f"subscribe {ONE}", trigger_id="again"))

    ours = "Until now it stood on the board of a burst; its own card comes into the channel."
    first, second = (said.arguments["text"] for said in bot.said)
    assert "is followed here already" in first
    assert first.endswith(ours)
    assert ours not in second
    assert (bot.samora.asked, bot.woken) == ([], 1)


# Follow on a card


async def test_follow_on_a_private_card_posts_a_public_one(bot: Bot) -> None:
    await bot.take(pressed("follow", about(), **IN_THREAD))

    assert posts(bot)[0].arguments["thread_ts"] == "5.5"
    assert only_row(bot).card_ts == ""
    assert bot.said[-1].arguments["replace_original"] is False


async def test_follow_on_a_public_card_makes_it_the_followed_one(bot: Bot) -> None:
    await bot.take(pressed("follow", about(), **PUBLIC))

    update, told = bot.said
    assert (update.how, update.arguments["ts"]) == ("chat.update", "5.5")
    assert "Followed here" in update.text
    assert only_row(bot).card_ts == "5.5"
    assert (told.how, told.arguments["user"]) == ("chat.postEphemeral", USER)


async def test_trying_again_on_a_public_card_still_means_that_card(bot: Bot) -> None:
    bot.samora.error = SamoraUnavailable("HTTP 503")
    await bot.take(pressed("follow", about(), **PUBLIC))
    bot.samora.error = None

    await bot.take(pressed(*press_of(bot.only, "Try again"), trigger_id="1.1.again"))

    assert only_row(bot).card_ts == "5.5"
    assert posts(bot) == []


async def test_follow_pressed_twice_at_the_same_time_follows_once(bot: Bot) -> None:
    for trigger_id in ("1.1.a", "1.1.b"):
        body = as_sent(pressed("follow", about(), trigger_id=trigger_id))
        assert (await bot.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="http"))).status == 200
    await bot.work.close(grace=5)

    assert len(posts(bot)) == 1
    assert len(bot.said) == 2


async def test_follow_in_a_modal_opened_from_a_channel_follows_there(bot: Bot) -> None:
    await bot.take(pressed_in_modal("follow", about(), origin=Asked(channel="C0SALES", thread="4.4")))

    assert [said.how for said in bot.said] == ["views.push", "chat.postMessage", "views.update"]
    assert (only_row(bot).channel_id, only_row(bot).thread_ts) == ("C0SALES", "4.4")
    assert "in <#C0SALES>" in bot.said[-1].text


async def test_follow_in_a_modal_opened_from_nowhere_asks_for_the_channel(bot: Bot) -> None:
    await bot.take(pressed_in_modal("follow", about()))

    view = bot.said[-1].arguments["view"]
    assert view["callback_id"] == "follow_in"
    assert Asked.parse(view["private_metadata"]).call == ONE
    assert bot.samora.asked == []


async def test_the_channel_that_was_chosen_gets_the_card(bot: Bot) -> None:
    ack = await bot.take(submitted("follow_in", in_channel("C0SALES"), origin=Asked(call=ONE)))

    assert ack["response_action"] == "update"
    assert only_row(bot).channel_id == "C0SALES"
    assert only_row(bot).team_id == TEAM
    assert "Following call" in bot.said[-1].text


@pytest.mark.parametrize("callback_id", ["follow_in", "share_call"])
async def test_no_channel_is_marked_at_its_input(bot: Bot, callback_id: str) -> None:
    ack = await bot.take(submitted(callback_id, in_channel(None), origin=Asked(call=ONE)))

    assert ack == {"response_action": "errors", "errors": {"channel": NO_CHANNEL}}
    assert bot.said == []


async def test_a_forged_question_for_the_channel_follows_nothing(bot: Bot) -> None:
    ack = await bot.take(submitted("follow_in", in_channel("C0SALES"), origin=Asked(call="x")))

    assert list(ack["errors"]) == ["channel"]
    assert bot.subscriptions.rows == {}


@pytest.mark.parametrize("where", [PUBLIC, {}])
async def test_a_refreshed_public_card_is_drawn_again_if_it_is_followed(bot: Bot, where: dict[str, Any]) -> None:
    """Our own drawing and the relay's may cross."""
    await bot.take(pressed("refresh", about(), **where))

    assert len(bot.said) == 1
    assert bot.subscriptions.done == ([("want_card", TEAM, CHANNEL, "5.5")] if where else [])


@pytest.mark.parametrize("options", ["on:nothing", "to:mars", "x:y"])
async def test_a_button_with_forged_options_follows_nothing(bot: Bot, options: str) -> None:
    await bot.take(pressed("follow", about(options=options)))

    assert bot.subscriptions.rows == {}
    assert "I don't know" in bot.only.text


# The shortcut


async def test_the_shortcut_hangs_the_card_into_that_messages_thread(bot: Bot) -> None:
    await bot.take(on_message("follow_call", f"see {ONE}"))

    assert posts(bot)[0].arguments["thread_ts"] == "5.5"
    assert only_row(bot).thread_ts == "5.5"
    assert only_row(bot).card_ts == ""
    # An answer in a thread that nobody has written in yet would not be shown.
    assert bot.said[-1].arguments["thread_ts"] == ""
    assert bot.seen == [("shortcut.follow_call", "answered")]


async def test_on_a_reply_it_hangs_the_card_into_the_same_thread(bot: Bot) -> None:
    message = {"type": "message", "ts": "5.6", "thread_ts": "5.5", "user": "U0JON", "text": ONE}

    await bot.take(on_message("follow_call", "", message=message, message_ts="5.6"))

    assert only_row(bot).thread_ts == "5.5"


async def test_the_shortcut_tried_again_still_means_that_thread(bot: Bot) -> None:
    bot.samora.error = SamoraUnavailable("HTTP 503")
    await bot.take(on_message("follow_call", ONE))
    bot.samora.error = None

    await bot.take(pressed(*press_of(bot.only, "Try again")))

    assert only_row(bot).thread_ts == "5.5"


@pytest.mark.parametrize(
    ("text", "callback_id", "values"),
    [(f"{ONE} or {TWO}", "pick_call", chosen(TWO)), ("hello", "find_call", typed(TWO))],
)
async def test_several_ids_or_none_are_asked_about_first(
    bot: Bot, text: str, callback_id: str, values: dict[str, Any]
) -> None:
    await bot.take(on_message("follow_call", text))
    view = bot.only.arguments["view"]
    assert (view["callback_id"], view["submit"]["text"]) == (callback_id, "Follow")
    assert bot.subscriptions.rows == {}

    ack = await bot.take(submitted(callback_id, values, origin=Asked.parse(view["private_metadata"])))

    assert ack["response_action"] == "update"
    row = only_row(bot)
    assert (row.call_id, row.team_id, row.channel_id, row.thread_ts) == (CallId(TWO), TEAM, CHANNEL, "5.5")
    assert "Following call" in bot.said[-1].text


async def test_several_typed_ids_are_asked_about_without_forgetting_what_for(bot: Bot) -> None:
    origin = Asked(channel=CHANNEL, thread="5.5", again="follow")

    ack = await bot.take(submitted("find_call", typed(f"{ONE} {TWO}"), origin=origin))

    assert ack["view"]["submit"]["text"] == "Follow"
    assert metadata_of(ack["view"]) == origin


async def test_a_typed_text_without_an_id_is_marked_at_its_input(bot: Bot) -> None:
    ack = await bot.take(submitted("find_call", typed("x"), origin=Asked(again="follow")))

    assert ack["errors"] == {"call_id": NOT_AN_ID}


async def test_a_follow_that_fails_in_a_modal_is_tried_again_there(bot: Bot) -> None:
    origin = Asked(channel=CHANNEL, thread="5.5", again="follow")
    bot.samora.error = SamoraUnavailable("HTTP 503")
    await bot.take(submitted("find_call", typed(ONE), origin=origin))
    bot.samora.error = None
    failed = bot.only
    origin = Asked.parse(failed.arguments["view"]["private_metadata"])

    await bot.take(pressed_in_modal(*press_of(failed, "Try again"), origin=origin))

    assert only_row(bot).thread_ts == "5.5"
    assert (bot.said[-1].how, bot.said[-1].arguments["view_id"]) == ("views.update", "V0OPEN")


# The list


async def test_the_list_is_for_the_asker_alone_and_changes_in_place() -> None:
    bot = Bot(followed(), followed(id="s2", call_id=CallId(TWO)))
    await bot.take(command("list"))
    listed = bot.only
    assert listed.arguments["in_channel"] is False
    assert labels(listed) == ["Pause", "End", "Edit", "Pause", "End", "Edit"]

    await bot.take(pressed(*press_of(listed, "Pause")))
    assert labels(bot.said[-1])[0] == "Resume"
    await bot.take(pressed(*press_of(bot.said[-1], "Resume"), trigger_id="1.1.b"))
    assert labels(bot.said[-1])[0] == "Pause"
    await bot.take(pressed(*press_of(bot.said[-1], "End"), trigger_id="1.1.c"))

    assert bot.subscriptions.rows["s1"].state is SubscriptionState.ENDED
    assert labels(bot.said[-1]) == ["Pause", "End", "Edit"]
    assert [said.arguments["replace_original"] for said in bot.said] == [False, True, True, True]
    assert bot.woken == 3


async def test_the_pages_of_the_list_turn_in_place() -> None:
    bot = Bot(*(followed(id=f"s{n}", call_id=CallId(f"{n:08x}-e89b-42d3-a456-426614174000")) for n in range(7)))
    await bot.take(command("list"))

    await bot.take(pressed(*press_of(bot.only, "Next")))

    assert "Page 2 of 2" in bot.said[-1].text
    assert bot.said[-1].arguments["replace_original"] is True


async def test_ending_everything_takes_a_second_press() -> None:
    bot = Bot(followed())
    await bot.take(command("unsubscribe  ALL "))
    assert only_row(bot).state is SubscriptionState.ACTIVE
    question = bot.only

    await bot.take(pressed(*press_of(question, "End all")))

    assert only_row(bot).state is SubscriptionState.ENDED
    assert "Ended: 1 call is not followed here any more." in bot.said[-1].text
    assert bot.said[-1].arguments["replace_original"] is True


async def test_and_may_be_thought_better_of() -> None:
    bot = Bot(followed())
    await bot.take(command("unsubscribe all"))

    await bot.take(pressed(*press_of(bot.only, "Keep them")))

    assert only_row(bot).state is SubscriptionState.ACTIVE
    assert "nothing has ended" in bot.said[-1].text


async def test_edit_opens_a_form_and_what_is_submitted_is_saved() -> None:
    bot = Bot(followed())
    await bot.take(command("list"))
    await bot.take(pressed(*press_of(bot.only, "Edit")))
    assert [said.how for said in bot.said[1:]] == ["views.open", "views.update"]
    view = bot.said[-1].arguments["view"]
    origin = Asked.parse(view["private_metadata"])

    ack = await bot.take(submitted("edit_options", form(to="channel", statuses=["REJECTED"]), origin=origin))

    assert ack["response_action"] == "update"
    assert only_row(bot).options == Options(statuses=frozenset({CallStatus.REJECTED}), to=Delivery.CHANNEL)
    assert "Saved." in bot.said[-1].text
    assert bot.woken == 1


def form(
    *, to: str = "thread", statuses: list[str] | None = None, style: str = "full", user: str | None = None
) -> dict[str, Any]:
    ticked = [{"value": status} for status in (list(CallStatus) if statuses is None else statuses)]
    return {
        "statuses": {"type": "checkboxes", "selected_options": ticked},
        "to": {"type": "radio_buttons", "selected_option": {"value": to}},
        "mention": {"type": "users_select", "selected_user": user},
        "style": {"type": "radio_buttons", "selected_option": {"value": style}},
    }


@pytest.mark.parametrize(
    ("values", "block_id"), [(form(statuses=[]), "statuses"), (form(to="card", user="U0MIRA"), "mention")]
)
async def test_a_form_that_makes_no_sense_is_marked_at_its_input(values: dict[str, Any], block_id: str) -> None:
    bot = Bot(followed())

    ack = await bot.take(submitted("edit_options", values, origin=Asked(sub="s1", channel=CHANNEL)))

    assert ack["response_action"] == "errors"
    assert list(ack["errors"]) == [block_id]
    assert only_row(bot).options == Options()


async def test_a_form_that_cannot_be_saved_now_can_be_opened_again() -> None:
    bot = Bot(followed())
    bot.subscriptions.broken = {"change"}
    origin = Asked(sub="s1", channel=CHANNEL, call=ONE)
    await bot.take(submitted("edit_options", form(to="card"), origin=origin))
    failed = bot.only
    assert "I can't reach my memory right now." in failed.text
    bot.subscriptions.broken = set()
    origin = Asked.parse(failed.arguments["view"]["private_metadata"])

    await bot.take(pressed_in_modal(*press_of(failed, "Try again"), origin=origin))

    assert (bot.said[-1].how, bot.said[-1].arguments["view_id"]) == ("views.update", "V0OPEN")
    assert bot.said[-1].arguments["view"]["callback_id"] == "edit_options"


async def test_a_form_for_which_there_is_no_room_is_told_so() -> None:
    bot = Bot(followed(), work=Work(at_once=0, waiting=0))

    ack = await bot.take(submitted("edit_options", form(), origin=Asked(sub="s1")))

    assert BUSY.text in json.dumps(ack)


# Resume and Follow again


@pytest.mark.parametrize(
    ("action_id", "before"),
    [
        ("resume", {"state": SubscriptionState.PAUSED, "reason": "is_archived"}),
        ("follow_again", {"state": SubscriptionState.ENDED, "reason": Reason.QUIET}),
    ],
)
async def test_a_notices_button_resumes_and_tells_the_presser_alone(action_id: str, before: dict[str, Any]) -> None:
    bot = Bot(followed(**before))

    await bot.take(pressed(action_id, about(sub="s1"), **PUBLIC))

    assert only_row(bot).state is SubscriptionState.ACTIVE
    assert "is followed again" in bot.only.text
    assert bot.only.arguments["in_channel"] is False
    assert bot.only.arguments["replace_original"] is False


async def test_the_creator_resumes_from_a_direct_message_and_nobody_else_from_afar() -> None:
    bot = Bot(followed(state=SubscriptionState.PAUSED, reason="is_archived"))
    direct = {
        "channel": {"id": "D0DIRECT", "name": "directmessage"},
        "container": {"type": "message", "message_ts": "7.7", "channel_id": "D0DIRECT", "is_ephemeral": False},
    }

    await bot.take(pressed("resume", about(sub="s1"), **direct))
    assert NOT_YOURS in bot.only.text
    assert "resume" not in bot.subscriptions.names()
    jon = {"user": {"id": "U0JON", "username": "jon", "team_id": TEAM}, "trigger_id": "1.1.jon"}
    await bot.take(pressed("resume", about(sub="s1"), **direct, **jon))

    assert only_row(bot).state is SubscriptionState.ACTIVE


async def test_a_button_about_what_is_gone_says_so(bot: Bot) -> None:
    await bot.take(pressed("follow_again", about(sub="s9"), **PUBLIC))

    assert GONE in bot.only.text


@pytest.mark.parametrize("action_id", ["resume", "follow_again", "list_pause", "list_resume", "list_end", "edit"])
@pytest.mark.parametrize("value", [about(), Asked(sub="s1").encode(), Asked(call="x", sub="s1").encode()])
async def test_a_button_that_lacks_an_id_is_unreadable(action_id: str, value: str) -> None:
    bot = Bot(followed())

    await bot.take(pressed(action_id, value))

    assert bot.seen == [("action.unreadable", "answered")]
    assert bot.subscriptions.done == []


@pytest.mark.parametrize(
    "payload",
    [
        pressed("follow", about(), **PUBLIC), pressed("resume", about(sub="s1"), **PUBLIC),
        pressed("list_end", about(sub="s1"), **PUBLIC), pressed("end_all", Asked().encode(), **PUBLIC),
        mention(f"subscribe {ONE}"),
    ],
)  # fmt: skip
async def test_an_outsider_follows_and_changes_nothing(payload: Payload) -> None:
    bot = Bot(followed())
    stranger = {"id": "U0OUT", "username": "out", "team_id": "T0PARTNER"}
    event = payload.get("event", {}) | {"user": "U0OUT", "team": "T0PARTNER", "user_team": "T0PARTNER"}

    await bot.take(payload | {"user": stranger} | ({"event": event} if "event" in payload else {}))

    assert bot.only.arguments["text"] == OUTSIDER.text
    assert bot.subscriptions.done == []


# What Slack says of channels and of the app


def event(kind: str, **fields: Any) -> Payload:
    return mention("") | {"event": {"type": kind, "event_ts": "6.6", **fields}}


@pytest.mark.parametrize(
    ("payload", "done"),
    [
        (event("channel_unarchive", channel=CHANNEL, user="U0JON"), ("resume_channel", TEAM, CHANNEL)),
        (event("group_unarchive", channel=CHANNEL, user="U0OUT"), ("resume_channel", TEAM, CHANNEL)),
        (event("member_joined_channel", channel=CHANNEL, user="U0BOT"), ("resume_channel", TEAM, CHANNEL)),
        (
            event("channel_id_changed", old_channel_id="G0OLD", new_channel_id="C0NEW"),
            ("move_channel", TEAM, "G0OLD", "C0NEW"),
        ),
        (event("channel_shared", channel=CHANNEL, connected_team_id="T0"), ("share_channel", TEAM, CHANNEL, True)),
        (
            event("channel_unshared", channel=CHANNEL, previously_connected_team_id="T0", is_ext_shared=False),
            ("share_channel", TEAM, CHANNEL, False),
        ),
        (
            event("channel_unshared", channel=CHANNEL, previously_connected_team_id="T0", is_ext_shared=True),
            ("share_channel", TEAM, CHANNEL, True),
        ),
        (event("channel_unshared", channel=CHANNEL), ("share_channel", TEAM, CHANNEL, True)),
        (event("app_uninstalled"), ("erase_team", TEAM)),
        (event("tokens_revoked", tokens={"oauth": [], "bot": ["U0BOT"]}), ("stop_team", TEAM)),
    ],
    ids=lambda value: value["event"]["type"] if isinstance(value, dict) else "",
)
async def test_slacks_own_events_are_heeded_though_no_person_is_behind_them(
    payload: Payload, done: tuple[object, ...]
) -> None:
    bot = Bot(followed())

    assert await bot.take(payload) == ""

    assert bot.subscriptions.done == [done]
    assert bot.said == []
    assert bot.seen == [(f"event.{payload['event']['type']}", "answered")]


@pytest.mark.parametrize(
    "payload",
    [
        event("member_joined_channel", channel=CHANNEL, user="U0JON"),
        event("member_joined_channel", channel=CHANNEL, user="") | {"authorizations": []},
        event("channel_id_changed", old_channel_id="G0OLD"),
        event("channel_archive", channel=CHANNEL),
        event("tokens_revoked", tokens={"oauth": ["U0JON"], "bot": []}),
        event("tokens_revoked", tokens=None),
        {"type": "event_callback", "event": None},
        {"type": "event_callback"},
    ],
)
async def test_events_that_change_nothing_for_the_bot_are_acked(bot: Bot, payload: Payload) -> None:
    assert await bot.take(payload) == ""

    assert bot.subscriptions.done == []
    assert bot.seen == []


async def test_an_event_of_another_workspace_changes_nothing(bot: Bot) -> None:
    foreign = event("app_uninstalled") | {"authorizations": [{"team_id": "T0OTHER"}]}

    with capture_logs() as logs:
        assert await bot.take(foreign) == ""

    assert bot.subscriptions.done == []
    assert bot.seen == [("event.app_uninstalled", "foreign")]
    assert [entry["event"] for entry in logs] == ["foreign_payload"]


async def test_an_event_that_cannot_be_heeded_now_is_not_acked_and_comes_again() -> None:
    bot = Bot(followed())
    bot.subscriptions.broken = {"all"}
    body = json.dumps(event("channel_unarchive", channel=CHANNEL))

    with capture_logs() as logs:
        first = await bot.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="http"))
    bot.subscriptions.broken = set()
    second = await bot.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="http"))

    assert (first.status, second.status) == (503, 200)
    assert bot.subscriptions.done == [("resume_channel", TEAM, CHANNEL)]
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("not_heeded", "error")]
    assert [outcome for _, outcome in bot.seen] == ["busy", "answered"]


async def test_a_memory_that_hangs_does_not_hold_the_ack_for_longer_than_slack_waits(
    bot: Bot, mocker: MockerFixture
) -> None:
    mocker.patch("bot.slack.listeners.boundary._HEED_SECONDS", 0.01)

    async def hang(*_: object) -> int:
        await asyncio.Event().wait()
        return 0

    mocker.patch.object(bot.subscriptions, "resume_channel", hang)
    body = json.dumps(event("channel_unarchive", channel=CHANNEL))

    response = await bot.bolt.async_dispatch(AsyncBoltRequest(body=body, mode="http"))

    assert response.status == 503


async def test_a_post_whose_answer_got_lost_is_said_and_the_relay_goes_on(bot: Bot) -> None:
    bot.wire.errors["chat.postMessage"] = SlackUnavailable("no answer to chat.postMessage")

    await bot.take(command(f"subscribe {ONE}"))

    assert "Slack didn't confirm its card" in bot.only.text
    assert labels(bot.only) == []
    assert len(bot.outbox.put_off) == 1
