"""The answers: what each question about a call leads to. One question, one look at Samora, one answer."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bot.core.calls import CallId, Media
from bot.core.errors import BotError, SlackUnavailable
from bot.core.lookup import FreshLink, Lookup
from bot.core.visibility import MASKED, Visibility
from bot.slack.cards import call_card, link_message, no_media_message
from bot.slack.messenger import Messenger
from bot.slack.patience import PATIENCE_SECONDS, ask_patiently, post_for_all
from bot.slack.payloads import Place
from bot.slack.replies import ModalReply, Reply
from bot.slack.sentences import SHARED, SHARED_MAYBE
from bot.slack.views import share_view, variables_view

log = structlog.get_logger()

Answer = TypeVar("Answer")


class Answers:
    """Answers questions about calls. Every method raises BotError for its caller to say; none leaves half a thing."""

    def __init__(
        self,
        *,
        lookup: Lookup,
        messenger: Messenger,
        visibility: Visibility = MASKED,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Takes who knows, who speaks, which variables others see unmasked, and when one is told that it takes longer.

        That time is in seconds.
        """
        self._lookup = lookup
        self._visibility = visibility
        self._messenger = messenger
        self._patience = patience

    async def show(self, call_id: CallId, reply: Reply) -> None:
        """The card, for the asker alone."""
        await reply.send(call_card(await self._ask(self._lookup.call(call_id), reply)))

    async def refresh(self, place: Place, call_id: CallId, reply: Reply) -> None:
        """The same card, read anew, in the place of the old one; masked if others see it."""
        call = await self._ask(self._lookup.call(call_id), reply)
        await reply.redraw(call_card(call, public=not place.is_private, visibility=self._visibility))

    async def hand_out(self, call_id: CallId, media: Media, reply: Reply) -> None:
        """A fresh link to a recording or transcript, for the presser alone, or why there is none."""
        found = await self._ask(self._lookup.fresh_link(call_id, media), reply)
        if isinstance(found, FreshLink):
            await reply.send(link_message(found, call_id))
        else:
            await reply.send(no_media_message(media, found, call_id))

    async def show_all(self, call_id: CallId, page: int, reply: ModalReply) -> None:
        """One page of all variables, in a modal."""
        call = await self._ask(self._lookup.call(call_id), reply)
        await reply.show(variables_view(call, page=page, origin=reply.origin))

    async def share(self, place: Place, call_id: CallId, reply: Reply) -> None:
        """The card for everybody in the conversation or thread; afterwards the private one offers no more sharing."""
        call = await self._ask(self._lookup.call(call_id), reply)
        card = call_card(call, public=True, visibility=self._visibility)
        try:
            await post_for_all(self._messenger, place, card, patience=self._patience)
        except SlackUnavailable as error:
            if error.retry_after is not None:
                raise
            # Posting again might post twice, and only a person can see whether it would.
            log.warning("share_unknown", call_id=str(call_id), channel_id=place.channel_id, reason=error.reason)
            telling = reply.send(SHARED_MAYBE)
        else:
            log.info("shared", call_id=str(call_id), channel_id=place.channel_id, user_id=place.user_id)
            unshared = call_card(call, public=not place.is_private, share=False, visibility=self._visibility)
            telling = reply.send(SHARED) if place.view_id else reply.redraw(unshared)
        try:
            await telling
        except BotError as error:
            # The card is posted, or may be: an error said now would offer to post it again.
            log.warning("not_told_of_share", call_id=str(call_id), reason=error.reason)

    async def ask_where_to_share(self, call_id: CallId, reply: ModalReply) -> None:
        """A question for the channel, as the card stands in none."""
        await reply.show(share_view(call_id))

    async def _ask(self, question: Coroutine[Any, Any, Answer], reply: Reply) -> Answer:
        return await ask_patiently(question, reply, patience=self._patience)
