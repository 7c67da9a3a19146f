"""The slash command."""

from functools import partial

from bot.slack.grammar import read_command
from bot.slack.listeners.ack import Ack
from bot.slack.listeners.boundary import Boundary, Busy, Request
from bot.slack.payloads import Payload, place_of_command, text_at
from bot.slack.sentences import BUSY, UNHEARD
from bot.slack.typed import Typed


class Commands:
    """Listens to ``/samora-call``, whatever name a development app gives it."""

    def __init__(self, *, boundary: Boundary, typed: Typed) -> None:
        """Takes who starts work, and who does it."""
        self._boundary = boundary
        self._typed = typed

    async def on_command(self, ack: Ack, body: Payload) -> None:
        """Acks, and answers at the command's ``response_url``."""
        place = place_of_command(body)
        command = read_command(text_at(body, "text"))
        reply = self._boundary.ephemeral(place)
        again = self._typed.find_again(command)
        request = Request(
            kind="command",
            key=place.trigger_id,
            place=place,
            reply=reply,
            call_id=command.call_id,
            again=again.again,
            asked=again,
        )
        try:
            self._boundary.take(request, partial(self._typed.answer, place, command, reply))
        except Busy:
            await ack(text=BUSY.text)
        else:
            await (ack() if self._boundary.is_heard else ack(text=UNHEARD.text))
