"""The answers: what each question about a call leads to. One question, one look at Samora, one answer."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bot.core.access import Audience, Sharing, audience_of
from bot.core.audit import AuditAction
from bot.core.calls import Call, CallId, Media
from bot.core.errors import BotError, NotAllowed, SlackUnavailable
from bot.core.lookup import FreshLink, Lookup
from bot.core.visibility import MASKED, Visibility
from bot.slack.access import Access
from bot.slack.blocks import Message
from bot.slack.cards import call_card, link_message, no_media_message
from bot.slack.messenger import Messenger
from bot.slack.patience import PATIENCE_SECONDS, ask_patiently, post_for_all
from bot.slack.payloads import Place
from bot.slack.replies import ModalReply, Reply
from bot.slack.sentences import MASKED_FOR_NOW, SHARED, SHARED_MAYBE, SHARED_WITH_STRANGERS, ask_share_message
from bot.slack.views import share_view, variables_view
from bot.slack.witness import Witness

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


class Answers:
    """Answers questions about calls. Every method raises BotError for its caller to say; none leaves half a thing."""

    def __init__(
        self,
        *,
        lookup: Lookup,
        messenger: Messenger,
        access: Access,
        witness: Witness,
        visibility: Visibility = MASKED,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Takes who knows, speaks, refuses and audits, which variables all see unmasked, and when one is told to wait.

        That time is in seconds.
        """
        self._lookup = lookup
        self._access = access
        self._witness = witness
        self._visibility = visibility
        self._messenger = messenger
        self._patience = patience

    async def show(self, place: Place, call_id: CallId, reply: Reply) -> None:
        """The card, for the asker alone."""
        await reply.send(await self._ask(self._read_private(place, call_id), reply))

    async def refresh(self, place: Place, call_id: CallId, reply: Reply) -> None:
        """The same card, read anew, in the place of the old one; with what those may see who see it."""
        call = await self._ask(self._lookup.call(call_id), reply)
        await self._redraw(place, call, reply)

    async def hand_out(self, place: Place, call_id: CallId, media: Media, reply: Reply) -> None:
        """A fresh link to a recording or transcript, for the presser alone, or why there is none."""
        await self._access.check_media(place.user_id)
        found = await self._ask(self._lookup.fresh_link(call_id, media), reply)
        if isinstance(found, FreshLink):
            await self._witness.note(place, AuditAction(media), call_id)
            await reply.send(link_message(found, call_id))
        else:
            await reply.send(no_media_message(media, found, call_id))

    async def show_all(self, place: Place, call_id: CallId, page: int, reply: ModalReply) -> None:
        """One page of all variables, in a modal."""
        await self._access.check_media(place.user_id)
        call = await self._ask(self._lookup.call(call_id), reply)
        await self._witness.note(place, AuditAction.VARIABLES, call_id)
        await reply.show(variables_view(call, page=page, origin=reply.origin))

    async def share(self, place: Place, call_id: CallId, reply: Reply, *, is_confirmed: bool = False) -> None:
        """The card for everybody in the conversation or thread; afterwards the private one offers no more sharing.

        Where another organisation reads along, the asker is asked first; ``is_confirmed`` says that this was done.
        """
        sharing = await self._access.get_sharing(place.channel_id)
        if sharing is Sharing.SHARED and not is_confirmed:
            await reply.send(ask_share_message(call_id, place.channel_id, place.thread_ts))
            return
        call = await self._ask(self._lookup.call(call_id), reply)
        # Whoever was told that no variables are seen relies on that.
        audience = Audience.STRANGERS if is_confirmed else audience_of(sharing)
        card = call_card(call, audience=audience, visibility=self._visibility)
        await self._witness.note(place, AuditAction.SHARE, call_id)
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
            is_asked = is_confirmed or bool(place.view_id)
            telling = reply.send(_shared(audience)) if is_asked else self._redraw(place, call, reply, share=False)
        try:
            await telling
        except BotError as error:
            # The card is posted, or may be: an error said now would offer to post it again.
            log.warning("not_told_of_share", call_id=str(call_id), reason=error.reason)

    async def ask_where_to_share(self, call_id: CallId, reply: ModalReply) -> None:
        """A question for the channel, as the card stands in none."""
        await reply.show(share_view(call_id))

    async def _redraw(self, place: Place, call: Call, reply: Reply, *, share: bool = True) -> None:
        if place.is_private:
            await reply.redraw(await self._draw_private(place, call, share=share))
            return
        audience = audience_of(await self._access.get_sharing(place.channel_id))
        await reply.redraw(call_card(call, audience=audience, visibility=self._visibility))

    async def _read_private(self, place: Place, call_id: CallId) -> Message:
        return await self._draw_private(place, await self._lookup.call(call_id))

    async def _draw_private(self, place: Place, call: Call, *, share: bool = True) -> Message:
        """The card for one person: whoever may not see what is masked in a channel sees it masked, too."""
        audience, standing = Audience.ASKER, ""
        try:
            await self._access.check_media(place.user_id)
        except NotAllowed:
            audience = Audience.LIMITED
        except BotError as error:
            log.warning("person_unknown", user_id=place.user_id, reason=error.reason)
            audience, standing = Audience.LIMITED, MASKED_FOR_NOW
        return call_card(call, audience=audience, share=share, standing=standing, visibility=self._visibility)

    async def _ask(self, question: Coroutine[Any, Any, Answer], reply: Reply) -> Answer:
        return await ask_patiently(question, reply, patience=self._patience)


def _shared(audience: Audience) -> Message:
    return SHARED if audience is Audience.CHANNEL else SHARED_WITH_STRANGERS
