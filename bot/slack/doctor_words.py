"""What the doctor says: findings as a private message, and what came of a test message. Pure."""

import json
from collections.abc import Iterable, Sequence

from bot.core.errors import BotError, ChannelUnavailable, SlackUnavailable, TokenRefused
from bot.core.findings import Finding, State
from bot.core.foreign import one_line
from bot.slack.blocks import Block, Message, actions, button, context, cut, escape, header, section
from bot.slack.payloads import Asked

# Action ids: what has the doctor look again, and what posts a test message.
DOCTOR = "doctor"
TEST_POST = "test_post"

TEST_MESSAGE = Message("Somebody asked me whether I can post here. This is a test: I delete it at once.")

_TEST_LABEL = "Post a test message"
_MARKS = {State.FINE: ("✅", "works"), State.REMARK: ("ℹ️", "note"), State.BROKEN: ("❌", "fails")}

# Characters of JSON in all, as for a card; and how many of each text are shown if that is too much.
_LONGEST = 9_900
_LONGEST_LINE = 3_000
_LENGTHS = (1_500, 700, 350, 150, 70, 30, 12)

_POSTING = "Posting here"
_REFUSAL_ADVICE = {
    "not_in_channel": "Type `/invite @Samora` here, and try again.",
    "channel_not_found": "Type `/invite @Samora` here, and try again. Direct messages of others are closed to me.",
    "is_archived": "Unarchive the channel, or ask in another one.",
    "restricted_action_thread_locked": "Unlock the thread, or ask outside of it.",
}
_CHANNEL_ADVICE = "Ask whoever manages this channel to let me post in it."
_TOKEN_ADVICE = "An administrator should run `samora-bot check`."  # noqa: S105 - a sentence
_LATER_ADVICE = "Try again in a moment."
_UNKNOWN_ADVICE = "Look whether a test message stands here, and delete it if so. Then try again."
_OTHER_ADVICE = "Slack's documentation of chat.postMessage explains that."


def doctor_message(findings: Sequence[Finding]) -> Message:
    """All that was found, for whoever asked, with a button that posts a test message."""
    below = [
        actions([button(_TEST_LABEL, action_id=TEST_POST, value=Asked().encode())]),
        context("Only you see this. A test message is seen by all in this channel, for a moment."),
    ]
    return _fitting(_headline(findings), findings, below)


def posting_message(finding: Finding) -> Message:
    """What came of a test message, for whoever asked."""
    return Message(_spoken(finding, _LENGTHS[2]), (section(_line(finding, _LENGTHS[2])),))


def posting_works() -> Finding:
    """The test message was posted, and deleted."""
    detail = "I posted a test message and deleted it"
    return Finding(name=_POSTING, state=State.FINE, detail=detail)


def posting_failed(error: BotError) -> Finding:
    """Slack's reason not to post, and what to do."""
    advice = _REFUSAL_ADVICE.get(error.reason, _OTHER_ADVICE)
    if isinstance(error, SlackUnavailable):
        advice = _UNKNOWN_ADVICE if error.retry_after is None else _LATER_ADVICE
    elif isinstance(error, TokenRefused):
        advice = _TOKEN_ADVICE
    elif isinstance(error, ChannelUnavailable) and error.reason not in _REFUSAL_ADVICE:
        advice = _CHANNEL_ADVICE
    return Finding(name=_POSTING, state=State.BROKEN, detail=f"Slack says {error.reason}", advice=advice)


def deleting_failed(error: BotError) -> Finding:
    """The test message stands, and is to be deleted by hand."""
    detail = f"I posted a test message, but can't delete it ({error.reason})"
    return Finding(name=_POSTING, state=State.REMARK, detail=detail, advice="Please delete it in my place.")


def _headline(findings: Iterable[Finding]) -> str:
    states = [finding.state for finding in findings]
    counts = [(states.count(state), word) for state, word in ((State.BROKEN, "broken"), (State.REMARK, "to note"))]
    told = [f"{count} {word}" for count, word in counts if count]
    return f"Doctor: {', '.join(told)}" if told else "Doctor: all is fine"


def _fitting(title: str, findings: Sequence[Finding], below: list[Block]) -> Message:
    """The message with each text cut no shorter than it must be for Slack to take it."""
    for longest in _LENGTHS:
        lines = [_line(finding, longest) for finding in findings]
        blocks = [header(title), *map(section, lines), *below]
        told = [_spoken(finding, longest) for finding in findings]
        message = Message(" ".join([f"{title}.", *told]), tuple(blocks))
        size = len(json.dumps({"text": message.text, "blocks": blocks}))
        if size <= _LONGEST and max(map(len, lines), default=0) <= _LONGEST_LINE:
            break
    return message


def _line(finding: Finding, longest: int) -> str:
    mark, word = _MARKS[finding.state]
    said = f"{mark} *{_text(finding.name, longest)}* {word}: {_text(finding.detail, longest)}"
    return f"{said}\n→ {_text(finding.advice, longest)}" if finding.advice else said


def _spoken(finding: Finding, longest: int) -> str:
    """A line for screen readers, which read nothing else of a message."""
    _, word = _MARKS[finding.state]
    said = f"{_text(finding.name, longest)} {word}: {_text(finding.detail, longest)}."
    return f"{said} {_text(finding.advice, longest)}" if finding.advice else said


def _text(text: str, longest: int) -> str:
    return escape(cut(one_line(text), longest)) or "—"
