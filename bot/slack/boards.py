"""The board of a burst of calls, and the modal with all of them: pure. Ids, statuses, times and agents' names."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from bot.core.agents import agent_key
from bot.core.boards import Board, Tally
from bot.core.calls import Call, CallStatus, is_final
from bot.core.foreign import one_line
from bot.slack.blocks import (
    Block,
    Message,
    actions,
    button,
    code,
    context,
    cut,
    header,
    inert,
    local,
    plain,
    section,
    utc,
)
from bot.slack.cards import SHOW_CALL, status_mark, status_words
from bot.slack.options import mention_markup
from bot.slack.payloads import Asked
from bot.slack.views import message_view

# Action ids. Buttons of one kind carry their place behind it: "show_call:0". In the modal, a card opens on top.
SEE_ALL = "see_all"
BOARD_PAGE = "board_page"
BOARD_STATUS = "board_status"
BOARD_SHOW = "board_show"

PER_PAGE = 10

BOARD_GONE = "I don't know that board any more. Look a call up by its id to see it."
NOT_ITS_CHANNEL = "That board stands in another channel. Please press *See all* there."

# What the option for all statuses is called; the others bear the status.
_ALL = "all"

_MOST_MENTIONED = 20
_LONGEST_NAME = 40
# Of all agents' names, as JSON: a character may take twelve.
_LONGEST_AGENTS = 1_500
_SQUARES = 20
_COLOURS: dict[str, str] = {
    CallStatus.CALL_FINISHED: "🟩",
    CallStatus.UNANSWERED: "🟧",
    CallStatus.REJECTED: "🟥",
    CallStatus.ONGOING: "🟦",
    CallStatus.TRIGGERED: "🟪",
    CallStatus.PENDING: "🟨",
}
_OTHER = "⬜"
_UNFINISHED = [status for status in CallStatus if not is_final(status, None)]


def board_message(board: Board, tally: Tally, *, names: Mapping[str, str] | None, mention: str = "") -> Message:
    """A board as it stands in its channel.

    Args:
        board: which one.
        tally: what stands on it.
        names: what people call its agents, by their ids; None where they are not to be told of.
        mention: ids of people and groups to name, comma-separated: when it is posted, and not afterwards.
    """
    title = f"{'Burst over' if board.closed_at else 'Many calls at once'}: {count_words(tally.count)}"
    counts = _name_counts(tally.by_status)
    named = " ".join(mention_markup(each) for each in mention.split(",")[:_MOST_MENTIONED] if each)
    agents = "" if names is None else _agents_words(tally.by_agent, names)
    figures = " · ".join(f"{mark} *{count}* {name}" for mark, name, count in counts)
    lines = [named, f"Calls of {agents}" if agents else "", _bar(tally.by_status), figures]
    blocks = [header(f"📊 {title}"), section("\n".join(filter(None, lines)) or "No calls are left on it.")]
    if tally.failures:
        blocks.append(context("*Latest failures*"))
        told = names if names and len(tally.by_agent) > 1 else None
        blocks += [_row(call, f"{SHOW_CALL}:{place}", told) for place, call in enumerate(tally.failures)]
    blocks.append(context(_times(board, tally, local)))
    see_all = Asked(board=board.id).encode()
    blocks.append(actions([button("See all", action_id=SEE_ALL, value=see_all, spoken="See all calls on this board")]))
    spoken = ", ".join(f"{count} {name.lower()}" for _, name, count in counts)
    if agents:
        title += f" of {agents.replace('*', '')}"
    text = f"{named} {title}. {spoken[:1].upper()}{spoken[1:]}{'. ' if spoken else ''}{_times(board, tally, utc)}"
    return Message(text.strip(), tuple(blocks))


def board_view(
    board: Board,
    calls: Sequence[Call],
    *,
    count: int,
    page: int,
    status: CallStatus | None,
    names: Mapping[str, str],
    origin: Asked,
) -> Block:
    """One page of the calls on a board, in a modal.

    Args:
        board: which one.
        calls: those of this page, newest first.
        count: how many there are in all.
        page: which page it is, from 0.
        status: the status that they all have; None if all calls are shown.
        names: what people call their agents, by their ids.
        origin: where the modal was opened from.
    """
    pages = max(1, -(-count // PER_PAGE))
    title = f"*{count_words(count)}* · newest first" if count else "No call is like that now."
    blocks: list[Block] = [section(title) | {"accessory": _choice(status)}]
    blocks += [_row(call, f"{BOARD_SHOW}:{place}", names) for place, call in enumerate(calls)]
    if pages > 1:
        asked = Asked(board=board.id, status=status or "")
        blocks += [context(f"Page {page + 1} of {pages}"), actions(_turns(asked, page, pages))]
    # What is chosen comes without a proof of its own, so the board stands where there is one.
    about = origin.model_copy(update={"board": board.id})
    return message_view(Message("", tuple(blocks)), about) | {"title": plain("Calls of a burst")}


def read_status(chosen: str) -> CallStatus | None:
    """The status that a choice, or a button, names; None for all."""
    return CallStatus(chosen) if chosen in list(CallStatus) else None


def count_words(count: int) -> str:
    """``1 call``, ``5,000 calls``."""
    return f"{count:,} call{'' if count == 1 else 's'}"


def _name_counts(by_status: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Pictures, names and counts; statuses that nobody knows yet are counted together."""
    known = [(status_mark(each), status_words(each), by_status[each]) for each in _COLOURS if by_status.get(each)]
    other = sum(count for status, count in by_status.items() if status not in _COLOURS)
    return [*known, (status_mark(""), "Other", other)] if other else known


