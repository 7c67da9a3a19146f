"""The lists of what a channel follows, for a private message, and of what a person follows, for the Home. Pure."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.core.agents import AgentFigures, AgentSubscription
from bot.core.foreign import one_line
from bot.core.subscriptions import Subscription, SubscriptionState
from bot.slack.blocks import (
    Block,
    Message,
    actions,
    button,
    code,
    context,
    cut,
    escape,
    header,
    inert,
    local,
    section,
    utc,
)
from bot.slack.cards import status_words
from bot.slack.filter_words import filters_words
from bot.slack.follow_words import NOTHING_FOLLOWED, NOTHING_OF_YOURS, state_words
from bot.slack.options import options_words
from bot.slack.payloads import Asked

# Action ids. The buttons that turn pages carry their place behind it: "list:0".
LIST = "list"
LIST_PAUSE = "list_pause"
LIST_RESUME = "list_resume"
LIST_END = "list_end"
EDIT = "edit"
AGENT_PAUSE = "agent_pause"
AGENT_RESUME = "agent_resume"
AGENT_END = "agent_end"

# Each takes some 1,300 characters of JSON, and Slack takes no more than 13,000 of them (bolt-js #2509).
PER_PAGE = 5
# However Samora calls a state: it is said twice, and may be written in characters that take twelve each.
_LONGEST_STATUS = 24
_LONGEST_FILTERS = 600
_LONGEST_AGENT = 80
# Of a name, as JSON: 80 plain letters take far less, and it is said twice.
_LONGEST_NAME = 330


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """What a list says of an agent that is followed.

    Attributes:
        subscription: what follows it.
        name: what people call it; empty for no name.
        figures: what came of it in the last 24 hours.
    """

    subscription: AgentSubscription
    name: str = ""
    figures: AgentFigures = field(default_factory=AgentFigures)


def list_message(
    shown: Sequence[Subscription], *, count: int, page: int, agents: Sequence[AgentRow] = (), agent_count: int = 0
) -> Message:
    """One page of what a channel follows.

    Args:
        shown: the calls of this page.
        count: how many calls there are in all.
        page: which page it is, from 0.
        agents: the agents of this page, which stand above the calls.
        agent_count: how many agents there are in all.
    """
    if not shown and not agents:
        return NOTHING_FOLLOWED
    title = f"{_title(count, agent_count)} followed in this channel: {count + agent_count}"
    total = count + agent_count
    return _page_message(title, agents, shown, _by, total=total, place=Asked(page=page))


def home_message(
    shown: Sequence[Subscription], *, count: int, page: int, agents: Sequence[AgentRow] = (), agent_count: int = 0
) -> Message:
    """One page of what a person follows, in whatever channels; takes what :func:`list_message` does."""
    if not shown and not agents:
        return NOTHING_OF_YOURS
    title = f"{_title(count, agent_count)} that you follow: {count + agent_count}"
    total = count + agent_count
    return _page_message(title, agents, shown, _in, total=total, place=Asked(page=page, home=True))


def _title(count: int, agent_count: int) -> str:
    if not agent_count:
        return "Calls"
    return "Agents and calls" if count else "Agents"


def _page_message(
    title: str,
    agents: Sequence[AgentRow],
    shown: Sequence[Subscription],
    origin: Callable[[Subscription | AgentSubscription], str],
    *,
    total: int,
    place: Asked,
) -> Message:
    page, pages = place.page, -(-total // PER_PAGE)
    blocks: list[Block] = [header(title)]
    for agent in agents:
        row = _agent_row(agent, origin(agent.subscription))
        blocks += [section(row), actions(_agent_buttons(agent.subscription, place))]
    for subscription in shown:
        blocks += [section(_row(subscription, origin(subscription))), actions(_buttons(subscription, place))]
    if pages > 1:
        blocks += [context(f"Page {page + 1} of {pages}"), actions(_turns(page, pages))]
    where = f", page {page + 1} of {pages}" if pages > 1 else ""
    spoken = [*map(_agent_spoken, agents), *map(_spoken, shown)]
    return Message(f"{title}{where}. {' '.join(spoken)}", tuple(blocks))


def _by(subscription: Subscription | AgentSubscription) -> str:
    return f"{' in a thread' if _is_in_thread(subscription) else ''}, by <@{subscription.creator_id}>"


def _is_in_thread(subscription: Subscription | AgentSubscription) -> bool:
    return isinstance(subscription, Subscription) and bool(subscription.thread_ts)


def _in(subscription: Subscription | AgentSubscription) -> str:
    # Slack has no name for direct messages that a link to them could show.
    is_direct = subscription.channel_id.startswith("D")
    channel = "our direct messages" if is_direct else f"<#{subscription.channel_id}>"
    return f" in {'a thread of ' if _is_in_thread(subscription) else ''}{channel}"


def _agent_row(agent: AgentRow, origin: str) -> str:
    there = agent.subscription
    which = filters_words(there.filters, is_masked=True, longest=_LONGEST_FILTERS)
    return (
        f"{_agent(agent)}\n{state_words(there)} · since {local(there.created_at)}{origin}\n"
        f"{_figures(agent.figures)}\n"
        f"Every call{' ' * bool(which)}{which}: {options_words(there.options)}."
    )


def _agent(agent: AgentRow) -> str:
    name, agent_id = _name(one_line(agent.name)), code(cut(agent.subscription.agent_id, _LONGEST_AGENT))
    return f"*{name}* · agent {agent_id}" if name else f"Agent {agent_id}"


def _name(name: str) -> str:
    """A name that can do nothing, as much of it as fits."""
    shown = (inert(cut(name, longest)) for longest in range(_LONGEST_AGENT, 0, -1))
    return next(each for each in shown if len(json.dumps(each)) <= _LONGEST_NAME)


def _figures(figures: AgentFigures) -> str:
    calls = f"{figures.calls:,} call{'' if figures.calls == 1 else 's'}"
    return f"In the last 24 hours: {calls}, {figures.matched:,} matched, {figures.told:,} told"


def _agent_spoken(agent: AgentRow) -> str:
    there = agent.subscription
    state = state_words(there).replace("*", "")
    return (
        f"{_agent(agent).replace('*', '')}: {state} since {utc(there.created_at)}, by <@{there.creator_id}>."
        f" {_figures(agent.figures)}."
    )


def _agent_buttons(there: AgentSubscription, place: Asked) -> list[Block]:
    value = place.model_copy(update={"sub": there.id}).encode()
    is_paused = there.state is SubscriptionState.PAUSED
    turn = ("Resume", AGENT_RESUME) if is_paused else ("Pause", AGENT_PAUSE)
    return [
        button(label, action_id=action_id, value=value, spoken=f"{label} agent {there.agent_id}")
        for label, action_id in (turn, ("End", AGENT_END))
    ]


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
