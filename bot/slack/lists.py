"""The lists of what a channel follows, for a private message, and of what a person follows, for the Home. Pure."""

from collections.abc import Callable, Sequence

from bot.core.subscriptions import Subscription, SubscriptionState
from bot.slack.blocks import Block, Message, actions, button, code, context, cut, escape, header, local, section, utc
from bot.slack.cards import status_words
from bot.slack.follow_words import NOTHING_FOLLOWED, NOTHING_OF_YOURS, state_words
from bot.slack.options import options_words
from bot.slack.payloads import Asked

# Action ids. The buttons that turn pages carry their place behind it: "list:0".
LIST = "list"
LIST_PAUSE = "list_pause"
LIST_RESUME = "list_resume"
LIST_END = "list_end"
EDIT = "edit"

# Each takes some 1,300 characters of JSON, and Slack takes no more than 13,000 of them (bolt-js #2509).
PER_PAGE = 5
# However Samora calls a state: it is said twice, and may be written in characters that take twelve each.
_LONGEST_STATUS = 24


def list_message(shown: Sequence[Subscription], *, count: int, page: int) -> Message:
    """One page of a channel's subscriptions.

    Args:
        shown: those of this page.
        count: how many there are in all.
        page: which page it is, from 0.
    """
    if not shown:
        return NOTHING_FOLLOWED
    return _page_message("Calls followed in this channel", shown, _by, count=count, place=Asked(page=page))


def home_message(shown: Sequence[Subscription], *, count: int, page: int) -> Message:
    """One page of the subscriptions that a person made, in whatever channels; takes what :func:`list_message` does."""
    if not shown:
        return NOTHING_OF_YOURS
    return _page_message("Calls that you follow", shown, _in, count=count, place=Asked(page=page, home=True))


def _page_message(
    what: str, shown: Sequence[Subscription], origin: Callable[[Subscription], str], *, count: int, place: Asked
) -> Message:
    page, pages = place.page, -(-count // PER_PAGE)
    title = f"{what}: {count}"
    blocks: list[Block] = [header(title)]
    for subscription in shown:
        blocks += [section(_row(subscription, origin(subscription))), actions(_buttons(subscription, place))]
    if pages > 1:
        blocks += [context(f"Page {page + 1} of {pages}"), actions(_turns(page, pages))]
    where = f", page {page + 1} of {pages}" if pages > 1 else ""
    return Message(f"{title}{where}. {' '.join(map(_spoken, shown))}", tuple(blocks))


def _by(subscription: Subscription) -> str:
    return f"{' in a thread' if subscription.thread_ts else ''}, by <@{subscription.creator_id}>"


def _in(subscription: Subscription) -> str:
    # Slack has no name for direct messages that a link to them could show.
    is_direct = subscription.channel_id.startswith("D")
    channel = "our direct messages" if is_direct else f"<#{subscription.channel_id}>"
    return f" in {'a thread of ' if subscription.thread_ts else ''}{channel}"


def _row(subscription: Subscription, origin: str) -> str:
    return (
        f"*{_status(subscription)}* · call {code(str(subscription.call_id))}\n"
        f"{state_words(subscription)} · since {local(subscription.created_at)}{origin}"
        f" · last change {local(subscription.changed_at)}\n"
        f"{_sentence(options_words(subscription.options))}"
    )


def _spoken(subscription: Subscription) -> str:
    """A row for screen readers, which read nothing else of a message."""
    state = state_words(subscription).replace("*", "")
    return (
        f"{_status(subscription)}: call {subscription.call_id}. {state} since {utc(subscription.created_at)},"
        f" by <@{subscription.creator_id}>, last change {utc(subscription.changed_at)}."
        f" {_sentence(options_words(subscription.options))}"
    )


def _status(subscription: Subscription) -> str:
    return escape(cut(status_words(subscription.status), _LONGEST_STATUS))


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _buttons(subscription: Subscription, place: Asked) -> list[Block]:
    about = {"call": str(subscription.call_id), "sub": subscription.id}
    value = place.model_copy(update=about).encode()
    is_paused = subscription.state is SubscriptionState.PAUSED
    turn = ("Resume", LIST_RESUME) if is_paused else ("Pause", LIST_PAUSE)
    return [
        button(label, action_id=action_id, value=value, spoken=f"{label} call {str(subscription.call_id)[:8]}")
        for label, action_id in (turn, ("End", LIST_END), ("Edit", EDIT))
    ]


def _turns(page: int, pages: int) -> list[Block]:
    turns = [("Previous", page - 1), ("Next", page + 1)]
    return [
        button(label, action_id=f"{LIST}:{target}", value=Asked(page=target).encode())
        for label, target in turns
        if 0 <= target < pages
    ]
