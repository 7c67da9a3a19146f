"""The front: those who answer people, put together."""

from collections.abc import Callable

from bot.core.changes import Rules
from bot.core.lookup import Lookup
from bot.core.naming import KnownNames
from bot.core.ports import Clock
from bot.core.visibility import Visibility
from bot.slack.access import Access
from bot.slack.agent_following import AgentFollowing
from bot.slack.answers import Answers
from bot.slack.board_pages import BoardPages
from bot.slack.channels import Channels
from bot.slack.deliveries import Deliveries
from bot.slack.doctor import Doctor
from bot.slack.following import Following
from bot.slack.listeners import make_dispatcher
from bot.slack.listeners.boundary import Boundary
from bot.slack.listeners.dispatcher import AckObserver, Dispatcher
from bot.slack.listing import Listing
from bot.slack.messenger import Messenger
from bot.slack.witness import Witness
from bot.storage.store import Store


def make_front(
    *,
    boundary: Boundary,
    lookup: Lookup,
    messenger: Messenger,
    deliveries: Deliveries,
    access: Access,
    doctor: Doctor,
    store: Store,
    names: KnownNames,
    clock: Clock,
    rules: Rules,
    visibility: Visibility,
    on_change: Callable[[], None],
    observe_ack: AckObserver,
) -> Dispatcher:
    """Puts them together: who takes requests on, reads, speaks and refuses, who remembers, the time, and the rules."""
    subscriptions, agents = store.subscriptions, store.agents
    witness = Witness(audit=store.audit, clock=clock)
    following = Following(
        lookup=lookup,
        messenger=messenger,
        deliveries=deliveries,
        subscriptions=subscriptions,
        agents=agents,
        outbox=store.outbox,
        access=access,
        witness=witness,
        clock=clock,
        rules=rules,
        visibility=visibility,
        on_change=on_change,
    )
    return make_dispatcher(
        boundary=boundary,
        answers=Answers(lookup=lookup, messenger=messenger, access=access, witness=witness, visibility=visibility),
        following=following,
        agents=_make_agents(store, lookup, access, names, clock, on_change, visibility),
        listing=Listing(subscriptions=subscriptions, agents=agents, names=names, access=access, on_change=on_change),
        boards=BoardPages(boards=store.boards, names=names),
        channels=Channels(subscriptions=subscriptions, access=access, on_change=on_change),
        doctor=doctor,
        messenger=messenger,
        observe_ack=observe_ack,
    )


def _make_agents(
    store: Store,
    lookup: Lookup,
    access: Access,
    names: KnownNames,
    clock: Clock,
    on_change: Callable[[], None],
    visibility: Visibility,
) -> AgentFollowing:
    return AgentFollowing(
        agents=store.agents,
        names=names,
        announcements=store.announcements,
        lookup=lookup,
        access=access,
        clock=clock,
        on_change=on_change,
        visibility=visibility,
    )
