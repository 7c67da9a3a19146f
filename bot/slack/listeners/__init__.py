"""The listeners, one file a kind of request."""

from bot.slack.agent_following import AgentFollowing
from bot.slack.answers import Answers
from bot.slack.board_pages import BoardPages
from bot.slack.channels import Channels
from bot.slack.doctor import Doctor
from bot.slack.following import Following
from bot.slack.listeners.actions import Actions
from bot.slack.listeners.boundary import Boundary
from bot.slack.listeners.commands import Commands
from bot.slack.listeners.dispatcher import COMMAND, AckObserver, Dispatcher
from bot.slack.listeners.events import Events
from bot.slack.listeners.shortcuts import Shortcuts
from bot.slack.listeners.views import Views
from bot.slack.listing import Listing
from bot.slack.messenger import Messenger
from bot.slack.typed import Typed


def make_dispatcher(
    *,
    boundary: Boundary,
    answers: Answers,
    following: Following,
    agents: AgentFollowing,
    listing: Listing,
    boards: BoardPages,
    channels: Channels,
    doctor: Doctor,
    messenger: Messenger,
    observe_ack: AckObserver = lambda _kind, _transport, _seconds: None,
) -> Dispatcher:
    """All listeners of the bot, by what Slack calls the payloads that they listen to."""
    typed = Typed(answers=answers, following=following, agents=agents, listing=listing, doctor=doctor)
    shortcuts = Shortcuts(boundary=boundary, answers=answers, following=following, messenger=messenger)
    actions = Actions(
        boundary=boundary,
        answers=answers,
        following=following,
        agents=agents,
        listing=listing,
        boards=boards,
        doctor=doctor,
        messenger=messenger,
    )
    views = Views(boundary=boundary, answers=answers, following=following, listing=listing)
    events = Events(boundary=boundary, typed=typed, listing=listing, channels=channels)
    return Dispatcher(
        {
            COMMAND: Commands(boundary=boundary, typed=typed).on_command,
            "block_actions": actions.on_action,
            "shortcut": shortcuts.on_shortcut,
            "message_action": shortcuts.on_shortcut,
            "view_submission": views.on_submission,
            "event_callback": events.on_event,
        },
        seal=messenger.seal,
        span=boundary.span,
        observe_ack=observe_ack,
    )
