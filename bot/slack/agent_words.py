"""What the bot says to somebody who follows an agent's calls, tries filters out, or gives an agent a name. Pure."""

from collections.abc import Sequence

from bot.core.access import Sharing
from bot.core.agents import AgentSubscription
from bot.core.calls import EXAMPLE_ID, Call
from bot.core.errors import UserMistake
from bot.core.filters import Filter
from bot.core.foreign import one_line
from bot.core.subscriptions import Options
from bot.slack.agent_wish import AgentWish, spell_wish, unescape
from bot.slack.blocks import Block, Message, actions, button, code, context, cut, inert, local, section
from bot.slack.cards import status_mark, status_words
from bot.slack.filter_words import FILTER_EXAMPLE, filters_words
from bot.slack.follow_words import readers_words
from bot.slack.grammar import COMMAND
from bot.slack.notices import paused_words
from bot.slack.options import names_of, options_words, quoted
from bot.slack.payloads import Asked

# Action ids of the question whether an agent's calls are to be followed so; the first repeats the question itself.
AGENT_ASK = "agent_ask"
AGENT_FOLLOW = "agent_follow"
AGENT_TRY = "agent_try"
AGENT_CHANGE = "agent_change"
AGENT_CANCEL = "agent_cancel"
# Action ids of *Try again* under what ends an agent's subscription, or names an agent.
AGENT_UNSUBSCRIBE = "agent_unsubscribe"
AGENT_NAME = "agent_name"
# Action id of the calls that a trial found; their place stands behind it.
AGENT_SHOW = "agent_show"

MOST_AGENTS = 25
MOST_TRIED = 50
LONGEST_NAME = 80

_MOST_SHOWN = 10
# Slack takes 2,000 characters, and 13,000 in a message with all its buttons.
_LONGEST_VALUE = 1_500
_LONGEST_STATUS = 24

_WHERE_IT_STANDS = "An agent's id stands on the card of each of its calls, and is not a call's."
WHICH_AGENT = Message(
    f"Which agent? Type `{COMMAND} subscribe agent {EXAMPLE_ID}`, with options and filters if you like: "
    f"`{COMMAND} subscribe agent {EXAMPLE_ID} {FILTER_EXAMPLE}`. {_WHERE_IT_STANDS}"
)
WHICH_AGENT_TO_END = Message(
    f"Which agent? Type `{COMMAND} unsubscribe agent {EXAMPLE_ID}`. `{COMMAND} list` shows what is followed here."
)
WHICH_AGENT_TO_NAME = Message(f"Which agent? Type `{COMMAND} name {EXAMPLE_ID} Collections`. {_WHERE_IT_STANDS}")

_WHICH = {"subscribe": WHICH_AGENT, "unsubscribe": WHICH_AGENT_TO_END, "name": WHICH_AGENT_TO_NAME}

NOTHING_CHANGED = Message("All right, nothing was changed.")
AGENT_GONE = "That agent's calls aren't followed there any more. To begin anew, subscribe to them."
NAME_TOO_LONG = f"A name is one line of {LONGEST_NAME} characters at most."
TOO_MANY_AGENTS = (
    f"A channel can follow {MOST_AGENTS} agents, and this one does. `{COMMAND} list` shows them: end one first."
)
VARIABLES_REFUSED = "Filters on variables show what variables hold, so they are for those who may see them unmasked."

# Of those that came while nobody followed an agent, nothing is known.
NO_WEBHOOKS = (
    "I know of no webhook of Samora's yet, and only webhooks tell me of new calls. An administrator can set them up "
    "with `samora-bot webhooks install`, and see whether they arrive with `samora-bot webhooks check`."
)
NO_CALLS = "I have seen no call of this agent yet."
NOT_A_MEMBER = "I'm not in this channel yet, so no card can come: type `/invite @Samora` here."
NOT_IN_THREADS = "The cards come in the channel itself, not in this thread."
_TOO_LONG = (
    "That is more than a button can carry. Please use fewer filters, or shorter values: `*` stands for any text."
)


def hidden_words(name: str) -> str:
    """That no filter can be about a variable."""
    return f"The variable {quoted(name)} is hidden from everybody, so no filter can be about it."


