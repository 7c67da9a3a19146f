"""The board of a burst of calls, and the modal with all of them: pure. Ids, statuses and times, nothing else."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.core.boards import Board, Tally
from bot.core.calls import Call, CallStatus
from bot.slack.blocks import Block, Message, actions, button, code, context, header, inert, local, plain, section, utc
from bot.slack.cards import SHOW_CALL, status_mark, status_words
from bot.slack.options import mention_markup
from bot.slack.payloads import Asked
from bot.slack.views import message_view

# Action ids. Buttons of one kind carry their place behind it: "show_call:0". In the modal, a card opens on top.
SEE_ALL = "see_all"
BOARD_PAGE = "board_page"
BOARD_SHOW = "board_show"

PER_PAGE = 10

BOARD_GONE = "I don't know that board any more. Look a call up by its id to see it."
NOT_ITS_CHANNEL = "That board stands in another channel. Please press *See all* there."

_MOST_MENTIONED = 20
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


def board_message(board: Board, tally: Tally, *, mention: str = "") -> Message:
    """A board as it stands in its channel.

    Args:
        board: which one.
        tally: what stands on it.
        mention: ids of people and groups to name, comma-separated: when it is posted, and not afterwards.
    """
    title = f"{'Burst over' if board.closed_at else 'Many calls at once'}: {count_words(tally.count)}"
    counts = _name_counts(tally.by_status)
    named = " ".join(mention_markup(each) for each in mention.split(",")[:_MOST_MENTIONED] if each)
    lines = [named, _bar(tally.by_status), " · ".join(f"{mark} *{count}* {name}" for mark, name, count in counts)]
    blocks = [header(f"📊 {title}"), section("\n".join(filter(None, lines)) or "No calls are left on it.")]
    if tally.failures:
        blocks.append(context("*Latest failures*"))
        blocks += [_row(call, f"{SHOW_CALL}:{place}") for place, call in enumerate(tally.failures)]
    blocks.append(context(_times(board, tally, local)))
    see_all = Asked(board=board.id).encode()
    blocks.append(actions([button("See all", action_id=SEE_ALL, value=see_all, spoken="See all calls on this board")]))
    spoken = ", ".join(f"{count} {name.lower()}" for _, name, count in counts)
    text = f"{named} {title}. {spoken[:1].upper()}{spoken[1:]}{'. ' if spoken else ''}{_times(board, tally, utc)}"
    return Message(text.strip(), tuple(blocks))


def board_view(board: Board, calls: Sequence[Call], *, count: int, page: int, origin: Asked) -> Block:
    """One page of all calls on a board, in a modal.

    Args:
        board: which one.
        calls: those of this page, newest first.
        count: how many there are in all.
        page: which page it is, from 0.
        origin: where the modal was opened from.
    """
    pages = max(1, -(-count // PER_PAGE))
    blocks: list[Block] = [section(f"*{count_words(count)}* · newest first")]
    blocks += [_row(call, f"{BOARD_SHOW}:{place}") for place, call in enumerate(calls)]
    if pages > 1:
        blocks += [context(f"Page {page + 1} of {pages}"), actions(_turns(board, page, pages))]
    return message_view(Message("", tuple(blocks)), origin) | {"title": plain("Calls of a burst")}


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


def _row(call: Call, action_id: str) -> Block:
    """A call in one line, with a button that shows it."""
    moment = call.ended_at or call.started_at or call.read_at
    words = (
        f"{status_mark(call.status)} {inert(status_words(call.status))} · {code(str(call.id)[:8])} · {local(moment)}"
    )
    value = Asked(call=str(call.id)).encode()
    show = button("Show", action_id=action_id, value=value, spoken=f"Show call {str(call.id)[:8]}")
    return section(words) | {"accessory": show}


def _times(board: Board, tally: Tally, tell: Callable[[datetime], str]) -> str:
    if not board.closed_at:
        words = f"{count_words(tally.last_minute)} in the last minute · since {tell(board.opened_at)}"
        return f"{words} · new calls go onto this board instead of cards of their own"
    words = f"From {tell(board.opened_at)} until {tell(board.closed_at)}"
    return f"{words} · {count_words(tally.unfinished)} not over yet" if tally.unfinished else f"{words} · all are over"


def _turns(board: Board, page: int, pages: int) -> list[Block]:
    turns = [("Previous", page - 1), ("Next", page + 1)]
    return [
        button(label, action_id=f"{BOARD_PAGE}:{target}", value=Asked(board=board.id, page=target).encode())
        for label, target in turns
        if 0 <= target < pages
    ]
