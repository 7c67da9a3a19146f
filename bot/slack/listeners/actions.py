"""The buttons."""

from functools import partial

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.core.calls import CallId, Media
from bot.core.errors import UserMistake
from bot.slack.answers import Answers
from bot.slack.blocks import Message
from bot.slack.cards import (
    FOLLOW,
    RECORDING,
    REFRESH,
    SHARE,
    SHOW_ALL,
    SHOW_CALL,
    TRANSCRIPT,
    TRY_AGAIN,
)
from bot.slack.listeners.boundary import Boundary, Job, Request
from bot.slack.payloads import Asked, Payload, Place, place_of_interaction, text_at
from bot.slack.replies import ModalReply, Reply
from bot.slack.sentences import COMING
from bot.slack.views import NEXT_PAGE, PREVIOUS_PAGE

_PAGES = (SHOW_ALL, PREVIOUS_PAGE, NEXT_PAGE)
_KNOWN = (RECORDING, TRANSCRIPT, REFRESH, FOLLOW, SHARE, SHOW_CALL, TRY_AGAIN, *_PAGES)


class Actions:
    """Listens to buttons. A link button is only acked: without that, Slack shows a warning sign beside it."""

    def __init__(self, *, boundary: Boundary, answers: Answers) -> None:
        """Takes who starts work, and who does it."""
        self._boundary = boundary
        self._answers = answers

    async def on_action(self, ack: AsyncAck, body: Payload) -> None:
        """Acks, and does what the button says."""
        await ack()
        pressed = next(iter(body.get("actions") or []), None)
        # Buttons of one row need different action ids: "show_call:0", "show_call:1".
        action_id = text_at(pressed, "action_id").split(":")[0]
        if action_id not in _KNOWN:
            return
        place = place_of_interaction(body)
        try:
            asked = Asked.parse(text_at(pressed, "value"))
            call_id = asked.call_id
        except UserMistake as mistake:
            reply = self._boundary.ephemeral(place)
            request = Request(kind="action.unreadable", key=place.trigger_id, place=place, reply=reply)
            self._boundary.take(request, partial(reply.send, Message(mistake.reason)))
        else:
            self._act(action_id, place, asked, call_id)

    def _act(self, action_id: str, place: Place, asked: Asked, call_id: CallId) -> None:
        wanted = asked.again if action_id == TRY_AGAIN and asked.again in _KNOWN else action_id
        reply = self._reply(action_id, wanted, place)
        request = Request(
            kind=f"action.{wanted}",
            key=place.trigger_id,
            place=place,
            reply=reply,
            call_id=call_id,
            again={REFRESH: SHOW_CALL, PREVIOUS_PAGE: SHOW_ALL, NEXT_PAGE: SHOW_ALL}.get(wanted, wanted),
            page=asked.page,
        )
        name = f"share {place.user_id} {place.message_ts or place.view_id} {call_id}" if wanted == SHARE else ""
        self._boundary.take(request, self._job(wanted, place, asked, reply), name=name)

    def _reply(self, action_id: str, wanted: str, place: Place) -> Reply:
        """In a conversation: there. In a modal: in it where the answer is its new content, else in one on top."""
        if wanted == SHOW_ALL and (action_id != TRY_AGAIN or not place.view_id):
            return self._boundary.modal(place)
        if not place.view_id:
            return self._boundary.ephemeral(place, in_place=action_id in {TRY_AGAIN, SHOW_CALL})
        in_place = action_id in {REFRESH, TRY_AGAIN, SHOW_CALL, PREVIOUS_PAGE, NEXT_PAGE}
        return self._boundary.modal(place, view_id=place.view_id if in_place else "")

    def _job(self, wanted: str, place: Place, asked: Asked, reply: Reply) -> Job:
        call_id = asked.call_id
        if wanted in {RECORDING, TRANSCRIPT}:
            return partial(self._answers.hand_out, call_id, Media(wanted), reply)
        if wanted == REFRESH:
            return partial(self._answers.refresh, place, call_id, reply)
        if wanted == FOLLOW:
            return partial(reply.send, COMING)
        if wanted == SHARE and not place.channel_id and isinstance(reply, ModalReply):
            return partial(self._answers.ask_where_to_share, call_id, reply)
        if wanted == SHARE:
            return partial(self._answers.share, place, call_id, reply)
        if wanted in _PAGES and isinstance(reply, ModalReply):
            return partial(self._answers.show_all, call_id, asked.page, reply)
        return partial(self._answers.show, call_id, reply)