def agent_words(agent_id: str, name: str) -> str:
    """An agent in the middle of a sentence, as mrkdwn."""
    name = cut(one_line(name), LONGEST_NAME)
    return f"*{inert(name)}*" if name else f"agent {code(cut(agent_id, LONGEST_NAME))}"


def wish_words(agent: str, options: Options, filters: Sequence[Filter], *, is_masked: bool = False) -> str:
    """What becomes of an agent's calls, in plain words, as mrkdwn.

    Args:
        agent: the agent; see :func:`agent_words`. Or ``it``, where it was just spoken of.
        options: how to hear of each call.
        filters: which calls.
        is_masked: whether others than whoever typed the filters read it.
    """
    which = filters_words(filters, is_masked=is_masked)
    first = "" if options.statuses is None else f", first when it is {names_of(options.statuses, joint='or')}"
    return f"Every call of {agent}{' ' * bool(which)}{which} gets a card here{first}. Then: {options_words(options)}."


def warnings_of(
    *, is_webhook_seen: bool, is_call_seen: bool, is_member: bool | None, sharing: Sharing, in_thread: bool
) -> tuple[str, ...]:
    """What stands in the way of the cards, or what somebody might expect otherwise of them."""
    said = [
        "" if is_webhook_seen else NO_WEBHOOKS,
        NO_CALLS if is_webhook_seen and not is_call_seen else "",
        NOT_A_MEMBER if is_member is False else "",
        readers_words(sharing),
        NOT_IN_THREADS if in_thread else "",
    ]
    return tuple(filter(None, said))


def ask_message(wish: AgentWish, agent: str, warnings: Sequence[str]) -> Message:
    """The question whether an agent's calls are to be followed so."""
    text = wish_words(agent, wish.options or Options(), wish.filters)
    return _message([text], warnings, _offers(wish, AGENT_FOLLOW, AGENT_TRY))


def followed_message(wish: AgentWish, agent: str, warnings: Sequence[str]) -> Message:
    """That they are followed from now on."""
    return _message([f"Following. {wish_words(agent, wish.options or Options(), wish.filters)}"], warnings)


def changed_message(wish: AgentWish, agent: str) -> Message:
    """That they are followed in another way from now on."""
    return _message([f"Saved, for the calls to come. {wish_words(agent, wish.options or Options(), wish.filters)}"])


def already_message(
    there: AgentSubscription, agent: str, *, is_resumed: bool, is_masked: bool, wish: AgentWish
) -> Message:
    """That an agent's calls are followed here already, and how; if another way was asked for, it is offered.

    Args:
        there: the subscription, as it was found.
        agent: the agent; see :func:`agent_words`.
        is_resumed: whether it was paused, and is resumed by this.
        is_masked: whether the reader may not see what variables hold.
        wish: what was asked for.
    """
    text = f"The calls of {agent} are followed here already, since {local(there.created_at)}, by <@{there.creator_id}>."
    if is_resumed:
        text = f"The calls of {agent} were paused here: {paused_words(there.reason)}. Now I follow them again."
    text += f" {wish_words('it', there.options, there.filters, is_masked=is_masked)}"
    if not differs(there, wish):
        return _message([text])
    new = wish_words("it", wish.options or Options(), wish.filters)
    return _message([text, f"You asked for another way. {new}"], (), _offers(wish, AGENT_CHANGE, AGENT_TRY))


def differs(there: AgentSubscription, wish: AgentWish) -> bool:
    """Whether somebody asked for another way than the one that is there."""
    is_same = (wish.options or Options(), set(wish.filters)) == (there.options, set(there.filters))
    return not wish.is_plain and not is_same


