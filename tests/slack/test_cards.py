"""The cards: what they say, what they offer, and that no call whatever makes one that Slack refuses."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.access import Audience
from bot.core.calls import Call, CallStatus, Media, MediaState
from bot.core.lookup import FreshLink
from bot.core.visibility import Visibility
from bot.slack import cards
from bot.slack.blocks import Block, Message
from bot.slack.cards import call_card, link_message, no_media_message, status_words, why_never
from bot.slack.payloads import Asked
from bot.slack.views import message_view
from tests.factories import HOSTILE_CALLS, READ_AT, RECORDING_URL, make_call, make_call_id
from tests.slack.judges import LONGEST_CARD, check_mrkdwn, judge_message, judge_view, parts_of

PHONE = {"to": "+91 98765 43210"}
STARTED = datetime(2024, 1, 15, 10, 30, 5, tzinfo=UTC)


def texts_of(card: Message) -> list[str]:
    return [part["text"] for part in parts_of(list(card.blocks)) if part.get("type") in {"plain_text", "mrkdwn"}]


def buttons_of(card: Message) -> list[Block]:
    return [part for part in parts_of(list(card.blocks)) if part.get("type") == "button"]


def labels_of(card: Message) -> list[str]:
    return [button["text"]["text"] for button in buttons_of(card)]


def shown(card: Message) -> str:
    return "\n".join(texts_of(card))


def written(card: Message) -> str:
    """All that stands on a card, for those who see it and for those who hear it."""
    return json.dumps([card.text, card.blocks])


def make_ongoing(**overrides: Any) -> Call:
    values = {"status": CallStatus.ONGOING, "ended_at": None, "recording_url": None, "transcript_url": None}
    return make_call(**(values | overrides))


# Status


@pytest.mark.parametrize(
    ("status", "words", "mark"),
    [
        (CallStatus.PENDING, "Pending", "🕓"),
        (CallStatus.TRIGGERED, "Triggered", "📤"),
        (CallStatus.ONGOING, "Ongoing", "📞"),
        (CallStatus.CALL_FINISHED, "Finished", "✅"),
        (CallStatus.UNANSWERED, "Unanswered", "📵"),
        (CallStatus.REJECTED, "Rejected", "🚫"),
        ("VOICEMAIL", "Voicemail", "◽"),
        ("LEFT_A_MESSAGE", "Left A Message", "◽"),
        ("", "Unknown status", "◽"),
        ("___", "Unknown status", "◽"),
        ("\u200b", "Unknown status", "◽"),
    ],
)
def test_a_status_is_words_and_a_mark_in_the_header_and_words_in_the_text(status: str, words: str, mark: str) -> None:
    card = call_card(make_call(status=status))
    assert card.blocks[0]["type"] == "header"
    assert card.blocks[0]["text"]["text"] == f"{mark} {words}"
    assert card.text.startswith(words)
    assert status_words(str(status)) == words


def test_no_two_statuses_look_or_read_the_same() -> None:
    heads = [call_card(make_call(status=status)).blocks[0]["text"]["text"].split() for status in CallStatus]
    assert len({mark for mark, _ in heads}) == len({words for _, words in heads}) == len(CallStatus)


def test_an_endless_status_is_cut() -> None:
    assert len(status_words("VERY_" * 50)) <= 60
    assert status_words("VERY_" * 50).endswith("…")


# Facts


def test_the_card_of_a_finished_call_says_everything() -> None:
    everything = shown(call_card(make_call(created_at=STARTED - timedelta(seconds=75))))
    for fact in (
        f"*Call id*\n`{make_call_id()}`",
        "*Agent*\n`agent-7`",
        "*Created*\n<!date^1705314530^{date_short_pretty}, {time_secs}|2024-01-15 10:28:50 UTC>",
        "*Started*\n<!date^1705314605^{date_short_pretty}, {time_secs}|2024-01-15 10:30:05 UTC>",
        "*Ended*\n<!date^1705314930^{date_short_pretty}, {time_secs}|2024-01-15 10:35:30 UTC>",
        "*Duration*\n5m 25s",
        "*Waited*\n1m 15s before it started",
        "name: Jane Doe",
        "customer_id: CUST-001",
        "Read <!date^1705316400^",
        "recording ready",
        "transcript ready",
    ):
        assert fact in everything


def test_the_text_carries_all_that_is_essential() -> None:
    text = call_card(make_call()).text
    assert text == (
        f"Finished after 5m 25s: Samora call {make_call_id()}. Agent agent-7. Created 2024-01-15 10:30:00 UTC,"
        " started 2024-01-15 10:30:05 UTC, ended 2024-01-15 10:35:30 UTC. Recording ready; transcript ready."
        " Variables: name: Jane Doe; customer_id: CUST-001."
    )


def test_an_agent_is_called_by_its_name_where_it_has_one() -> None:
    card = call_card(make_call(agent_name="*Coll* <!here> & Co"))

    assert "*Agent*\n∗Coll∗ &lt;!here&gt; &amp; Co" in texts_of(card)
    assert "Agent *Coll* &lt;!here&gt; &amp; Co." in card.text
    assert "agent-7" not in json.dumps(card.blocks)


def test_the_text_of_a_call_of_which_little_is_known_is_still_a_sentence() -> None:
    assert call_card(Call(id=make_call_id(), status="", read_at=READ_AT)).text == (
        f"Unknown status: Samora call {make_call_id()}."
    )


def test_an_ongoing_call_runs_since_its_start() -> None:
    card = call_card(make_ongoing())
    assert "*Duration*\nrunning since <!date^1705314605^{time_secs}|2024-01-15 10:30:05 UTC>" in shown(card)
    assert "*Ended*" not in shown(card)
    assert "started 2024-01-15 10:30:05 UTC" in card.text


@pytest.mark.parametrize("status", [CallStatus.PENDING, CallStatus.TRIGGERED])
def test_a_call_that_waits_has_not_started_yet(status: CallStatus) -> None:
    card = call_card(make_ongoing(status=status, started_at=None))
    assert "*Started*\nnot yet" in shown(card)
    assert "*Duration*" not in shown(card)


@pytest.mark.parametrize("status", [CallStatus.UNANSWERED, CallStatus.REJECTED])
def test_a_call_that_never_started_says_nothing_of_a_start(status: CallStatus) -> None:
    assert "*Started*" not in shown(call_card(make_call(status=status, started_at=None, ended_at=None)))


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, False), (5, False), (9.9, False), (10, True), (75, True), (7_200, True)]
)
def test_waiting_is_told_where_it_is_worth_telling(seconds: float, said: bool) -> None:
    card = call_card(make_call(created_at=STARTED - timedelta(seconds=seconds)))
    assert ("*Waited*" in shown(card)) is said


# Media


@pytest.mark.parametrize(
    ("status", "recording", "words"),
    [
        (CallStatus.CALL_FINISHED, RECORDING_URL, "recording ready"),
        (CallStatus.CALL_FINISHED, None, "recording is being prepared"),
        (CallStatus.UNANSWERED, None, "no recording: the call was not answered"),
        (CallStatus.REJECTED, None, "no recording: the call was rejected"),
        ("VOICEMAIL", None, "recording is being prepared"),
    ],
)
def test_the_state_of_a_recording_is_told_in_words(status: str, recording: str | None, words: str) -> None:
    card = call_card(make_call(status=status, recording_url=recording, transcript_url=None))
    context = [block for block in card.blocks if block["type"] == "context"][-1]["elements"][0]["text"]
    assert words in context
    assert words.replace("recording", "transcript") in context or recording
    assert words.lower() in card.text.lower()


@pytest.mark.parametrize("status", [CallStatus.PENDING, CallStatus.TRIGGERED, CallStatus.ONGOING])
def test_nothing_is_said_of_media_before_the_end(status: CallStatus) -> None:
    card = call_card(make_ongoing(status=status))
    assert "recording" not in shown(card) + card.text


def test_why_there_is_nothing_to_hear_depends_on_the_status() -> None:
    assert why_never("REJECTED") != why_never("UNANSWERED")


# Buttons


@pytest.mark.parametrize(
    ("call", "options", "labels"),
    [
        (make_call(), {}, ["Recording", "Transcript", "Refresh", "Share"]),
        (make_call(), {"share": False}, ["Recording", "Transcript", "Refresh"]),
        (make_call(), {"audience": Audience.CHANNEL}, ["Recording", "Transcript", "Refresh"]),
        (make_call(transcript_url=None), {}, ["Recording", "Refresh", "Share"]),
        (make_call(recording_url=None), {}, ["Transcript", "Refresh", "Share"]),
        (make_call(recording_url=None, transcript_url=None), {"audience": Audience.CHANNEL}, ["Refresh"]),
        (make_ongoing(), {}, ["Refresh", "Follow", "Share"]),
        (make_ongoing(), {"audience": Audience.CHANNEL}, ["Refresh", "Follow"]),
        (make_ongoing(status="VOICEMAIL"), {"audience": Audience.CHANNEL}, ["Refresh", "Follow"]),
        (make_ongoing(variables={"v": "x" * 999}), {}, ["Refresh", "Follow", "Share", "Show all"]),
        (make_ongoing(variables={str(n): n for n in range(13)}), {}, ["Refresh", "Follow", "Share", "Show all"]),
        (make_ongoing(variables=PHONE), {"audience": Audience.CHANNEL}, ["Refresh", "Follow", "Show all"]),
        (make_ongoing(variables=PHONE), {"audience": Audience.LIMITED}, ["Refresh", "Follow", "Share", "Show all"]),
        (make_ongoing(variables=PHONE), {"audience": Audience.STRANGERS}, ["Refresh", "Follow", "Show all"]),
        (make_ongoing(variables=PHONE), {}, ["Refresh", "Follow", "Share"]),
    ],
)  # fmt: skip
def test_a_card_offers_what_the_contract_says(call: Call, options: dict[str, Any], labels: list[str]) -> None:
    assert labels_of(call_card(call, **options)) == labels


def test_each_button_has_its_action_and_the_call_id_and_nothing_else() -> None:
    card = call_card(
        make_ongoing(variables={"v": "x" * 999}, recording_url=RECORDING_URL, transcript_url=RECORDING_URL)
    )
    assert [button["action_id"] for button in buttons_of(card)] == [
        cards.RECORDING, cards.TRANSCRIPT, cards.REFRESH, cards.FOLLOW, cards.SHARE, cards.SHOW_ALL,
    ]  # fmt: skip
    for button in buttons_of(card):
        assert Asked.parse(button["value"]) == Asked(call=str(make_call_id()))
        assert json.loads(button["value"]) == {"v": 1, "call": str(make_call_id())}
        assert "url" not in button
        # Whoever speaks to the page says what is written there: w3.org/WAI/WCAG21/Understanding/label-in-name
        assert button["text"]["text"] in button["accessibility_label"]
        assert str(make_call_id())[:8] in button["accessibility_label"]


# Following

STANDING = "Followed here: changes are told in the thread."


def test_the_card_of_a_call_that_is_followed_offers_no_second_follow() -> None:
    assert labels_of(call_card(make_ongoing(), audience=Audience.CHANNEL, follow=False)) == ["Refresh"]
    assert labels_of(call_card(make_ongoing(), follow=False)) == ["Refresh", "Share"]


def test_the_card_of_a_finished_call_offers_no_follow_whoever_wants_it() -> None:
    assert "Follow" not in labels_of(call_card(make_call(), follow=True))


def test_how_a_call_is_followed_stands_below_everything_else() -> None:
    card = call_card(make_ongoing(), audience=Audience.CHANNEL, follow=False, standing=STANDING)

    kinds = [block["type"] for block in card.blocks]
    assert kinds[-3:] == ["context", "context", "actions"]
    assert card.blocks[-2]["elements"][0]["text"] == STANDING
    plain = call_card(make_ongoing(), audience=Audience.CHANNEL, follow=False)
    assert card.blocks[:-2] + card.blocks[-1:] == plain.blocks
    assert STANDING not in call_card(make_ongoing()).text


def test_a_compact_card_is_the_state_and_the_times_alone() -> None:
    full, compact = call_card(make_call()), call_card(make_call(), compact=True)

    assert "Jane Doe" in shown(full) + full.text
    assert "Jane Doe" not in shown(compact) + compact.text
    assert "CUST-001" not in json.dumps([compact.text, compact.blocks])
    assert compact.blocks[:2] == full.blocks[:2]
    assert full.text.startswith(compact.text)
    assert [block["type"] for block in compact.blocks] == ["header", "section", "context", "actions"]


@pytest.mark.parametrize(("variables", "offers"), [({"name": "Jane"}, True), ({}, False)])
def test_a_compact_card_offers_its_variables_behind_show_all(variables: dict[str, object], offers: bool) -> None:
    card = call_card(make_ongoing(variables=variables), audience=Audience.CHANNEL, follow=False, compact=True)

    assert labels_of(card) == (["Refresh", "Show all"] if offers else ["Refresh"])


@settings(max_examples=60, deadline=None)
@given(HOSTILE_CALLS, st.booleans(), st.booleans(), st.sampled_from(["", STANDING]))
def test_no_call_makes_a_card_of_a_subscription_that_slack_refuses(
    call: Call, compact: bool, follow: bool, standing: str
) -> None:
    card = call_card(call, audience=Audience.CHANNEL, follow=follow, compact=compact, standing=standing)

    judge_message(card, longest=LONGEST_CARD)
    assert "s3.example.com" not in json.dumps([card.text, card.blocks])


@pytest.mark.parametrize("size", [1, 11, 30, 300])
def test_the_largest_card_of_a_subscription_stays_within_the_budget_too(size: int) -> None:
    wide = "ü" * 500
    call = make_ongoing(
        status=wide, agent_id=wide, created_at=STARTED - timedelta(hours=99), recording_url=RECORDING_URL,
        variables={f"v{n}": "💥" * size for n in range(500)}, transcript_url=RECORDING_URL,
    )  # fmt: skip

    judge_message(call_card(call, audience=Audience.CHANNEL, standing=STANDING), longest=LONGEST_CARD)


# Nulls and privacy


def test_what_is_unknown_is_left_out_and_never_called_none() -> None:
    call = Call(id=make_call_id(), status="CALL_FINISHED", read_at=READ_AT, variables={"a": None, "b": {"c": [None]}})
    card = call_card(call)
    assert not re.search("none|null", json.dumps([card.text, card.blocks]), re.IGNORECASE)
    for name in ("Agent", "Created", "Started", "Ended", "Duration", "Waited"):
        assert f"*{name}*" not in shown(card)


PERSONAL = {
    "email": "jane.doe@example.com",
    "phone": "+91 98765 43210",
    "nested": {"to": ["jane.doe@example.com", 9876543210], "jane.doe@example.com": 1},
    "jane.doe@example.com": "key",
}


def test_a_public_card_masks_and_a_private_one_does_not() -> None:
    public = written(call_card(make_call(variables=PERSONAL), audience=Audience.CHANNEL))
    private = written(call_card(make_call(variables=PERSONAL)))
    assert "jane.doe@example.com" in private
    assert "+91 98765 43210" in private
    assert "jane.doe" not in public
    assert "98765" not in public


@pytest.mark.parametrize("audience", [Audience.LIMITED, Audience.STRANGERS])
def test_nobody_but_the_asker_who_may_sees_personal_data(audience: Audience) -> None:
    card = written(call_card(make_call(variables=PERSONAL), audience=audience))
    assert "jane.doe" not in card
    assert "98765" not in card


def test_a_private_card_for_whoever_may_not_see_all_is_as_a_channels_and_can_be_shared() -> None:
    limited = call_card(make_call(variables=PERSONAL), audience=Audience.LIMITED)
    public = call_card(make_call(variables=PERSONAL), audience=Audience.CHANNEL)
    assert limited.text == public.text
    assert limited.blocks[:-1] == public.blocks[:-1]
    assert "Share" in labels_of(limited)


@pytest.mark.parametrize(
    "call",
    [make_call(variables=PERSONAL), make_call(agent_name="Collections"), make_ongoing(variables={"desk": "front"})],
)
@pytest.mark.parametrize("compact", [False, True])
def test_strangers_see_status_and_times_alone(call: Call, compact: bool) -> None:
    shown_to_all = Visibility(shown=("*",))
    card = call_card(call, audience=Audience.STRANGERS, compact=compact, standing=STANDING, visibility=shown_to_all)
    everything = written(card)
    assert call.agent_id
    hidden = [call.agent_id, "Collections", "Agent", "Variables", *call.variables, *map(str, call.variables.values())]
    assert [text for text in hidden if text in everything] == []
    for text in (str(call.id), "*Started*", "Read <!date", STANDING, "people of other organisations may read this"):
        assert text in shown(card)
    assert "Recording" in labels_of(card) or not call.is_final
    assert ("*Duration*" in shown(card), "ended 2" in card.text) == (True, call.is_final)
    judge_message(card, longest=LONGEST_CARD)


def test_what_strangers_do_not_see_members_still_do_behind_show_all() -> None:
    assert "Show all" in labels_of(call_card(make_ongoing(variables=PERSONAL), audience=Audience.STRANGERS))
    assert "Show all" not in labels_of(call_card(make_ongoing(variables={}), audience=Audience.STRANGERS))


@pytest.mark.parametrize(
    "separator", ["", " ", "\u200b" * 9, "\ufff9", "\u206a", " " * 9, "\t", "\x00", "\u202e"], ids=ascii
)
def test_no_separator_brings_a_phone_number_into_a_public_card(separator: str) -> None:
    card = call_card(make_call(variables={"to": f"call 98765{separator}43210"}), audience=Audience.CHANNEL)
    read = re.sub(r"\D", "", re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", card.text + shown(card)))
    assert "9876543210" not in read


def test_no_card_holds_a_link() -> None:
    for audience in Audience:
        assert "s3.example.com" not in repr(call_card(make_call(), audience=audience))


# Any call whatever


@settings(max_examples=150, deadline=None)
@given(HOSTILE_CALLS, st.sampled_from(Audience), st.booleans())
def test_no_call_makes_a_card_that_slack_refuses(call: Call, audience: Audience, share: bool) -> None:
    card = call_card(call, audience=audience, share=share)
    judge_message(card, longest=LONGEST_CARD)
    judge_view(message_view(card))
    assert str(call.id) in card.text
    assert len(card.text) <= 3_000
    assert "s3.example.com" not in json.dumps([card.text, card.blocks])
    for part in parts_of(list(card.blocks)):
        if part.get("type") == "mrkdwn" and part["text"].startswith("*Agent*"):
            assert part["text"].count("`") == (0 if call.agent_name else 2)


@settings(max_examples=60, deadline=None)
@given(
    st.from_regex(r"[a-z][a-z0-9.+-]{2,15}", fullmatch=True).map(lambda local: f"q{local}"),
    st.from_regex(r"\+[1-9]{2} [1-9]{4} [1-9]{5}", fullmatch=True),
    st.sampled_from(["{}", "<{}>", "call {} now", "`{}`", "\u202e{}", "{}\x00", "a,{};b", "x " * 99 + "{}"]),
    st.integers(0, 3),
)
def test_no_spelling_brings_personal_data_into_a_public_card(local: str, phone: str, around: str, depth: int) -> None:
    value: Any = {around.format(f"{local}@example.com"): around.format(phone), "to": f"{local}@example.com"}
    for _ in range(depth):
        value = {"x": [value]}
    card = call_card(make_call(variables={"who": value, around.format(phone): 1}), audience=Audience.CHANNEL)
    told = json.dumps([card.text, card.blocks], ensure_ascii=False)
    assert f"{local}@" not in told
    assert phone[4:] not in told


@pytest.mark.parametrize("character", ["💥", "&", "<", '"', "x", "ü"])
@pytest.mark.parametrize("size", [1, 4, 11, 15, 20, 30, 60, 300])
def test_the_largest_cards_of_all_stay_within_the_budget(character: str, size: int) -> None:
    wide = character * 500
    call = make_ongoing(
        status=wide,
        agent_id=wide,
        created_at=STARTED - timedelta(hours=99),
        variables={f"v{n}": character * size for n in range(500)},
        recording_url=RECORDING_URL,
        transcript_url=RECORDING_URL,
    )
    judge_message(call_card(call), longest=LONGEST_CARD)
    judge_message(call_card(call, audience=Audience.CHANNEL), longest=LONGEST_CARD)


# Links


def make_link(url: str = RECORDING_URL, media: Media = Media.RECORDING) -> FreshLink:
    return FreshLink(media=media, url=url, lifetime=timedelta(hours=1), works_until=READ_AT + timedelta(hours=1))


@pytest.mark.parametrize("media", Media)
def test_a_fresh_link_is_a_button_that_says_until_when_it_works(media: Media) -> None:
    message = link_message(make_link(media=media), make_call_id())
    (opener,) = buttons_of(message)
    assert opener["text"]["text"] == f"Open {media}"
    assert opener["url"] == RECORDING_URL
    assert opener["action_id"] == cards.OPEN_LINK
    assert Asked.parse(opener["value"]) == Asked(call=str(make_call_id()))
    assert "works until <!date^1705320000^{time}|2024-01-15 12:00:00 UTC> (60 minutes)" in shown(message)
    assert "12:00:00 UTC" in message.text
    assert str(make_call_id()) in message.text
    assert RECORDING_URL not in message.text
    judge_message(message)


@pytest.mark.parametrize(("size", "has_button"), [(2_999, True), (3_000, True), (3_001, False), (9_000, False)])
def test_a_link_too_long_for_a_button_goes_into_the_text(size: int, has_button: bool) -> None:
    url = RECORDING_URL.ljust(size, "x")
    message = link_message(make_link(url), make_call_id())
    assert bool(buttons_of(message)) is has_button
    assert (f"<{url}|Open recording>" in message.text) is not has_button
    judge_message(message)


@pytest.mark.parametrize("size", [3_000, 3_001, 9_000])
def test_a_long_link_can_be_handed_out_in_a_modal_too(size: int) -> None:
    judge_view(message_view(link_message(make_link(RECORDING_URL.ljust(size, "x")), make_call_id())))


def test_a_long_link_cannot_break_out_of_its_brackets() -> None:
    url = "https://s3.example.com/a?b=|evil&c=d".ljust(3_001, "x")
    text = link_message(make_link(url), make_call_id()).text
    assert "<https://s3.example.com/a?b=%7Cevil&amp;c=d" in text
    check_mrkdwn(text)


def test_the_three_reasons_for_no_link_are_three_sentences() -> None:
    states = (MediaState.PREPARING, MediaState.UNFINISHED, MediaState.NEVER)
    messages = [no_media_message(media, state, make_call_id()) for media in Media for state in states]
    assert len({message.text for message in messages}) == 6
    for message in messages:
        assert str(make_call_id()) in message.text
        judge_message(message)
    assert "being prepared" in messages[0].text
    assert "isn't over" in messages[1].text
    assert "there will be none" in messages[2].text
