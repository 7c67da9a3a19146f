"""The messenger: everything that the bot says to Slack goes through here, and Slack's errors become ours here."""

import asyncio
from contextlib import suppress
from datetime import datetime
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import MessageGone, PermanentError, SlackUnavailable
from bot.core.lookup import is_loopback
from bot.slack.blocks import Block, Message
from bot.slack.client import RESPONSE_URL, SLACK_SECONDS, SlackObserver, nobody
from bot.slack.payloads import Place, text_at
from bot.slack.refusals import read_retry_after, translated
from bot.slack.seal import Seal

# How far back, and how many pages of Slack's 200 messages, a message is looked for whose answer was lost.
_CLOCKS_DIFFER_SECONDS = 300
_PAGES = 5
_PER_PAGE = 200
EVENT_TYPE = "samora_call"


class Messenger:
    """Posts, answers, opens modals and draws Home tabs.

    Raises SlackUnavailable, ChannelUnavailable, or PermanentError for the rest.
    """

    def __init__(
        self, *, web: AsyncWebClient, session: aiohttp.ClientSession, seal: Seal, observe: SlackObserver = nobody
    ) -> None:
        """Takes the Web API client, the session that both it and the answers use, and the seal of what is sent.

        ``observe`` hears of what is posted to a ``response_url``; the client tells of the rest itself.
        """
        self._observe = observe
        self.seal = seal
        self._web = web
        self._session = session
        self._own_host = urlsplit(web.base_url).hostname or ""
        self._is_here = is_loopback(self._own_host)

    async def post(
        self, *, channel: str, thread_ts: str, message: Message, key: str = "", broadcast: bool = False
    ) -> str:
        """Posts a message that all in the channel see; returns its ``ts``.

        After a SlackUnavailable without ``retry_after``, nobody knows whether it was posted.

        Args:
            channel: the conversation; a user's id for that person's direct messages with the bot.
            thread_ts: the root of the thread; empty for none.
            message: what to post.
            key: what :meth:`find` finds it by. Anybody in the workspace can read it: it must say nothing.
            broadcast: whether a reply is also shown in the channel.
        """
        answer = await self._call(
            "chat.postMessage",
            channel=channel,
            **_thread(thread_ts),
            **_content(message),
            **({"metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}}} if key else {}),
            **({"reply_broadcast": True} if broadcast else {}),
            unfurl_links=False,
            unfurl_media=False,
        )
        ts = str(answer.get("ts", ""))
        if thread_ts and _fell_out_of_its_thread(answer.get("message")):
            # If it can't be taken away it stays, but it must not be taken for one that was never posted.
            with suppress(SlackUnavailable, PermanentError):
                await self.delete(channel=str(answer.get("channel") or channel), ts=ts)
            raise MessageGone("thread_not_found")
        return ts

    async def find(self, *, channel: str, thread_ts: str, key: str, since: datetime) -> str | None:
        """Looks for a message of ours by its key; returns its ``ts``, or None if it is not there.

        Source: docs.slack.dev/messaging/message-metadata; docs.slack.dev/reference/methods/conversations.replies.

        Args:
            channel: the conversation.
            thread_ts: the root of the thread; empty for the conversation itself.
            key: what it was posted with.
            since: when it was posted at the earliest, by our clock, UTC.

        Raises:
            TokenRefused: the bot may not read there.
        """
        method = "conversations.replies" if thread_ts else "conversations.history"
        arguments: dict[str, Any] = {"ts": thread_ts} if thread_ts else {}
        arguments |= {"oldest": f"{since.timestamp() - _CLOCKS_DIFFER_SECONDS:.6f}", "limit": _PER_PAGE}
        if not thread_ts:
            # The newest come first there: without this, what was said since would fill the pages.
            arguments["latest"] = f"{since.timestamp() + 2 * _CLOCKS_DIFFER_SECONDS:.6f}"
        for _ in range(_PAGES):
            answer = await self._call(method, channel=channel, include_all_metadata="1", **arguments)
            for message in answer.get("messages") or []:
                if text_at(message, "metadata", "event_payload", "key") == key:
                    return text_at(message, "ts")
            arguments["cursor"] = text_at(answer, "response_metadata", "next_cursor")
            if not arguments["cursor"]:
                break
        return None

    async def update(self, *, channel: str, ts: str, message: Message) -> None:
        """Redraws a message that the bot posted; blocks and text always go together, as text alone deletes blocks."""
        await self._call("chat.update", channel=channel, ts=ts, **_content(message))

    async def delete(self, *, channel: str, ts: str) -> None:
        """Takes a message away that the bot posted."""
        await self._call("chat.delete", channel=channel, ts=ts)

    async def tell(self, place: Place, message: Message) -> None:
        """Says something to one person alone, where that person asked; in ten seconds, whichever way it goes.

        The ``response_url`` comes first: it works in conversations that the bot is not in.
        """
        try:
            async with asyncio.timeout(SLACK_SECONDS):
                await self._tell(place, message)
        except TimeoutError:
            raise SlackUnavailable("no answer in time") from None

    async def _tell(self, place: Place, message: Message) -> None:
        if place.response_url:
            try:
                await self.respond(place, message, replace_original=False)
            except (SlackUnavailable, PermanentError):
                if not place.channel_id:
                    raise
            else:
                return
        if not place.channel_id:
            raise PermanentError("nowhere to answer")
        await self._call(
            "chat.postEphemeral",
            channel=place.channel_id,
            user=place.user_id,
            **_thread(place.thread_ts),
            **_content(message),
        )

    async def replace(self, place: Place, message: Message) -> None:
        """Redraws the message whose button was pressed."""
        try:
            await self.respond(place, message, replace_original=True)
        except (SlackUnavailable, PermanentError):
            if place.is_private:
                raise
            await self.update(channel=place.channel_id, ts=place.message_ts, message=message)

    async def respond(
        self, place: Place, message: Message, *, replace_original: bool, in_channel: bool = False
    ) -> None:
        """Posts to the ``response_url`` of what somebody did; unlike Bolt's own, this one notices a refusal.

        Source: docs.slack.dev/interactivity/handling-user-interaction ("Message responses").

        Raises:
            PermanentError: nothing was posted: the address is used up, expired, foreign or missing.
            SlackUnavailable: no answer; without ``retry_after``, nobody knows whether it was posted.
        """
        if not self._is_slack(place.response_url):
            raise PermanentError("no response_url of Slack's")
        body: dict[str, Any] = {"replace_original": replace_original, **_content(message)}
        body = self.seal.seal(body)
        if not replace_original:
            # Who sees a message is settled when it is made; a redrawn one keeps that, and its thread.
            body |= {"response_type": "in_channel" if in_channel else "ephemeral", **_thread(place.thread_ts)}
        began, outcome, rest = perf_counter(), "dropped", 0.0
        try:
            async with self._session.post(place.response_url, json=body, allow_redirects=False) as answer:
                status = answer.status
            outcome = "ok" if status == 200 else f"http_{status // 100}xx"
            if status == 429:
                outcome, rest = "ratelimited", read_retry_after(answer.headers.get("Retry-After", ""))
        except (aiohttp.ClientError, TimeoutError) as error:
            outcome = "timeout" if isinstance(error, TimeoutError) else outcome
            raise SlackUnavailable("no answer from response_url") from None
        finally:
            self._observe(RESPONSE_URL, outcome, perf_counter() - began, rest)
        if rest:
            raise SlackUnavailable("ratelimited", retry_after=rest)
        if status >= 500:
            raise SlackUnavailable(f"HTTP {status} from response_url")
        if status != 200:
            raise PermanentError(f"HTTP {status} from response_url")

    async def open_view(self, place: Place, view: Block) -> str:
        """Opens a modal, on top of the one that was pressed in if there is one; returns its id.

        The trigger lives for three seconds.
        """
        method = "views.push" if place.view_id else "views.open"
        answer = await self._call(method, trigger_id=place.trigger_id, view=view)
        return str(answer.get("view", {}).get("id", ""))

    async def update_view(self, view_id: str, view: Block) -> None:
        """Redraws a modal."""
        await self._call("views.update", view_id=view_id, view=view)

    async def publish_home(self, user_id: str, view: Block) -> None:
        """Draws somebody's Home tab, which that person alone sees; twice is once."""
        await self._call("views.publish", user_id=user_id, view=view)

    def _is_slack(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        host = parts.hostname or ""
        if self._is_here:
            return parts.scheme in {"http", "https"} and is_loopback(host)
        return parts.scheme == "https" and (host == self._own_host or host.endswith((".slack.com", ".slack-gov.com")))

    async def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        arguments = self.seal.seal(arguments)
        with translated(method):
            # Slack takes JSON only where something is written.
            is_reading = method.startswith("conversations.")
            asking = self._web.api_call
            answer = await (asking(method, data=arguments) if is_reading else asking(method, json=arguments))
        return answer.data if isinstance(answer.data, dict) else {}


def _content(message: Message) -> dict[str, Any]:
    # "parse: none" and no link_names: the text may hold what strangers wrote.
    content: dict[str, Any] = {"text": message.text, "parse": "none", "link_names": False}
    if message.blocks:
        content["blocks"] = list(message.blocks)
    return content


def _fell_out_of_its_thread(message: object) -> bool:
    """Whether Slack has posted into the channel what was meant for a thread, as it does when the root was deleted.

    Nothing documents that; it was seen (slack-go #1571).
    """
    return bool(text_at(message, "bot_id") and text_at(message, "ts")) and not text_at(message, "thread_ts")


def _thread(thread_ts: str) -> dict[str, str]:
    return {"thread_ts": thread_ts} if thread_ts else {}
