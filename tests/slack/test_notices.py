"""Notices in words: each sentence, who is pinged, and what the channel itself hears."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.calls import CallStatus
from bot.core.changes import ChangeKind, Facts
from bot.core.outbox import Notice
from bot.core.subscriptions import Delivery, Options, Reason
from bot.slack.blocks import Message
from bot.slack.cards import FOLLOW_AGAIN, RESUME
from bot.slack.notices import is_broadcast, notice_message, paused_words
from bot.slack.payloads import Asked
from tests.core.making import make_facts, make_notice
from tests.factories import HOSTILE_TEXTS, make_call_id
from tests.slack.judges import judge_message, parts_of

CHANNEL = Options(to=Delivery.CHANNEL)
STUCK = Facts(new=CallStatus.TRIGGERED, seconds=905)
LET_GO = Facts(new=CallStatus.ONGOING, seconds=86_400)
SHORT_ID = str(make_call_id())[:8]


def make_pause(reason: str = "not_in_channel", *, count: int = 1) -> Notice:
    facts = Facts(reason=reason, channel_id="C111", count=count)
    return make_notice(kind=ChangeKind.PAUSED, facts=facts, channel_id="U111", root_ts="")


def buttons_of(message: Message) -> list[dict[str, object]]:
    return [part for part in parts_of(list(message.blocks)) if part.get("type") == "button"]


# What is said


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "Ongoing → Finished after 5m 25s · recording and transcript ready"),
        ({"transcript": False}, "Ongoing → Finished after 5m 25s · recording ready"),
        ({"recording": False}, "Ongoing → Finished after 5m 25s · transcript ready"),
        ({"recording": False, "transcript": False}, "Ongoing → Finished after 5m 25s"),
        ({"recording": False, "transcript": False, "seconds": None}, "Ongoing → Finished"),
        ({"old": "", "recording": False, "transcript": False}, "Finished after 5m 25s"),
        ({"seconds": 0}, "Ongoing → Finished after 0s · recording and transcript ready"),
        ({"seconds": 3_603, "recording": False, "transcript": False}, "Ongoing → Finished after 1h 0m 3s"),
    ],
)
def test_the_end_is_told_with_how_long_it_took_and_what_there_is(facts: dict[str, object], line: str) -> None:
    assert notice_message(make_notice(facts=make_facts(**facts))) == Message(line)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("PENDING", "TRIGGERED", "Pending → Triggered"),
        ("TRIGGERED", "ONGOING", "Triggered → Ongoing"),
        ("TRIGGERED", "UNANSWERED", "Triggered → Unanswered"),
        ("TRIGGERED", "REJECTED", "Triggered → Rejected"),
        ("ONGOING", "LEFT_A_MESSAGE", "Ongoing → Left A Message"),
        ("LEFT_A_MESSAGE", "ONGOING", "Left A Message → Ongoing"),
        ("", "ONGOING", "Ongoing"),
        ("", "UNANSWERED", "Unanswered"),
    ],
)
def test_any_other_status_is_told_in_one_line(old: str, new: str, line: str) -> None:
    facts = Facts(old=old, new=new, is_final=new in {"UNANSWERED", "REJECTED"})

    assert notice_message(make_notice(facts=facts)) == Message(line)


def test_a_call_that_is_not_over_is_not_told_to_have_ended_after_some_time() -> None:
    facts = Facts(old="TRIGGERED", new="ONGOING", seconds=99)

    assert notice_message(make_notice(facts=facts)).text == "Triggered → Ongoing"


@pytest.mark.parametrize(
    ("media", "line"),
    [
        ({}, "Recording and transcript ready"),
        ({"transcript": False}, "Recording ready"),
        ({"recording": False}, "Transcript ready"),
    ],
)
def test_media_that_come_later_are_told_in_one_line(media: dict[str, object], line: str) -> None:
    facts = make_facts(old="", **media)

    assert notice_message(make_notice(kind=ChangeKind.MEDIA, facts=facts)) == Message(line)


@pytest.mark.parametrize(
    ("status", "seconds", "line"),
    [
        ("TRIGGERED", 905, "Still Triggered after 15m 5s: that is longer than it should take"),
        ("ONGOING", 3_600, "Still Ongoing after 1h 0m 0s: that is longer than it should take"),
        ("ONGOING", None, "Still Ongoing after 0s: that is longer than it should take"),
    ],
)
def test_an_alarm_says_how_long(status: str, seconds: int | None, line: str) -> None:
    facts = Facts(new=status, seconds=seconds)

    assert notice_message(make_notice(kind=ChangeKind.STUCK, facts=facts)) == Message(line)


def test_a_call_that_is_let_go_can_be_followed_again() -> None:
    message = notice_message(make_notice(kind=ChangeKind.LET_GO, facts=LET_GO))

    assert message.text == "No news for 24 hours, so I don't follow this call any more."
    assert message.blocks[0]["text"]["text"] == message.text
    (button,) = buttons_of(message)
    assert (button["text"], button["action_id"]) == (
        {"type": "plain_text", "text": "Follow again", "emoji": False},
        FOLLOW_AGAIN,
    )
    assert Asked.parse(button["value"]) == Asked(call=str(make_call_id()), sub="sub-1")
    judge_message(message)


# Which call


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (ChangeKind.STATUS, make_facts()),
        (ChangeKind.MEDIA, make_facts(old="")),
        (ChangeKind.STUCK, STUCK),
        (ChangeKind.LET_GO, LET_GO),
    ],
)
def test_where_the_card_is_not_right_above_the_call_is_named(kind: ChangeKind, facts: Facts) -> None:
    named = notice_message(make_notice(kind=kind, facts=facts, has_own_thread=False))
    plain = notice_message(make_notice(kind=kind, facts=facts))

    assert named.text == f"{plain.text} · call `{SHORT_ID}`"
    judge_message(named)


# What the channel hears


@pytest.mark.parametrize(
    ("kind", "facts", "options", "is_heard"),
    [
        (ChangeKind.STATUS, make_facts(), CHANNEL, True),
        (ChangeKind.STATUS, make_facts(), Options(), False),
        (ChangeKind.STATUS, make_facts(), Options(to=Delivery.CARD), False),
        (ChangeKind.STATUS, Facts(old="TRIGGERED", new="REJECTED", is_final=True), CHANNEL, True),
        (ChangeKind.STATUS, Facts(old="TRIGGERED", new="ONGOING"), CHANNEL, False),
        (ChangeKind.MEDIA, make_facts(old=""), CHANNEL, False),
        (ChangeKind.STUCK, STUCK, CHANNEL, False),
        (ChangeKind.LET_GO, LET_GO, CHANNEL, False),
    ],
)
def test_the_channel_itself_hears_of_the_final_state_only_and_only_if_it_asked(
    kind: ChangeKind, facts: Facts, options: Options, is_heard: bool
) -> None:
    notice = make_notice(kind=kind, facts=facts, options=options)

    assert is_broadcast(notice) is is_heard
    assert (f"call `{SHORT_ID}`" in notice_message(notice).text) is is_heard


# Who is pinged


@pytest.mark.parametrize(
    ("mention", "words"), [("U222", "<@U222>"), ("W222", "<@W222>"), ("S222", "<!subteam^S222>"), ("", "")]
)
def test_the_final_state_pings_who_was_named(mention: str, words: str) -> None:
    message = notice_message(make_notice(options=Options(mention=mention)))

    line = "Ongoing → Finished after 5m 25s · recording and transcript ready"
    assert message == Message(f"{words} {line}" if words else line)
    judge_message(message, ours=[words] if words else [])


def test_in_the_channel_the_ping_comes_first_and_the_call_last() -> None:
    options = Options(to=Delivery.CHANNEL, mention="U222")
    message = notice_message(make_notice(options=options, has_own_thread=False))

    assert message.text == (
        f"<@U222> Ongoing → Finished after 5m 25s · recording and transcript ready · call `{SHORT_ID}`"
    )


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (ChangeKind.STATUS, Facts(old="TRIGGERED", new="ONGOING")),
        (ChangeKind.MEDIA, make_facts(old="")),
        (ChangeKind.STUCK, STUCK),
        (ChangeKind.LET_GO, LET_GO),
    ],
)
def test_nothing_else_pings(kind: ChangeKind, facts: Facts) -> None:
    message = notice_message(make_notice(kind=kind, facts=facts, options=Options(mention="U222")))

    assert "U222" not in repr(message)
    judge_message(message)


# A pause, told to its creator


def test_a_pause_is_told_with_its_reason_and_one_press_resumes() -> None:
    message = notice_message(make_pause())

    assert message.text == (
        "I can't tell <#C111> about a call that you follow: I'm not in the channel any more. "
        "I've paused that, and lose nothing. Put it right there, then press Resume."
    )
    assert message.blocks[0]["text"]["text"] == message.text
    (button,) = buttons_of(message)
    assert button["text"] == {"type": "plain_text", "text": "Resume", "emoji": False}
    assert button["action_id"] == RESUME
    assert Asked.parse(button["value"]) == Asked(call=str(make_call_id()), sub="sub-1")
    judge_message(message, ours=["<#C111>"])


@pytest.mark.parametrize(
    ("count", "words"), [(0, "a call that"), (1, "a call that"), (2, "2 calls that"), (99, "99 calls that")]
)
def test_a_pause_of_several_calls_is_one_message(count: int, words: str) -> None:
    assert f"about {words} you follow: " in notice_message(make_pause(count=count)).text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("not_in_channel", "I'm not in the channel any more"),
        ("channel_not_found", "I can't see the channel any more"),
        ("is_archived", "the channel is archived"),
        ("is_inactive", "the channel is archived"),
        ("restricted_action_thread_locked", "the thread is locked"),
        ("restricted_action_read_only_channel", "the channel is read-only"),
        ("message_not_found", "its card was deleted"),
        (Reason.PERSON, "somebody paused it"),
        (Reason.UNINSTALLED, "the bot's token was revoked"),
        ("a_code_that_is_new", "Slack doesn't let me post there (`a_code_that_is_new`)"),
        ("<!channel>`", "Slack doesn't let me post there (`&lt;!channel&gt;ʼ`)"),
    ],
)
def test_each_reason_for_a_pause_has_its_words(reason: str, words: str) -> None:
    assert paused_words(reason) == words
    judge_message(notice_message(make_pause(reason)), ours=["<#C111>"])


# Any facts whatever


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from([kind for kind in ChangeKind if kind is not ChangeKind.PAUSED]),
    old=HOSTILE_TEXTS,
    new=HOSTILE_TEXTS | st.sampled_from(CallStatus),
    is_final=st.booleans(),
    seconds=st.none() | st.integers(0, 10**9),
    to=st.sampled_from(Delivery),
    has_own_thread=st.booleans(),
)
def test_no_status_of_a_strangers_makes_a_notice_that_pings_links_or_is_refused(
    kind: ChangeKind, old: str, new: str, is_final: bool, seconds: int | None, to: Delivery, has_own_thread: bool
) -> None:
    facts = Facts(old=old, new=new, is_final=is_final, seconds=seconds, recording=True)
    notice = make_notice(kind=kind, facts=facts, options=Options(to=to, mention="U222"), has_own_thread=has_own_thread)
    message = notice_message(notice)

    judge_message(message, ours=["<@U222>"] if kind is ChangeKind.STATUS and is_final else [])
    assert "\n" not in message.text
    assert len(message.text) < 3_000
