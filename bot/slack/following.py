"""Following: how a channel begins to follow a call, and how it ends that."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import uuid4

import structlog

from bot.core.access import Sharing, audience_of
from bot.core.agent_ports import AgentSubscriptions
from bot.core.audit import AuditAction
from bot.core.calls import Call, CallId
from bot.core.changes import Rules, is_worth_following
from bot.core.errors import BotError, ChannelUnavailable, PermanentError, SlackUnavailable, StoreUnavailable
from bot.core.lookup import Lookup
from bot.core.outbox import CardJob
from bot.core.ports import Clock, Outbox, Subscriptions
from bot.core.ports import Messenger as Deliveries
from bot.core.subscriptions import Options, Subscription, SubscriptionState
from bot.core.visibility import MASKED, Visibility
from bot.slack.access import Access
from bot.slack.blocks import Message
from bot.slack.cards import call_card
from bot.slack.follow_words import (
    NOTHING_FOLLOWED,
    already_message,
    ask_end_all_message,
    ended_all_message,
    ended_message,
    followed_maybe_message,
    followed_message,
    not_followed_message,
    over_message,
    with_readers,
)
from bot.slack.messenger import Messenger
from bot.slack.patience import PATIENCE_SECONDS, ask_patiently, post_for_all, post_patiently
from bot.slack.payloads import Place
from bot.slack.replies import ModalReply, Reply
from bot.slack.views import follow_view
from bot.slack.witness import Witness

log = structlog.get_logger(__name__)

# Longer than two posts with a time limit of ten seconds each and a short wait between them.
_CARD_TIME = timedelta(seconds=30)
_LOOK_AGAIN = timedelta(seconds=2)


class Following:
    """Begins and ends subscriptions. Every method raises BotError for its caller to say; none leaves half a thing."""

    def __init__(
        self,
        *,
        lookup: Lookup,
        messenger: Messenger,
        deliveries: Deliveries,
        subscriptions: Subscriptions,
        agents: AgentSubscriptions,
        outbox: Outbox,
        access: Access,
        witness: Witness,
        clock: Clock,
        rules: Rules,
        on_change: Callable[[], None],
        visibility: Visibility = MASKED,
        make_id: Callable[[], str] = lambda: uuid4().hex,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Takes who knows, who speaks, who draws followed cards, who remembers, the time, and the measures.

        Args:
            lookup: reads the call.
            messenger: posts the card of a call that is over.
            deliveries: posts and redraws the cards of subscriptions.
            subscriptions: remembers which calls are followed.
            agents: remembers which agents are.
            outbox: remembers what is owed.
            access: knows who reads a conversation.
            witness: puts down who shares the card of a call that is over.
            clock: tells the time.
            rules: say what is worth following.
            on_change: hears that there is work for the poller and the relay.
            visibility: says which variables others than the asker see unmasked.
            make_id: makes a new id that nobody can guess.
            patience: after how many seconds a person is told that it takes longer.
        """
        self._lookup = lookup
        self._messenger = messenger
        self._deliveries = deliveries
        self._subscriptions = subscriptions
        self._agents = agents
        self._outbox = outbox
        self._access = access
        self._witness = witness
        self._clock = clock
        self._rules = rules
        self._on_change = on_change
        self._visibility = visibility
        self._make_id = make_id
        self._patience = patience

    async def subscribe(
        self, place: Place, call_id: CallId, options: Options | None, reply: Reply, *, card_ts: str = ""
    ) -> None:
        """Follows a call where somebody asks for it; twice is once.

        Args:
            place: who asks, and the conversation or thread.
            call_id: the call.
            options: how; None if nothing was said about that.
            reply: where the answer goes.
            card_ts: the public card that was pressed, which becomes the subscription's.
        """
        if there := await self._subscriptions.find_here(place.team_id, place.channel_id, call_id):
            await self._meet(place, there, options, reply)
            return
        call = await ask_patiently(self._lookup.call(call_id), reply, patience=self._patience)
        if is_worth_following(call, now=self._clock(), rules=self._rules):
            await self._begin(place, call, options, reply, card_ts=card_ts)
        else:
            await self._show_over(place, call, reply, card_ts=card_ts)

    async def ask_where_to_follow(self, call_id: CallId, reply: ModalReply) -> None:
        """A question for the channel, as the card stands in none."""
        await reply.show(follow_view(call_id))

    async def unsubscribe(self, place: Place, call_id: CallId, reply: Reply) -> None:
        """Ends what follows a call here."""
        there = await self._subscriptions.find_here(place.team_id, place.channel_id, call_id)
        if there is None or not await self._subscriptions.end(there.id, by=place.user_id):
            await reply.send(not_followed_message(call_id))
            return
        self._on_change()
        await reply.send(ended_message(call_id))

    async def ask_unsubscribe_all(self, place: Place, reply: Reply) -> None:
        """Asks whether everything here is to end."""
        _, calls = await self._subscriptions.list_here(place.team_id, place.channel_id, offset=0, limit=1)
        agents = len(await self._agents.list_here(place.team_id, place.channel_id))
        await reply.send(ask_end_all_message(calls, agents) if calls or agents else NOTHING_FOLLOWED)

    async def end_all(self, place: Place, reply: Reply) -> None:
        """Ends everything here."""
        agents = len(await self._agents.list_here(place.team_id, place.channel_id))
        count = await self._subscriptions.end_all(place.team_id, place.channel_id, by=place.user_id)
        self._on_change()
        await reply.send(ended_all_message(max(count - agents, 0), agents))

    async def want_card(self, place: Place) -> None:
        """After a public card was redrawn by itself: if it is a subscription's, it is drawn again as such."""
        if place.is_private:
            return
        try:
            await self._subscriptions.want_card(place.team_id, place.channel_id, place.message_ts)
        except StoreUnavailable as error:
            # The card is redrawn, which is what was asked for; the call's next change puts the rest right.
            log.warning("card_not_wanted", channel_id=place.channel_id, reason=error.reason)
        else:
            self._on_change()

    async def _meet(self, place: Place, there: Subscription, options: Options | None, reply: Reply) -> None:
        """It is followed already; one that is paused is resumed by asking for it, and one on a board gets a card."""
        is_paused = there.state is SubscriptionState.PAUSED
        is_resumed = is_paused and await self._subscriptions.resume(there.id, by=place.user_id) > 0
        is_unfolded = await self._subscriptions.unfold(there.id)
        # On the board it stood as its agent is followed; now somebody follows this very call.
        if is_unfolded and options and await self._subscriptions.change(there.id, options, by=place.user_id):
            there = replace(there, options=options)
        if is_resumed or is_unfolded:
            self._on_change()
        await reply.send(already_message(there, is_resumed=is_resumed, is_unfolded=is_unfolded, options=options))

    async def _begin(self, place: Place, call: Call, options: Options | None, reply: Reply, *, card_ts: str) -> None:
        sharing = await self._access.get_sharing(place.channel_id, is_ours=True)
        now = self._clock()
        wanted = Subscription(
            id=self._make_id(),
            team_id=place.team_id,
            channel_id=place.channel_id,
            thread_ts=place.thread_ts,
            call_id=call.id,
            creator_id=place.user_id,
            options=options or Options(),
            created_at=now,
            card_ts=card_ts,
            status=call.status,
            changed_at=now,
        )
        added, job = await self._subscriptions.add(wanted, call, card_until=now + _CARD_TIME)
        if job is None:
            await self._meet(place, added, options, reply)
            return
        try:
            is_confirmed = await self._show(job, call)
        except ChannelUnavailable:
            if not card_ts:
                raise
            # The card that was pressed can't be redrawn: it was posted by another door, or is gone. A new one can.
            await self._begin(place, call, options, reply, card_ts="")
            return
        said = followed_message(call, added, is_elsewhere=bool(place.view_id))
        if not is_confirmed:
            said = followed_maybe_message(call.id)
        said = with_readers(said, sharing)
        is_told = bool(card_ts) and await self._prove(place, job, call, said)
        self._on_change()
        log.info("followed", call_id=str(call.id), channel_id=place.channel_id, user_id=place.user_id)
        if not is_told:
            await _tell(reply, said)

    async def _show(self, job: CardJob, call: Call) -> bool:
        """Posts or redraws the card, which proves that the bot can; False if Slack doesn't say whether it was."""
        try:
            ts = await post_patiently(partial(self._draw, job, call), patience=self._patience)
        except PermanentError:
            await self._discard(job)
            raise
        except SlackUnavailable as error:
            if error.retry_after is not None:
                await self._discard(job)
                raise
            log.warning("card_unknown", call_id=str(call.id), channel_id=job.channel_id, reason=error.reason)
            await self._outbox.put_off_card(job, due_at=self._clock() + _LOOK_AGAIN, is_unknown=True)
            return False
        await self._outbox.mark_card(job, ts=ts)
        return True

    async def _prove(self, place: Place, job: CardJob, call: Call, said: Message) -> bool:
        """Answers as the bot, and not by the asker's response_url; False if it may, but the answer didn't get there.

        A card that could be redrawn proves nothing: a response_url may have posted it where the bot isn't a member.

        Raises:
            ChannelUnavailable: the bot may not speak there. Nothing is followed then.
        """
        try:
            await self._messenger.tell(replace(place, response_url=""), said)
        except ChannelUnavailable as error:
            if error.reason == "user_not_in_channel":
                return False
            await self._discard(job)
            with contextlib.suppress(BotError):
                card = self._card(call, await self._access.get_sharing(job.channel_id, is_ours=True))
                await self._messenger.update(channel=job.channel_id, ts=job.card_ts, message=card)
            raise
        except BotError:
            return False
        return True

    async def _draw(self, job: CardJob, call: Call) -> str:
        if not job.card_ts:
            return await self._deliveries.post_card(job, call)
        await self._deliveries.draw_card(job, call)
        return job.card_ts

    async def _discard(self, job: CardJob) -> None:
        try:
            await self._subscriptions.discard(job.subscription_id)
        except StoreUnavailable as error:
            # Why the card could not be posted is what the asker can do something about. The relay will find that out
            # too, and pause what stays here.
            log.warning("not_discarded", subscription_id=job.subscription_id, reason=error.reason)

    async def _show_over(self, place: Place, call: Call, reply: Reply, *, card_ts: str) -> None:
        """Posts the card of a call that is over, or redraws the one that was pressed."""
        sharing = await self._access.get_sharing(place.channel_id, is_ours=bool(card_ts))
        card, is_posted = self._card(call, sharing), True
        try:
            if card_ts:
                await self._messenger.update(channel=place.channel_id, ts=card_ts, message=card)
            else:
                await self._witness.note(place, AuditAction.SHARE, call.id)
                await post_for_all(self._messenger, place, card, patience=self._patience)
        except ChannelUnavailable as error:
            if not card_ts:
                raise
            log.info("card_not_redrawn", call_id=str(call.id), reason=error.reason)
        except SlackUnavailable as error:
            if error.retry_after is not None:
                raise
            is_posted = False
        await _tell(reply, with_readers(over_message(call, is_posted=is_posted), sharing))

    def _card(self, call: Call, sharing: Sharing) -> Message:
        return call_card(call, audience=audience_of(sharing), visibility=self._visibility)


async def _tell(reply: Reply, message: Message) -> None:
    """Says what was done. Done it is, whether that can be said or not: an error would offer to do it again."""
    try:
        await reply.send(message)
    except BotError as error:
        log.warning("not_told_of_following", reason=error.reason)
