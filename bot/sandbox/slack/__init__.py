"""The sandbox's Slack: a fake server that speaks the real protocol, keeps Slack's limits and fails on demand.

``SlackSandbox`` is all that most need: it serves the Web API, Socket Mode and ``response_url``, acts as a person,
and tells what happened. ``find_message_problems`` and ``find_view_problems`` check Block Kit without any server.
"""

from bot.sandbox.slack.ack import Ack
from bot.sandbox.slack.limits import find_message_problems, find_view_problems
from bot.sandbox.slack.people import Channel, User, UserGroup
from bot.sandbox.slack.recording import BotRequest
from bot.sandbox.slack.rules import Problem
from bot.sandbox.slack.server import SlackSandbox
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Message

__all__ = [
    "Ack",
    "BotRequest",
    "Channel",
    "Message",
    "Problem",
    "SlackSandbox",
    "User",
    "UserGroup",
    "View",
    "find_message_problems",
    "find_view_problems",
]
