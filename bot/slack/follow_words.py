"""What the bot says to somebody who follows a call, or doesn't any more. Pure."""

from bot.core.access import Sharing
from bot.core.agents import AgentSubscription
from bot.core.calls import EXAMPLE_ID, Call, CallId, Media, MediaState
from bot.core.subscriptions import Delivery, Options, Subscription, SubscriptionState
from bot.slack.blocks import Message, actions, button, code, local, section
from bot.slack.grammar import COMMAND
from bot.slack.notices import paused_words
from bot.slack.options import EXAMPLE, options_words
from bot.slack.payloads import Asked

# Action ids of the question whether everything is to end.
END_ALL = "end_all"
KEEP_ALL = "keep_all"

HOW_TO_BEGIN = (
    f"`{COMMAND} subscribe {EXAMPLE_ID}` follows one, and so does *Follow* on its card; "
    f"`{COMMAND} subscribe agent {EXAMPLE_ID}` follows every call of an agent."
)
NOTHING_FOLLOWED = Message(f"No call is followed here. {HOW_TO_BEGIN}")
NOTHING_OF_YOURS = Message(f"You follow no call. In a channel, {HOW_TO_BEGIN}")
KEPT = Message("All right, nothing has ended.")
WHICH_TO_FOLLOW = Message(
    f"Which call? Type `{COMMAND} subscribe {EXAMPLE_ID}`, with options if you like: "
    f"`{COMMAND} subscribe {EXAMPLE_ID} {EXAMPLE}`."
)
WHICH_TO_END = Message(
    f"Which call? Type `{COMMAND} unsubscribe {EXAMPLE_ID}`, or `{COMMAND} unsubscribe all` to end everything here."
)
GONE = "That call isn't followed there any more. To begin anew, subscribe to it."
_READERS = {
    Sharing.INTERNAL: "",
    Sharing.SHARED: "People of another organisation are in that channel, so its card shows status and times alone.",
    Sharing.UNKNOWN: "I can't tell who else reads along there, so its card shows status and times alone.",
}
NOT_YOURS = "Only members of that channel, from there, and whoever subscribed can change this."


def followed_message(call: Call, subscription: Subscription, *, is_elsewhere: bool) -> Message:
    """That a call is followed from now on, and how.

    Args:
        call: the reading that it began with.
        subscription: the new subscription.
        is_elsewhere: whether the reader isn't in that channel now, so that it must be named.
    """
    where = f"in <#{subscription.channel_id}>" if is_elsewhere else "here"
    if call.is_final:
        return Message(f"{_over(call)} {_awaited(call, subscription.options, where)}")
    return Message(f"Following call {code(str(call.id))} {where}: {options_words(subscription.options)}.")


def followed_maybe_message(call_id: CallId) -> Message:
    """That a call is followed, but nobody knows yet whether its card stands there."""
    return Message(
        f"I follow call {code(str(call_id))}, but Slack didn't confirm its card. I go on trying, and it will come."
    )


def over_message(call: Call, *, is_posted: bool) -> Message:
    """That there is nothing left to follow, beside the card of a call that is over."""
    maybe = "" if is_posted else " Slack didn't say whether its card was posted, so please look."
    return Message(f"{_over(call)} Nothing is left to follow.{maybe}")


def with_readers(said: Message, sharing: Sharing) -> Message:
    """One of the two above, and why the card holds no variables where it doesn't."""
    return Message(" ".join(filter(None, [said.text, readers_words(sharing)])))


def readers_words(sharing: Sharing) -> str:
    """Why cards in such a conversation hold no variables; empty where they do."""
    return _READERS[sharing]


def already_message(
    subscription: Subscription, *, is_resumed: bool, is_unfolded: bool = False, options: Options | None
) -> Message:
    """That a call is followed already.

    Args:
        subscription: the one that is there, as it was found.
        is_resumed: whether it was paused, and is resumed by this.
        is_unfolded: whether it stood on a board, and gets a card of its own by this.
        options: those that were asked for now; unless it has them by now, they are not applied.
    """
    call = code(str(subscription.call_id))
    since = f"since {local(subscription.created_at)}, by <@{subscription.creator_id}>"
    text = f"Call {call} is followed here already, {since}."
    if is_resumed:
        text = f"Call {call} was paused here: {paused_words(subscription.reason)}. Now I follow it again."
    if is_unfolded:
        how = f": {options_words(options)}" if options is not None and options == subscription.options else ""
        text += f" Until now it stood on the board of a burst; its own card comes into the channel{how}."
    if options is not None and options != subscription.options:
        text += f" To change its options, press *Edit* in `{COMMAND} list`."
    return Message(text)


def ended_message(call_id: CallId) -> Message:
    """That a call is not followed any more."""
    return Message(f"Call {code(str(call_id))} isn't followed here any more.")


def not_followed_message(call_id: CallId) -> Message:
    """That a call is not followed in the first place."""
    return Message(f"Call {code(str(call_id))} isn't followed here. `{COMMAND} list` shows what is.")


def ask_end_all_message(calls: int, agents: int = 0) -> Message:
    """The question whether everything is to end: so many calls, and agents."""
    what = "that" if calls + agents == 1 else "all of that"
    text = f"{_are(calls, agents).capitalize()} followed here. Do you want to end {what}?"
    value = Asked().encode()
    buttons = [
        button("End all", action_id=END_ALL, value=value, style="danger"),
        button("Keep them", action_id=KEEP_ALL, value=value),
    ]
    return Message(text, (section(text), actions(buttons)))


def ended_all_message(calls: int, agents: int = 0) -> Message:
    """That nothing is followed any more: so many calls, and agents."""
    if not calls and not agents:
        return Message("Nothing was followed here.")
    return Message(f"Ended: {_are(calls, agents)} not followed here any more.")


def resumed_message(subscription: Subscription, count: int) -> Message:
    """That a subscription is resumed, and with it those of its channel that Slack's errors paused too."""
    call = code(str(subscription.call_id))
    more = "is another one" if count == 2 else f"are {count - 1} others"
    others = f", and so {more} in that channel" if count > 1 else ""
    return Message(f"Call {call} is followed again{others}. What changed meanwhile is told now.")


def state_words(subscription: Subscription | AgentSubscription) -> str:
    """``Following``, or ``Paused`` and why, as mrkdwn."""
    if subscription.state is SubscriptionState.PAUSED:
        return f"*Paused*: {paused_words(subscription.reason)}"
    return "*Following*"


def changed_message(call_id: CallId, options: Options) -> Message:
    """That a subscription has other options."""
    return Message(f"Saved. Call {code(str(call_id))} is followed so: {options_words(options)}.")


def _over(call: Call) -> str:
    return f"Call {code(str(call.id))} is over."


def _awaited(call: Call, options: Options, where: str) -> str:
    missing = [media.value for media in Media if call.media_state(media) is not MediaState.READY]
    what = f"its {' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} ready"
    if options.to is Delivery.CARD or not options.wants(call.status):
        return f"The card {where} will show when {what}."
    return f"I'll tell you {where} when {what}."


def _are(calls: int, agents: int) -> str:
    """``1 call is``, ``2 agents are`` or ``1 call and 2 agents are``."""
    counts = [
        f"{count} {what}{'' if count == 1 else 's'}" for count, what in ((calls, "call"), (agents, "agent")) if count
    ]
    return f"{' and '.join(counts)} {'is' if calls + agents == 1 else 'are'}"
