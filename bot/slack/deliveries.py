"""Deliveries: what the outbox has sent, put into Slack's words and given to the messenger."""

from datetime import datetime

import structlog

from bot.core.access import Audience, Sharing, audience_of
from bot.core.boards import BoardJob, Tally
from bot.core.calls import Call
from bot.core.errors import ChannelUnavailable, EditRefused, MessageGone, TokenRefused
from bot.core.naming import KnownNames
from bot.core.outbox import CardJob, Notice
from bot.core.subscriptions import Delivery, Style, SubscriptionState
from bot.core.visibility import MASKED, Visibility
from bot.slack.access import Access
from bot.slack.blocks import Message
from bot.slack.boards import board_message
from bot.slack.cards import call_card
from bot.slack.messenger import Messenger
from bot.slack.notices import is_broadcast, notice_message

log = structlog.get_logger(__name__)

_STANDING = {
    Delivery.THREAD: "Followed here: changes are told in the thread.",
    Delivery.CHANNEL: "Followed here: changes are told in the thread, the final one in the channel too.",
    Delivery.CARD: "Followed here: this card is kept up to date.",
}


class Deliveries:
    """Posts notices, cards and boards.

    Fulfils :class:`bot.core.ports.Messenger` and :class:`bot.core.agent_ports.BoardMessenger`.
    """

    def __init__(
        self, *, messenger: Messenger, access: Access, names: KnownNames, visibility: Visibility = MASKED
    ) -> None:
        """Takes who speaks to Slack, knows who reads along and knows agents' names, and what people may see."""
        self._messenger = messenger
        self._access = access
        self._names = names
        self._visibility = visibility

    async def post_notice(self, notice: Notice) -> str:
        """Posts a notice into its thread, or to its person."""
        return await self._messenger.post(
            channel=notice.channel_id,
            thread_ts=notice.root_ts,
            message=notice_message(notice),
            key=notice.key,
            broadcast=is_broadcast(notice),
        )

    async def find_notice(self, notice: Notice) -> str | None:
        """Looks for it in its thread. A direct message isn't looked for: that would need one more permission."""
        if not notice.root_ts:
            return None
        return await self._find(notice.channel_id, notice.root_ts, notice.key, notice.begun_at)

    async def prepare_card(self, job: CardJob) -> None:
        """Asks who reads along in the channel, which is then known for a while."""
        await self._get_sharing(job)

    async def post_card(self, job: CardJob, call: Call) -> str:
        """Posts the card, in the channel or into the thread that it was asked for in."""
        card = await self._card(job, call)
        return await self._messenger.post(channel=job.channel_id, thread_ts=job.thread_ts, message=card, key=job.key)

    async def find_card(self, job: CardJob) -> str | None:
        """Looks for it where it was to be posted."""
        return await self._find(job.channel_id, job.thread_ts, job.key, job.begun_at)

    async def draw_card(self, job: CardJob, call: Call) -> None:
        """Redraws the card."""
        await self._update(job, await self._card(job, call))

    async def redact_card(self, job: CardJob) -> None:
        """Redraws the card from what the job knows, which says nothing of a recording and a transcript."""
        await self._update(job, self._draw(job, job.known, Audience.STRANGERS, media=False))

    async def post_board(self, job: BoardJob, tally: Tally) -> str:
        """Posts the board; only now does it mention anybody."""
        board = await self._board(job, tally, mention=job.mention)
        return await self._messenger.post(channel=job.board.channel_id, thread_ts="", message=board, key=job.key)

    async def find_board(self, job: BoardJob) -> str | None:
        """Looks for it in its channel."""
        return await self._find(job.board.channel_id, "", job.key, job.begun_at)

    async def draw_board(self, job: BoardJob, tally: Tally) -> None:
        """Redraws the board."""
        message = await self._board(job, tally)
        await self._messenger.update(channel=job.board.channel_id, ts=job.board.ts, message=message)

    async def _board(self, job: BoardJob, tally: Tally, *, mention: str = "") -> Message:
        names = None
        if audience_of(await self._access.get_sharing(job.board.channel_id, is_ours=True)) is not Audience.STRANGERS:
            names = {agent_id: await self._names.find(agent_id) for agent_id in tally.by_agent}
        return board_message(job.board, tally, names=names, mention=mention)

    async def _update(self, job: CardJob, card: Message) -> None:
        try:
            await self._messenger.update(channel=job.channel_id, ts=job.card_ts, message=card)
        except EditRefused as error:
            if job.is_shared:
                # It may be one from before, with variables that others read now: somebody must delete it.
                ids = {"subscription_id": job.subscription_id, "call_id": str(job.call_id), "card_ts": job.card_ts}
                log.warning("not_redacted", channel_id=job.channel_id, **ids, reason=error.reason)
            raise

    async def _card(self, job: CardJob, call: Call) -> Message:
        return self._draw(job, call, audience_of(await self._get_sharing(job)))

    async def _get_sharing(self, job: CardJob) -> Sharing:
        return Sharing.SHARED if job.is_shared else await self._access.get_sharing(job.channel_id, is_ours=True)

    def _draw(self, job: CardJob, call: Call, audience: Audience, *, media: bool = True) -> Message:
        is_followed = job.state is not SubscriptionState.ENDED and not call.is_final
        return call_card(
            call,
            audience=audience,
            follow=not is_followed,
            compact=job.options.style is Style.COMPACT,
            media=media,
            standing=_STANDING[job.options.to] if is_followed else "",
            visibility=self._visibility,
        )

    async def _find(self, channel_id: str, thread_ts: str, key: str, since: datetime | None) -> str | None:
        if since is None:
            return None
        try:
            return await self._messenger.find(channel=channel_id, thread_ts=thread_ts, key=key, since=since)
        except TokenRefused as error:
            if error.reason != "missing_scope":
                raise
            # Reading history is a permission that a workspace may withhold; then a message may come twice.
            return None
        except MessageGone:
            raise
        except ChannelUnavailable:
            # Slack may say that of what we may post in but not read. Whether we may, the post will show.
            return None
