"""What the bot says in words: help, hints, errors and refusals. Always to one person, never with a trace or a body."""

import re

from bot.core.access import Rule
from bot.core.calls import EXAMPLE_ID, CallId
from bot.core.errors import (
    BotError,
    CallNotFound,
    ChannelUnavailable,
    PermanentError,
    SamoraRefused,
    SamoraUnavailable,
    StoreUnavailable,
    TooManyLookups,
    UnsafeLink,
    UserMistake,
)
from bot.core.foreign import one_line
from bot.slack.blocks import Block, Message, actions, button, code, context, cut, escape, header, section
from bot.slack.cards import SHOW_CALL, TRY_AGAIN
from bot.slack.filter_words import FILTER_EXAMPLE
from bot.slack.grammar import COMMAND, find_nearest
from bot.slack.options import EXAMPLE
from bot.slack.payloads import Asked

_MOST_CHOICES = 5

BUSY = Message("I have my hands full right now. Please try again in a moment.")
STILL_ASKING = Message("Still asking… I'll answer here as soon as I know.")
UNHEARD = Message("Slack didn't take my last answer. If this one doesn't come within a minute, please ask again.")
OUTSIDER = Message("Only members of the workspace that installed me can use this. Please ask one of them.")
NOT_AN_ID = f"That isn't a call id. A call id looks like {EXAMPLE_ID}."
SHARED = Message(
    "Shared. The card in the channel masks e-mail addresses and phone numbers, but for what your administrator shows."
)
SHARED_WITH_STRANGERS = Message("Shared. The card shows the call's id, status, times and duration, and no variables.")
MASKED_FOR_NOW = (
    "Slack doesn't say right now whether you may see more, so variables are masked. Press *Refresh* to try again."
)
NOT_SHARED = Message("All right, nothing was shared.")
SHARED_MAYBE = Message(
    "Slack didn't say whether the card was posted. Please look before you share it again, so that it isn't there twice."
)

NO_CHANNEL = "Please choose a channel."

# Action ids: a call chosen among several, to do with it what its value says; and the end of a subscription.
CHOOSE = "choose"
UNSUBSCRIBE = "unsubscribe"

# Action ids of the question whether a call is to be shared with people of another organisation.
SHARE_HERE = "share_here"
CANCEL = "cancel"

_FOLLOWING = "its card is kept up to date, and its thread is told of each change"
_OPTIONS = (
    "`on:` statuses, `-on:` all but those, `to:thread`, `to:channel` (the final state is shown in the channel too) or "
    "`to:card` (no notices), `mention:@name` on the final state, `style:compact`"
)

_AGENT = "Its id stands on the card of each of its calls"
_FILTERS = (
    "`status:` and `-status:`, `duration&gt;5m`, `duration&lt;10s`, `var.city:Berlin` and `-var.city:Ber*` must all "
    "agree; options as above; `--try` shows which of the last calls that would have been"
)

_CHANNEL_REASONS = {
    "not_in_channel": "I'm not in this channel yet. Type `/invite @Samora` there, then try again.",
    "channel_not_found": "I can't see this conversation. Type `/invite @Samora` there, then try again; direct messages "
    "of others are closed to me.",
    "is_archived": "This channel is archived, so nothing can be posted in it.",
    "restricted_action_thread_locked": "This thread is locked, so nothing can be posted in it.",
}

_REFUSALS = {
    Rule.CHANNEL: "That channel isn't one that I may be used in.",
    Rule.PERSON: "You aren't among those who may use me.",
    Rule.MEDIA: "You aren't among those who get recordings, transcripts and unmasked variables.",
    Rule.GUEST: "Guests get no recordings, no transcripts and no unmasked variables.",
    Rule.GROUPS: "I can't read the user groups of those who may do that, so I can't tell whether you are one of them.",
}


def help_message() -> Message:
    """Every subcommand with an example."""
    spoken = "; ".join(f"{escape(example)}: {does}" for example, does in _help_rows())
    return Message(f"Look up and follow Samora calls. {spoken}", (header("Samora calls in Slack"), *help_blocks()))


def help_blocks() -> tuple[Block, ...]:
    """Every subcommand with an example, and what needs no typing."""
    elsewhere = (
        "In a thread, mention me with an id, or with `subscribe` and an id, or choose *Show Samora call* or "
        "*Follow Samora call* from a message's menu. "
        "*Recording* and *Transcript* on a card give you a new link at each press."
    )
    return (*(section(f"{code(example)}\n{does}") for example, does in _help_rows()), context(elsewhere))


def _help_rows() -> list[tuple[str, str]]:
    return [
        (f"{COMMAND} {EXAMPLE_ID}", "shows the call to you alone; the id may stand in a link or a sentence"),
        (f"{COMMAND} subscribe {EXAMPLE_ID}", f"follows the call in this channel: {_FOLLOWING}"),
        (f"{COMMAND} subscribe {EXAMPLE_ID} {EXAMPLE}", f"follows it as you like: {_OPTIONS}"),
        (f"{COMMAND} subscribe agent {EXAMPLE_ID}", f"does so for every call of an agent, once you say yes. {_AGENT}"),
        (f"{COMMAND} subscribe agent {EXAMPLE_ID} {FILTER_EXAMPLE}", f"for some of its calls: {_FILTERS}"),
        (f"{COMMAND} name {EXAMPLE_ID} Collections", "gives an agent a name, for cards and lists; `-` takes it away"),
        (f"{COMMAND} unsubscribe {EXAMPLE_ID}", f"ends that; `{COMMAND} unsubscribe all` ends everything here"),
        (f"{COMMAND} unsubscribe agent {EXAMPLE_ID}", "ends that for new calls; those with a card go on to their end"),
        (
            f"{COMMAND} list",
            "what this channel follows, with figures of its agents, and buttons to pause, resume, end and edit",
        ),
        (f"{COMMAND} doctor", "what works between Slack, Samora and me, and what to do where something doesn't"),
        (f"{COMMAND} help", "shows this"),
    ]


