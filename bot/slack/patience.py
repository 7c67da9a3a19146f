"""Patience: a person who waits is told so, and a channel that takes one message a second is waited for once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import structlog

from bot.core.errors import BotError, ChannelUnavailable, PermanentError, SlackUnavailable
from bot.slack.blocks import Message
from bot.slack.messenger import Messenger
from bot.slack.payloads import Place
from bot.slack.replies import Reply

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 3.0
_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})

Answer = TypeVar("Answer")


async def ask_patiently(question: Coroutine[Any, Any, Answer], reply: Reply, *, patience: float) -> Answer:
    """The question's answer; after so many seconds the asker hears that it takes longer."""
    asking = asyncio.create_task(question, name="ask")
    try:
        done, _ = await asyncio.wait({asking}, timeout=patience)
        if not done:
            try:
                async with asyncio.timeout(patience):
                    await reply.still_asking()
            except (BotError, TimeoutError) as error:
                log.warning("not_told_to_wait", reason=str(error))
        return await asking
    finally:
        asking.cancel()


async def post_patiently(post: Callable[[], Awaitable[Answer]], *, patience: float) -> Answer:
    """Posts, a second time if Slack asks for no more than so many seconds: a channel takes one message a second."""
    try:
        return await post()
    except SlackUnavailable as error:
        if error.retry_after is None or error.retry_after > patience:
            raise
        await asyncio.sleep(error.retry_after)
        return await post()


async def post_for_all(messenger: Messenger, place: Place, card: Message, *, patience: float) -> None:
    """Posts a card for everybody in a conversation or thread, also where only the asker may."""
    post = partial(messenger.post, channel=place.channel_id, thread_ts=place.thread_ts, message=card)
    try:
        await post_patiently(post, patience=patience)
    except ChannelUnavailable as refusal:
        if refusal.reason not in _NOT_A_MEMBER or not place.response_url:
            raise
        # Where the bot is no member, the asker's own response_url may still post for all to see.
        try:
            await messenger.respond(place, card, replace_original=False, in_channel=True)
        except PermanentError:
            raise refusal from None
