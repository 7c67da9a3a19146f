"""The submitted modals."""

from functools import partial
from typing import Any

from bot.core.calls import CallId, find_call_ids
from bot.core.errors import UserMistake
from bot.core.subscriptions import Options
from bot.slack.answers import Answers
from bot.slack.blocks import Message
from bot.slack.cards import FOLLOW, SHARE, SHOW_CALL
from bot.slack.edit import EDIT_OPTIONS, FormMistake, read_form
from bot.slack.following import Following
from bot.slack.listeners.ack import Ack
from bot.slack.listeners.boundary import Boundary, Busy, Job, Request
from bot.slack.listing import Listing
from bot.slack.lists import EDIT
from bot.slack.payloads import Asked, Payload, Place, get_metadata, place_of_interaction, read_metadata, text_at
from bot.slack.replies import ModalReply, loading_view
from bot.slack.sentences import BUSY, NO_CHANNEL, NOT_AN_ID
from bot.slack.views import CALL_ID, CHANNEL, FIND_CALL, FOLLOW_IN, PICK_CALL, SHARE_CALL, message_view, pick_view

Said = dict[str, Any]


class Views:
    """Listens to submissions. What a modal asked for is answered in it: that needs no channel and no membership."""

    def __init__(self, *, boundary: Boundary, answers: Answers, following: Following, listing: Listing) -> None:
        """Takes who starts work, who answers, who follows, and who knows what is followed."""
        self._boundary = boundary
        self._answers = answers
        self._following = following
        self._listing = listing

    async def on_submission(self, ack: Ack, body: Payload) -> None:
        """Acks with an error at the input, another question, or a modal that says that it is being filled."""
        callback_id = text_at(body, "view", "callback_id")
        place = place_of_interaction(body)
        try:
            get_metadata(body)
        except UserMistake as mistake:
            await ack(response_action="update", view=message_view(Message(mistake.reason)))
            return
        if callback_id in {SHARE_CALL, FOLLOW_IN}:
            await ack(**self._go_to_channel(callback_id, place, body))
        elif callback_id in {FIND_CALL, PICK_CALL}:
            await ack(**self._go_on_with_call(callback_id, place, body))
        elif callback_id == EDIT_OPTIONS:
            await ack(**self._change(place, body))
        else:
            await ack()

    def _go_on_with_call(self, callback_id: str, place: Place, body: Payload) -> Said:
        call_ids = find_call_ids(_input(body, CALL_ID))
        if not call_ids:
            return _errors(CALL_ID, NOT_AN_ID)
        origin = read_metadata(body)
        if len(call_ids) > 1:
            return {"response_action": "update", "view": pick_view(call_ids, origin)}
        reply, call_id = self._boundary.modal(place, view_id=place.view_id), call_ids[0]
        if origin.again == FOLLOW:
            job: Job = partial(self._following.subscribe, place, call_id, None, reply)
            return self._take(f"view.{callback_id}", place, reply, call_id, Asked(again=FOLLOW), job)
        job = partial(self._answers.show, place, call_id, reply)
        return self._take(f"view.{callback_id}", place, reply, call_id, Asked(again=SHOW_CALL), job)

    def _go_to_channel(self, callback_id: str, place: Place, body: Payload) -> Said:
        channel_id = text_at(body, "view", "state", "values", CHANNEL, CHANNEL, "selected_conversation")
        if not channel_id:
            return _errors(CHANNEL, NO_CHANNEL)
        try:
            call_id = read_metadata(body).call_id
        except UserMistake as mistake:
            return _errors(CHANNEL, mistake.reason)
        reply = self._boundary.modal(place, view_id=place.view_id)
        there = Place(team_id=place.team_id, channel_id=channel_id, user_id=place.user_id, view_id=place.view_id)
        asked = Asked(again=FOLLOW if callback_id == FOLLOW_IN else SHARE, channel=channel_id)
        if callback_id == FOLLOW_IN:
            job: Job = partial(self._following.subscribe, there, call_id, None, reply)
            return self._take(f"view.{callback_id}", place, reply, call_id, asked, job)
        job = partial(self._answers.share, there, call_id, reply)
        return self._take(f"view.{callback_id}", place, reply, call_id, asked, job)

    def _change(self, place: Place, body: Payload) -> Said:
        try:
            options = read_form(body)
        except FormMistake as mistake:
            return _errors(mistake.block_id, mistake.reason)
        reply, asked = self._boundary.modal(place, view_id=place.view_id), read_metadata(body)
        job = partial(self._change_options, place, asked, options, reply)
        again = Asked(again=EDIT, call=asked.call, sub=asked.sub, home=asked.home, page=asked.page)
        return self._take(f"view.{EDIT_OPTIONS}", place, reply, None, again, job)

    async def _change_options(self, place: Place, asked: Asked, options: Options, reply: ModalReply) -> None:
        await self._listing.change(place, asked.sub, options, reply)
        if asked.home:
            await self._listing.redraw_home(place, asked.page, self._boundary.home(place))

    def _take(self, kind: str, place: Place, reply: ModalReply, call_id: CallId | None, asked: Asked, job: Job) -> Said:
        request = Request(
            kind=kind, key=place.trigger_id, place=place, reply=reply, call_id=call_id, again=asked.again, asked=asked
        )
        try:
            # The ack is on its way before Samora has been asked, so the answer's own update comes after it.
            self._boundary.take(request, job)
            view = loading_view(reply.origin)
        except Busy:
            view = message_view(BUSY, reply.origin)
        return {"response_action": "update", "view": view}


def _errors(block_id: str, sentence: str) -> Said:
    return {"response_action": "errors", "errors": {block_id: sentence}}


def _input(body: Payload, name: str) -> str:
    """What was typed into, or chosen in, the input of that name."""
    values = ("view", "state", "values", name, name)
    return text_at(body, *values, "value") or text_at(body, *values, "selected_option", "value")
