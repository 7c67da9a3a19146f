"""Following agents: how a channel begins to follow an agent's calls, what that would mean, and how it ends."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import structlog

from bot.core.agent_ports import AgentSubscriptions, Announcements
from bot.core.agents import AgentSubscription
from bot.core.calls import Call
from bot.core.errors import BotError, NotAllowed, UserMistake
from bot.core.lookup import Lookup
from bot.core.naming import KnownNames
from bot.core.ports import Clock
from bot.core.subscriptions import Options, SubscriptionState
from bot.core.visibility import MASKED, Visibility
from bot.slack.access import Access
from bot.slack.agent_trial import Read, read_anew, would_match
from bot.slack.agent_wish import AgentWish
from bot.slack.agent_words import (
    AGENT_GONE,
    LONGEST_NAME,
    MOST_AGENTS,
    MOST_TRIED,
    NAME_TOO_LONG,
    TOO_MANY_AGENTS,
    VARIABLES_REFUSED,
    agent_words,
    already_message,
    ask_message,
    changed_message,
    ended_message,
    followed_message,
    hidden_words,
    named_message,
    not_followed_message,
    trial_message,
    warnings_of,
    which_name_message,
)
from bot.slack.blocks import Message
from bot.slack.filter_words import variables_of
from bot.slack.patience import PATIENCE_SECONDS, ask_patiently
from bot.slack.payloads import Place
from bot.slack.replies import Reply

log = structlog.get_logger(__name__)

# Only whether any webhook ever came is asked, and not how long ago.
_LONG_AGO = timedelta(days=1)


class AgentFollowing:
    """Begins, changes, tries and ends what follows agents. Every method raises BotError for its caller to say."""

    def __init__(
        self,
        *,
        agents: AgentSubscriptions,
        names: KnownNames,
        announcements: Announcements,
        lookup: Lookup,
        access: Access,
        clock: Clock,
        on_change: Callable[[], None],
        visibility: Visibility = MASKED,
        make_id: Callable[[], str] = lambda: uuid4().hex,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Takes who remembers, knows names, hears webhooks, reads calls and refuses, the time, and the measures.

        Args:
            agents: remembers which agents are followed, and their calls.
            names: knows what people call them.
            announcements: knows whether webhooks come.
            lookup: reads calls, for a trial of filters on variables.
            access: knows who may see variables, and who reads a conversation.
            clock: tells the time.
            on_change: hears that there may be work for the poller.
            visibility: says which variables nobody sees.
            make_id: makes a new id that nobody can guess.
            patience: after how many seconds a person is told that it takes longer.
        """
        self._agents = agents
        self._names = names
        self._announcements = announcements
        self._lookup = lookup
        self._access = access
        self._clock = clock
        self._on_change = on_change
        self._visibility = visibility
        self._make_id = make_id
        self._patience = patience

    async def ask(self, place: Place, wish: AgentWish, reply: Reply) -> None:
        """Explains what following would mean, and asks whether it is meant so; nothing is saved yet.

        One that is there is told of, and resumed if it was paused.
        """
        if not await self._may_filter(place, wish, reply):
            return
        if there := await self._find_here(place, wish):
            await self._meet(place, there, wish, reply)
            return
        await self._check_room(place)
        await reply.send(ask_message(wish, await self._call(wish.agent_id), await self._warn(place, wish)))

    async def try_out(self, place: Place, wish: AgentWish, reply: Reply) -> None:
        """Shows which of the last calls would have got a card; nothing is saved."""
        if not await self._may_filter(place, wish, reply):
            return
        seen = await self._agents.list_calls(place.team_id, wish.agent_id, limit=MOST_TRIED)
        read = Read(calls=seen)
        if variables_of(wish.filters):
            read = await ask_patiently(read_anew(seen, self._lookup.call), reply, patience=self._patience)
        message = trial_message(
            wish,
            await self._call(wish.agent_id),
            matched=self._find_matches(place, wish, read.calls),
            seen=len(seen),
            unread=read.unread,
            there=await self._find_here(place, wish),
        )
        await reply.send(message)

    async def follow(self, place: Place, wish: AgentWish, reply: Reply) -> None:
        """Follows an agent's calls here, in the channel itself; twice is once. Only the asker is told."""
        if not await self._may_filter(place, wish, reply):
            return
        if await self._find_here(place, wish) is None:
            await self._check_room(place)
        added, is_new = await self._agents.add(self._want(place, wish))
        if not is_new:
            await self._meet(place, added, wish, reply)
            return
        self._on_change()
        log.info("agent_followed", agent_id=wish.agent_id, channel_id=place.channel_id, user_id=place.user_id)
        await reply.send(followed_message(wish, await self._call(wish.agent_id), await self._warn(place, wish)))

    async def change(self, place: Place, wish: AgentWish, reply: Reply) -> None:
        """Gives what follows an agent here other options and filters."""
        if not await self._may_filter(place, wish, reply):
            return
        there, options = await self._find_here(place, wish), wish.options or Options()
        if there is None or not await self._agents.change(there.id, options, wish.filters, by=place.user_id):
            raise UserMistake(AGENT_GONE)
        self._on_change()
        await reply.send(changed_message(wish, await self._call(wish.agent_id)))

    async def unsubscribe(self, place: Place, agent_id: str, reply: Reply) -> None:
        """Ends what follows an agent here; calls that have a card are followed to their end."""
        there = await self._agents.find_here(place.team_id, place.channel_id, agent_id)
        is_ended = there is not None and await self._agents.end(there.id, by=place.user_id)
        if is_ended:
            self._on_change()
        agent = await self._call(agent_id)
        await reply.send(ended_message(agent) if is_ended else not_followed_message(agent))

    async def name(self, place: Place, agent_id: str, name: str, reply: Reply) -> None:
        """Gives an agent a name; ``-`` takes it away, and an empty one asks for it."""
        if not name:
            await reply.send(which_name_message(agent_id))
            return
        if len(name) > LONGEST_NAME:
            raise UserMistake(NAME_TOO_LONG)
        name = "" if name == "-" else name
        await self._names.give(agent_id, name, by=place.user_id)
        log.info("agent_named", agent_id=agent_id, user_id=place.user_id)
        await reply.send(named_message(agent_id, name))

    async def _meet(self, place: Place, there: AgentSubscription, wish: AgentWish, reply: Reply) -> None:
        is_paused = there.state is SubscriptionState.PAUSED
        is_resumed = is_paused and await self._agents.resume(there.id, by=place.user_id)
        if is_resumed:
            self._on_change()
        agent = await self._call(wish.agent_id)
        # Whoever typed the filters may not be the one who reads of them now; others may have changed them since.
        is_masked = place.user_id != there.creator_id or not await self._may_see_variables(place)
        await reply.send(already_message(there, agent, is_resumed=is_resumed, is_masked=is_masked, wish=wish))

    async def _may_filter(self, place: Place, wish: AgentWish, reply: Reply) -> bool:
        """Whether that person may choose calls so; if not, that is said."""
        if not variables_of(wish.filters):
            return True
        try:
            await self._access.check_media(place.user_id)
        except NotAllowed as refusal:
            log.info("filter_refused", user_id=place.user_id, reason=refusal.reason)
            await reply.send(Message(f"{VARIABLES_REFUSED} {self._access.explain(refusal).text}"))
            return False
        for name in variables_of(wish.filters):
            if self._visibility.hides(name):
                raise UserMistake(hidden_words(name))
        return True

    async def _may_see_variables(self, place: Place) -> bool:
        try:
            await self._access.check_media(place.user_id)
        except BotError:
            return False
        return True

    async def _check_room(self, place: Place) -> None:
        if len(await self._agents.list_here(place.team_id, place.channel_id)) >= MOST_AGENTS:
            raise UserMistake(TOO_MANY_AGENTS)

    async def _warn(self, place: Place, wish: AgentWish) -> tuple[str, ...]:
        coverage = await self._announcements.measure_coverage(silent_after=_LONG_AGO)
        seen = await self._agents.list_calls(place.team_id, wish.agent_id, limit=1)
        return warnings_of(
            is_webhook_seen=coverage.last_at is not None,
            is_call_seen=bool(seen),
            is_member=await self._access.get_membership(place.channel_id),
            sharing=await self._access.get_sharing(place.channel_id, is_ours=True),
            in_thread=bool(place.thread_ts),
        )

    async def _find_here(self, place: Place, wish: AgentWish) -> AgentSubscription | None:
        return await self._agents.find_here(place.team_id, place.channel_id, wish.agent_id)

    async def _call(self, agent_id: str) -> str:
        return agent_words(agent_id, await self._names.find(agent_id))

    def _find_matches(self, place: Place, wish: AgentWish, calls: tuple[Call, ...]) -> list[Call]:
        wanted, now = self._want(place, wish), self._clock()
        return [call for call in calls if would_match(wanted, call, now=now)]

    def _want(self, place: Place, wish: AgentWish) -> AgentSubscription:
        return AgentSubscription(
            id=self._make_id(),
            team_id=place.team_id,
            channel_id=place.channel_id,
            agent_id=wish.agent_id,
            creator_id=place.user_id,
            options=wish.options or Options(),
            filters=wish.filters,
            created_at=self._clock(),
        )
