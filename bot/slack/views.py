"""The modals: asking for an id or a channel, choosing among several, an answer without a channel, all variables.

Limits: docs.slack.dev/reference/views.
"""

from bot.core.calls import EXAMPLE_ID, Call, CallId
from bot.slack.blocks import Block, Message, actions, button, code, context, plain, section
from bot.slack.cards import FOLLOW
from bot.slack.payloads import Asked
from bot.slack.variables import variable_pages

# Callback ids: what a submission is called.
FIND_CALL = "find_call"
PICK_CALL = "pick_call"
SHARE_CALL = "share_call"
FOLLOW_IN = "follow_in"

# Block ids of inputs, to which Slack ties an error; the action in each has the same name.
CALL_ID = "call_id"
CHANNEL = "channel"

# Action ids of the pages of *Show all*; both turn to the page that their value names.
PREVIOUS_PAGE = "previous_page"
NEXT_PAGE = "next_page"

_MOST_OPTIONS = 100
_LONGEST_SECTION = 3_000

TOO_LONG_FOR_A_MODAL = (
    "This link is too long for a window. Look the call up in a channel or in a message to yourself, and press there."
)


def find_view(origin: Asked) -> Block:
    """Asks for a call id. ``origin`` says where the modal was opened from, and whether the call is to be followed."""
    element = {
        "type": "plain_text_input",
        "action_id": CALL_ID,
        "placeholder": plain(EXAMPLE_ID),
        "max_length": 3000,
        "focus_on_load": True,
    }
    question = form_input(CALL_ID, "Call id", element) | {"hint": plain("It may stand in a link or a sentence.")}
    title = "Follow a Samora call" if origin.again == FOLLOW else "Find a Samora call"
    return form(title, _submit_words(origin), FIND_CALL, [question], origin)


def pick_view(call_ids: list[CallId], origin: Asked) -> Block:
    """Lets somebody choose among the call ids of a message."""
    options = [{"text": plain(str(call_id)), "value": str(call_id)} for call_id in call_ids[:_MOST_OPTIONS]]
    element = {"type": "static_select", "action_id": CALL_ID, "options": options, "initial_option": options[0]}
    return form("Which call?", _submit_words(origin), PICK_CALL, [form_input(CALL_ID, "Call id", element)], origin)


def _submit_words(origin: Asked) -> str:
    return "Follow" if origin.again == FOLLOW else "Show"


def share_view(call_id: CallId) -> Block:
    """Asks for the channel to share a card with."""
    return _channel_view("Share the call", "Share", SHARE_CALL, call_id)


def follow_view(call_id: CallId) -> Block:
    """Asks for the channel to follow a call in."""
    return _channel_view("Follow the call", "Follow", FOLLOW_IN, call_id)


def _channel_view(title: str, submit: str, callback_id: str, call_id: CallId) -> Block:
    element = {
        "type": "conversations_select",
        "action_id": CHANNEL,
        "default_to_current_conversation": True,
        "filter": {"include": ["public", "private"]},
    }
    blocks = [
        form_input(CHANNEL, "Channel", element),
        context(
            "E-mail addresses and phone numbers are masked in the card, but for what your administrator shows. "
            "I must be a member of the channel."
        ),
    ]
    return form(title, submit, callback_id, blocks, Asked(call=str(call_id)))


def message_view(message: Message, origin: Asked | None = None) -> Block:
    """Any answer as a modal, where it came from kept for the buttons on it."""
    # Only a message's own text may be as long as some links are; nothing in a modal may.
    text = message.text if len(message.text) <= _LONGEST_SECTION else TOO_LONG_FOR_A_MODAL
    blocks = list(message.blocks) or [section(text)]
    view = {"type": "modal", "title": plain("Samora call"), "close": plain("Close"), "blocks": blocks}
    return view | {"private_metadata": (origin or Asked()).encode()}


def variables_view(call: Call, *, page: int, origin: Asked) -> Block:
    """One page of a call's variables, in full and unmasked, for one person's eyes."""
    pages = variable_pages(call)
    page = min(page, len(pages) - 1)
    blocks: list[Block] = [section(f"Call {code(str(call.id))}")]
    blocks += [{"type": "section", "text": plain(text)} for text in pages[page]] or [section("No variables.")]
    if call.hidden_variables:
        blocks.append(context(f"{call.hidden_variables} hidden by your administrator"))
    if len(pages) > 1:
        blocks.append(context(f"Page {page + 1} of {len(pages)}"))
        blocks.append(actions(_page_buttons(call.id, page, len(pages))))
    return message_view(Message("", tuple(blocks)), origin) | {"title": plain("Variables")}


def _page_buttons(call_id: CallId, page: int, pages: int) -> list[Block]:
    turns = [("Previous", PREVIOUS_PAGE, page - 1), ("Next", NEXT_PAGE, page + 1)]
    return [
        button(label, action_id=action_id, value=Asked(call=str(call_id), page=target).encode())
        for label, action_id, target in turns
        if 0 <= target < pages
    ]


def form_input(block_id: str, label: str, element: Block) -> Block:
    """An input; the action in it has the name of the block."""
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element}


def form(title: str, submit: str, callback_id: str, blocks: list[Block], origin: Asked) -> Block:
    """A modal to be submitted; ``origin`` says where it was opened from, and what it is about."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain("Cancel"),
        "blocks": blocks,
        "private_metadata": origin.encode(),
    }
