"""The events."""

import re
from functools import partial

from bot.slack.channels import Channels
from bot.slack.grammar import read_command
from bot.slack.listeners.ack import Ack
from bot.slack.listeners.boundary import Boundary, Job, Request
from bot.slack.listing import Listing
from bot.slack.lists import LIST
from bot.slack.payloads import Asked, Payload, own_user_id, place_of_event, place_of_home, place_of_mention, text_at
from bot.slack.typed import Typed

# Slack's own events that lead to something: docs.slack.dev/reference/events.
CHANNEL_EVENTS = (
    *("channel_unarchive", "group_unarchive", "member_joined_channel", "channel_id_changed"),
    *("channel_shared", "channel_unshared"),
)
APP_EVENTS = ("app_uninstalled", "tokens_revoked")
HOME_EVENT = "app_home_opened"

# Names that were only called, and not those that "mention:" is about.
_MENTIONS = re.compile(r"(?<!mention:)(?<!mention: )<@[A-Z0-9]+(?:\|[^>]*)?>", re.IGNORECASE)


class Events:
    """Listens to events: mentions, a Home tab that is opened, and what Slack says of channels and of the app itself."""

    def __init__(self, *, boundary: Boundary, typed: Typed, listing: Listing, channels: Channels) -> None:
        """Takes who starts work, who answers people, who knows what is followed, and who heeds what Slack says."""
        self._boundary = boundary
        self._typed = typed
        self._listing = listing
        self._channels = channels

    async def on_event(self, ack: Ack, body: Payload) -> None:
        """Answers a mention as if its text had been typed after the command, and draws the Home that somebody opens.

        Slack's own events are heeded before the ack.

        Other bots get no answer. What cannot be heeded now is not acked, so that Slack sends it again.
        """
        kind = text_at(body, "event", "type")
        if kind == "app_mention":
            self._answer(body)
        elif kind == HOME_EVENT:
            self._show_home(body)
        elif kind and (job := self._find_job(kind, body)):
            await self._boundary.heed(f"event.{kind}", place_of_event(body), job)
        await ack()

    def _answer(self, body: Payload) -> None:
        place = place_of_mention(body)
        if text_at(body, "event", "bot_id") or not place.user_id:
            return
        command = read_command(_MENTIONS.sub(" ", text_at(body, "event", "text")))
        reply = self._boundary.ephemeral(place)
        again = self._typed.find_again(command)
        request = Request(
            kind="mention",
            key=text_at(body, "event_id"),
            place=place,
            reply=reply,
            call_id=command.call_id,
            again=again.again,
            asked=again,
        )
        self._boundary.take(request, partial(self._typed.answer, place, command, reply))

    def _show_home(self, body: Payload) -> None:
        place = place_of_home(body)
        # The messages tab beside it is told of by the same event.
        if text_at(body, "event", "tab") != "home" or not place.user_id:
            return
        reply = self._boundary.home(place)
        request = Request(
            kind=f"event.{HOME_EVENT}",
            key=text_at(body, "event_id"),
            place=place,
            reply=reply,
            again=LIST,
            asked=Asked(again=LIST),
        )
        self._boundary.take(request, partial(self._listing.show, place, 0, reply))

    def _find_job(self, kind: str, body: Payload) -> Job | None:
        place, event = place_of_event(body), body["event"]
        if kind in {"channel_unarchive", "group_unarchive"}:
            return partial(self._channels.reopen, place.team_id, place.channel_id)
        if kind == "member_joined_channel" and text_at(event, "user") == own_user_id(body) != "":
            return partial(self._channels.reopen, place.team_id, place.channel_id)
        if kind == "channel_id_changed":
            old_id, new_id = text_at(event, "old_channel_id"), text_at(event, "new_channel_id")
            return partial(self._channels.move, place.team_id, old_id, new_id) if old_id and new_id else None
        if kind in {"channel_shared", "channel_unshared"}:
            # One of several organisations may have left; whether another one is there is said then, too.
            is_shared = kind == "channel_shared" or event.get("is_ext_shared") is not False
            return partial(self._channels.share, place.team_id, place.channel_id, is_shared=is_shared)
        if kind == "app_uninstalled":
            return partial(self._channels.erase, place.team_id)
        # Tokens of people, whom the bot never asks for any, may be revoked too.
        tokens = event.get("tokens")
        if kind == "tokens_revoked" and isinstance(tokens, dict) and tokens.get("bot"):
            return partial(self._channels.stop, place.team_id)
        return None