def _bar(by_status: Mapping[str, int]) -> str:
    """Squares in proportion. Whatever there is has one: a single failure is to be seen; most have what is left."""
    counts = dict.fromkeys([*_COLOURS.values(), _OTHER], 0)
    for status, count in by_status.items():
        counts[_COLOURS.get(status, _OTHER)] += count
    total = sum(counts.values())
    if not total:
        return ""
    squares = {colour: max(1, round(count * _SQUARES / total)) for colour, count in counts.items() if count}
    largest = max(squares, key=lambda colour: counts[colour])
    squares[largest] += _SQUARES - sum(squares.values())
    return "".join(colour * number for colour, number in squares.items())


def _choice(status: CallStatus | None) -> Block:
    options = {each: {"text": plain(status_words(each)), "value": str(each)} for each in _COLOURS}
    everything = {"text": plain("All statuses"), "value": _ALL}
    return {
        "type": "static_select",
        "action_id": BOARD_STATUS,
        "options": [everything, *options.values()],
        "initial_option": options[status] if status else everything,
    }


def _agents_words(by_agent: Mapping[str, int], names: Mapping[str, str]) -> str:
    """Whose calls they are, those with the most first; each with a figure where there are several."""
    ranked = sorted(by_agent.items(), key=lambda item: (-item[1], item[0]))
    if len(ranked) == 1:
        return _agent(ranked[0][0], names)
    words = [f"{_agent(agent_id, names)} ({count:,})" for agent_id, count in ranked]
    sizes = accumulate(len(json.dumps(each)) for each in words)
    shown = [each for each, size in zip(words, sizes, strict=True) if size <= _LONGEST_AGENTS]
    if left := len(words) - len(shown):
        shown.append(f"{left} more agent{'' if left == 1 else 's'}")
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def _agent(agent_id: str, names: Mapping[str, str]) -> str:
    name = cut(one_line(names.get(agent_id, "")), _LONGEST_NAME)
    return f"*{inert(name)}*" if name else f"agent {code(agent_id[:8])}"


def _row(call: Call, action_id: str, names: Mapping[str, str] | None) -> Block:
    """A call in one line, with a button that shows it; with its agent, where names are given."""
    moment = call.ended_at or call.started_at or call.read_at
    words = (
        f"{status_mark(call.status)} {inert(status_words(call.status))} · {code(str(call.id)[:8])} · {local(moment)}"
    )
    if names is not None and call.agent_id:
        words += f"\n{_agent(agent_key(call.agent_id), names)}"
    value = Asked(call=str(call.id)).encode()
    show = button("Show", action_id=action_id, value=value, spoken=f"Show call {str(call.id)[:8]}")
    return section(words) | {"accessory": show}


def _times(board: Board, tally: Tally, tell: Callable[[datetime], str]) -> str:
    if not board.closed_at:
        words = f"{count_words(tally.last_minute)} in the last minute · since {tell(board.opened_at)}"
        return f"{words} · new calls go onto this board instead of cards of their own"
    parts = [f"From {tell(board.opened_at)} until {tell(board.closed_at)}"]
    left = sum(tally.by_status.get(each, 0) for each in _UNFINISHED) - tally.unfinished
    if tally.unfinished:
        parts.append(f"{count_words(tally.unfinished)} not over yet")
    if left > 0:
        parts.append(f"{count_words(left)} not over, and not followed any more")
    return " · ".join(parts if len(parts) > 1 else [*parts, "all are over"])


def _turns(asked: Asked, page: int, pages: int) -> list[Block]:
    turns = [("Previous", page - 1), ("Next", page + 1)]
    return [
        button(label, action_id=f"{BOARD_PAGE}:{target}", value=asked.model_copy(update={"page": target}).encode())
        for label, target in turns
        if 0 <= target < pages
    ]
