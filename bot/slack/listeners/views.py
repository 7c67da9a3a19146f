"""The submitted modals."""

from functools import partial
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.core.calls import CallId, find_call_ids
from bot.core.errors import UserMistake
from bot.slack.answers import Answers
from bot.slack.cards import SHARE, SHOW_CALL
from bot.slack.listeners.boundary import Boundary, Busy, Job, Request
from bot.slack.payloads import Payload, Place, place_of_interaction, read_metadata, text_at
from bot.slack.replies import ModalReply, loading_view
from bot.slack.sentences import BUSY, NOT_AN_ID
from bot.slack.views import CALL_ID, CHANNEL, FIND_CALL, PICK_CALL, SHARE_CALL, message_view, pick_view


class Views:
    """Listens to submissions. What a modal asked for is answered in it: that needs no channel and no membership."""

    def __init__(self, *, boundary: Boundary, answers: Answers) -> None:
        """Takes who starts work, and who does it."""
        self._boundary = boundary
        self._answers = answers

    async def on_submission(self, ack: AsyncAck, body: Payload) -> None:
        """Acks with an error at the input, another question, or a modal that says that it is being filled."""
        callback_id = text_at(body, "view", "callback_id")
        place = place_of_interaction(body)
        if callback_id == SHARE_CALL:
            await ack(**self._share(place, body))
        elif callback_id in {FIND_CALL, PICK_CALL}:
            await ack(**self._show(callback_id, place, body))
        else:
            await ack()

    def _show(self, callback_id: str, place: Place, body: Payload) -> dict[str, Any]:
        call_ids = find_call_ids(_input(body, CALL_ID))
        if not call_ids:
            return {"response_action": "errors", "errors": {CALL_ID: NOT_AN_ID}}
        if len(call_ids) > 1:
            return {"response_action": "update", "view": pick_view(call_ids, read_metadata(body))}
        reply = self._boundary.modal(place, view_id=place.view_id)
        job = partial(self._answers.show, call_ids[0], reply)
        return self._take(f"view.{callback_id}", place, reply, call_ids[0], SHOW_CALL, job)

    def _share(self, place: Place, body: Payload) -> dict[str, Any]:
        channel_id = text_at(body, "view", "state", "values", CHANNEL, CHANNEL, "selected_conversation")
        try:
            call_id = read_metadata(body).call_id
        except UserMistake as mistake:
            return {"response_action": "errors", "errors": {CHANNEL: mistake.reason}}
        reply = self._boundary.modal(place, view_id=place.view_id)
        there = Place(channel_id=channel_id, user_id=place.user_id, view_id=place.view_id)
        job = partial(self._answers.share, there, call_id, reply)
        return self._take(f"view.{SHARE_CALL}", place, reply, call_id, SHARE, job)

    def _take(
        self, kind: str, place: Place, reply: ModalReply, call_id: CallId, again: str, job: Job
    ) -> dict[str, Any]:
        request = Request(kind=kind, key=place.trigger_id, place=place, reply=reply, call_id=call_id, again=again)
        try:
            # The ack is on its way before Samora has been asked, so the answer's own update comes after it.
            self._boundary.take(request, job)
            view = loading_view(reply.origin)
        except Busy:
            view = message_view(BUSY, reply.origin)
        return {"response_action": "update", "view": view}


def _input(body: Payload, name: str) -> str:
    """What was typed into, or chosen in, the input of that name."""
    values = ("view", "state", "values", name, name)
    return text_at(body, *values, "value") or text_at(body, *values, "selected_option", "value")
