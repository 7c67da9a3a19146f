"""The shortcuts: two on messages, one anywhere."""

from functools import partial

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.core.calls import CallId
from bot.slack.answers import Answers
from bot.slack.cards import SHOW_CALL
from bot.slack.listeners.boundary import Boundary, Job, Request
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Payload, Place, find_message_call_ids, place_of_interaction, text_at
from bot.slack.replies import Reply
from bot.slack.sentences import COMING
from bot.slack.views import find_view, pick_view

# Callback ids, as in the manifest.
SHOW_CALL_SHORTCUT = "show_call"
FOLLOW_CALL_SHORTCUT = "follow_call"
FIND_CALL_SHORTCUT = "find_call"
SHORTCUTS = (SHOW_CALL_SHORTCUT, FOLLOW_CALL_SHORTCUT, FIND_CALL_SHORTCUT)


class Shortcuts:
    """Listens to shortcuts."""

    def __init__(self, *, boundary: Boundary, answers: Answers, messenger: Messenger) -> None:
        """Takes who starts work, who does it, and who opens modals."""
        self._boundary = boundary
        self._answers = answers
        self._messenger = messenger

    async def on_shortcut(self, ack: AsyncAck, body: Payload) -> None:
        """Acks, and shows the call that the message names, asks which one, or asks for an id."""
        await ack()
        callback_id = text_at(body, "callback_id")
        if callback_id not in SHORTCUTS:
            return
        place = place_of_interaction(body)
        reply = self._boundary.ephemeral(place)
        call_ids = find_message_call_ids(body.get("message"))
        request = Request(
            kind=f"shortcut.{callback_id}",
            key=place.trigger_id,
            place=place,
            reply=reply,
            call_id=call_ids[0] if len(call_ids) == 1 else None,
            again=SHOW_CALL,
        )
        self._boundary.take(request, self._job(callback_id, place, call_ids, reply))

    def _job(self, callback_id: str, place: Place, call_ids: list[CallId], reply: Reply) -> Job:
        if callback_id == FOLLOW_CALL_SHORTCUT:
            return partial(reply.send, COMING)
        if len(call_ids) == 1:
            return partial(self._answers.show, call_ids[0], reply)
        origin = Asked(channel=place.channel_id, thread=place.thread_ts)
        view = pick_view(call_ids, origin) if call_ids else find_view(origin)
        return partial(self._messenger.open_view, place, view)