def trial_message(
    wish: AgentWish, agent: str, *, matched: Sequence[Call], seen: int, unread: int, there: AgentSubscription | None
) -> Message:
    """Which of the last calls would have got a card.

    Args:
        wish: what was tried.
        agent: the agent; see :func:`agent_words`.
        matched: the calls that would have, newest first.
        seen: how many calls were tried.
        unread: how many of them Samora couldn't show.
        there: what follows the agent here already, if anything does.
    """
    shown = matched[:_MOST_SHOWN]
    words, found = wish_words(agent, wish.options or Options(), wish.filters), _found(len(matched), seen, unread)
    blocks = [section(words), section(found)]
    blocks += [section(_row(call)) | {"accessory": _show(place, call)} for place, call in enumerate(shown)]
    offer = [AGENT_FOLLOW] if there is None else [AGENT_CHANGE] if differs(there, wish) else []
    blocks.append(actions(_offers(wish, *offer)))
    return Message(" ".join([words, found, *map(_short, shown)]), tuple(blocks))


def ended_message(agent: str) -> Message:
    """That an agent's calls get no more cards."""
    return Message(f"New calls of {agent} get no card here any more. Those that have one are followed to their end.")


def not_followed_message(agent: str) -> Message:
    """That an agent's calls are not followed in the first place."""
    return Message(f"The calls of {agent} aren't followed here. `{COMMAND} list` shows what is.")


def which_agent_message(command: str, text: str) -> Message:
    """The question which agent is meant, where what was typed names none.

    Args:
        command: the subcommand.
        text: what stands where the agent's id should.
    """
    question, read = _WHICH[command], cut(one_line(unescape(text)).split(" ")[0], LONGEST_NAME)
    return Message(f"That isn't an agent's id. I read {code(read)}. {question.text}") if read else question


def which_name_message(agent_id: str) -> Message:
    """The question what an agent is to be called."""
    typed = f"{COMMAND} name {agent_id}"
    return Message(f"Which name? Type {code(f'{typed} Collections')}, or {code(f'{typed} -')} to take its name away.")


def named_message(agent_id: str, name: str) -> Message:
    """That an agent has a name, or none any more."""
    if not name:
        return Message(f"Agent {code(agent_id)} has no name any more.")
    return Message(
        f"Agent {code(agent_id)} is called {agent_words(agent_id, name)} from now on, on cards and in lists."
    )


def agent_value(wish: AgentWish) -> Asked:
    """What a button about such a wish carries; raises UserMistake if that is more than a button can."""
    asked = Asked(agent=wish.agent_id, options=spell_wish(wish.options, wish.filters))
    if len(asked.encode()) > _LONGEST_VALUE:
        raise UserMistake(_TOO_LONG)
    return asked


_LABELS = {
    AGENT_FOLLOW: ("Follow", "primary"),
    AGENT_CHANGE: ("Change to that", "primary"),
    AGENT_TRY: ("Try it", None),
}


def _offers(wish: AgentWish, *action_ids: str) -> list[Block]:
    value = agent_value(wish).encode()
    offers = [
        button(label, action_id=action_id, value=value, style=style)
        for action_id in action_ids
        for label, style in [_LABELS[action_id]]
    ]
    return [*offers, button("Cancel", action_id=AGENT_CANCEL, value=Asked().encode())]


def _message(paragraphs: Sequence[str], warnings: Sequence[str] = (), buttons: Sequence[Block] = ()) -> Message:
    blocks = [*map(section, paragraphs), *map(context, warnings)]
    if buttons:
        blocks.append(actions(list(buttons)))
    return Message(" ".join([*paragraphs, *warnings]), tuple(blocks))


def _found(count: int, seen: int, unread: int) -> str:
    if not seen:
        return NO_CALLS
    of = "the last call" if seen == 1 else f"the last {seen} calls"
    left = f" {unread} of them couldn't be read." if unread else ""
    more = f" The newest {_MOST_SHOWN}:" if count > _MOST_SHOWN else ""
    return f"Of {of} that I have seen of it, {count or 'none'} would have got a card.{left}{more}"


def _row(call: Call) -> str:
    when = call.ended_at or call.started_at or call.read_at
    status = inert(cut(status_words(call.status), _LONGEST_STATUS))
    return f"{status_mark(call.status)} {status} · {local(when)} · {code(_short(call))}"


def _show(place: int, call: Call) -> Block:
    value = Asked(call=str(call.id)).encode()
    return button("Show", action_id=f"{AGENT_SHOW}:{place}", value=value, spoken=f"Show call {_short(call)}")


def _short(call: Call) -> str:
    return str(call.id)[:8]
