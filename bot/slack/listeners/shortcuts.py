"""The shortcuts: two on messages, one anywhere."""

from dataclasses import replace
from functools import partial

from bot.core.calls import CallId
from bot.slack.answers import Answers
from bot.slack.cards import FOLLOW, SHOW_CALL
from bot.slack.following import Following
from bot.slack.listeners.ack import Ack
from bot.slack.listeners.boundary import Boundary, Job, Request
from bot.slack.messenger import Messenger
from bot.slack.payloads import Asked, Payload, Place, find_message_call_ids, place_of_interaction, text_at
from bot.slack.replies import Reply
from bot.slack.views import find_view, pick_view

# Callback ids, as in the manifest.
SHOW_CALL_SHORTCUT = "show_call"
FOLLOW_CALL_SHORTCUT = "follow_call"
FIND_CALL_SHORTCUT = "find_call"
SHORTCUTS = (SHOW_CALL_SHORTCUT, FOLLOW_CALL_SHORTCUT, FIND_CALL_SHORTCUT)


class Shortcuts:
    """Listens to shortcuts."""

    def __init__(self, *, boundary: Boundary, answers: Answers, following: Following, messenger: Messenger) -> None:
        """Takes who starts work, who answers, who follows, and who opens modals."""
        self._boundary = boundary
        self._answers = answers
        self._following = following
        self._messenger = messenger

    async def on_shortcut(self, ack: Ack, body: Payload) -> None:
        """Acks, and shows or follows the call that the message names, asks which one, or asks for an id."""
        await ack()
        callback_id = text_at(body, "callback_id")
        if callback_id not in SHORTCUTS:
            return
        place = place_of_interaction(body)
        reply = self._boundary.ephemeral(place)
        call_ids = find_message_call_ids(body.get("message"))
        again, thread = SHOW_CALL, place.thread_ts
        if callback_id == FOLLOW_CALL_SHORTCUT:
            # Card and notices hang in that message's thread, which may begin with them.
            again, thread = FOLLOW, place.thread_ts or place.message_ts
        asked = Asked(channel=place.channel_id, thread=thread, again=again)
        request = Request(
            kind=f"shortcut.{callback_id}",
            key=place.trigger_id,
            place=place,
            reply=reply,
            call_id=call_ids[0] if len(call_ids) == 1 else None,
            again=again if len(call_ids) == 1 else "",
            asked=asked,
        )
        self._boundary.take(request, self._job(place, call_ids, asked, reply))

    def _job(self, place: Place, call_ids: list[CallId], asked: Asked, reply: Reply) -> Job:
        if len(call_ids) == 1 and asked.again == FOLLOW:
            there = replace(place, thread_ts=asked.thread)
            return partial(self._following.subscribe, there, call_ids[0], None, reply)
        if len(call_ids) == 1:
            return partial(self._answers.show, place, call_ids[0], reply)
        view = pick_view(call_ids, asked) if call_ids else find_view(asked)
        return partial(self._messenger.open_view, place, view)
