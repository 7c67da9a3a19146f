"""The listeners, one file a kind of request."""

from bot.slack.answers import Answers
from bot.slack.listeners.actions import Actions
from bot.slack.listeners.boundary import Boundary
from bot.slack.listeners.commands import Commands
from bot.slack.listeners.dispatcher import COMMAND, Dispatcher
from bot.slack.listeners.events import Events
from bot.slack.listeners.shortcuts import Shortcuts
from bot.slack.listeners.views import Views
from bot.slack.messenger import Messenger


def make_dispatcher(*, boundary: Boundary, answers: Answers, messenger: Messenger) -> Dispatcher:
    """All listeners of the bot, by what Slack calls the payloads that they listen to."""
    shortcuts = Shortcuts(boundary=boundary, answers=answers, messenger=messenger)
    return Dispatcher(
        {
            COMMAND: Commands(boundary=boundary, answers=answers).on_command,
            "block_actions": Actions(boundary=boundary, answers=answers).on_action,
            "shortcut": shortcuts.on_shortcut,
            "message_action": shortcuts.on_shortcut,
            "view_submission": Views(boundary=boundary, answers=answers).on_submission,
            "event_callback": Events(boundary=boundary, answers=answers).on_event,
        }
    )