def find_hint(text: str) -> Message:
    """A kind hint for words that are neither a subcommand nor a call id, with the nearest subcommand."""
    word = one_line(text).split(" ")[0].lower()
    if nearest := find_nearest(word):
        return Message(f"I don't know {code(cut(word, 40))}. Did you mean `{COMMAND} {nearest}`?")
    return Message(f"{not_an_id(text)} `{COMMAND} help` shows what else I can do.")


def not_an_id(text: str) -> str:
    """That a text isn't a call id, with an example of one."""
    read = cut(one_line(text), 80)
    quoted = f" I read {code(read)}." if read else ""
    return f"That isn't a call id.{quoted} A call id looks like {code(EXAMPLE_ID)}."


def which_call(call_ids: list[CallId], *, again: str = SHOW_CALL, options: str = "") -> Message:
    """A question with one button per call id.

    Args:
        call_ids: the calls.
        again: the action that is to be done with the one that is chosen.
        options: how it is to be followed, if it is.
    """
    choices = call_ids[:_MOST_CHOICES]
    asked = Asked(again=again, options=options)
    # Action ids must differ within a block.
    buttons = [
        button(
            str(call_id),
            action_id=f"{CHOOSE}:{place}",
            value=asked.model_copy(update={"call": str(call_id)}).encode(),
        )
        for place, call_id in enumerate(choices)
    ]
    first = f" These are the first {len(choices)}." if len(choices) < len(call_ids) else ""
    text = f"I found {len(call_ids)} call ids.{first} Which one?"
    return Message(text=text, blocks=(section(text), actions(buttons)))


def ask_share_message(call_id: CallId, channel_id: str, thread_ts: str) -> Message:
    """The question whether a call is to be shared where people of another organisation read it, and what they see."""
    text = (
        f"People of another organisation are in <#{channel_id}>. They will see the call's id, status, times and "
        "duration; not its variables. Share?"
    )
    value = Asked(call=str(call_id), channel=channel_id, thread=thread_ts).encode()
    buttons = [
        button("Share here", action_id=SHARE_HERE, value=value, style="primary"),
        button("Cancel", action_id=CANCEL, value=Asked().encode()),
    ]
    return Message(text, (section(text), actions(buttons)))


def refusal_message(rule: Rule, contact: str) -> Message:
    """That a rule says no, and whom to ask about it: by a user's or channel's id, or a few words."""
    return Message(f"{_REFUSALS[rule]} Ask {_contact_words(contact)}.")


def _contact_words(contact: str) -> str:
    # An id has a digit in it, which tells it from a shouted word.
    if re.fullmatch(r"(?=.*[0-9])[UWCG][A-Z0-9]+", contact):
        return f"<{'@' if contact[0] in 'UW' else '#'}{contact}>"
    return escape(contact.rstrip("."))


def error_message(error: BotError, *, call_id: CallId | None, again: str, asked: Asked | None = None) -> Message:
    """What went wrong, for the person who asked.

    Args:
        error: what happened.
        call_id: the call that was asked for, as it was read.
        again: the action that *Try again* repeats, where trying again may help; empty where nothing can be repeated.
        asked: what else that action needs.
    """
    if isinstance(error, UserMistake):
        return Message(escape(error.reason))
    if isinstance(error, CallNotFound):
        return Message(f"There is no such call in your company{f': {code(str(call_id))}' if call_id else ''}.")
    if isinstance(error, SamoraRefused):
        return Message(_refused(error, call_id))
    if isinstance(error, ChannelUnavailable):
        return Message(_CHANNEL_REASONS.get(error.reason, f"Slack doesn't let me post here ({code(error.reason)})."))
    if isinstance(error, UnsafeLink):
        return Message("Samora gave a link that isn't safe to open, so I don't hand it out. Tell an administrator.")
    if isinstance(error, PermanentError):
        return Message(f"Slack refuses that ({code(error.reason)}); an administrator should run `samora-bot check`.")
    text = escape(error.reason) if isinstance(error, TooManyLookups) else f"{_cannot(error)} right now."
    blocks = [section(text)]
    if again:
        about = {"again": again} | ({"call": str(call_id)} if call_id else {})
        value = (asked or Asked()).model_copy(update=about).encode()
        blocks.append(actions([button("Try again", action_id=TRY_AGAIN, value=value)]))
    return Message(text, tuple(blocks))


def _cannot(error: BotError) -> str:
    if isinstance(error, SamoraUnavailable):
        return "Samora can't answer"
    return "I can't reach my memory" if isinstance(error, StoreUnavailable) else "Slack can't do that"


def _refused(error: SamoraRefused, call_id: CallId | None) -> str:
    if error.reason == "HTTP 400":
        return not_an_id(str(call_id or ""))
    return "Samora refuses this bot's key; an administrator should run `samora-bot check`."


def bug_message(reference: str) -> Message:
    """That something is broken here, with the reference under which the log has the trace."""
    return Message(f"Something went wrong on my side. If it happens again, tell an administrator: {code(reference)}.")
