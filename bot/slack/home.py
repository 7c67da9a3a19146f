"""The Home tab: what the bot is for, a way to any call, what there is to say to that one person, and help. Pure.

Limits: docs.slack.dev/reference/views.
"""

from bot.slack.blocks import Block, Message, actions, button, header, section
from bot.slack.payloads import Asked
from bot.slack.sentences import help_blocks

# Action id of the button that asks for a call.
FIND = "find"

_WELCOME = (
    "I show you how Samora's phone calls went, and follow them in a channel until they are over. "
    "What stands on this page, and what you find from it, only you see."
)


def home_view(message: Message) -> Block:
    """Somebody's Home tab, around what there is to say: mostly what that person follows."""
    find = button("Find a call", action_id=FIND, value=Asked().encode(), style="primary")
    said = message.blocks or (section(message.text),)
    helping = (header("What you can type"), *help_blocks())
    return {"type": "home", "blocks": [section(_WELCOME), actions([find]), *said, *helping]}
