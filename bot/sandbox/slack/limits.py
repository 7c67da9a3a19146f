"""Would Slack take these blocks? Its limits for messages and views, beyond what one block can tell."""

from collections.abc import Iterator, Mapping, Sequence

from bot.sandbox.slack.elements import Json, interactive, texts
from bot.sandbox.slack.kit_blocks import BLOCKS, IN_HOME, IN_MESSAGES, IN_MODALS
from bot.sandbox.slack.kit_elements import FLAG, plain
from bot.sandbox.slack.rules import Choice, Many, OneOf, Problem, Rule, Shape, Words

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_TEXT_LIMIT = 40_000
BLOCKS_TEXT_LIMIT = 13_200  # undocumented: seen near this figure in bolt-js #2509
MARKDOWN_LIMIT = 12_000
VIEW_BYTES_LIMIT = 250_000

_VIEW: Mapping[str, Rule] = {
    "private_metadata": Words(3_000, 0),
    "callback_id": Words(255, 0),
    "external_id": Words(255, 0),
}
_MODAL: Mapping[str, Rule] = {
    **_VIEW,
    "submit": plain(24),
    "close": plain(24),
    "clear_on_close": FLAG,
    "notify_on_close": FLAG,
    "submit_disabled": FLAG,
}
_VIEWS = {
    "modal": Shape(
        {
            "type": Choice(("modal",)),
            "title": plain(24),
            "blocks": Many(OneOf(BLOCKS, IN_MODALS, "modals"), VIEW_BLOCKS),
        },
        _MODAL,
    ),
    "home": Shape(
        {"type": Choice(("home",)), "blocks": Many(OneOf(BLOCKS, IN_HOME, "the Home tab"), VIEW_BLOCKS, least=0)}, _VIEW
    ),
}


def find_message_problems(blocks: Sequence[Json], pointer: str = "/blocks") -> list[Problem]:
    """Everything for which Slack would refuse a message with these blocks; empty if it would take them.

    Args:
        blocks: the message's blocks; none at all is fine.
        pointer: where the blocks stand, for the problems' JSON pointers.
    """
    problems = list(Many(OneOf(BLOCKS, IN_MESSAGES, "messages"), MESSAGE_BLOCKS, least=0).problems(blocks, pointer))
    if problems:
        return problems
    return [*_repeated_ids(blocks, pointer), *_too_much_together(blocks, pointer)]


def find_view_problems(view: Mapping[str, object]) -> list[Problem]:
    """Everything for which Slack would refuse this modal or Home tab; pointers begin with ``/view``."""
    problems = list(OneOf(_VIEWS, _VIEWS, "views").problems(view, "/view"))
    if problems:
        return problems
    blocks: Sequence[Json] = view["blocks"]  # type: ignore[assignment]  # its shape was just checked
    has_input = any(block["type"] == "input" for block in blocks)
    if view["type"] == "modal" and has_input and not view.get("submit"):
        problems.append(Problem("/view", "missing required field: submit, as there is an input block"))
    return [*problems, *_repeated_ids(blocks, "/view/blocks")]


def _repeated_ids(blocks: Sequence[Json], pointer: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id in seen:
            yield Problem(f"{pointer}/{place}/block_id", f"`block_id` {block_id!r} already exists")
        if block_id:
            seen.add(block_id)
        actions = [element["action_id"] for _, element in interactive([block])]
        for action_id in sorted({each for each in actions if actions.count(each) > 1}):
            yield Problem(f"{pointer}/{place}", f"`action_id` {action_id!r} already exists in this block")


def _too_much_together(blocks: Sequence[Json], pointer: str) -> Iterator[Problem]:
    kinds = [block["type"] for block in blocks]
    if kinds.count("table") > 1:
        yield Problem(pointer, "only one table is allowed in a message")
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > MARKDOWN_LIMIT:
        yield Problem(pointer, f"markdown blocks must be less than {MARKDOWN_LIMIT + 1} characters together")
    written = sum(map(len, texts(blocks)))
    if written > BLOCKS_TEXT_LIMIT:
        sentence = f"all texts together must be less than {BLOCKS_TEXT_LIMIT + 1} characters, not {written}"
        yield Problem(pointer, sentence, "msg_blocks_too_long")
