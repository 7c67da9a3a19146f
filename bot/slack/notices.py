"""Notices in words: what a thread reads about one change, and what a person reads about a pause. Pure."""

from bot.core.changes import ChangeKind, Facts
from bot.core.outbox import Notice
from bot.core.subscriptions import Delivery
from bot.slack.blocks import Message, actions, button, code, escape, seconds_words, section
from bot.slack.cards import FOLLOW_AGAIN, RESUME, status_words
from bot.slack.payloads import Asked

_PAUSED_WORDS = {
    "not_in_channel": "I'm not in the channel any more",
    "channel_not_found": "I can't see the channel any more",
    "is_archived": "the channel is archived",
    "is_inactive": "the channel is archived",
    "restricted_action_thread_locked": "the thread is locked",
    "restricted_action_read_only_channel": "the channel is read-only",
    "message_not_found": "its card was deleted",
    "thread_not_found": "its thread was deleted",
    "invalid_thread_ts": "its thread was deleted",
    "cannot_reply_to_message": "its thread takes no replies",
    "person": "somebody paused it",
    "uninstalled": "the bot's token was revoked",
}


def notice_message(notice: Notice) -> Message:
    """What a notice says, as one readable line; a button where there is something to decide."""
    if notice.kind is ChangeKind.PAUSED:
        return _paused_message(notice)
    line = _line(notice.kind, notice.facts)
    if is_broadcast(notice) or not notice.has_own_thread:
        # Where the card isn't right above, one must see which call it is.
        line = f"{line} · call {code(str(notice.call_id)[:8])}"
    if mention := _mention(notice):
        line = f"{mention} {line}"
    if notice.kind is ChangeKind.LET_GO:
        return Message(line, (section(line), actions([_button(notice, "Follow again", FOLLOW_AGAIN)])))
    return Message(line)


def is_broadcast(notice: Notice) -> bool:
    """Whether a notice is also shown in the channel: only what is final, and only if that was asked for."""
    return notice.options.to is Delivery.CHANNEL and _is_final_state(notice)


def paused_words(reason: str) -> str:
    """Why a subscription is paused, to be put into a sentence, as mrkdwn."""
    return _PAUSED_WORDS.get(reason) or f"Slack doesn't let me post there ({code(reason)})"


def _line(kind: ChangeKind, facts: Facts) -> str:
    new = escape(status_words(facts.new))
    if kind is ChangeKind.STATUS:
        after = f" after {seconds_words(facts.seconds)}" if facts.is_final and facts.seconds is not None else ""
        media = _media_words(facts)
        # What comes with a new card tells no change: nobody here knew the call before.
        old = f"{escape(status_words(facts.old))} → " if facts.old else ""
        return f"{old}{new}{after}{f' · {media} ready' if media else ''}"
    if kind is ChangeKind.MEDIA:
        words = _media_words(facts)
        return f"{words[:1].upper()}{words[1:]} ready"
    if kind is ChangeKind.STUCK:
        return f"Still {new} after {seconds_words(facts.seconds or 0)}: that is longer than it should take"
    return "No news for 24 hours, so I don't follow this call any more."


def _media_words(facts: Facts) -> str:
    names = [name for name, is_there in (("recording", facts.recording), ("transcript", facts.transcript)) if is_there]
    return " and ".join(names)


def _is_final_state(notice: Notice) -> bool:
    return notice.kind is ChangeKind.STATUS and notice.facts.is_final


def _mention(notice: Notice) -> str:
    """The one place where somebody is pinged: a Slack id, checked when it was given, and only on the final state."""
    mention = notice.options.mention
    if not mention or not _is_final_state(notice):
        return ""
    return f"<!subteam^{mention}>" if mention.startswith("S") else f"<@{mention}>"


def _paused_message(notice: Notice) -> Message:
    facts = notice.facts
    what = "a call that you follow" if facts.count <= 1 else f"{facts.count} calls that you follow"
    text = (
        f"I can't tell <#{facts.channel_id}> about {what}: {paused_words(facts.reason)}. "
        "I've paused that, and lose nothing. Put it right there, then press Resume."
    )
    return Message(text, (section(text), actions([_button(notice, "Resume", RESUME)])))


def _button(notice: Notice, label: str, action_id: str) -> dict[str, object]:
    value = Asked(call=str(notice.call_id), sub=notice.subscription_id).encode()
    return button(label, action_id=action_id, value=value, style="primary")
