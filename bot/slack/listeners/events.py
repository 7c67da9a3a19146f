"""The events."""

import re
from functools import partial

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.slack.answers import Answers
from bot.slack.cards import SHOW_CALL
from bot.slack.grammar import read_command
from bot.slack.listeners.boundary import Boundary, Request
from bot.slack.payloads import Payload, place_of_mention, text_at

_MENTIONS = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")


class Events:
    """Listens to events, of which mentions are the only ones that lead to anything yet."""

    def __init__(self, *, boundary: Boundary, answers: Answers) -> None:
        """Takes who starts work, and who does it."""
        self._boundary = boundary
        self._answers = answers

    async def on_event(self, ack: AsyncAck, body: Payload) -> None:
        """Acks, and answers a mention as if its text had been typed after the command; other bots get no answer."""
        await ack()
        place = place_of_mention(body)
        if text_at(body, "event", "type") != "app_mention" or text_at(body, "event", "bot_id") or not place.user_id:
            return
        command = read_command(_MENTIONS.sub(" ", text_at(body, "event", "text")))
        reply = self._boundary.ephemeral(place)
        request = Request(
            kind="mention",
            key=text_at(body, "event_id"),
            place=place,
            reply=reply,
            call_id=command.call_id,
            again=SHOW_CALL,
        )
        self._boundary.take(request, partial(self._answers.command, command, reply))
