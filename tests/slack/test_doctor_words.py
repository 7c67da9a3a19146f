"""What the doctor says: every finding is a line that Slack takes, and in which foreign text stays text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import (
    AppUninstalled,
    BotError,
    ChannelUnavailable,
    PermanentError,
    SlackUnavailable,
    ThreadUnavailable,
    TokenRefused,
)
from bot.core.findings import Finding, State
from bot.sandbox.slack import find_message_problems
from bot.slack.blocks import Block, Message
from bot.slack.doctor_words import (
    TEST_MESSAGE,
    TEST_POST,
    deleting_failed,
    doctor_message,
    posting_failed,
    posting_message,
    posting_works,
)
from bot.slack.payloads import Asked
from tests.factories import HOSTILE_TEXTS
from tests.slack.judges import judge_message

LONGEST = 9_900

FINE = Finding(name="Samora", state=State.FINE, detail="answers and accepts the key, 12 ms")
REMARK = Finding(name="Clock", state=State.REMARK, detail="9s behind Slack's", advice="Set it over the network.")
BROKEN = Finding(name="This channel", state=State.BROKEN, detail="not a member", advice="Type `/invite @Samora` here.")

FINDINGS = st.builds(
    Finding, name=HOSTILE_TEXTS, state=st.sampled_from(State), detail=HOSTILE_TEXTS, advice=HOSTILE_TEXTS | st.just("")
)


def judge(message: Message) -> None:
    judge_message(message, longest=LONGEST)
    assert find_message_problems(list(message.blocks)) == []


def lines_of(message: Message) -> list[str]:
    return [str(block["text"]["text"]) for block in message.blocks if block["type"] == "section"]


def title_of(message: Message) -> str:
    return str(message.blocks[0]["text"]["text"])


def buttons_of(message: Message) -> list[Block]:
    return [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]


def test_each_finding_is_a_line_that_says_in_words_how_it_stands_and_what_to_do() -> None:
    message = doctor_message([FINE, REMARK, BROKEN])

    judge(message)
    assert lines_of(message) == [
        "✅ *Samora* works: answers and accepts the key, 12 ms",
        "ℹ️ *Clock* note: 9s behind Slack's\n→ Set it over the network.",
        "❌ *This channel* fails: not a member\n→ Type `/invite @Samora` here.",
    ]


@pytest.mark.parametrize(
    ("findings", "title"),
    [
        ([FINE, FINE], "Doctor: all is fine"),
        ([FINE, REMARK], "Doctor: 1 to note"),
        ([BROKEN, REMARK, BROKEN, FINE], "Doctor: 2 broken, 1 to note"),
    ],
)
def test_the_heading_counts_what_is_not_fine(findings: list[Finding], title: str) -> None:
    message = doctor_message(findings)

    judge(message)
    assert title_of(message) == title
    assert message.text.startswith(f"{title}.")


def test_whoever_hears_it_read_out_hears_all_of_it() -> None:
    told = doctor_message([FINE, BROKEN]).text

    for words in ("Samora works: answers and accepts the key", "This channel fails: not a member", "/invite @Samora"):
        assert words in told


def test_it_offers_a_test_message_and_says_who_sees_it() -> None:
    message = doctor_message([FINE])

    (button,) = buttons_of(message)
    assert (button["text"]["text"], button["action_id"]) == ("Post a test message", TEST_POST)
    assert button["value"] == Asked().encode()
    assert "seen by all in this channel" in str(message.blocks[-1])


@settings(max_examples=60, deadline=None)
@given(st.lists(FINDINGS, min_size=1, max_size=16))
def test_whatever_the_neighbours_say_slack_takes_it_and_it_neither_pings_nor_links(findings: list[Finding]) -> None:
    message = doctor_message(findings)

    judge(message)
    assert len(lines_of(message)) == len(findings)


def test_only_as_much_is_cut_as_must_be() -> None:
    long = Finding(name="a", state=State.FINE, detail="x" * 1_400)

    assert "x" * 1_400 in lines_of(doctor_message([long]))[0]
    shown = lines_of(doctor_message([long] * 12))
    assert all("…" in line and line.count("x") > 100 for line in shown)


# The test message


def test_the_test_message_says_what_it_is_and_that_it_goes_away() -> None:
    judge(TEST_MESSAGE)
    assert "delete it" in TEST_MESSAGE.text


def test_that_posting_works_is_a_line() -> None:
    message = posting_message(posting_works())

    judge(message)
    assert lines_of(message) == ["✅ *Posting here* works: I posted a test message and deleted it"]


@pytest.mark.parametrize(
    ("error", "advises"),
    [
        (ChannelUnavailable("not_in_channel"), "Type `/invite @Samora` here"),
        (ChannelUnavailable("channel_not_found"), "Type `/invite @Samora` here"),
        (ChannelUnavailable("is_archived"), "Unarchive"),
        (ThreadUnavailable("restricted_action_thread_locked"), "Unlock the thread"),
        (ChannelUnavailable("restricted_action"), "whoever manages this channel"),
        (TokenRefused("missing_scope"), "samora-bot check"),
        (AppUninstalled("account_inactive"), "samora-bot check"),
        (PermanentError("a_new_code"), "documentation of chat.postMessage"),
        (SlackUnavailable("ratelimited", retry_after=30), "in a moment"),
        (SlackUnavailable("no answer to chat.postMessage"), "delete it if so"),
    ],
    ids=lambda value: getattr(value, "reason", ""),
)
def test_slacks_reason_comes_with_what_to_do(error: BotError, advises: str) -> None:
    finding = posting_failed(error)

    assert finding.state is State.BROKEN
    assert error.reason in finding.detail
    assert advises in finding.advice
    judge(posting_message(finding))


def test_a_test_message_that_stays_is_to_be_deleted_by_hand() -> None:
    finding = deleting_failed(SlackUnavailable("HTTP 503"))

    assert finding.state is State.REMARK
    assert "HTTP 503" in finding.detail
    assert "delete it" in finding.advice
    judge(posting_message(finding))
