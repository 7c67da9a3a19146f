"""Listing: what a channel or a person follows, shown to one person, and changed by the buttons beside it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import structlog

from bot.core.agent_ports import AgentSubscriptions
from bot.core.agents import AgentFigures, AgentSubscription
from bot.core.errors import BotError, UserMistake
from bot.core.naming import KnownNames
from bot.core.ports import Subscriptions
from bot.core.subscriptions import Options, Subscription, SubscriptionState
from bot.slack.access import Access
from bot.slack.edit import edit_view
from bot.slack.follow_words import GONE, NOT_YOURS, already_message, changed_message, resumed_message
from bot.slack.lists import (
    AGENT_END,
    AGENT_PAUSE,
    AGENT_RESUME,
    PER_PAGE,
    AgentRow,
    home_message,
    list_message,
)
from bot.slack.payloads import Asked, Place
from bot.slack.replies import ModalReply, Reply

log = structlog.get_logger(__name__)

Followed = TypeVar("Followed", Subscription, AgentSubscription)


class Listing:
    """Lists subscriptions and changes them. Every method raises BotError for its caller to say.

    Someone in a subscription's own channel may change it, and so may whoever made it, from anywhere.
    """

    def __init__(
        self,
        *,
        subscriptions: Subscriptions,
        agents: AgentSubscriptions,
        names: KnownNames,
        access: Access,
        on_change: Callable[[], None],
    ) -> None:
        """Takes who remembers, who knows agents' names, who refuses, and who hears that there is work to do."""
        self._subscriptions = subscriptions
        self._agents = agents
        self._names = names
        self._access = access
        self._on_change = on_change

    async def show(self, place: Place, page: int, reply: Reply) -> None:
        """One page of what is followed here, or in a Home of what its person follows anywhere; agents come first.

        The last page if there is no such one any more.
        """
        agents = await self._list_agents(place)
        shown, count = await self._page(place, page, len(agents))
        pages = -(-(len(agents) + count) // PER_PAGE)
        if page >= pages > 0:
            page = pages - 1
            shown, count = await self._page(place, page, len(agents))
        rows = await self._agent_rows(agents[page * PER_PAGE : (page + 1) * PER_PAGE])
        draw = home_message if place.is_home else list_message
        await reply.send(draw(shown, count=count, page=page, agents=rows, agent_count=len(agents)))

    async def redraw_home(self, place: Place, page: int, home: Reply) -> None:
        """Shows somebody's Home anew, after a change that was made in a modal; raises nothing.

        What can't be shown now is shown when the Home is opened again.
        """
        try:
            await self.show(replace(place, is_home=True), page, home)
        except BotError as error:
            log.warning("home_not_redrawn", user_id=place.user_id, reason=error.reason)

    async def pause(self, place: Place, asked: Asked, reply: Reply) -> None:
        """Pauses one of the list, which is shown anew."""
        await self._change_one(place, asked, reply, partial(self._subscriptions.pause, by=place.user_id))

    async def resume_listed(self, place: Place, asked: Asked, reply: Reply) -> None:
        """Resumes one of the list, which is shown anew."""
        if found := await self._find_own(place, asked.sub):
            self._access.check_channel(found.channel_id)
        await self._change_one(place, asked, reply, partial(self._subscriptions.resume, by=place.user_id))

    async def end(self, place: Place, asked: Asked, reply: Reply) -> None:
        """Ends one of the list, which is shown anew."""
        await self._change_one(place, asked, reply, partial(self._subscriptions.end, by=place.user_id))

    async def resume(self, place: Place, asked: Asked, reply: Reply) -> None:
        """Resumes what a notice says is paused or let go."""
        found = await self._get_own(place, asked.sub)
        self._access.check_channel(found.channel_id)
        count = await self._subscriptions.resume(found.id, by=place.user_id)
        if count:
            self._on_change()
            await reply.send(resumed_message(found, count))
            return
        here = await self._subscriptions.find_here(found.team_id, found.channel_id, found.call_id)
        if here is None:
            raise UserMistake(GONE)
        await reply.send(already_message(here, is_resumed=False, options=None))

    async def edit(self, place: Place, asked: Asked, reply: ModalReply) -> None:
        """The form with a subscription's options."""
        found = await self._get_own(place, asked.sub)
        if found.state is SubscriptionState.ENDED:
            raise UserMistake(GONE)
        origin = reply.origin.model_copy(update={"home": asked.home, "page": asked.page})
        await reply.show(edit_view(found, origin))

    async def change(self, place: Place, subscription_id: str, options: Options, reply: Reply) -> None:
        """Gives a subscription other options."""
        found = await self._get_own(place, subscription_id)
        if not await self._subscriptions.change(found.id, options, by=place.user_id):
            raise UserMistake(GONE)
        self._on_change()
        await reply.send(changed_message(found.call_id, options))

    async def change_agent(self, wanted: str, place: Place, asked: Asked, reply: Reply) -> None:
        """Pauses, resumes or ends what follows an agent, as the action's id says; the list is shown anew."""
        found = _own(place, await self._agents.find(asked.sub))
        if found and wanted == AGENT_RESUME:
            self._access.check_channel(found.channel_id)
        change = {AGENT_PAUSE: self._agents.pause, AGENT_RESUME: self._agents.resume, AGENT_END: self._agents.end}
        if found and await change[wanted](found.id, by=place.user_id):
            self._on_change()
        await self.show(place, asked.page, reply)

    async def _list_agents(self, place: Place) -> tuple[AgentSubscription, ...]:
        if place.is_home:
            return await self._agents.list_of(place.team_id, place.user_id)
        return await self._agents.list_here(place.team_id, place.channel_id)

    async def _agent_rows(self, agents: Sequence[AgentSubscription]) -> list[AgentRow]:
        figures = await self._agents.measure([each.id for each in agents]) if agents else {}
        return [
            AgentRow(
                subscription=each,
                name=await self._names.find(each.agent_id),
                figures=figures.get(each.id, AgentFigures()),
            )
            for each in agents
        ]

    async def _page(self, place: Place, page: int, before: int) -> tuple[tuple[Subscription, ...], int]:
        """The calls of a page, behind so many rows of agents, and how many there are in all."""
        first, end = max(page * PER_PAGE - before, 0), max((page + 1) * PER_PAGE - before, 0)
        # None may be asked for, but not none at all: how many there are is wanted.
        limit = max(end - first, 1)
        if place.is_home:
            shown, count = await self._subscriptions.list_of(place.team_id, place.user_id, offset=first, limit=limit)
        else:
            shown, count = await self._subscriptions.list_here(
                place.team_id, place.channel_id, offset=first, limit=limit
            )
        return shown[: end - first], count

    async def _change_one(
        self, place: Place, asked: Asked, reply: Reply, change: Callable[[str], Awaitable[int]]
    ) -> None:
        found = await self._find_own(place, asked.sub)
        # What is gone, or was changed by somebody else meanwhile, the list shows.
        if found and await change(found.id):
            self._on_change()
        await self.show(place, asked.page, reply)

    async def _get_own(self, place: Place, subscription_id: str) -> Subscription:
        found = await self._find_own(place, subscription_id)
        if found is None:
            raise UserMistake(GONE)
        return found

    async def _find_own(self, place: Place, subscription_id: str) -> Subscription | None:
        """The subscription, if there is one; raises UserMistake if that person may not change it from there."""
        return _own(place, await self._subscriptions.find(subscription_id))


def _own(place: Place, found: Followed | None) -> Followed | None:
    if found is None or found.team_id != place.team_id:
        return None
    if place.channel_id != found.channel_id and place.user_id != found.creator_id:
        log.info("change_refused", subscription_id=found.id, user_id=place.user_id)
        raise UserMistake(NOT_YOURS)
    return found
