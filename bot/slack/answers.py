"""The answers: what each question about a call leads to. One question, one look at Samora, one answer."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

import structlog

from bot.core.calls import CallId, Media
from bot.core.errors import BotError, ChannelUnavailable, PermanentError, SlackUnavailable
from bot.core.lookup import FreshLink, Lookup
from bot.slack.blocks import Message
from bot.slack.cards import call_card, link_message, no_media_message
from bot.slack.grammar import SUBCOMMANDS, Command
from bot.slack.messenger import Messenger
from bot.slack.payloads import Place
from bot.slack.replies import ModalReply, Reply
from bot.slack.sentences import COMING, SHARED, SHARED_MAYBE, find_hint, help_message, which_call
from bot.slack.views import share_view, variables_view

log = structlog.get_logger()

_PATIENCE_SECONDS = 3.0
_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})

Answer = TypeVar("Answer")


class Answers:
    """Answers questions about calls. Every method raises BotError for its caller to say; none leaves half a thing."""

    def __init__(self, *, lookup: Lookup, messenger: Messenger, patience: float = _PATIENCE_SECONDS) -> None:
        """Takes who knows, who speaks, and after how many seconds a person is told that it takes longer."""
        self._lookup = lookup
        self._messenger = messenger
        self._patience = patience

    async def show(self, call_id: CallId, reply: Reply) -> None:
        """The card, for the asker alone."""
        await reply.send(call_card(await self._ask(self._lookup.call(call_id), reply)))

    async def refresh(self, place: Place, call_id: CallId, reply: Reply) -> None:
        """The same card, read anew, in the place of the old one; masked if others see it."""
        call = await self._ask(self._lookup.call(call_id), reply)
        await reply.redraw(call_card(call, public=not place.is_private))

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
        try:
            await self._post(place, call_card(call, public=True))
        except SlackUnavailable as error:
            if error.retry_after is not None:
                raise
            # Posting again might post twice, and only a person can see whether it would.
            log.warning("share_unknown", call_id=str(call_id), channel_id=place.channel_id, reason=error.reason)
            telling = reply.send(SHARED_MAYBE)
        else:
            log.info("shared", call_id=str(call_id), channel_id=place.channel_id, user_id=place.user_id)
            telling = (
                reply.send(SHARED)
                if place.view_id
                else reply.redraw(call_card(call, public=not place.is_private, share=False))
            )
        try:
            await telling
        except BotError as error:
            # The card is posted, or may be: an error said now would offer to post it again.
            log.warning("not_told_of_share", call_id=str(call_id), reason=error.reason)

    async def command(self, command: Command, reply: Reply) -> None:
        """What somebody typed: a call's card, help, or a hint."""
        if command.name == "help":
            await reply.send(help_message())
        elif command.name in SUBCOMMANDS:
            await reply.send(COMING)
        elif not command.call_ids:
            await reply.send(find_hint(command.text))
        elif command.call_id:
            await self.show(command.call_id, reply)
        else:
            await reply.send(which_call(list(command.call_ids)))

    async def ask_where_to_share(self, call_id: CallId, reply: ModalReply) -> None:
        """A question for the channel, as the card stands in none."""
        await reply.show(share_view(call_id))

    async def _post(self, place: Place, card: Message) -> None:
        try:
            await self._post_in_turn(place, card)
        except ChannelUnavailable as refusal:
            if refusal.reason not in _NOT_A_MEMBER or not place.response_url:
                raise
            # Where the bot is no member, the asker's own response_url may still post for all to see.
            try:
                await self._messenger.respond(place, card, replace_original=False, in_channel=True)
            except PermanentError:
                raise refusal from None

    async def _post_in_turn(self, place: Place, card: Message) -> None:
        """Posts, a second time if Slack asks for a little patience: a channel takes one message a second."""
        post = partial(self._messenger.post, channel=place.channel_id, thread_ts=place.thread_ts, message=card)
        try:
            await post()
        except SlackUnavailable as error:
            if error.retry_after is None or error.retry_after > self._patience:
                raise
            await asyncio.sleep(error.retry_after)
            await post()

    async def _ask(self, question: Coroutine[Any, Any, Answer], reply: Reply) -> Answer:
        """The question's answer; the asker hears that it takes longer if it does."""
        asking = asyncio.create_task(question, name="ask")
        try:
            done, _ = await asyncio.wait({asking}, timeout=self._patience)
            if not done:
                try:
                    async with asyncio.timeout(self._patience):
                        await reply.still_asking()
                except (BotError, TimeoutError) as error:
                    log.warning("not_told_to_wait", reason=str(error))
            return await asking
        finally:
            asking.cancel()
