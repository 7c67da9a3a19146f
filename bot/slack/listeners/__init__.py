"""Who listens to what. One listener a kind: Bolt tries them one after the other, so a dictionary of our own is quicker.

Every listener matches everything of its kind, because what nobody listens to is answered 404 over HTTP and not at all
over Socket Mode: people see a warning sign, and Slack sends events again.
"""

import re

from slack_bolt.app.async_app import AsyncApp

from bot.slack.answers import Answers
from bot.slack.listeners.actions import Actions
from bot.slack.listeners.boundary import Boundary, guarded
from bot.slack.listeners.commands import Commands
from bot.slack.listeners.events import Events
from bot.slack.listeners.shortcuts import Shortcuts
from bot.slack.listeners.views import Views
from bot.slack.messenger import Messenger

_ANYTHING = re.compile("")


def register(app: AsyncApp, *, boundary: Boundary, answers: Answers, messenger: Messenger) -> None:
    """Registers every listener of the bot with a Bolt app."""
    commands = Commands(boundary=boundary, answers=answers)
    actions = Actions(boundary=boundary, answers=answers)
    shortcuts = Shortcuts(boundary=boundary, answers=answers, messenger=messenger)
    views = Views(boundary=boundary, answers=answers)
    events = Events(boundary=boundary, answers=answers)
    app.command(_ANYTHING)(guarded(commands.on_command))
    app.action(_ANYTHING)(guarded(actions.on_action))
    app.shortcut(_ANYTHING)(guarded(shortcuts.on_shortcut))
    app.view(_ANYTHING)(guarded(views.on_submission))
    app.event(_ANYTHING)(guarded(events.on_event))
